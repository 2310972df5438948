"""The demo clock: real unless the simulator is on, one file for all processes, never a crash."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from channels import clock


@pytest.fixture(autouse=True)
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    monkeypatch.setenv("SIMULATOR_URL", "http://127.0.0.1:8001")
    monkeypatch.setenv("CLOCK_FILE", str(path))
    return path


def away() -> timedelta:
    return clock.now() - datetime.now(UTC)  # noqa: TID251 - beside real time


def about(moved: timedelta, wanted: timedelta) -> bool:
    return abs(moved - wanted) < timedelta(seconds=5)


def test_now_without_file_is_real_and_utc() -> None:
    assert clock.now().tzinfo is UTC
    assert about(away(), timedelta(0))
    assert clock.offset() == 0


def test_shift_moves_on_from_where_it_stands(demo: Path) -> None:
    clock.shift(3600)
    clock.shift(-600.5)
    assert clock.offset() == 2999.5
    assert about(away(), timedelta(seconds=2999.5))
    assert sorted(p.name for p in demo.parent.iterdir()) == ["clock"]


def test_set_to_a_friday_evening_runs_on_from_there() -> None:
    friday = datetime(2026, 11, 27, 16, 5, tzinfo=UTC)
    first = clock.set_to(friday)
    assert timedelta(0) <= first - friday < timedelta(seconds=5)
    assert clock.now() >= first


def test_set_to_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        clock.set_to(datetime(2026, 11, 27, 16, 5))  # noqa: DTZ001


def test_reset_is_real_time_again() -> None:
    clock.shift(3600)
    clock.reset()
    assert clock.offset() == 0


def test_file_written_by_another_process_is_seen_at_the_next_call(demo: Path) -> None:
    assert clock.offset() == 0
    script = "from channels import clock; clock.shift(7200)"
    subprocess.run([sys.executable, "-c", script], check=True, env=dict(os.environ), cwd=Path(__file__).parents[2])
    assert clock.offset() == 7200


def test_replaced_file_with_the_same_mtime_is_seen(demo: Path) -> None:
    clock.shift(10)
    stamp = demo.stat().st_mtime_ns
    clock.shift(10)
    os.utime(demo, ns=(stamp, stamp))
    assert clock.offset() == 20


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-inf", "1e30", "\x00", "1 2"])
def test_bad_file_counts_as_no_offset(demo: Path, text: str) -> None:
    demo.write_text(text)
    assert clock.offset() == 0


def test_bytes_that_are_no_text_count_as_no_offset(demo: Path) -> None:
    demo.write_bytes(b"\xff\xfe")
    assert clock.offset() == 0


def test_folder_in_place_of_the_file_counts_as_no_offset(demo: Path) -> None:
    demo.mkdir()
    assert clock.offset() == 0


def test_removed_file_is_real_time_again(demo: Path) -> None:
    clock.shift(3600)
    demo.unlink()
    assert clock.offset() == 0


@pytest.mark.parametrize("name", ["SIMULATOR_URL", "CLOCK_FILE"])
def test_outside_the_demo_the_clock_is_real_and_fixed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    clock.shift(3600)
    monkeypatch.setenv(name, "")
    assert clock.offset() == 0
    with pytest.raises(clock.ClockNotMovable):
        clock.shift(60)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e12])
def test_senseless_shift_is_refused_and_changes_nothing(seconds: float) -> None:
    clock.shift(60)
    with pytest.raises(ValueError, match="away from real time"):
        clock.shift(seconds)
    assert clock.offset() == 60
