"""Pure: Dutch holidays by the names people use, and the bridge days between them and a weekend."""

from datetime import date, timedelta
from functools import lru_cache

import holidays

GOOD_FRIDAY, LIBERATION_DAY = "Goede vrijdag", "Bevrijdingsdag"

# On Good Friday public servants work; Liberation Day is theirs every year, not once in five (cao gemeenten 2023,
# article 6.6).
WORKED = frozenset({GOOD_FRIDAY})

_DAY = timedelta(days=1)


@lru_cache(maxsize=64)
def names(year: int) -> dict[date, tuple[str, ...]]:
    """The holidays of a year in order, each with its names: two may fall on one day, as in 2016."""
    listed = holidays.country_holidays("NL", years=year, language="nl")
    found = {day: tuple(name.split("; ")) for day, name in listed.items()}
    liberation = date(year, 5, 5)
    others = tuple(name for name in found.get(liberation, ()) if name != LIBERATION_DAY)
    found[liberation] = (*others, LIBERATION_DAY)
    return dict(sorted(found.items()))


def by_name(year: int) -> dict[str, date]:
    """The same by name, in the order of the year."""
    return {name: day for day, found in names(year).items() for name in found}


def closed_on(day: date, worked: frozenset[str]) -> str:
    """The name of the holiday for which we close on this date; "" when there is none, or we work on it."""
    return " en ".join(name for name in names(day.year).get(day, ()) if name not in worked)


def bridge_days(year: int, worked: frozenset[str] = WORKED) -> dict[date, str]:
    """Single working days between a holiday and a weekend or another holiday, with the holiday that makes them one."""
    found: dict[date, str] = {}
    day = date(year, 1, 1)
    while day.year == year:
        if not _free(day, worked) and _free(day - _DAY, worked) and _free(day + _DAY, worked):
            neighbours = (closed_on(day - _DAY, worked), closed_on(day + _DAY, worked))
            if name := next(filter(None, neighbours), ""):
                found[day] = name
        day += _DAY
    return found


def _free(day: date, worked: frozenset[str]) -> bool:
    return day.weekday() >= 5 or bool(closed_on(day, worked))
