"""How far an answer to many is: what became of each, a halt at any time, and once more for what is left."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from inbox.actions import group_answer
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, Delivery, GroupAnswer, GroupItem, ItemState, Message, User
from inbox.views import places
from inbox.views.alike import chosen_of
from inbox.views.conversation import SignedIn


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one conversation. ``url`` "" when it is not theirs to see any more; ``value``: to try it again."""

    name: str
    url: str
    where: str
    kind: str
    icon: str
    tone: str
    words: str
    text: str = ""
    value: str = ""


@require_safe
@never_cache
@login_required
def show(request: SignedIn, pk: int) -> HttpResponse:
    """The page, or for htmx the inside of #group. 404 for another's group."""
    group = group_answer.visible(request.user).select_related("by", "stopped_by").filter(pk=pk).first()
    if group is None:
        raise Http404
    context = report(request.user, group)
    if request.htmx:
        return render(request, "inbox/alike/report.html", context)
    return render(request, "inbox/alike/group.html", context | places.navigation(request.user))


@require_POST
@never_cache
@login_required
def stop(request: SignedIn, pk: int) -> HttpResponse:
    """Stoppen."""
    try:
        group_answer.stop(pk, by=request.user)
    except NotVisible:
        raise Http404 from None
    return redirect("group_answer", pk=pk)


@require_POST
@never_cache
@login_required
def retry(request: SignedIn, pk: int) -> HttpResponse:
    """Opnieuw proberen, for those that were chosen."""
    try:
        group_answer.retry(pk, by=request.user, chosen=chosen_of(request.POST))
    except NotVisible:
        raise Http404 from None
    return redirect("group_answer", pk=pk)


def report(user: User, group: GroupAnswer) -> dict[str, Any]:
    """What the page shows. Three queries."""
    related = ("conversation__identity__contact", "conversation__account", "message")
    deferred = ("conversation__context", "conversation__account__secrets", "message__search", "message__text")
    items = list(group.items.select_related(*related).defer(*deferred))
    ids = [item.conversation_id for item in items]
    mine = set(Conversation.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    left = [item.conversation_id for item in items if item.state in (ItemState.REFUSED, ItemState.SKIPPED)]
    newest = Message.objects.filter(conversation__in=left).order_by().values_list("conversation").annotate(Max("pk"))
    seen = dict(newest) if group.by_id == user.pk and left else {}
    counted = {state: sum(item.state == state for item in items) for state in ItemState}
    pending = counted[ItemState.PENDING]
    under_way = sum(
        item.message is not None and item.message.state in (Delivery.QUEUED, Delivery.SENDING) for item in items
    )
    return {
        "title": _("Answer to alike questions"),
        "group": group,
        "ids": ",".join(map(str, ids)),
        "done": len(items) - pending,
        "total": len(items),
        "running": bool(pending),
        "moving": bool(pending or under_way),
        "may_stop": bool(pending or under_way),
        "sentence": _sentence(counted),
        "lines": [_line(item, item.conversation_id in mine, seen) for item in _in_order(items)],
        "may_retry": any(pk in mine for pk in seen),
    }


def _in_order(items: list[GroupItem]) -> list[GroupItem]:
    """What needs a look first."""
    order = [ItemState.REFUSED, ItemState.SKIPPED, ItemState.PENDING, ItemState.QUEUED]
    return sorted(items, key=lambda item: order.index(ItemState(item.state)))


def _sentence(counted: dict[ItemState, int]) -> str:
    words = [
        (ItemState.QUEUED, ngettext("%(count)s answered", "%(count)s answered", counted[ItemState.QUEUED])),
        (ItemState.PENDING, ngettext("%(count)s still to do", "%(count)s still to do", counted[ItemState.PENDING])),
        (ItemState.REFUSED, ngettext("%(count)s not answered", "%(count)s not answered", counted[ItemState.REFUSED])),
        (ItemState.SKIPPED, ngettext("%(count)s stopped", "%(count)s stopped", counted[ItemState.SKIPPED])),
    ]
    told = [each % {"count": counted[state]} for state, each in words if counted[state] or state == ItemState.QUEUED]
    return ", ".join(told) + "."


def _line(item: GroupItem, mine: bool, seen: dict[int, int]) -> Line:
    conversation = item.conversation
    icon, tone, words = _outcome(item)
    newest = seen.get(item.conversation_id)
    return Line(
        name=(conversation.identity.contact.name or conversation.identity.display_name) if mine else _("A citizen"),
        url=reverse("conversation", args=[conversation.pk]) if mine else "",
        where=conversation.account.name,
        kind=conversation.account.kind,
        icon=icon,
        tone=tone,
        words=words,
        text=conversation.last_message_text if mine and newest else "",
        value=f"{conversation.pk}.{newest}" if mine and newest else "",
    )


def _outcome(item: GroupItem) -> tuple[str, str, str]:
    """Icon, colour and words."""
    if item.state == ItemState.PENDING:
        return "waiting", "", _("Still to do")
    if item.state == ItemState.REFUSED:
        return "warning", "red", item.reason
    if item.state == ItemState.SKIPPED:
        skipped = {
            "taken_back": _("Taken back before it went"),
            "restored": _("A backup was put back: look whether the answer is there."),
        }
        return "dismiss", "", skipped.get(item.code, _("Stopped before it"))
    message = item.message
    if message is None:
        return "check", "green", _("Answered")
    words = str(message.get_state_display()).capitalize()
    if message.state in (Delivery.FAILED, Delivery.UNKNOWN):
        return "warning", "red", words
    if message.state in (Delivery.APPROVAL, Delivery.QUEUED, Delivery.SENDING, Delivery.WITHDRAWN):
        return "waiting", "", words
    return "check", "green", words
