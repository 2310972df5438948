"""What a crash left behind: a server that still runs on our data, or a lock file that names a stranger."""

import os
import signal
import subprocess
import time
from pathlib import Path

from webcare.embedded.errors import CannotStart

STOP_SECONDS = 60


def end_leftover(pid_file: Path, folder: Path, number: signal.Signals) -> None:
    """Stop the server that `pid_file` names when it works in `folder`; then remove the file.

    Only the holder of the lock on the data folder calls this, so that server is nobody's any more. A process
    that merely got the same number is left alone.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
    except FileNotFoundError:
        return
    except ValueError:  # cut short by the crash
        pid = 0
    if pid and works_in(pid, folder):
        os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while works_in(pid, folder):
            if time.monotonic() > deadline:
                raise CannotStart(f"Proces {pid} gebruikt {folder} nog en stopt niet. Stop het eerst: kill {pid}")
            time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def works_in(pid: int, folder: Path) -> bool:
    """Whether process `pid` stands in `folder`, as PostgreSQL and Redis do in their data."""
    try:
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        if Path("/proc/self").is_dir():
            return False
    found = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(folder) in found.stdout or "redis-server" in found.stdout
