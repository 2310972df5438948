"""Pure: when a question that is left lying goes a step further. In office time; aware moments, results in UTC."""

from datetime import datetime

from inbox import office_hours
from inbox.office_hours import Hours


def part_at(hours: Hours, due_at: datetime, target_minutes: float, percent: int, moment: datetime) -> datetime:
    """When ``percent`` of a target of so many office minutes is over, for a clock that is due at ``due_at``; ``moment``
    when that is past already. The same whenever it is asked, and whatever pauses the clock had.

    Raises NoOpeningHours when the office never opens."""
    rest = target_minutes * (100 - percent) / 100
    left = office_hours.office_minutes_between(hours, moment, due_at)
    return moment if left <= rest else office_hours.add_office_minutes(hours, moment, left - rest)


def late_at(hours: Hours, due_at: datetime, minutes: float) -> datetime:
    """When it is so many office minutes late. Raises NoOpeningHours when the office never opens."""
    return office_hours.add_office_minutes(hours, due_at, minutes)
