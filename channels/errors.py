"""What can go wrong between us and a platform, in the four words the rest of the house acts on."""

from datetime import datetime


class BadSignature(Exception):
    """The webhook was not signed by the platform: answer 403 and store nothing."""


class MalformedEvent(Exception):
    """The signed body cannot be read; the event is kept and marked failed with this text (no personal data)."""


class SendError(Exception):
    """Base of the three outcomes of a platform call that did not succeed.

    ``code`` is the platform's own code as text ("190/463", "63016", "403", "" when there is none), ``reason``
    one of ``REASONS``: the connector judges *what* happened, the outbox decides *whether* to try again.
    """

    def __init__(self, code: str = "", reason: str = "other", detail: str = "") -> None:
        super().__init__(f"{reason} {code}".strip())
        self.code = code
        self.reason = reason
        self.detail = detail  # for the log: never a token, phone number or message text


class TemporaryFailure(SendError):
    """Surely not done; may be tried again, not before ``retry_at`` (aware UTC) when the platform gave a time."""

    def __init__(
        self, code: str = "", reason: str = "busy", detail: str = "", *, retry_at: datetime | None = None
    ) -> None:
        super().__init__(code, reason, detail)
        self.retry_at = retry_at


class PermanentFailure(SendError):
    """Surely not done, and trying again the same way is of no use."""


class UnknownOutcome(SendError):
    """Maybe done: the request left, the answer never came. Ask ``find_sent``, never retry blindly."""


# reason -> what it means. The words for the screen live in inbox/failure_words.py.
REASONS = {
    "busy": "the platform is overloaded or down",
    "rate_limit": "we sent too much; the platform gave or implies a time to wait",
    "token": "our access was refused, expired or revoked: the account must be reconnected",
    "permission": "the app or token lacks a permission",
    "window_closed": "the platform's window for free text is closed",
    "template_needed": "only an approved template may be sent now",
    "template": "the template is gone, is not approved (any more), or its variables do not fit",
    "replied_privately": "Facebook: this post or comment was answered privately before",
    "no_private_reply": "Facebook: no private answer to this post or comment (any more): too old, or not taken",
    "not_summoned": "X: a reply needs a mention of us or a quote of our post",
    "duplicate": "the platform refuses the same text twice",
    "too_long": "longer than the platform allows",
    "content": "the platform refuses this content (media type, size, link)",
    "recipient": "the citizen cannot be reached: gone, blocked us, stopped, or no valid address",
    "gone": "the message answered to no longer exists",
    "blocked_for_policy": "the platform blocks our account for a policy reason",
    "configuration": "our account or app is set up wrongly",
    "no_answer": "no answer came in time, or the connection broke after sending",
    "other": "none of the above",
}
