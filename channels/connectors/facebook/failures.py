"""What Meta's refusals mean, strictly by code, subcode and is_transient; never by their English text."""

import json
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import requests

from channels.clock import now
from channels.connectors.facebook.values import listing, mapping, number, word
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome


class Call(Enum):
    """What a call does, which decides what an unclear answer means."""

    SEND = "send"  # a citizen may have got it: unclear is unknown
    CHANGE = "change"  # hide, like, delete, upload: doing it again does no harm
    READ = "read"


# Source: Meta's error handling guide and the Messenger error codes (see README.md, "Errors").
TOKEN = {102, 190}
RATE_LIMIT = {4, 17, 32, 341, 613, 80001, 80006}
UNCLEAR = {
    1,
    2,
    1200,
}  # "unknown error", "service", "temporary send failure": seen after the message went out
WINDOW_CLOSED = {2018278, 2534022, 2018065}  # subcodes of 10
UNREACHABLE = {1545041, 2018001, 2018108}  # subcodes: not available, no matching user, receives no messages
GONE = {33}  # subcode of 100: object does not exist
UPLOAD = {2018047}  # subcode of 100: the attachment was not taken
BY_CODE = {
    10900: "replied_privately",
    10902: "no_private_reply",  # nothing one can answer privately
    10903: "no_private_reply",  # older than seven days, or the citizen takes none (third parties; Meta says little)
    506: "duplicate",
    368: "blocked_for_policy",
    551: "recipient",
    10: "permission",
    3: "permission",
}


def judge(response: requests.Response, call: Call) -> SendError:
    """The failure an answer stands for, from its body, status and headers."""
    error = graph_error(response)
    if error is None:
        return _without_words(response, call)
    code, subcode = _integer(error.get("code")), _integer(error.get("error_subcode"))
    known = f"{code}/{subcode}" if subcode else f"{code}"
    detail = f"{word(error.get('type'))} trace {word(error.get('fbtrace_id'))}"
    if code in TOKEN:
        return PermanentFailure(known, "token", detail)
    if code in RATE_LIMIT:
        return TemporaryFailure(known, "rate_limit", detail, retry_at=retry_at(response))
    if code == 10 and subcode in WINDOW_CLOSED:
        return PermanentFailure(known, "window_closed", detail)
    if subcode in UNREACHABLE:
        return PermanentFailure(known, "recipient", detail)
    if code == 100 and subcode in GONE | UPLOAD:
        return PermanentFailure(known, "gone" if subcode in GONE else "content", detail)
    if code in UNCLEAR or response.status_code >= 500:
        return _unclear(known, detail, call)
    if code in BY_CODE:
        return PermanentFailure(known, BY_CODE[code], detail)
    if error.get("is_transient") is True:
        return TemporaryFailure(known, "busy", detail, retry_at=retry_at(response))
    if 200 <= code <= 299:
        return PermanentFailure(known, "permission", detail)
    return PermanentFailure(known, "other", detail)


def graph_error(response: requests.Response) -> dict[str, Any] | None:
    """The ``error`` object of a Graph answer; None when the body is no such thing (HTML, empty, cut off)."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    error = mapping(mapping(body).get("error"))
    return error or None


def retry_at(response: requests.Response) -> datetime | None:
    """When Meta lets us in again (aware UTC), by its usage headers (minutes) or Retry-After (seconds)."""
    waits: list[timedelta] = []
    for header in ("x-business-use-case-usage", "x-app-usage", "x-page-usage"):
        try:
            usage = mapping(json.loads(response.headers.get(header, "{}")))
        except (ValueError, RecursionError):
            continue
        for found in [usage, *(mapping(line) for lines in usage.values() for line in listing(lines))]:
            minutes = number(found.get("estimated_time_to_regain_access"))
            if minutes and minutes > 0:
                waits.append(timedelta(minutes=min(minutes, 60 * 24)))
    seconds = response.headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdigit():
        waits.append(timedelta(seconds=min(int(seconds[:9]), 24 * 3600)))
    return now() + max(waits) if waits else None


def _without_words(response: requests.Response, call: Call) -> SendError:
    status = response.status_code
    if status == 429:
        return TemporaryFailure("429", "rate_limit", "no Graph error", retry_at=retry_at(response))
    if status >= 500 or status == 408 or 200 <= status < 300:
        # A gateway's HTML, or a success that cannot be read: the request may well have reached Meta.
        return _unclear(str(status), "no Graph answer", call)
    return PermanentFailure(str(status), "configuration" if status < 400 else "other", "no Graph answer")


def _unclear(code: str, detail: str, call: Call) -> SendError:
    if call is Call.SEND:
        return UnknownOutcome(code, "no_answer", detail)
    return TemporaryFailure(code, "busy", detail)


def _integer(value: Any) -> int:
    found = number(value)
    return int(found) if found is not None else 0
