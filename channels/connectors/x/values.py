"""Reading X's JSON without trusting it: every helper takes anything and gives the type it promises."""

from datetime import UTC, datetime
from typing import Any

from channels.messages import Person

Json = dict[str, Any]


def obj(value: Any) -> Json:
    """A dict; X wraps some objects in ``{"data": {…}}``, which is taken off. Anything else: empty."""
    if not isinstance(value, dict):
        return {}
    inner = value.get("data")
    return inner if len(value) == 1 and isinstance(inner, dict) else value


def items(value: Any) -> list[Json]:
    """The dicts of a list, unwrapped; what is no dict is left out."""
    return [obj(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string that a database can keep: without NUL and without half surrogate pairs. Anything else: ""."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def ident(source: Json, *names: str) -> str:
    """The first id found under these names, as text; not a float, which has lost its last digits."""
    for name in names:
        value = source.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
            return str(value)
        if isinstance(value, str) and value:
            return text(value)[:100]
    return ""


def when(value: Any, fallback: datetime) -> datetime:
    """A time as X writes it (ISO, "Wed Aug 19 16:26:16 +0000 2020", or epoch milliseconds) as aware UTC."""
    try:
        if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit()):
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                found = datetime.strptime(value, "%a %b %d %H:%M:%S %z %Y")
            return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return fallback
    return fallback


def person(user: Json, external_id: str = "") -> Person:
    """A user of either API generation; ``external_id`` names who it must be when X sent no user along."""
    return Person(
        external_id=ident(user, "id_str", "id") or external_id,
        name=text(user.get("name")),
        handle=text(user.get("username")) or text(user.get("screen_name")),
        avatar_url=text(user.get("profile_image_url_https")) or text(user.get("profile_image_url")),
    )


def by_id(users: list[Json]) -> dict[str, Json]:
    """Objects under their ids."""
    return {ident(user, "id_str", "id"): user for user in users}
