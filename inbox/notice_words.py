"""What a notice says, in the active language: a sentence without a word of the citizen's."""

from django.utils.translation import gettext as _

from inbox.models import Notice, NoticeKind


def sentence(notice: Notice) -> str:
    """One sentence; ``notice.by`` is looked at."""
    who = str(notice.by) if notice.by else ""
    named, nameless = _words(NoticeKind(notice.kind))
    return named % {"who": who} if who and named else nameless


def short(kind: str) -> str:
    """What happened without who did it: for a push message, which may light up on a table in the canteen."""
    return _words(NoticeKind(kind))[1]


def _words(kind: NoticeKind) -> tuple[str, str]:
    """(with who did it, without)."""
    match kind:
        case NoticeKind.ASSIGNED:
            return _("%(who)s assigned a conversation to you"), _("A conversation was assigned to you")
        case NoticeKind.MENTIONED:
            return _("%(who)s mentioned you in a note"), _("You were mentioned in a note")
        case NoticeKind.ALMOST_LATE:
            return "", _("A conversation is almost late")
        case NoticeKind.LATE:
            return "", _("A conversation is late")
        case NoticeKind.ANSWERED:
            return "", _("A citizen wrote back")
        case NoticeKind.TAKEN_OVER:
            return _("%(who)s took over a conversation of yours"), _("A conversation of yours was taken over")
        case NoticeKind.ADVICE_ASKED:
            return _("%(who)s asks your advice"), _("Your advice is asked")
        case NoticeKind.ADVICE_GIVEN:
            return _("%(who)s gave the advice you asked for"), _("The advice you asked for is there")
        case NoticeKind.BOUNCED:
            return (
                _("%(who)s sent a conversation back; it has been sent back before"),
                _("A conversation was sent back more than once"),
            )
        case NoticeKind.HANDED_OVER:
            return _("%(who)s handed a conversation over to you"), _("A conversation was handed over to you")
        case NoticeKind.ESCALATED:
            return "", _("A late conversation was escalated to your department")
        case NoticeKind.APPROVAL_ASKED:
            return _("%(who)s asks you to approve an answer"), _("An answer waits for your approval")
        case NoticeKind.APPROVED:
            return _("%(who)s approved your answer"), _("Your answer was approved")
        case NoticeKind.NOT_APPROVED:
            return _("%(who)s did not approve your answer"), _("Your answer was not approved")
        case NoticeKind.FOLLOWED:
            return (
                _("%(who)s did something in a conversation you follow"),
                _("There is news in a conversation you follow"),
            )
        case NoticeKind.RULED:
            return "", _("A rule points you to a new conversation")
