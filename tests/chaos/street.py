"""The way to the simulator: what citizens do, faults, the clock and the books."""

from datetime import datetime
from typing import Any

import requests


class Street:
    """One simulator. Any number of threads."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """One call, never through a proxy, on a line of its own: one kept open may be closed just as it is used."""
        with requests.Session() as session:
            session.trust_env = False
            headers = {"Connection": "close"}
            return session.request(method, f"{self.address}{path}", json=body, headers=headers, timeout=30)

    def play(self, kind: str, action: str, data: dict[str, Any]) -> str | None:
        """A citizen does something: its id at the platform, None when the platform would not have it."""
        answer = self.call("POST", f"/street/{kind}/{action}", data)
        if answer.status_code == 400:
            return None  # taken back meanwhile
        answer.raise_for_status()
        return str(answer.json().get("id", ""))

    def fault(self, kind: str, name: str, **order: Any) -> int:
        """Switch a fault on; its number."""
        answer = self.call("POST", "/faults", {"kind": kind, "fault": name, **order})
        answer.raise_for_status()
        return int(answer.json()[0]["id"])

    def calm(self, number: int | None = None) -> None:
        """Take one fault away, or all."""
        self.call("DELETE", "/faults" if number is None else f"/faults?id={number}").raise_for_status()

    def waiting(self) -> int:
        """How many webhooks are still in the post."""
        return int(self.call("GET", "/street/state").json()["post"]["waiting"])

    def forward(self, seconds: float) -> None:
        """Move the town's clock on."""
        self.call("POST", "/street/clock", {"shift": seconds}).raise_for_status()

    def now(self) -> datetime:
        """The town's time, aware."""
        return datetime.fromisoformat(self.call("GET", "/street/clock").json()["now"])

    def books(self) -> list[dict[str, Any]]:
        """Every line recorded, oldest first."""
        found: list[dict[str, Any]] = self.call("GET", "/books").json()
        return found
