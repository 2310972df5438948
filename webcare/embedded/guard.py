"""Ends the processes of a group when the one who started them disappears, even by kill -9.

Run as a plain script, with the standard library only, so that it costs a few milliseconds and little memory.
It reads lines from its standard input, a pipe that only the starter holds open:

    + app|service PID SIGNAL    a process group was started; SIGNAL asks its leader to stop
    - PID                       that group has ended
    x PATH                      a temporary folder to remove at the end

When the pipe closes, the starter is gone. What is still listed is asked to stop (apps first, then the
services that they use), is killed when it does not, and the temporary folders are removed.
"""

import os
import pathlib
import shutil
import signal
import sys
import time

PATIENCE = {"app": 6.0, "service": 15.0}


def alive(pid: int) -> bool:
    """Whether a process still runs; a zombie, which nobody may reap in a container, does not count."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not pathlib.Path("/proc/self").is_dir()
    return stat.rpartition(")")[2].split()[0] != "Z"


def send(pid: int, number: int, *, group: bool = False) -> None:
    """Signal a process or its group; one that has gone meanwhile needs nothing."""
    try:
        (os.killpg if group else os.kill)(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def end(groups: dict[int, int], patience: float) -> None:
    """Ask the leaders to stop, wait at most `patience` seconds, then kill what is left of the groups."""
    for pid, number in groups.items():
        send(pid, number)
    deadline = time.monotonic() + patience
    while any(alive(pid) for pid in groups) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in groups:
        send(pid, signal.SIGKILL, group=True)


def main() -> None:
    """Follow the starter's lines until the pipe closes, then clean up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: dict[str, dict[int, int]] = {"app": {}, "service": {}}
    folders: list[str] = []
    for line in sys.stdin:
        mark, _, rest = line.rstrip("\n").partition(" ")
        if mark == "+":
            kind, pid, number = rest.split()
            groups[kind][int(pid)] = int(number)
        elif mark == "-":
            for listed in groups.values():
                listed.pop(int(rest), None)
        elif mark == "x":
            folders.append(rest)
    for kind in ("app", "service"):
        end(groups[kind], PATIENCE[kind])
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
