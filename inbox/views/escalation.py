"""Escalatie: for each department what happens with a question that is left lying."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from inbox import audit, lateness
from inbox.models import Department, Escalation
from inbox.views import setup
from inbox.views.conversation import SignedIn


class EscalationForm(forms.ModelForm):
    """The rules of one department."""

    class Meta:
        model = Escalation
        fields = ("next_department", "next_minutes", "unclaimed_percent", "in_turn")
        labels = {
            "next_department": gettext_lazy("Escalate what stays late to"),
            "next_minutes": gettext_lazy("After so many office minutes late"),
            "unclaimed_percent": gettext_lazy("Nobody wants it after so many percent of the target"),
            "in_turn": gettext_lazy("Assign what nobody wants in turn"),
        }
        help_texts = {
            "next_department": gettext_lazy("The conversation goes there, and the team lead there is told."),
            "next_minutes": gettext_lazy("Counted in the opening hours of the account."),
            "unclaimed_percent": gettext_lazy("From then on it stands on top of everybody's list."),
            "in_turn": gettext_lazy("To colleagues who are available and have room, on their channels and languages."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there: Any = self.fields["next_department"]
        there.queryset = Department.objects.exclude(pk=self.instance.department_id)
        there.empty_label = _("No next department")


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """Every department with its rules. Two queries and the menu's."""
    setup.administrator(request)
    found = list(Department.objects.select_related("escalation__next_department"))
    shown = [
        {"department": each, "rule": getattr(each, "escalation", None) or Escalation(department=each)} for each in found
    ]
    return setup.page(request, "inbox/setup/escalation.html", "setup_escalation", title=_("Escalation"), lines=shown)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int) -> HttpResponse:
    """The rules of one department; saved with an audit entry, and what waits there is planned anew."""
    setup.administrator(request)
    department = get_object_or_404(Department, pk=pk)
    rule = Escalation.objects.filter(department=department).first() or Escalation(department=department)
    form = EscalationForm(request.POST or None, instance=rule)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            made = form.save()
            if form.changed_data:
                told = {name: getattr(made, name) for name in ("next_department_id", *form.Meta.fields[1:])}
                audit.record(None, "escalation_changed", request.user, department=pk, **told)
                lateness.plan_anew(pk)
        messages.success(request, _("Saved."))
        return redirect("setup_escalation")
    return setup.page(
        request,
        "inbox/setup/small_form.html",
        "setup_escalation",
        title=_("Escalation of %(department)s") % {"department": department},
        form=form,
        back="setup_escalation",
        back_words=_("All departments"),
        about=_(
            "The claimer is told after four fifths of the target, the team lead when it is late. You choose the rest."
        ),
    )
