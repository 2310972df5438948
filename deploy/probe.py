"""Health checks inside the containers, with the standard library only: the image has no curl.

python deploy/probe.py http PORT         GET /healthz answers 200
python deploy/probe.py fresh PATTERN N   the newest file of PATTERN was written in the last N seconds
"""

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit


def http(port: int) -> str:
    """Empty when /healthz answers 200, asked as the proxy would: by our public name and protocol."""
    public = urlsplit(os.environ.get("PUBLIC_URL", "http://127.0.0.1"))
    headers = {"Host": public.netloc, "X-Forwarded-Proto": public.scheme}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/healthz", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=4) as response:  # noqa: S310
            return "" if response.status == 200 else f"answered {response.status}"
    except (OSError, urllib.error.URLError) as error:
        return str(error)


def fresh(pattern: str, seconds: float) -> str:
    """Empty when a file of the pattern was written lately; for a process that listens on nothing."""
    path = Path(pattern)
    ages = [time.time() - found.stat().st_mtime for found in path.parent.glob(path.name)]
    if not ages:
        return f"no {pattern}"
    return "" if min(ages) <= seconds else f"{pattern} is {min(ages):.0f} seconds old"


def main(arguments: list[str]) -> int:
    """0 when healthy, 1 with the reason when not."""
    reason = http(int(arguments[1])) if arguments[0] == "http" else fresh(arguments[1], float(arguments[2]))
    sys.stderr.write(reason)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
