"""`run`: one command, with PostgreSQL and Redis for as long as it lasts."""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from webcare.embedded.errors import CannotStart
from webcare.embedded.lock import locked
from webcare.embedded.processes import Group, Signals
from webcare.embedded.services import start_services


def inherited() -> dict[str, str]:
    """Our own environment without what importing webcare added to it: pytest, say, has settings of its own."""
    environment = dict(os.environ)
    if environment.get("DJANGO_SETTINGS_MODULE") == "webcare.settings":
        del environment["DJANGO_SETTINGS_MODULE"]
    return environment


def run(command: Sequence[str], data: Path | None = None, *, durable: bool | None = None) -> int:
    """Run `command` with DATABASE_URL and REDIS_URL set; its exit code, or 128 + the signal that ended it.

    `python` as the command means this Python, whatever is on PATH.
    """
    program = sys.executable if command[0] == "python" else command[0]
    with (
        Signals() as signals,
        locked(data) if data is not None else nullcontext(),
        Group() as group,
    ):
        found = start_services(group, os.environ, data, durable=durable)
        asked = signals.stop()
        if asked is not None:
            return 128 + asked
        try:
            child = group.start("command", [program, *command[1:]], env={**inherited(), **found}, foreground=True)
        except OSError as error:
            raise CannotStart(f"{program} kan niet worden gestart: {error.strerror}.") from error
        while (code := child.exit_code()) is None:
            signals.wait(5)
            asked = signals.stop()
            if asked is signal.SIGINT and not child.own_group:
                signals.forget()  # Ctrl-C reached the command too; what it means there (pytest, a debugger) is its own
            elif asked is not None and child.exit_code() is None:
                group.stop("app")
                return 128 + asked
        return code if code >= 0 else 128 - code
