"""Items as JSON bytes and back: the body of an event that gap repair stores, so that ingest has one way in."""

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from channels.errors import MalformedEvent
from channels.messages import Item

CONTENT_TYPE = "application/vnd.webcare.items+json"
VERSION = 1
CLASSES: dict[str, type[Item]] = {cls.__name__: cls for cls in get_args(Item)}


def encode(items: list[Item]) -> bytes:
    """``{"version": 1, "items": [{"type": "IncomingMessage", …}]}``; times as ISO 8601 in UTC."""
    listed = [{"type": type(item).__name__, **_plain(item)} for item in items]
    return json.dumps({"version": VERSION, "items": listed}, separators=(",", ":")).encode()


def decode(body: bytes) -> list[Item]:
    """What ``encode`` was given. Fields that are missing get their default, unknown fields are left.

    Raises MalformedEvent for anything that ``encode`` did not write.
    """
    try:
        found = json.loads(body)
        if found["version"] != VERSION:
            raise MalformedEvent("stored items of another version")
        return [_item(entry) for entry in found["items"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedEvent(f"unreadable stored items: {type(error).__name__}") from None


def _item(entry: dict[str, Any]) -> Item:
    item: Item = _build(CLASSES[entry["type"]], entry)
    return item


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    if isinstance(value, Enum):
        return value.value
    return value


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def _build(cls: type, entry: dict[str, Any]) -> Any:
    return cls(**{name: _value(hint, entry[name]) for name, hint in _hints(cls).items() if name in entry})


def _value(hint: Any, value: Any) -> Any:
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        hint = next(member for member in get_args(hint) if member is not NoneType)
    if get_origin(hint) is tuple:
        return tuple(_value(get_args(hint)[0], element) for element in value)
    if is_dataclass(hint):
        return _build(hint, value)  # type: ignore[arg-type]
    if hint is datetime:
        return datetime.fromisoformat(value)
    if issubclass(hint, Enum):
        return hint(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint):
        raise TypeError("another type than written")
    return value
