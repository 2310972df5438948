"""X's refusals in our words: by status, problem type and old error code; by its sentence where it gives no more."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.clock import now
from channels.connectors.x.values import Json, items, obj, text
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome

# Reasons that depend on what we were doing: "gone" for a post answered, "recipient" for a direct message.
TARGET = "target"

# The last part of "https://api.x.com/2/problems/…" -> reason.
BY_TYPE = {
    "resource-not-found": TARGET,
    "resource-unavailable": TARGET,
    "not-authorized-for-resource": TARGET,
    "client-forbidden": "permission",
    "oauth1-permissions": "permission",
    "unsupported-authentication": "configuration",
    "disallowed-resource": "content",
    "credits": "configuration",
    "credits-depleted": "configuration",
    "spend-cap-reached": "configuration",
}
TOO_MUCH = {"rate-limit-exceeded", "usage-capped"}

# Codes of the v1.1 API, which some v2 answers still carry in ``errors[]``.
BY_CODE = {
    32: "token",
    34: TARGET,
    50: "recipient",
    63: "recipient",
    64: "blocked_for_policy",
    89: "token",
    144: TARGET,
    150: "recipient",
    179: TARGET,
    186: "too_long",
    187: "duplicate",
    226: "blocked_for_policy",
    324: "content",
    326: "blocked_for_policy",
    349: "recipient",
    354: "too_long",
    385: "gone",
    433: "recipient",
}
CODES_TOO_MUCH = {88, 185}

# A 400 or 403 of type about:blank says no more than its sentence. Good enough to explain why this message did not go,
# never to say that our access is broken: that is judged by status, type and code alone.
BY_WORDS = (
    ("duplicate content", "duplicate"),
    ("deleted or not visible", "gone"),
    ("too long", "too_long"),
    ("mentioned or otherwise engaged", "not_summoned"),
    ("summoned", "not_summoned"),
    ("who can reply", "recipient"),
    ("dm one or more participants", "recipient"),
    ("cannot send messages to this user", "recipient"),
    ("media", "content"),
)
BY_STATUS = {401: "token", 402: "configuration", 403: "permission", 404: TARGET, 410: TARGET, 413: "content"}


def refusal(status: int, body: Any, headers: Mapping[str, str], *, writing: bool, private: bool = False) -> SendError:
    """The error to raise for an answer that is no success.

    ``writing``: the call would have posted something, so that a 5xx leaves open whether it did. No page of X says
    that a 5xx means "not done", not even 503. ``private``: a direct message, where "not found" is the citizen.
    """
    body = obj(body)
    errors = items(body.get("errors"))
    first: Json = errors[0] if errors else {}
    kind = _slug(body) or _slug(first)
    code = first.get("code")
    named = f"{status}/{kind or code}" if kind or isinstance(code, int) else str(status)
    if status == 429 or kind in TOO_MUCH or code in CODES_TOO_MUCH:
        return TemporaryFailure(named, "rate_limit", retry_at=reset_time(headers))
    if status >= 500 or status == 408 or kind == "internal-error":
        # The server took the request, what became of it is not said.
        if writing:
            return UnknownOutcome(named, "busy")
        return TemporaryFailure(named, "busy", retry_at=max(_retry_after(headers), default=None))
    reason = BY_TYPE.get(kind) or (BY_CODE.get(code) if isinstance(code, int) else None)
    if reason is None and status in (400, 403):
        reason = _by_words(body, errors)
    reason = reason or BY_STATUS.get(status) or ("configuration" if 300 <= status < 400 else "other")
    if reason == TARGET:
        reason = "recipient" if private else "gone"
    return PermanentFailure(named, reason)


def reset_time(headers: Mapping[str, str]) -> datetime | None:
    """When we may call again: the latest reset among the limits that are used up; None when X gives no time.

    Headers carry epoch seconds; Retry-After, of a gateway in front of X, carries seconds. A moment that has passed, or
    is further off than X's longest window of a day, is no answer.
    """
    limits = [("x-rate-limit-remaining", "x-rate-limit-reset")]
    limits += [(f"x-{who}-limit-24hour-remaining", f"x-{who}-limit-24hour-reset") for who in ("app", "user")]
    moments = []
    for remaining, reset in limits:
        value = headers.get(reset, "")
        # The 15 minute limit is the one meant when X does not say how much is left.
        used_up = headers.get(remaining, "0" if reset == "x-rate-limit-reset" else "") == "0"
        if used_up and value.isascii() and value.isdigit() and len(value) < 12:
            moments.append(datetime.fromtimestamp(int(value), UTC))
    moments += _retry_after(headers)
    soon = [moment for moment in moments if now() < moment <= now() + timedelta(hours=25)]
    return max(soon, default=None)


def _retry_after(headers: Mapping[str, str]) -> list[datetime]:
    """In seconds, at most a day; X's own pages name no such header, gateways send it."""
    wait = headers.get("retry-after", "")
    known = wait.isascii() and wait.isdigit() and len(wait) < 7 and int(wait) <= 24 * 3600
    return [now() + timedelta(seconds=int(wait))] if known else []


def _slug(problem: Json) -> str:
    before, _, slug = text(problem.get("type")).rpartition("/problems/")
    return slug[:60] if before else ""


def _by_words(body: Json, errors: list[Json]) -> str | None:
    said = " ".join(text(part.get(name)).lower() for part in (body, *errors) for name in ("detail", "message", "title"))
    return next((reason for words, reason in BY_WORDS if words in said), None)
