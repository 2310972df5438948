"""Choosing a template and filling it in: the part of the form that changes with the choice; and sending it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox import kick, message_templates
from inbox.actions import reply as replying
from inbox.actions import send_template
from inbox.actions.refused import Refused
from inbox.views import acts
from inbox.views.composer import Typed
from inbox.views.conversation import SignedIn, visible
from inbox.views.filled import TEMPLATE, Filled
from inbox.views.pane_rows import newest_id
from inbox.views.ways import template_form

BLANK = "variable-"  # how the fields of variables begin


@require_safe
@login_required
@never_cache
def choose(request: SignedIn, pk: int) -> HttpResponse:
    """The form with this template to be filled in; what was typed for the same variables stays. htmx only: without
    scripts the whole page does this, with ?template=."""
    conversation = visible(request.user, pk)
    if conversation.account.app_id and message_templates.is_stale(conversation.account):
        kick.kick_templates(conversation.account_id)
    asked = acts.number(request.GET.get("template", ""))
    form = template_form(
        conversation, request.user, replying.obstacle(conversation), newest_id(conversation), asked, None, None
    )
    return render(request, "inbox/conversation/whatsapp_template.html", {"conversation": conversation, "form": form})


@acts.act
def send(request: SignedIn, pk: int) -> HttpResponse:
    """Sjabloon versturen."""
    given = request.POST
    values = {name.removeprefix(BLANK): given[name] for name in given if name.startswith(BLANK)}
    submission, template = uuid(given.get("submission", "")), acts.number(given.get("template", ""))
    filled = Filled(TEMPLATE, submission, template, values)

    def deed() -> None:
        if submission is None:
            raise acts.unreadable()
        if template is None:
            raise Refused("no_template", _("Choose a template first."))
        send_template.send_template(
            pk,
            by=request.user,
            template=template,
            variables=values,
            submission=submission,
            seen_message_id=acts.number(given.get("seen", "")) or 0,
        )

    try:
        deed()
    except Refused as refusal:
        return acts.refused(request, pk, refusal, Typed(filled=filled))
    return acts.done(request, pk, events={"platform-sent": {"id": pk, "panel": TEMPLATE}})


def uuid(text: str) -> UUID | None:
    """As a form gives it; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
