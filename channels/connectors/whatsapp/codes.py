"""Twilio's error codes in our words. Source: https://www.twilio.com/docs/api/errors (state 2026-11-21)."""

from collections.abc import Mapping
from typing import Final

# Not done now, may be tried again: code -> reason.
TEMPORARY: Final[Mapping[int, str]] = {
    20429: "rate_limit",  # HTTP 429: refused before it was processed
    63010: "busy",  # Twilio's own trouble with the channel
    63012: "busy",  # the channel's provider gave an internal error
    63017: "rate_limit",  # this account sends too fast
    63018: "rate_limit",  # the channel sends too fast
    63038: "rate_limit",  # the day's limit of this account
}

# The day's allowance is used up: no use before the next day.
DAILY: Final = 63038

# Not done, and the same call will not do either: code -> reason.
PERMANENT: Final[Mapping[int, str]] = {
    10001: "blocked_for_policy",  # the account is not active: no funds, or put off by Twilio
    20003: "token",
    20005: "blocked_for_policy",  # as 10001
    20404: "configuration",  # the account or the resource does not exist for us
    21211: "recipient",
    21604: "recipient",  # no To
    21610: "recipient",  # the citizen replied STOP
    21617: "too_long",
    21619: "content",  # neither text, file nor template
    21655: "template",  # ContentSid unknown
    21656: "template",  # ContentVariables unusable
    30002: "blocked_for_policy",  # put off after it took the message
    63001: "configuration",  # WhatsApp does not let Twilio in for our number
    63003: "recipient",
    63005: "content",
    63007: "configuration",  # From is no sender of this account
    63013: "content",
    63014: "recipient",
    63015: "configuration",  # the sandbox, and the citizen has not joined it
    63016: "template_needed",
    63019: "content",
    63021: "content",
    63024: "recipient",
    63027: "template",
    63028: "template",
    63032: "recipient",
    63033: "recipient",
    63040: "template",  # rejected
    63041: "template",  # paused
    63042: "template",  # disabled
    90010: "blocked_for_policy",  # as 10001
}


def reason_of(code: str) -> str:
    """The key of errors.REASONS for a Twilio code as text; "other" for one we do not know."""
    number = int(code) if code.isascii() and code.isdigit() else 0
    return TEMPORARY.get(number) or PERMANENT.get(number) or "other"
