"""Start the product's real processes for a measurement, and stop them."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from webcare.embedded.product import Ports, product


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], ready: str = "", **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in its own group until the block ends; waits until ``ready`` (an address) answers 200."""
    process = subprocess.Popen(command, env=os.environ | environment, start_new_session=True)
    try:
        if ready:
            wait_for(ready, process)
        yield process
    finally:
        process.terminate()  # it ends its own children, and lets them finish what they have in hand
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Until the address answers 200. Raises RuntimeError when the process ends or the time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{address} did not answer within {seconds} s")


@contextmanager
def webcare(*names: str, data: Path, **environment: str) -> Iterator[Ports]:
    """The named processes of the product (web, live, worker …), started as `make demo` starts them."""
    ports = Ports(free_port(), free_port(), free_port())
    environment |= {
        "PUBLIC_URL": f"http://127.0.0.1:{ports.web}",
        "LIVE_URL": f"http://127.0.0.1:{ports.live}",
        "LOG_LEVEL": "ERROR",
    }
    with ExitStack() as stack:
        parts = product(ports, data)
        if unknown := set(names) - {part.name for part in parts}:
            raise RuntimeError(f"the product has no {', '.join(sorted(unknown))}")
        for part in parts:
            if part.name in names:
                # /readyz asks for workers too; a measurement may go without.
                ready = (part.ready or "").replace("/readyz", "/healthz")
                stack.enter_context(running(list(part.command), ready, **(environment | dict(part.env))))
        yield ports
