"""An administrator's browser and a platform's log-in page, for tests of connecting channels; and their town."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client

from channels.simulator import town
from channels.simulator.app import build, platform_classes
from inbox.models import User
from tests.channels.simulator.servers import Server, Street, wait_for_all

KEYS = {kind: town.app(kind).secrets for kind in ("x", "facebook", "whatsapp")}


@contextmanager
def street_of(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """The simulator, with its webhooks going to our own pages."""
    server = Server(None)
    monkeypatch.setenv("CLOCK_FILE", str(tmp_path / "clock"))
    monkeypatch.setenv("SIMULATOR_URL", server.url)
    settings.SIMULATOR_URL, settings.PUBLIC_URL = server.url, live_server.url
    server.app = build(server.url, live_server.url, tmp_path / "town.json", platform_classes())
    with server:
        street = Street(server.url)
        street.town = server.app.state.town  # type: ignore[attr-defined]
        yield street
    wait_for_all()


class Administrator:
    """Follows redirects by hand: what is said, and where one ends."""

    def __init__(self, user: User) -> None:
        self.client = Client()
        self.client.force_login(user)
        self.text = ""
        self.path = ""

    def get(self, path: str, **headers: str) -> str:
        return self._end(self.client.get(path, headers=headers), path)

    def post(self, path: str, data: dict[str, Any] | None = None) -> str:
        return self._end(self.client.post(path, data or {}), path)

    def _end(self, answer: Any, path: str) -> str:
        self.path = path
        while answer.status_code in (301, 302):
            self.path = answer["Location"]
            answer = self.client.get(self.path)
        assert answer.status_code == 200, (self.path, answer.status_code)
        self.text = answer.content.decode()
        return self.text

    def said(self) -> list[tuple[str, str]]:
        """The notices at the top: how bad, and the words."""
        found = re.findall(r'<p class="notice (good|bad)" role="status">.*?<span>(.*?)</span></p>', self.text, re.S)
        return [(tone, re.sub(r"\s+", " ", words).strip()) for tone, words in found]

    def checks(self) -> dict[str, str]:
        """How each row of the check stands."""
        return dict(re.findall(r'data-testid="check-(\w+)" data-how="(\w+)"', self.text))

    def sign_in(self, path: str, answer: str = "allow", **form: Any) -> str:
        """By the link at ``path`` to the platform, what is pressed there, and back."""
        away = self.client.get(path)["Location"]
        with requests.Session() as browser:
            browser.trust_env = False
            shown = browser.get(away, timeout=10)
            assert shown.status_code == 200, shown.text
            boxes = re.findall(r'name="(who|permission)" value="([^"]+)"( checked)?', shown.text)
            chosen: dict[str, Any] = {"answer": answer}
            for name in ("who", "permission"):
                chosen[name] = [value for box, value, on in boxes if box == name and on]
            back = browser.post(away, data=chosen | form, allow_redirects=False, timeout=10)
        assert back.status_code == 303, back.text
        there = urlsplit(back.headers["Location"])
        self.back = f"{there.path}?{there.query}"
        self.back_query = {name: values[0] for name, values in parse_qs(there.query).items()}
        return self.get(self.back)
