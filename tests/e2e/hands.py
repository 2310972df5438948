"""Hands in the town for tests without a browser: a colleague by the API, citizens in the street, and patience."""

import time
from collections.abc import Callable
from itertools import count
from threading import local
from typing import Any

import requests

from tests.e2e.town import Town

_codes = count(1)


def until[T](
    look: Callable[[], T],
    seconds: float = 20.0,
    every: float = 0.1,
    what: str = "",
    instead: Callable[[], object] = str,
) -> T:
    """What ``look`` gives once that is true. Raises AssertionError when it is not within ``seconds``, telling what is
    there ``instead``."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {what or look}; last seen: {found!r} {instead()}")
        time.sleep(every)


def worded(text: str) -> str:
    """The same words with a code that no other text in the town has."""
    return f"{text} q{next(_codes):04}q"


class Colleague:
    """Someone of the municipality, by their API token. Any number of threads."""

    def __init__(self, town: Town, username: str) -> None:
        self.town = town
        self.api = f"{town.inbox}/api/v1"
        self.token = town.token(username)
        self._of_thread = local()

    def call(self, method: str, path: str, key: str = "", **options: Any) -> requests.Response:
        """One call; ``key`` names an answer."""
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = requests.Session()
            self._of_thread.session.trust_env = False
        session: requests.Session = self._of_thread.session
        headers = {"Authorization": f"Token {self.token}"} | ({"Idempotency-Key": key} if key else {})
        return session.request(method, f"{self.api}/{path}", headers=headers, timeout=20, **options)

    def get(self, path: str, **params: Any) -> Any:
        """What stands at this address, as JSON."""
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def do(self, path: str, **body: Any) -> Any:
        """Do it; refusals fail the test."""
        answer = self.call("POST", path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    def all(self, path: str) -> list[Any]:
        """Every page of a list."""
        found, page = [], self.get(path, limit=200)
        while True:
            found += page["results"]
            if not page["next"]:
                return found
            page = self.get(page["next"].removeprefix(f"{self.api}/"))

    def messages(self, conversation: int) -> list[Any]:
        """What was said, oldest first."""
        return self.all(f"conversations/{conversation}/messages/")

    def seen(self, text: str) -> Any:
        """The conversation with this text in its list row, or None."""
        # The newest, and what is open: an old conversation that a citizen goes on with is not among the first.
        rows = (
            self.get("conversations/", limit=100)["results"]
            + self.get("conversations/", limit=200, view="todo")["results"]
        )
        return next((row for row in rows if text in row["last_message_text"] or text in row["subject"]), None)

    def waits_for(self, text: str, seconds: float = 20.0) -> Any:
        """The conversation, once it is there. What was held back may stand after it by now, and hide it in the list:
        a WhatsApp message bears the moment it came in, an answer on X the moment it was written down."""

        def found() -> Any:
            told = self.seen(text)
            if told is not None:
                return told
            # A private conversation goes on for ever: many others may be newer by now.
            rows = self.get("conversations/", limit=200)["results"]
            likely = [row["id"] for number, row in enumerate(rows) if number < 40 or not row["public"]]
            holder = next((pk for pk in likely if self.holds(pk, text)), None)
            # Asked anew: the row was read before the message came.
            return holder and self.get(f"conversations/{holder}/")

        return until(found, seconds, what=f"{text!r} in the inbox", instead=self.on_their_way)

    def on_their_way(self) -> Any:
        """What the platforms still hold back, and the conversations that changed last."""
        post, faults = (self.town.call(path, method="GET") for path in ("/street/state", "/faults"))
        rows = self.get("conversations/", limit=8)["results"]
        return post["post"], faults, [(row["id"], row["last_message_at"], row["last_message_text"]) for row in rows]

    def holds(self, conversation: int, text: str) -> bool:
        """Whether a citizen said this in the conversation."""
        return any(text in line["text"] and line["direction"] == "in" for line in self.messages(conversation))

    def claims(self, conversation: int) -> None:
        """Pick it up; again is no harm."""
        self.do(f"conversations/{conversation}/claim/")

    def answers(self, conversation: int, text: str, key: str = "") -> Any:
        """The queued message of an answer."""
        answer = self.call("POST", f"conversations/{conversation}/reply/", key=key or text, json={"text": text})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["messages"][0]

    def delivery(self, message: int) -> str:
        """How far an answer came."""
        return str(self.get(f"messages/{message}/")["delivery"])


def books(town: Town, what: str, text: str) -> list[Any]:
    """The lines in the simulator's books of this sort with this text."""
    lines = town.call("/books", method="GET")
    return [line for line in lines if line["what"] == what and text in (line.get("text") or "")]


def fault(town: Town, kind: str, name: str, **order: Any) -> int:
    """Switch a fault on; its number."""
    return int(town.call("/faults", {"kind": kind, "fault": name, **order})[0]["id"])


def met(town: Town, number: int, seconds: float = 20.0) -> None:
    """Wait until a fault has been used up."""

    def used() -> bool:
        return all(item["id"] != number for item in town.call("/faults", method="GET"))

    until(used, seconds, what=f"fault {number} used")


def quiet(town: Town) -> None:
    """Wait until the platforms have nothing left to tell."""
    until(lambda: town.call("/street/state", method="GET")["post"]["waiting"] == 0, 30, what="an empty post")


def street_items(town: Town, kind: str) -> list[Any]:
    """Everything on one platform's phone, replies after what they stand under."""
    phone = next(found for found in town.call("/street/state", method="GET")["phones"] if found["kind"] == kind)

    def flat(items: list[Any]) -> list[Any]:
        return [line for item in items for line in (item, *flat(item["replies"]))]

    return [line for room in phone["rooms"] for line in flat(room["items"])]
