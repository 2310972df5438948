"""Verbergen, weer tonen, vind ik leuk, verwijderen: written down here, done at the platform by a task."""

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from channels.gateway import capabilities_of
from channels.messages import Capabilities
from channels.models import AccountState
from inbox import kick, permissions
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Conversation, Deed, DeedState, Delivery, Direction, Message, PlatformDeed, User

THERE = (Delivery.SENT, Delivery.DELIVERED, Delivery.READ)


def ask(message_id: int, what: Deed, *, by: User) -> PlatformDeed:
    """Have a platform do this to one message. The same thing asked twice, also at once, is done once.

    Raises Refused "not_offered" (this platform, or this message, has no such thing), "already" (it is so by now),
    "deed_underway" (another one is being done), "account", "not_allowed"; NotVisible.
    """
    found = Message.objects.filter(pk=message_id).values_list("conversation_id", flat=True).first()
    if found is None:
        raise NotVisible
    try:
        with changing(found, f"asked_{what}", by=by, message=message_id) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            message = Message.objects.select_for_update(of=("self",)).defer("search").get(pk=message_id)
            _refuse(conversation, message, what)
            moment = now()
            deed = PlatformDeed.objects.create(message=message, what=what, by=by, asked_at=moment, due_at=moment)
            transaction.on_commit(kick.kick_deeds)
    except _AskedAlready as asked:
        return asked.deed
    return deed


class _AskedAlready(Exception):
    """Out of ``changing`` without a change."""

    def __init__(self, deed: PlatformDeed) -> None:
        super().__init__()
        self.deed = deed


def _refuse(conversation: Conversation, message: Message, what: Deed) -> None:
    waiting = message.deeds.filter(state=DeedState.WAITING).first()
    if waiting is not None and waiting.what == what:
        raise _AskedAlready(waiting)
    if what not in possible(message, conversation):
        if _is_so(message, what):
            raise Refused("already", _("That was done already. Look at the message."))
        raise Refused("not_offered", _("%(platform)s does not offer this for this message.") % _platform(conversation))
    if waiting is not None:
        raise Refused("deed_underway", _("Something else is being done to this message. Try again in a moment."))
    if conversation.account.state != AccountState.ACTIVE:
        raise Refused(
            "account",
            _("The connection with %(account)s does not work now. Ask an administrator.")
            % {"account": conversation.account.name},
        )


def possible(message: Message, conversation: Conversation) -> tuple[Deed, ...]:
    """What the platform lets us do to this message as it is now, in the order of the menu. No query when
    ``account.app`` is loaded."""
    if not message.public or message.deleted_at is not None or not message.external_id:
        return ()
    capabilities = capabilities_of(conversation.account)
    if message.direction == Direction.OUT:
        return (Deed.DELETE,) if capabilities.can_delete and message.state in THERE else ()
    made = []
    if capabilities.can_like:
        made.append(Deed.LIKE if message.liked_at is None else Deed.UNLIKE)
    if capabilities.can_hide and _under_our_post(message, conversation, capabilities):
        made.append(Deed.HIDE if message.hidden_at is None else Deed.SHOW)
    return tuple(made)


def _under_our_post(message: Message, conversation: Conversation, capabilities: Capabilities) -> bool:
    """X hides only replies in a conversation that we began; on our Page all is ours to hide."""
    if not capabilities.reply_needs_mention:
        return True
    return message.kind != "quote" and bool((conversation.context or {}).get("from_us"))


def _is_so(message: Message, what: Deed) -> bool:
    match what:
        case Deed.HIDE:
            return message.hidden_at is not None
        case Deed.SHOW:
            return message.hidden_at is None
        case Deed.LIKE:
            return message.liked_at is not None
        case Deed.UNLIKE:
            return message.liked_at is None
        case _:
            return message.deleted_at is not None


def _platform(conversation: Conversation) -> dict[str, str]:
    return {"platform": conversation.account.get_kind_display()}
