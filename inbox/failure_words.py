"""Why an answer did not go (yet), in words: what happened, that nothing is lost, what to do. By errors.REASONS."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from channels.models import Kind
from inbox.models import Delivery, Message

PLATFORMS = {"x": "X", "facebook": "Facebook", "whatsapp": "WhatsApp"}


def sentence(message: Message) -> str:
    """One or two sentences for the delivery line of our message, in the active language; "" when nothing is wrong."""
    reason, kind = message.error_reason, message.account.kind
    if message.state == Delivery.QUEUED and reason:
        return waiting(reason, kind)
    if message.state == Delivery.FAILED:
        return failed(reason, kind)
    if message.state == Delivery.UNKNOWN:
        return uncertain(kind, for_a_person=message.send_at is None)
    return ""


def waiting(reason: str, kind: str) -> str:
    """Why a queued answer has not gone yet."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if reason == "rate_limit":
        return (
            _("%(platform)s takes no more messages for now. Your answer is ready and goes as soon as it may.")
            % platform
        )
    if reason in ("token", "permission", "blocked_for_policy"):
        return (
            _("The connection with %(platform)s is broken. Your answer goes by itself once it is restored.") % platform
        )
    if reason == "paused":
        return _("This channel is paused. Your answer goes by itself once an administrator resumes it.")
    if reason == "disconnected":
        return _("This channel is disconnected. Your answer goes by itself once an administrator connects it again.")
    if reason == "configuration":
        return _("This channel is not set up well. Your answer waits; ask an administrator to check the channel.")
    if reason == "no_answer":
        return _("%(platform)s did not get your answer. It goes again by itself.") % platform
    return (
        _("%(platform)s does not answer now. Your answer is ready and goes by itself once it works again.") % platform
    )


def failed(reason: str, kind: str) -> str:
    """Why an answer was refused, and what to do."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    words: dict[str, Callable[[], str]] = {
        "busy": lambda: (
            _("%(platform)s did not work and your answer did not go. Try again, or reach the citizen another way.")
            % platform
        ),
        # After a day of waiting, or because Twilio says so of a message it had taken.
        "rate_limit": lambda: (
            _("%(platform)s took no more messages from us. Your text is kept; try again later.") % platform
        ),
        "token": lambda: (
            _("The connection with %(platform)s is broken. Ask an administrator to restore it, then try again.")
            % platform
        ),
        "permission": lambda: (
            _("Webcare may not do this at %(platform)s. Ask an administrator to check the rights of the channel.")
            % platform
        ),
        "window_closed": lambda: _window_closed(kind),
        "template_needed": lambda: _("WhatsApp takes no free text now. Send an approved template below."),
        "template": lambda: _(
            "WhatsApp does not take this template any more, or not with these words. Choose another one."
        ),
        "replied_privately": lambda: _(
            "Facebook takes one private message for each comment, and there was one. Ask the citizen to write to us."
        ),
        "no_private_reply": lambda: _(
            "Facebook takes no private message after this comment. Ask the citizen in public to send us one."
        ),
        "not_summoned": lambda: _(
            "X only accepts an answer to a post that mentions us. Ask the citizen to mention us."
        ),
        "duplicate": lambda: (
            _("%(platform)s refuses the same text twice. Change the text and send it again.") % platform
        ),
        "too_long": lambda: _("Your answer is too long for %(platform)s. Shorten it and send it again.") % platform,
        "content": lambda: (
            _("%(platform)s refuses something in your answer, such as a file or a link. Change it and send it again.")
            % platform
        ),
        "recipient": lambda: _recipient(kind),
        "gone": lambda: _("The message you answer was removed. There is nothing left to answer."),
        "blocked_for_policy": lambda: (
            _("%(platform)s does not let this channel send anything. Tell an administrator; your text is kept.")
            % platform
        ),
        "configuration": lambda: _(
            "This channel is not set up well. Ask an administrator to check it, then try again."
        ),
        "no_answer": lambda: (
            _("%(platform)s did not answer. Look whether your answer is there, then decide.") % platform
        ),
    }
    found = words.get(reason)
    if found is not None:
        return found()
    return _("%(platform)s refused your answer. Your text is kept; change it or try again.") % platform


def uncertain(kind: str, *, for_a_person: bool) -> str:
    """Nobody knows whether it arrived."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if for_a_person:
        return (
            _("We cannot tell whether %(platform)s placed your answer. Look there, and choose what to do.") % platform
        )
    return (
        _("%(platform)s did not confirm your answer. We are asking whether it is there; it is not sent twice.")
        % platform
    )


def _window_closed(kind: str) -> str:
    if kind == Kind.WHATSAPP:
        return _("The window of 24 hours is closed. Send an approved template below, or wait for a new message.")
    return _("The window for answers is closed. You can answer when the citizen writes again.")


def _recipient(kind: str) -> str:
    if kind == Kind.WHATSAPP:
        return _("This number cannot be reached on WhatsApp. Reach the citizen another way.")
    if kind == Kind.X:
        return _("The citizen takes no messages from us on X. Answer in public, and ask them to send one first.")
    return _("The citizen cannot be reached: the account is gone or does not take messages from us.")


# -- what was asked of a platform about a message -------------------------------------------------------------------


def deed_waits(reason: str, kind: str) -> str:
    """Why hiding, liking or deleting has not been done yet; "" when nothing is wrong."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if not reason:
        return ""
    if reason == "rate_limit":
        return _("%(platform)s asks us to wait. It goes on by itself.") % platform
    return _("%(platform)s does not answer now. We try again by ourselves.") % platform


def deed_failed(reason: str, kind: str) -> str:
    """Why hiding, liking or deleting was refused, and what to do."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if reason == "gone":
        return _("The message is not there any more.")
    if reason in ("token", "configuration", "blocked_for_policy"):
        return _("The connection with %(platform)s is broken. Ask an administrator to restore it.") % platform
    if reason == "permission":
        return _("%(platform)s does not let us do this here. Do it on %(platform)s itself.") % platform
    if reason in ("busy", "rate_limit", "no_answer"):
        return _("%(platform)s did not answer for an hour. Try again, or do it on %(platform)s itself.") % platform
    return _("%(platform)s refuses this. Do it on %(platform)s itself.") % platform
