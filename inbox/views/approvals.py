"""Goedkeuren: what waits for a second pair of eyes, and the page where one looks at an answer and decides."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from channels.clock import now
from inbox import forms, sla
from inbox.actions import approval as approving
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Approval, ApprovalState, Conversation, Message, User
from inbox.views import lists, pane_rows, rows, thread
from inbox.views.acts import act, done, refused
from inbox.views.advice import Found, found_in
from inbox.views.around import context_of
from inbox.views.conversation import SignedIn
from inbox.views.listing import Cursor
from inbox.views.messages import linked

MOST = 100
BEGINNING = Cursor(datetime(2000, 1, 1, tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One answer that waits, as the list shows it."""

    approval: Approval
    who: str
    text: SafeString
    asked: str
    ground: str
    timer: rows.Timer


@require_safe
@never_cache
@login_required
def overview(request: SignedIn) -> HttpResponse:
    """What waits for this colleague, the first due on top, and what they wrote that waits for others; for htmx the
    lists alone. Five queries and the menu's."""
    moment = now()
    found = list(_known(approving.waiting(request.user))[:MOST])
    own = Approval.objects.filter(author=request.user, state=ApprovalState.PENDING).order_by("asked_at", "pk")
    mine = list(_known(own.filter(conversation__in=Conversation.objects.visible_to(request.user)))[:MOST])
    agreed = rows.agreements(rows.ask_agreements(each.conversation.account_id for each in (*found, *mine)))
    context = {
        "title": _("Approve answers"),
        "at_approvals": True,
        "waiting": [_waiting(each, agreed, moment) for each in found],
        "mine": [_waiting(each, agreed, moment) for each in mine],
    }
    if request.htmx:
        return render(request, "inbox/approvals/overview.html#lists", context)
    return render(request, "inbox/approvals/overview.html", context | lists.navigation(request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """The answer with its conversation: approve it as it is or changed, or not with a reason. 404 for who does not see
    the conversation; who sees it and does not decide here is shown that."""
    found = _found(request.user, pk)
    if not approving.may_decide(request.user, found) and found.state == ApprovalState.PENDING:
        return redirect("conversation", pk=found.conversation_id)
    if request.method != "POST":
        return _page(request, found)
    form = forms.ApproveForm(request.POST)
    form.is_valid()
    text = form.cleaned_data.get("text", request.POST.get("text", ""))
    reason = form.cleaned_data.get("reason", "")
    try:
        if "refuse" in request.POST:
            approving.refuse(pk, by=request.user, reason=reason)
            messages.success(request, _("Not approved. Your colleague reads why."))
        else:
            approving.approve(
                pk,
                by=request.user,
                text=None if found.state != ApprovalState.PENDING or _fixed(found) else text,
                seen_message_id=form.cleaned_data.get("seen") or 0,
                confirm_personal_data=form.cleaned_data.get("confirm_personal_data", ""),
            )
            messages.success(request, _("Approved: the answer goes now."))
    except NotVisible:
        raise Http404 from None
    except Refused as refusal:
        return _page(request, _found(request.user, pk), refusal=refusal, text=text, reason=reason)
    return redirect("approvals")


@act
def withdraw(request: SignedIn, pk: int) -> HttpResponse:
    """Its author takes it back into the composer."""
    found = _found(request.user, pk)
    try:
        approving.withdraw(pk, by=request.user)
    except Refused as refusal:
        return refused(request, found.conversation_id, refusal)
    return done(request, found.conversation_id, events={"composer-focus": {"id": found.conversation_id}})


def _known(approvals: Any) -> Any:
    found = approvals.select_related("author", "conversation__account", "conversation__identity__contact")
    return found.defer("conversation__account__secrets")


def _found(user: User, pk: int) -> Approval:
    """Raises Http404."""
    known = Approval.objects.select_related("author", "decided_by", "conversation__account__app")
    known = known.select_related(
        "author", "decided_by", "conversation__account__app", "conversation__identity__contact"
    )
    found = known.filter(pk=pk, conversation__in=Conversation.objects.visible_to(user)).first()
    if found is None:
        raise Http404
    return found


def _fixed(approval: Approval) -> bool:
    """The text of a template cannot be changed."""
    return Message.objects.filter(pk=approval.message_ids[0]).exclude(template_id="").exists()


def _waiting(approval: Approval, agreed: dict[int, rows.Agreement], moment: datetime) -> Waiting:
    conversation = approval.conversation
    contact = conversation.identity.contact
    return Waiting(
        approval=approval,
        who=contact.name or conversation.identity.display_name,
        text=linked(approval.text),
        asked=sla.format_moment(approval.asked_at, moment, with_time=True),
        ground=str(conversation.get_sensitive_ground_display()),
        timer=rows.timer(conversation, agreed.get(conversation.account_id), moment),
    )


def _page(
    request: SignedIn, found: Approval, *, refusal: Refused | None = None, text: str = "", reason: str = ""
) -> HttpResponse:
    moment = now()
    conversation = found.conversation
    data = refusal.data if refusal is not None and refusal.code == "personal_data" else {}
    findings = data.get("findings")
    places: tuple[Found, ...] = found_in(text, findings) if isinstance(findings, list) else ()
    talk = thread.build(
        conversation, None, user=request.user, works=False, decides=False, moment=moment, since=BEGINNING, advised=True
    )
    talk = replace(talk, earlier=None)
    context: dict[str, Any] = {
        "title": _("Approve the answer of %(name)s") % {"name": found.author},
        "at_approvals": True,
        "waits": _waiting(found, rows.agreements(rows.ask_agreements([conversation.account_id])), moment),
        "decided": sla.format_moment(found.decided_at, moment, with_time=True) if found.decided_at else "",
        "fixed": _fixed(found),
        "refusal": refusal,
        "text": text or found.text,
        "reason": reason,
        "found": places,
        "confirm": str(data.get("confirm", "")),
        "seen": pane_rows.newest_id(conversation),
        "conversation": conversation,
        "pane": {"thread": talk, "context": context_of(conversation, talk)},
    }
    return render(request, "inbox/approvals/show.html", context | lists.navigation(request.user))
