"""The commands behind the Makefile: run, demo and reset."""

import argparse
import sys
from pathlib import Path

from webcare.embedded.demo import Demo
from webcare.embedded.errors import told
from webcare.embedded.run import run


def main(arguments: list[str] | None = None) -> int:
    """Run one command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m webcare.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    runner = commands.add_parser("run", help="run a command with PostgreSQL and Redis, then stop them")
    runner.add_argument("--data", type=Path, help="keep the data in this folder; without it nothing is kept")
    runner.add_argument("--durable", action="store_true", help="with fsync, as a real server (for benchmarks)")
    runner.add_argument("words", nargs=argparse.REMAINDER, metavar="-- CMD", help="the command")
    commands.add_parser("demo", help="the whole product with a demo municipality")
    commands.add_parser("reset", help="empty the demo's data")
    options = parser.parse_args(arguments)
    if options.command == "run":
        words = options.words[1:] if options.words[:1] == ["--"] else options.words
        if not words:
            runner.error("give a command after --")
        return told(lambda: run(words, options.data, durable=options.durable or None))
    if options.command == "demo":
        return told(lambda: Demo.from_environment().run())
    return told(lambda: Demo.from_environment().reset())


if __name__ == "__main__":
    sys.exit(main())
