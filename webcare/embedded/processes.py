"""Start, watch and stop child processes so that none outlives us."""

import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Literal, Self

from webcare.embedded import guard

Kind = Literal["app", "service"]
TAIL_LINES = 15


@dataclass(eq=False)
class Child:
    """A running process. `log` is None when it writes to our own output.

    own_group: it leads a process group; otherwise it is in ours, in the foreground of a terminal.
    """

    name: str
    popen: subprocess.Popen[bytes]
    kind: Kind
    stop_signal: signal.Signals
    log: Path | None = None
    own_group: bool = True

    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self.popen.poll()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of its log, for a message to a person."""
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as stream:
            stream.seek(max(0, self.log.stat().st_size - 64_000))
            text = stream.read().decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


@dataclass
class Group:
    """Everything one command started, as a context manager: leaving it stops all, apps before services."""

    children: list[Child] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop("app")
            self.stop("service")
        finally:
            # Closing the pipe is also the order to finish what stop() could not, and to remove folders.
            if self._guard is not None and self._guard.stdin is not None:
                self._guard.stdin.close()
                self._guard.wait()

    def _tell(self, line: str) -> None:
        if self._guard is None or self._guard.stdin is None:
            raise RuntimeError("enter the group before starting anything in it")
        self._guard.stdin.write(line.encode() + b"\n")
        self._guard.stdin.flush()

    def remove_at_end(self, folder: Path) -> None:
        """A temporary folder of ours, removed when the group has ended, however it ended."""
        self._tell(f"x {folder}")

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        kind: Kind = "app",
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        account: int | None = None,
        given: bytes | None = None,
        foreground: bool = False,
        cwd: Path | str | None = None,
    ) -> Child:
        """Start `command` as the leader of a process group of its own.

        account: run as this user id (we must be root). given: bytes for its standard input, else empty.
        foreground: it keeps our input and, when that is a terminal, our process group, so that Ctrl-C and
        a debugger reach it.
        """
        output: IO[bytes] | None = log.open("ab") if log is not None else None
        keep_group = foreground and sys.stdin is not None and sys.stdin.isatty()
        try:
            popen = subprocess.Popen(
                list(command),
                env=None if env is None else dict(env),
                stdin=subprocess.PIPE if given is not None else None if foreground else subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                process_group=None if keep_group else 0,
                user=account,
                group=account_group(account),
                extra_groups=None if account is None else [],
                cwd=cwd,
            )
        finally:
            if output is not None:
                output.close()
        child = Child(name, popen, kind, stop_signal, log, not keep_group)
        self._tell(f"+ {kind} {popen.pid} {stop_signal.value}")
        self.children.append(child)
        if given is not None and popen.stdin is not None:
            popen.stdin.write(given)
            popen.stdin.close()
        return child

    def dead(self) -> Child | None:
        """The first child that has ended by itself, or None."""
        return next((child for child in self.children if child.exit_code() is not None), None)

    def forget(self, child: Child) -> None:
        """This child has ended; what is left of its group is killed, and it no longer counts as ours."""
        guard.send(child.popen.pid, signal.SIGKILL, group=True)
        self._tell(f"- {child.popen.pid}")
        self.children.remove(child)

    def stop(self, kind: Kind) -> None:
        """Ask every child of this kind to stop, wait, then kill what is left of their groups."""
        chosen = [child for child in self.children if child.kind == kind]
        for child in chosen:
            if child.exit_code() is None:
                guard.send(child.popen.pid, child.stop_signal)
        deadline = time.monotonic() + guard.PATIENCE[kind]
        for child in chosen:
            try:
                child.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.popen.kill()
            guard.send(child.popen.pid, signal.SIGKILL, group=True)
            child.popen.wait()
            self._tell(f"- {child.popen.pid}")
            self.children.remove(child)


def account_group(account: int | None) -> int | None:
    """The primary group of a user id."""
    if account is None:
        return None
    return pwd.getpwuid(account).pw_gid


class Signals:
    """Remembers a request to stop and wakes the waiting main thread, also when a child ends.

    Use as a context manager in the main thread; the handlers that were there come back at the end.
    """

    def __init__(self) -> None:
        self._stop: signal.Signals | None = None
        self._woken = threading.Event()
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stop = signal.Signals(number)
        self._woken.set()

    def stop(self) -> signal.Signals | None:
        """The signal by which somebody asked us to stop, if somebody did."""
        return self._stop

    def forget(self) -> None:
        """The request was not for us after all."""
        self._stop = None

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or sooner when a signal came."""
        self._woken.wait(seconds)
        self._woken.clear()
