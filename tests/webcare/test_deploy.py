"""The container files, as far as they can be judged without an engine."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels import liveness
from inbox import lanes
from webcare.embedded.product import Ports, product

ROOT = Path(__file__).resolve().parents[2]
PROBE = str(ROOT / "deploy" / "probe.py")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_compose_has_every_process_and_each_is_health_checked(compose: dict[str, Any]) -> None:
    services = compose["services"]

    ours = ["intake", "live", "media", "scheduler", "sender", "web", "worker"]
    assert sorted(services) == sorted([*ours, "migrate", "postgres", "proxy", "redis"])
    checked = sorted(name for name, service in services.items() if "test" in service["healthcheck"])
    assert checked == sorted([*ours, "postgres", "proxy", "redis"])


def option(command: Sequence[str], name: str) -> str:
    """What stands behind ``name``; "" when it is not there."""
    return command[command.index(name) + 1] if name in command else ""


def test_compose_and_demo_serve_every_queue_alike(compose: dict[str, Any], tmp_path: Path) -> None:
    served = {name: option(service.get("command", []), "-Q") for name, service in compose["services"].items()}
    demo = {part.name: part for part in product(Ports(), tmp_path)}
    for name in filter(served.get, served):
        ours, theirs = compose["services"][name]["command"], demo[name].command
        for word in ("-Q", "--pool", "--concurrency"):
            assert option(ours, word) == option(theirs, word)
    assert {queue for queues in served.values() if queues for queue in queues.split(",")} == set(liveness.queues())


def test_only_what_works_in_threads_has_a_pool_of_connections(compose: dict[str, Any], tmp_path: Path) -> None:
    workers = ["intake", "media", "scheduler", "sender", "worker"]
    demo = {part.name: dict(part.env) for part in product(Ports(), tmp_path)}
    without = [name for name in workers if compose["services"][name]["environment"].get("DATABASE_POOL") == "0"]
    assert without == [name for name in workers if demo[name].get("DATABASE_POOL") == "0"]
    assert without == ["intake", "media", "scheduler", "worker"]
    sender = compose["services"]["sender"]["command"]
    assert (option(sender, "--pool"), option(sender, "--concurrency")) == ("threads", str(lanes.THREADS))
    # On a starved machine threads that shared five connections waited longer for one than they may.
    for environment in (compose["services"]["sender"]["environment"], demo["sender"]):
        assert environment.get("DATABASE_CONNECTIONS") == str(lanes.THREADS)


def test_compose_asks_for_every_secret_and_gives_none(compose: dict[str, Any]) -> None:
    environment = compose["services"]["web"]["environment"]

    for name in ("SECRET_KEY", "CREDENTIALS_KEY"):
        assert environment[name].startswith(f"${{{name}:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
    assert "${REDIS_PASSWORD:?" in environment["REDIS_URL"]
    assert "SIMULATOR_URL" not in environment
    assert compose["services"]["worker"]["environment"] == {**environment, "DATABASE_POOL": "0"}


def test_compose_publishes_the_proxy_only(compose: dict[str, Any]) -> None:
    published = sorted(name for name, service in compose["services"].items() if "ports" in service)

    assert published == ["proxy"]
    for store in ("postgres", "redis"):
        assert compose["services"][store]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}


def test_proxy_takes_in_a_whole_request_before_a_web_process_reads_it() -> None:
    told = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")

    assert re.findall(r"(max_size|request_buffers) (\S+)", told) == [("max_size", "31MB"), ("request_buffers", "31MB")]


def test_image_copies_every_package_and_only_what_the_context_lets_through() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {line[1:] for line in ignore if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)

    assert {name for line in copied for name in line.split()} == let_through
    assert sorted(name for name in let_through if not (ROOT / name).exists()) == []


class Answer(BaseHTTPRequestHandler):
    """Healthy only for our own name over https."""

    def do_GET(self) -> None:
        ours = (self.headers["Host"], self.headers["X-Forwarded-Proto"]) == ("webcare.example.nl", "https")
        self.send_response(200 if ours and self.path == "/healthz" else 400)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class calls it that
        return


def probe(*arguments: str, public: str = "https://webcare.example.nl") -> int:
    environment = {**os.environ, "PUBLIC_URL": public}
    return subprocess.run(
        [sys.executable, PROBE, *arguments], env=environment, capture_output=True, check=False
    ).returncode


def test_probe_asks_by_the_public_name() -> None:
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = str(server.server_port)

        right, wrong = probe("http", port), probe("http", port, public="https://other.example.nl")

        server.shutdown()
        thread.join()
    assert (right, wrong, probe("http", port)) == (0, 1, 1)


def test_probe_judges_the_newest_file(tmp_path: Path) -> None:
    old, new = tmp_path / "schedule", tmp_path / "schedule-wal"
    assert probe("fresh", f"{old}*", "60") == 1
    for path in (old, new):
        path.touch()
        os.utime(path, (time.time() - 300,) * 2)
    assert probe("fresh", f"{old}*", "60") == 1
    new.touch()
    assert probe("fresh", f"{old}*", "60") == 0
