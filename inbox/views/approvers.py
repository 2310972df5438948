"""Goedkeurders: for each department the group that approves answers in sensitive conversations."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from inbox import audit, permissions
from inbox.models import ApproverGroup, Department, User
from inbox.views import setup
from inbox.views.conversation import SignedIn


class GroupForm(forms.ModelForm):
    """The group of one department: only who works there can be in it."""

    class Meta:
        model = ApproverGroup
        fields = ("name", "members")
        labels = {"name": gettext_lazy("Name of the group"), "members": gettext_lazy("Who approves")}
        widgets = {"members": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, department: Department, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members: Any = self.fields["members"]
        members.queryset = _workers(department)


def _workers(department: Department) -> Any:
    there = permissions.who_see(department.pk).filter(role__in=permissions.WORKERS)
    return there.order_by("first_name", "last_name", "username")


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """Every department with its group. Four queries and the menu's."""
    setup.administrator(request)
    members = Prefetch("approver_group__members", User.objects.order_by("first_name", "last_name"))
    found = Department.objects.select_related("approver_group").prefetch_related(members, "members")
    shown = [_line(department) for department in found]
    return setup.page(request, "inbox/setup/approvers.html", "setup_approvers", title=_("Approvers"), lines=shown)


def _line(department: Department) -> dict[str, Any]:
    there = {user.pk for user in department.members.all() if user.is_active and user.role in permissions.WORKERS}
    group = getattr(department, "approver_group", None)
    people = [str(user) for user in group.members.all() if user.pk in there] if group else []
    return {"department": department, "group": group, "people": ", ".join(people)}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def change(request: SignedIn, pk: int) -> HttpResponse:
    """The group of one department; saved with an audit entry."""
    setup.administrator(request)
    with transaction.atomic():
        # One administrator at a time: two would each make a group.
        departments = Department.objects.select_for_update() if request.method == "POST" else Department.objects.all()
        department = get_object_or_404(departments, pk=pk)
        group = ApproverGroup.objects.filter(department=department).first() or ApproverGroup(department=department)
        form = GroupForm(request.POST or None, instance=group, department=department)
        if request.method == "POST" and form.is_valid():
            made = form.save()
            if form.changed_data:
                ids = sorted(user.pk for user in form.cleaned_data["members"])
                audit.record(None, "approvers_changed", request.user, department=pk, group=made.pk, members=ids)
            messages.success(request, _("Saved."))
            return redirect("setup_approvers")
    return setup.page(
        request,
        "inbox/setup/small_form.html",
        "setup_approvers",
        title=_("Approvers of %(department)s") % {"department": department},
        form=form,
        back="setup_approvers",
        back_words=_("All approvers"),
        about=_("Without anybody here the team leads and administrators of the department approve."),
    )
