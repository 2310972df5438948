"""`make chaos`: SEED repeats one run, several seeds run one after the other; --short is what `make test` runs."""

import argparse
import os
import random
import signal
import sys
from types import FrameType

from tests.chaos.run import LONG, SHORT, run_all


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="half a minute of storm instead of four")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)  # so that everything started is stopped
    seeds = [int(seed) for seed in os.environ.get("SEED", "").split()] or [random.SystemRandom().randrange(10**6)]
    return run_all(seeds, SHORT if options.short else LONG)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
