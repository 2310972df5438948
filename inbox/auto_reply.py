"""Pure: whether a citizen gets the out-of-hours reply or a first acknowledgement, why (not), and its text. Decides,
never does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import override

from inbox import office_hours
from inbox.office_hours import Hours, local

# What a text may hold between braces. Dutch: administrators type them.
NEXT_OPENING, CHANNEL, MUNICIPALITY, CITIZEN = "volgende_opening", "kanaal", "gemeente", "inwoner"
VARIABLES = frozenset({NEXT_OPENING, CHANNEL, MUNICIPALITY, CITIZEN})
OUT_OF_HOURS, ACKNOWLEDGEMENT = "out_of_hours", "acknowledgement"  # as AutoReplyKind
OF_KIND = {OUT_OF_HOURS: VARIABLES, ACKNOWLEDGEMENT: VARIABLES - {NEXT_OPENING}}

# An older message was fetched after an outage: "we are closed now" would answer a question of yesterday.
MAX_AGE = timedelta(hours=12)

SENT = "sent"
OFFICE_OPEN = "office_open"
NOT_FROM_CITIZEN = "not_from_citizen"
NO_TEXT = "no_text"
BLOCKED = "blocked"
SENSITIVE = "sensitive"
TOO_OLD = "too_old"
NO_HOURS = "no_hours"
ALREADY_THIS_CLOSED_PERIOD = "already_this_closed_period"
ALREADY_IN_PUBLIC_THREAD = "already_in_public_thread"
OFFICE_CLOSED = "office_closed"
ANSWERED_FIRST = "answered_first"
ALREADY_ACKNOWLEDGED = "already_acknowledged"
ALREADY_OUT_OF_HOURS = "already_out_of_hours"

_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Decision:
    """Send `text` (rendered) or not, and why: `reason` is SENT or one of the refusals.

    `closed_since` (UTC) names the closed period: with the conversation it is the key under which "once" is
    kept. None when the office is open or has no hours.
    """

    send: bool
    reason: str
    text: str
    closed_since: datetime | None

    @property
    def worth_noting(self) -> bool:
        """Whether the timeline should tell it: not what is ordinary (open, our own message, no text)."""
        return self.reason not in {OFFICE_OPEN, OFFICE_CLOSED, NOT_FROM_CITIZEN, NO_TEXT}


def decide(
    hours: Hours,
    now: datetime,
    message_sent_at: datetime,
    *,
    text: str,
    is_public: bool,
    sensitive: bool,
    blocked: bool,
    already_in_closed_period: bool,
    already_in_public_thread: bool,
    is_from_citizen: bool,
    variables: Mapping[str, str] | None = None,
) -> Decision:
    """Whether this message gets the account's out-of-hours reply.

    `text` is the account's text, with braces; `variables` holds {kanaal} and {gemeente}, {volgende_opening}
    is worked out here. `already_in_closed_period`: this conversation got the reply since `closed_since`;
    `already_in_public_thread`: somebody in this public thread ever got it. All datetimes aware.
    """
    if office_hours.is_open(hours, now):
        return Decision(False, OFFICE_OPEN, "", None)
    since = office_hours.closed_since(hours, now)
    opens = office_hours.next_opening(hours, now)
    reason = SENT
    if not is_from_citizen:
        reason = NOT_FROM_CITIZEN
    elif not text.strip():
        reason = NO_TEXT
    elif blocked:
        reason = BLOCKED
    elif sensitive:
        reason = SENSITIVE
    elif now - message_sent_at > MAX_AGE:
        reason = TOO_OLD
    elif since is None or opens is None:
        reason = NO_HOURS
    elif already_in_closed_period:
        reason = ALREADY_THIS_CLOSED_PERIOD
    elif is_public and already_in_public_thread:
        reason = ALREADY_IN_PUBLIC_THREAD
    if reason != SENT or opens is None:
        return Decision(False, reason, "", since)
    filled = render(text, {**(variables or {}), NEXT_OPENING: opening_words(opens, now)})
    return Decision(True, SENT, filled, since)


def acknowledge(
    hours: Hours,
    now: datetime,
    message_sent_at: datetime,
    *,
    text: str,
    is_public: bool,
    sensitive: bool,
    blocked: bool,
    answered: bool,
    acknowledged: bool,
    told_closed: bool,
    already_in_public_thread: bool,
    variables: Mapping[str, str] | None = None,
) -> Decision:
    """Whether this message of a citizen gets the account's first acknowledgement: in office hours, once.

    ``answered``: a colleague wrote in this conversation; ``acknowledged``, ``told_closed``: it had this reply, or the
    out-of-hours one; ``already_in_public_thread``: somebody in this public thread had one of them. The rest as
    ``decide``; ``closed_since`` of the decision is always None.
    """
    reason = SENT
    if not office_hours.is_open(hours, now):
        reason = OFFICE_CLOSED
    elif not text.strip():
        reason = NO_TEXT
    elif blocked:
        reason = BLOCKED
    elif sensitive:
        reason = SENSITIVE
    elif now - message_sent_at > MAX_AGE:
        reason = TOO_OLD
    elif acknowledged:
        reason = ALREADY_ACKNOWLEDGED
    elif answered:
        reason = ANSWERED_FIRST
    elif told_closed:
        reason = ALREADY_OUT_OF_HOURS
    elif is_public and already_in_public_thread:
        reason = ALREADY_IN_PUBLIC_THREAD
    sends = reason == SENT
    return Decision(sends, reason, render(text, variables or {}) if sends else "", None)


def reason_text(code: str, kind: str = OUT_OF_HOURS) -> str:
    """The timeline's line for a Decision's reason, in the active language; an unknown code as it is."""
    if kind == ACKNOWLEDGEMENT:
        return _acknowledgement_text(code)
    texts = {
        SENT: _("Out-of-hours reply sent."),
        OFFICE_OPEN: _("No out-of-hours reply: the office is open."),
        NOT_FROM_CITIZEN: _("No out-of-hours reply: the message is not from a citizen."),
        NO_TEXT: _("No out-of-hours reply: no text is set for this channel."),
        BLOCKED: _("No out-of-hours reply: this citizen is blocked."),
        SENSITIVE: _("No out-of-hours reply: this conversation is sensitive."),
        TOO_OLD: _("No out-of-hours reply: the message is more than 12 hours old."),
        NO_HOURS: _("No out-of-hours reply: this channel has no opening hours."),
        ALREADY_THIS_CLOSED_PERIOD: _("No out-of-hours reply: already sent since we closed."),
        ALREADY_IN_PUBLIC_THREAD: _("No out-of-hours reply: already given once in this public thread."),
        "not_answerable": _("No out-of-hours reply: X takes no answer here."),
    }
    return texts.get(code) or _("No out-of-hours reply: %(reason)s.") % {"reason": code}


def _acknowledgement_text(code: str) -> str:
    texts = {
        SENT: _("First acknowledgement sent."),
        OFFICE_CLOSED: _("No acknowledgement: the office is closed."),
        NO_TEXT: _("No acknowledgement: no text is set for this channel."),
        BLOCKED: _("No acknowledgement: this citizen is blocked."),
        SENSITIVE: _("No acknowledgement: this conversation is sensitive."),
        TOO_OLD: _("No acknowledgement: the message is more than 12 hours old."),
        ANSWERED_FIRST: _("No acknowledgement: a colleague answered already."),
        ALREADY_ACKNOWLEDGED: _("No acknowledgement: this conversation had one already."),
        ALREADY_OUT_OF_HOURS: _("No acknowledgement: the citizen had the out-of-hours reply already."),
        ALREADY_IN_PUBLIC_THREAD: _("No acknowledgement: already given once in this public thread."),
        "not_answerable": _("No acknowledgement: X takes no answer here."),
    }
    return texts.get(code) or _("No acknowledgement: %(reason)s.") % {"reason": code}


def render(text: str, variables: Mapping[str, str]) -> str:
    """The text with each {name} that `variables` knows replaced; other braces stay. Never raises."""
    return _VARIABLE.sub(lambda found: variables.get(found[1].strip(), found[0]), text)


def unknown_variables(text: str, kind: str = OUT_OF_HOURS) -> list[str]:
    """The names between braces that a reply of this kind does not know, in order, each once; for the form."""
    names = dict.fromkeys(found.strip() for found in _VARIABLE.findall(text))
    return [name for name in names if name not in OF_KIND[kind]]


def opening_words(opens: datetime, now: datetime) -> str:
    """When we open, for a citizen: "maandag 09:00", "vandaag 13:00", "maandag 4 januari 09:00".

    With the date when it is a week or more away. Always Dutch: citizens read it, whatever language the
    process that sends it is in.
    """
    at = local(opens)
    days = (at.date() - local(now).date()).days
    with override("nl"):
        if days == 0:
            return _("today %(time)s") % {"time": f"{at:%H:%M}"}
        return date_format(at, "l H:i" if days <= 6 else "l j F H:i")
