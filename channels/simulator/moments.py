"""The moments the town's clock can jump to: pure, in the municipality's own time zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")
# preset -> weekday (Monday is 0) and time on the wall
PRESETS = {
    "friday_1705": (4, time(17, 5)),
    "monday_0900": (0, time(9, 0)),
    "saturday_1100": (5, time(11, 0)),
}


def next_moment(preset: str, now: datetime) -> datetime:
    """The first such moment after ``now`` (aware); aware UTC. Raises ValueError (Dutch) for an unknown preset."""
    if preset not in PRESETS:
        raise ValueError(f"Dit moment kent de klok niet. Kies uit: {', '.join(PRESETS)}.")
    weekday, at = PRESETS[preset]
    local = now.astimezone(ZONE)
    day = local.date() + timedelta(days=(weekday - local.weekday()) % 7)
    found = datetime.combine(day, at, ZONE)
    if found <= local:
        # Wall-clock arithmetic on purpose: a week later it is 17:05 again, summer time or not.
        found = datetime.combine(day + timedelta(days=7), at, ZONE)
    return found.astimezone(UTC)
