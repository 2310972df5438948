"""Reading single values out of Meta's JSON: tolerant of what it sends, strict about what we hand on."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Feed times are seconds, Messenger times milliseconds. Seconds stay below this until the year 5138.
FIRST_MILLISECOND = 100_000_000_000
# The kinds of error a wrongly shaped item gives when it is read; each becomes an Ignored("unreadable …").
UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


class UnreadableError(ValueError):
    """An item lacks what it needs; the text says what, in code words without personal data."""


def text(value: Any) -> str:
    """A text as PostgreSQL can keep it (no NUL, no lone surrogate); "" for anything that is not text or a
    number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode()


def ident(value: Any) -> str:
    """An id as text: old payloads hold numbers. "" when there is none."""
    return text(value).strip()[:200]


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one for null and for anything else."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The list, or an empty one for null and for anything else."""
    return value if isinstance(value, list) else []


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def moment(value: Any) -> datetime | None:
    """A time in s, ms (also as float or digits) or ISO 8601, as aware UTC; None when it is none or not
    positive."""
    if isinstance(value, str):
        return _written(value)
    found = number(value)
    if found is None or found <= 0:
        return None
    unit = "milliseconds" if found >= FIRST_MILLISECOND else "seconds"
    try:
        return EPOCH + timedelta(**{unit: found})
    except OverflowError:
        return None


def _written(value: str) -> datetime | None:
    value = value.strip()[:40]
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return moment(float(value))
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def word(value: Any) -> str:
    """A platform's word, fit for a reason code: at most 40 of [A-Za-z0-9_-], "?" when nothing is left."""
    kept = "".join(sign for sign in text(value)[:40] if sign.isascii() and (sign.isalnum() or sign in "_-"))
    return kept or "?"
