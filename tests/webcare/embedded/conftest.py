"""The embedded services are tried as a person uses them: as a process of its own, with a real environment."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 40  # seconds; a bound for a hung test, never waited for


@pytest.fixture
def environment() -> dict[str, str]:
    """Our own, without the addresses of services that the test run itself uses."""
    given = ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PORT", "SIM_PORT", "LIVE_PORT", "PYTHONWARNINGS")
    return {name: value for name, value in os.environ.items() if name not in given}


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that any account can reach, as a project's folder usually is; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="webcare-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def embedded(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `python -m webcare.embedded …` to its end."""

    def call(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "webcare.embedded", *arguments],
            cwd=ROOT,
            env={**environment, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return call


@pytest.fixture
def background(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python program that prints to a pipe; ended after the test if the test did not."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **extra: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**environment, **extra, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """What the process printed up to and including the line with `wanted`; fails when it ends before that."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if wanted in line:
            return "".join(lines)
    pytest.fail(f"ended without saying {wanted!r}:\n{''.join(lines)}")


def wait_gone(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that are still there when patience ends; zombies that nobody reaps count as gone."""
    deadline = time.monotonic() + PATIENCE
    left = list(processes)
    while left and time.monotonic() < deadline:
        _, left = psutil.wait_procs(left, timeout=0.1)
        left = [process for process in left if alive(process)]
    return left


def alive(process: psutil.Process) -> bool:
    """Whether it still runs."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
