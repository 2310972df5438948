"""Doelen: within which time an account answers, and other times for some conversations."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.actions import set_hours
from inbox.actions.refused import Refused
from inbox.forms_targets import OwnForm, Rows, filled, targets_of
from inbox.models import Topic
from inbox.targets import of_settings
from inbox.views import setup
from inbox.views.conversation import SignedIn
from inbox.views.setup_hours import named, settings_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def edit(request: SignedIn, pk: int) -> HttpResponse:
    """The times, and the rows; ``more`` draws further rows, what was typed stays."""
    setup.administrator(request)
    settings = settings_of(pk)
    own, *others = of_settings(settings)
    topics = {topic.pk: topic.name for topic in Topic.objects.all()}
    start = filled(tuple(others))
    data = request.POST.copy() if request.method == "POST" else None
    more = data is not None and "more" in data
    if data is not None and more:
        rows = data.get("rows-TOTAL_FORMS", "")
        data["rows-TOTAL_FORMS"] = str(min(int(rows) + 2, 100)) if rows.isascii() and rows.isdigit() else "2"
    form = OwnForm(data, initial={"first": own.first, "next": own.next})
    rows_of = Rows(data, initial=start, prefix="rows", form_kwargs={"topics": topics})
    if data is not None and not more and form.is_valid() and rows_of.is_valid():
        given = form.cleaned_data
        try:
            effect = set_hours.set_targets(
                pk, (given["first"], given["next"]), targets_of(rows_of), by=request.user, seen=data.get("seen", "")
            )
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, f"{_('Saved.')} {effect.words}")
        return redirect("setup_targets", pk=pk)
    return setup.page(
        request,
        "inbox/setup/targets.html",
        "setup_hours",
        title=_("Targets of %(account)s") % {"account": named(settings.account)},
        account=settings.account,
        form=form,
        rows=rows_of,
        checked=not more,
        seen=data.get("seen", "") if data is not None else set_hours.fingerprint(settings),
    )
