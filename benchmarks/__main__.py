"""Runs the benchmarks: `python -m benchmarks [--only NAME] [--sizes N …]`, on the PostgreSQL and Redis it is given."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
os.environ.setdefault("SECRET_KEY", "benchmarks-only")
os.environ.setdefault("CREDENTIALS_KEY", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("SIMULATOR_URL", "http://127.0.0.1:9")  # the demo's accounts; nothing is sent
os.environ.setdefault("STATIC_FROM_SOURCE", "1")
os.environ.setdefault("LOG_LEVEL", "ERROR")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from benchmarks import browser, heartbeats, ingest, pages, streams, sustained, to_browser, webhooks  # noqa: E402
from benchmarks.table import Figure, show  # noqa: E402

# name of the run -> the function that measures; one run may give several figures
RUNS: dict[str, Callable[[Path], list[Figure]]] = {
    "webhooks": webhooks.measure,
    "to_browser": to_browser.measure,
    "ingest": ingest.measure,
    "sustained": sustained.measure,
    "streams": streams.measure,
    "heartbeats": heartbeats.measure,
    "browser": browser.measure,
    "pages": pages.measure,  # last: it leaves a million conversations behind
}
BUILD = Path(__file__).resolve().parent.parent / "build" / "bench.json"


def main() -> int:
    """Measure, show the table, write build/bench.json."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", choices=sorted(RUNS), help="one run instead of all")
    sizes = ", ".join(map(str, pages.SIZES))
    parser.add_argument("--sizes", type=int, nargs="+", help=f"conversations for the run of pages, instead of {sizes}")
    asked = parser.parse_args()
    only = asked.only
    if asked.sizes:
        RUNS["pages"] = partial(pages.measure, sizes=tuple(sorted(asked.sizes)))
    call_command("migrate", verbosity=0)
    call_command("seed_demo")
    connections.close_all()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="webcare-bench-") as folder:
        for name, run in RUNS.items():
            if only in (None, name):
                print(f"{name} …", file=sys.stderr, flush=True)
                figures += run(Path(folder))
    BUILD.parent.mkdir(exist_ok=True)
    BUILD.write_text(json.dumps({figure.name: figure.as_json() for figure in figures}, indent=2) + "\n")
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
