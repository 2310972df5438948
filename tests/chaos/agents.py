"""The colleagues: they read, claim, answer, note, route and close through the API, and ask again when it fails."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import requests

ADMINISTRATOR = "beheer"
NAMES = ("fatima", "joris", "ingrid", "bram")
PATIENCE = 90.0  # seconds after the storm in which an answer may still be asked about
TIMEOUT = 15.0
PHRASES = (
    "Dank voor uw bericht. Wij zoeken het uit.",
    "Dat kan bij de balie, elke werkdag tot 17:00 uur.",
    "Wij hebben het doorgegeven aan de collega's buiten.",
    "Uw aanvraag is binnen. U hoort van ons.",
)
ELSEWHERE = ("burgerzaken", "stadsbeheer")


@dataclass
class Answer:
    """One answer an agent submitted, under one key. ``messages`` is what the inbox said it made, {} when refused."""

    code: str
    agent: str
    conversation: int
    text: str
    at_once: bool  # submitted twice in the same breath
    messages: set[int] = field(default_factory=set)
    refused: str = ""  # the code of a 4xx
    tries: int = 0

    @property
    def known(self) -> bool:
        """Whether the agent was told what became of it."""
        return bool(self.messages or self.refused)


@dataclass
class Deed:
    """Something else that the inbox said was done: verb of the audit trail, conversation, who."""

    verb: str
    conversation: int
    agent: str


class Office:
    """All agents, each a thread. ``answers`` and ``deeds`` grow while they work."""

    def __init__(self, api: str, tokens: dict[str, str], seed: int, check_account: Callable[[int], object]) -> None:
        self.api = f"{api}/api/v1"
        self.tokens = tokens
        self.seed = seed
        self.check_account = check_account
        self.answers: list[Answer] = []
        self.deeds: list[Deed] = []
        self.met: Counter[str] = Counter()  # what went wrong on the line
        self.over = threading.Event()
        self._deadline = float("inf")
        self._threads = [
            threading.Thread(target=Agent(self, name).work, name=f"agent {name}", daemon=True) for name in NAMES
        ]
        self._threads.append(threading.Thread(target=self._administer, name="administrator", daemon=True))

    def open(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """No new work; what was submitted is asked after until it is known, or PATIENCE is over."""
        self._deadline = time.monotonic() + PATIENCE
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _administer(self) -> None:
        """The administrator: asks again and again for accounts that do not work, as a person with a button would."""
        administrator = Agent(self, ADMINISTRATOR)
        while not self.over.wait(2.0):
            for account in administrator.broken_accounts():
                self.check_account(account)

    def waits(self) -> bool:
        """Whether it is worth asking again."""
        return time.monotonic() < self._deadline


class Agent:
    """One colleague."""

    def __init__(self, office: Office, name: str) -> None:
        self.office = office
        self.name = name
        self.rng = random.Random(f"{office.seed}/{name}")
        self.number = 0

    def work(self) -> None:
        """Until the office closes."""
        while not self.office.over.wait(self.rng.uniform(0.3, 1.2)):
            rows = self._rows()
            if rows:
                self._handle(rows[int(self.rng.random() ** 2 * len(rows))])

    def broken_accounts(self) -> list[int]:
        """Which do not work, as far as the inbox answers."""
        told = self._call("GET", "accounts/")
        if told is None or told.status_code != 200:
            return []
        return [int(row["id"]) for row in told.json()["results"] if row["state"] == "broken"]

    def _rows(self) -> list[dict[str, Any]]:
        view = self.rng.choice(("todo", "unclaimed", "unclaimed", "mine"))
        answer = self._call("GET", f"conversations/?view={view}&limit=40")
        return answer.json()["results"] if answer is not None and answer.status_code == 200 else []

    def _handle(self, row: dict[str, Any]) -> None:
        conversation, what = int(row["id"]), self.rng.random()
        if not self._done("claimed", conversation, "claim"):
            return
        if what < 0.1:
            self._done("noted", conversation, "note", text=f"Nagevraagd bij een collega. {self._code('n')}")
        elif what < 0.18:
            self._done("routed", conversation, "route", department=self.rng.choice(ELSEWHERE))
            return
        elif what < 0.25:
            self._done("closed", conversation, "close", result="no_answer_needed")
            return
        for _ in range(self.rng.choices((1, 2), (88, 12))[0]):
            self._answer(conversation)
        if self.rng.random() < 0.15:
            self._done("closed", conversation, "close", result="answered")

    def _code(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.name[:2]}{self.number:04}"

    def _answer(self, conversation: int) -> None:
        """Once, with a key; asked again under the same key until the inbox says what became of it."""
        code = self._code("a")
        text = f"{self.rng.choice(PHRASES)} {code}"
        answer = Answer(code, self.name, conversation, text, at_once=self.rng.random() < 0.1)
        self.office.answers.append(answer)
        while not answer.known and self.office.waits():
            answer.tries += 1
            if answer.at_once and answer.tries == 1:
                with ThreadPoolExecutor(2) as pool:
                    list(pool.map(self._submit, (answer, answer)))
            else:
                self._submit(answer)
            if not answer.known:
                time.sleep(self.rng.uniform(0.2, 0.8))

    def _submit(self, answer: Answer) -> None:
        path = f"conversations/{answer.conversation}/reply/"
        told = self._call("POST", path, key=answer.code, text=answer.text)
        if told is None or told.status_code >= 500:
            return
        if told.status_code in (200, 201):
            answer.messages |= {int(message["id"]) for message in told.json()["messages"]}
        else:
            answer.refused = str(told.json().get("code", told.status_code))

    def _done(self, verb: str, conversation: int, act: str, **body: str) -> bool:
        """One try; whether the inbox said it was done. What it did not say may be done or not."""
        told = self._call("POST", f"conversations/{conversation}/{act}/", **body)
        done = told is not None and told.status_code in (200, 201, 204)
        if done:
            self.office.deeds.append(Deed(verb, conversation, self.name))
        return done

    def _call(self, method: str, path: str, key: str = "", **body: str) -> requests.Response | None:
        """None when nobody answered: the web process was killed, perhaps after it did what was asked."""
        headers = {"Authorization": f"Token {self.office.tokens[self.name]}", "Connection": "close"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            with requests.Session() as session:
                session.trust_env = False
                url = f"{self.office.api}/{path}"
                told = session.request(method, url, headers=headers, json=body or None, timeout=TIMEOUT)
        except requests.RequestException as error:
            self.office.met[type(error).__name__] += 1
            return None
        if told.status_code >= 500:
            self.office.met[str(told.status_code)] += 1
        return told
