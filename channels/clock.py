"""The one clock of the house: real time in production, a clock that can be moved in the demo."""

import math
import os
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Further than this is a typing mistake; it also keeps datetime arithmetic far from its limits.
MAX_OFFSET = timedelta(days=3660).total_seconds()

# What the file said when we last read it: the offset in seconds, by its path and stat signature. One entry.
_seen: dict[tuple[str, int, int, int], float] = {}


class ClockNotMovable(RuntimeError):
    """The clock was to be moved outside the demo (SIMULATOR_URL or CLOCK_FILE is not set)."""


def now() -> datetime:
    """The present moment, aware, in UTC; shifted by `offset()` in the demo."""
    return _real() + timedelta(seconds=offset())


def offset() -> float:
    """Seconds by which the clock is ahead of real time (negative: behind); 0 outside the demo.

    Read from the file named by CLOCK_FILE, and only when SIMULATOR_URL is set, so that a stray file can
    never bend a real municipality's deadlines. Every process sees a change at its next call. A missing or
    unreadable file, or one that holds no sensible number, counts as 0.
    """
    path = _path()
    if path is None:
        return 0.0
    try:
        stat = path.stat()
    except OSError:
        return 0.0
    # A replaced file may carry the mtime of the old one on a coarse file system, never its inode too.
    signature = (str(path), stat.st_mtime_ns, stat.st_ino, stat.st_size)
    seconds = _seen.get(signature)
    if seconds is None:
        seconds = _read(path)
        _seen.clear()
        _seen[signature] = seconds
    return seconds


def shift(seconds: float) -> datetime:
    """Move the clock `seconds` on from where it stands (negative: back); returns the new `now()`.

    Raises ClockNotMovable outside the demo, ValueError when it would end more than ten years from real time.
    """
    _write(offset() + seconds)
    return now()


def set_to(moment: datetime) -> datetime:
    """Make it `moment` (aware) now; time runs on from there. Returns the new `now()`. Errors as `shift`."""
    if moment.tzinfo is None:
        raise ValueError("the clock needs an aware datetime")
    _write((moment - _real()).total_seconds())
    return now()


def reset() -> None:
    """Back to real time. Raises ClockNotMovable outside the demo."""
    _write(0.0)


def _real() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the one place


def _path() -> Path | None:
    if not os.environ.get("SIMULATOR_URL"):
        return None
    name = os.environ.get("CLOCK_FILE")
    return Path(name) if name else None


def _read(path: Path) -> float:
    try:
        value = float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0
    return value if math.isfinite(value) and abs(value) <= MAX_OFFSET else 0.0


def _write(seconds: float) -> None:
    path = _path()
    if path is None:
        raise ClockNotMovable("the clock can only be moved in the demo: SIMULATOR_URL and CLOCK_FILE must be set")
    if not math.isfinite(seconds) or abs(seconds) > MAX_OFFSET:
        raise ValueError(f"the clock cannot be {seconds} seconds away from real time")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and renamed: another process reads the old offset or the new one, never half a number.
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(repr(float(seconds)))
        Path(aside).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(aside).unlink()
        raise
