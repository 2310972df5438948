"""Who is at a conversation now, and whether they look or write. In Redis only: lose it, and only this is lost.

One hash: a field for each open tab ("person.tab") with what it last told. webcare/presence.py keeps it up to date and
tells the browsers; pages only read it.
"""

import json
import time
from dataclasses import dataclass
from typing import Self, cast

import redis
import structlog
from django.core import signing

from inbox import live
from inbox.models import Conversation, User

KEY = live.CHANNEL.replace("live", "presence")
SILENT = 10.0  # seconds after which a tab that says nothing is gone; it says something every four
STATES = ("looking", "noting", "answering")  # the last one weighs heaviest: two tabs of one person are one person
PASS_AGE = 600  # seconds; the open conversation is drawn anew, and with it the pass, every minute
_SALT = "inbox.presence"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pass:
    """What a page was given with a conversation it showed: who may say to be there. No look-up needed to trust it."""

    conversation: int
    department: int
    user: int


@dataclass(frozen=True, slots=True)
class Sign:
    """What one tab last told, ``at`` in seconds since the epoch."""

    conversation: int
    department: int
    state: str
    at: float

    def dump(self) -> str:
        """As it stands in Redis."""
        return json.dumps([self.conversation, self.department, self.state, self.at])

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """The way back. Raises ValueError."""
        conversation, department, state, at = json.loads(text)
        return cls(conversation, department, state, at)


def pass_for(conversation: Conversation, user: User) -> str:
    """Signed, for the page that shows this conversation to this colleague."""
    return signing.dumps([conversation.pk, conversation.department_id, user.pk], salt=_SALT)


def read_pass(text: str) -> Pass | None:
    """None when it is not ours, or too old."""
    try:
        return Pass(*signing.loads(text, salt=_SALT, max_age=PASS_AGE))
    except (signing.BadSignature, TypeError):
        return None


def field(user_id: int, tab: str) -> str:
    """The name of one tab: nobody can speak for a tab of somebody else."""
    return f"{user_id}.{tab}"


def heaviest(states: list[str]) -> str:
    """What several tabs of one person make together."""
    return max(states, key=STATES.index)


def present(conversation_id: int) -> dict[int, str]:
    """Who is there (ids), and what they do; {} also when Redis does not answer."""
    try:
        told = cast(dict[bytes, bytes], live.wire().hgetall(KEY))
    except redis.RedisError as error:
        log.warning("presence_unknown", error=type(error).__name__)
        return {}
    found: dict[int, list[str]] = {}
    for name, text in told.items():
        sign = Sign.read(text)
        if sign.conversation == conversation_id and time.time() - sign.at < SILENT:
            found.setdefault(int(name.partition(b".")[0]), []).append(sign.state)
    return {user_id: heaviest(states) for user_id, states in found.items()}
