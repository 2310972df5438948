"""What can be done to a message where it stands (hide, like, delete), and how far what was asked is."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox import failure_words
from inbox.actions import at_platform
from inbox.models import Conversation, Deed, DeedState, Message, PlatformDeed

ICONS = {Deed.HIDE: "hide", Deed.SHOW: "show", Deed.LIKE: "like", Deed.UNLIKE: "like", Deed.DELETE: "dismiss"}


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of the menu. ``confirm``: the question that comes first, "" when there is none."""

    what: str
    icon: str
    words: str
    confirm: str


@dataclass(frozen=True, slots=True)
class Menu:
    """``doing``: what is being done, or what came of it, in words; ``failed``: it did not work."""

    offers: tuple[Offer, ...]
    doing: str
    failed: bool
    waits: bool
    code: str


def menus(
    messages: Iterable[Message], conversation: Conversation, deeds: Iterable[PlatformDeed], *, works: bool
) -> dict[int, Menu]:
    """By message id, for those that have something to offer or to tell. ``deeds``: what was asked, in order."""
    if not conversation.public:
        return {}
    found = {message.pk: message for message in messages if message.public}
    last = {deed.message_id: deed for deed in deeds}
    made = {}
    for pk, message in found.items():
        menu = _menu(message, conversation, last.get(pk), works=works)
        if menu.offers or menu.doing:
            made[pk] = menu
    return made


def _menu(message: Message, conversation: Conversation, deed: PlatformDeed | None, *, works: bool) -> Menu:
    waits = deed is not None and deed.state == DeedState.WAITING
    offers: tuple[Offer, ...] = ()
    if works and not waits:
        offers = tuple(_offer(what, conversation) for what in at_platform.possible(message, conversation))
    failed = deed is not None and deed.state == DeedState.FAILED and message.deleted_at is None
    doing = _doing(deed, message, conversation) if deed is not None else ""
    if not doing and message.liked_at is not None:
        doing = _("We like this")
    return Menu(offers, doing, failed, waits, deed.code if deed is not None and failed else "")


def _offer(what: Deed, conversation: Conversation) -> Offer:
    platform = {"platform": conversation.account.get_kind_display()}
    words = {
        Deed.HIDE: _("Hide on %(platform)s"),
        Deed.SHOW: _("Show again on %(platform)s"),
        Deed.LIKE: _("Like on %(platform)s"),
        Deed.UNLIKE: _("Like no more"),
        Deed.DELETE: _("Delete from %(platform)s"),
    }[what]
    confirm = ""
    if what == Deed.DELETE:
        confirm = _("Delete our message from %(platform)s? This cannot be undone.") % platform
    return Offer(what.value, ICONS[what], words % platform if "%(" in words else words, confirm)


def _doing(deed: PlatformDeed, message: Message, conversation: Conversation) -> str:
    if deed.state == DeedState.WAITING:
        words = {
            Deed.HIDE: _("Being hidden…"),
            Deed.SHOW: _("Being shown again…"),
            Deed.LIKE: _("Being liked…"),
            Deed.UNLIKE: _("The like is being taken back…"),
            Deed.DELETE: _("Being deleted…"),
        }[Deed(deed.what)]
        return f"{words} {failure_words.deed_waits(deed.reason, conversation.account.kind)}".strip()
    if deed.state == DeedState.FAILED and message.deleted_at is None:
        words = {
            Deed.HIDE: _("Could not be hidden."),
            Deed.SHOW: _("Could not be shown again."),
            Deed.LIKE: _("Could not be liked."),
            Deed.UNLIKE: _("The like could not be taken back."),
            Deed.DELETE: _("Could not be deleted."),
        }[Deed(deed.what)]
        return f"{words} {failure_words.deed_failed(deed.reason, conversation.account.kind)}"
    return ""
