"""The demo with small processes instead of the product's, for the tests: `small_demo DATA FAULT`."""

import sys
from pathlib import Path

from webcare.embedded.demo import Demo
from webcare.embedded.errors import told
from webcare.embedded.product import Part, Ports

FAMILY = """
import subprocess, sys
print("hello", flush=True)
subprocess.run([sys.executable, "-c", "import signal; signal.pause()"])
"""
DYING = """
import signal
print("the last words", flush=True)
raise SystemExit(9)
"""
DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True: signal.pause()
"""


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def main() -> int:
    data, fault = Path(sys.argv[1]), sys.argv[2]
    ports = Ports.from_environment()
    folder = data.parent
    server = (
        *(sys.executable, "-m", "http.server", str(ports.web)),
        *("--bind", "127.0.0.1", "--directory", str(folder)),
    )
    parts = [Part("web", server, f"http://127.0.0.1:{ports.web}/"), Part("worker", python(FAMILY))]
    if fault == "dying":
        parts.append(Part("live", python(DYING)))
    if fault == "killed":
        parts.append(Part("live", python(FAMILY), again=True))
    if fault == "deaf":
        parts.append(Part("live", python(DEAF)))
    prepare = python("raise SystemExit('no such table')") if fault == "unprepared" else None
    return told(lambda: Demo(data, ports, parts, prepare).run())


if __name__ == "__main__":
    sys.exit(main())
