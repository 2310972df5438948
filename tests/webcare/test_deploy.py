"""The container files, as far as they can be judged without an engine."""

import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROBE = str(ROOT / "deploy" / "probe.py")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def test_compose_has_every_process_and_each_is_health_checked(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert sorted(services) == ["intake", "live", "migrate", "postgres", "proxy", "redis", "scheduler", "web", "worker"]
    checked = sorted(name for name, service in services.items() if "test" in service["healthcheck"])
    assert checked == ["intake", "live", "postgres", "proxy", "redis", "scheduler", "web", "worker"]


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
