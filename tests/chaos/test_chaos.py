"""The fault run, half a minute of it, as `make test` sees it; the whole one is `make chaos`."""

import os
import subprocess
import sys

import pytest

from tests.chaos.processes import ROOT

SEED = "7"
BOUND = 420.0  # seconds; on two idle cores it takes about eighty


def test_nothing_is_lost_and_nothing_told_twice_in_a_short_storm() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", "--short"],
        cwd=ROOT,
        env=os.environ | {"SEED": SEED},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=BOUND)
    except subprocess.TimeoutExpired:
        process.terminate()  # it stops what it started
        said, _ = process.communicate(timeout=60)
        pytest.fail(f"not done within {BOUND:g} s:\n{said}")
    assert process.returncode == 0, said
