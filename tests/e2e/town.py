"""Gemeente Waterkant running: the processes of `make demo` on free ports and a folder of their own; browsers on it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, expect, sync_playwright

from channels.clock import now
from inbox.management import demo_town

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    # A headless Chromium opens a whole window for each context; its address bar is a page too (the last two), which
    # takes longer than the page under test. The last --disable-features counts: the others are Playwright's own.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,HttpsUpgrades,"
    "HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,ThirdPartyStoragePartitioning,"
    "AvoidCorsURLLoaderRestartOnRedirect,OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup",
]
# Given to the tests' own database; the demo must bring its own, as for a newcomer.
OURS = {
    *("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PYTHONWARNINGS", "DJANGO_SETTINGS_MODULE", "SECRET_KEY"),
    *("CREDENTIALS_KEY", "DATABASE_POOL", "STATIC_FROM_SOURCE", "LOG_LEVEL"),
}


@dataclass(frozen=True)
class Town:
    """Where everything is."""

    inbox: str
    street: str
    data: Path
    demo: int  # process id of `make demo`; the parts are its children
    environment: dict[str, str] = field(repr=False)  # what the town's processes were started with
    sessions: dict[str, Any] = field(default_factory=dict, repr=False)  # cookies of who logged in, by name
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def sender(self) -> psutil.Process:
        """The worker that sends, as it runs now."""
        return _part(self.demo, "sending")

    def call(self, path: str, data: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """Ask the simulator something; ``data`` goes as JSON."""
        request = urllib.request.Request(
            f"{self.street}{path}",
            data=json.dumps(data or {}).encode() if method == "POST" else None,
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def manage(self, *arguments: str) -> str:
        """`manage.py …` on the town's own database and platforms; what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    def token(self, username: str) -> str:
        """A token for the API, made once: to start Django takes longer than most tests."""
        if username not in self.tokens:
            self.tokens[username] = self.manage("create_token", username)
        return self.tokens[username]

    def clock(self, moment: str) -> None:
        """Set the town's clock: ISO without a zone is the time in Amsterdam."""
        self.call("/street/clock", {"to": moment})


def free_ports(number: int) -> list[int]:
    """Ports nobody listens on, all different."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()


def _part(demo: int, queues: str) -> psutil.Process:
    """The worker of these queues."""
    return next(child for child in psutil.Process(demo).children() if {"worker", queues} <= set(child.cmdline()))


@contextmanager
def running_town(moment: datetime) -> Iterator[Town]:
    """`make demo`, until the block ends, with its clock at this moment when it starts. Fails with what it printed
    when it does not come up."""
    web, simulator, live = free_ports(3)
    data = Path(tempfile.mkdtemp(prefix="webcare-town-"))
    data.chmod(0o755)
    (data / "clock").write_text(str((moment - now()).total_seconds()))
    environment = {name: value for name, value in os.environ.items() if name not in OURS} | {
        "DATA_DIR": str(data), "PORT": str(web), "SIM_PORT": str(simulator), "LIVE_PORT": str(live),
        "DEMO_UNDO_SECONDS": "1",  # the tests that answer have better things to do than wait
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "webcare.embedded", "demo"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if "Stoppen: Ctrl-C" in line:
                break
        else:
            raise AssertionError(f"make demo did not come up:\n{said}")
        environment = _part(process.pid, "celery,incoming").environ()
        yield Town(f"http://127.0.0.1:{web}", f"http://127.0.0.1:{simulator}", data, process.pid, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=40)
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own, or the one named by CHROMIUM."""
    expect.set_options(timeout=10_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def log_in(
    browser: Browser, town: Town, username: str, width: int = 1440, height: int = 900, *, fresh: bool = False,
    **options: Any,
) -> Page:  # fmt: skip
    """A browser of its own in which this colleague is logged in, on the inbox. The form is filled in once for each
    name; ``fresh``: for a test that logs out."""
    context = browser.new_context(
        locale="nl-NL", timezone_id="Europe/Amsterdam", viewport={"width": width, "height": height}, **options
    )
    page = context.new_page()
    if not fresh and username in town.sessions:
        context.add_cookies(town.sessions[username])
        page.goto(f"{town.inbox}/inbox/todo/")
    else:
        page.goto(f"{town.inbox}/login/")
        page.get_by_label("Gebruikersnaam").fill(username)
        page.get_by_label("Wachtwoord").fill(demo_town.PASSWORD)
        page.get_by_role("button", name="Inloggen").click()
    page.wait_for_url("**/inbox/todo/")
    if not fresh:
        town.sessions[username] = context.cookies()
    return page


def street(browser: Browser, town: Town, citizen: str) -> Page:
    """ "De straat" in a browser of its own, playing this citizen."""
    page = browser.new_context(locale="nl-NL", viewport={"width": 1440, "height": 1000}).new_page()
    page.goto(town.street)
    page.get_by_test_id("citizen-select").select_option(citizen)
    return page
