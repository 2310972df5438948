"""A small platform on a real port, and the connector that speaks to it; the outbox cares only for outcomes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import requests

from channels.connector import Connector, Found, Health, Tally
from channels.errors import PermanentFailure, TemporaryFailure, UnknownOutcome
from channels.http import from_network_error
from channels.messages import (
    AccountCredentials,
    Capabilities,
    IncomingMessage,
    Item,
    OutgoingMessage,
    Person,
    SentMessage,
    WebhookAnswer,
    WebhookRequest,
)
from tests.channels.server import Answer, Request

HOST = "https://platform.example"


class PlainConnector(Connector):
    """JSON over HTTP; status 429 and 503 are temporary, 504 is unknown, other 4xx permanent."""

    kind = "plain"
    app_secrets: ClassVar = ()
    account_secrets: ClassVar = ()
    asks_profiles = True

    def challenge(self, request: WebhookRequest) -> WebhookAnswer | None:
        return None

    def verify(self, request: WebhookRequest) -> None:
        return None

    def dedupe_key(self, request: WebhookRequest) -> str:
        return str(hash(request.body))

    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        return []

    def send(self, account: AccountCredentials, message: OutgoingMessage) -> SentMessage:
        told = {
            "account": account.external_id,
            "text": message.text,
            "to": message.to,
            "in_reply_to": message.in_reply_to,
            "key": message.idempotency_key,
        }
        try:
            response = self.session.post(f"{HOST}/messages", json=told)
        except requests.RequestException as error:
            raise from_network_error(error) from None
        if response.status_code == 504:
            raise UnknownOutcome("504", "no_answer")
        if response.status_code in (429, 503):
            at = response.headers.get("retry-at")
            raise TemporaryFailure(
                str(response.status_code),
                "rate_limit" if response.status_code == 429 else "busy",
                retry_at=datetime.fromisoformat(at) if at else None,
            )
        if response.status_code != 200:
            raise PermanentFailure(str(response.status_code), response.text)
        return SentMessage(external_id=response.json()["id"])

    def find_sent(self, account: AccountCredentials, message: OutgoingMessage, since: datetime) -> Found:
        asked = {"key": message.idempotency_key, "since": since.isoformat()}
        response = self.session.get(f"{HOST}/messages", params=asked)
        if response.status_code == 503:
            raise TemporaryFailure("503", "busy")
        if response.status_code == 404:
            return Found(surely_absent=True)
        if response.status_code == 410:
            raise PermanentFailure("410", "gone")
        if response.status_code != 200:
            return Found()
        return Found(sent=SentMessage(external_id=response.json()["id"]))

    def fetch_since(
        self, account: AccountCredentials, since: datetime, last_seen: str = "", tally: Tally | None = None
    ) -> Iterable[IncomingMessage]:
        return []

    def check(self, account: AccountCredentials) -> Health:
        return Health(ok=True)

    def profile(self, account: AccountCredentials, external_id: str) -> Person | None:
        response = self.session.get(f"{HOST}/profiles", params={"id": external_id, "account": account.external_id})
        if response.status_code in (429, 503):
            at = response.headers.get("retry-at")
            raise TemporaryFailure(str(response.status_code), retry_at=datetime.fromisoformat(at) if at else None)
        if response.status_code != 200:
            raise PermanentFailure(str(response.status_code), response.text)
        known = response.json()
        return Person(external_id=external_id, **known) if known else None

    @classmethod
    def capabilities(cls) -> Capabilities:
        return Capabilities(max_length_public=None, max_length_private=None)


@dataclass
class Platform:
    """What it keeps: every message it placed, in order. ``fault`` may answer in its stead; ``finding`` is the status of
    a question: 0 for the truth."""

    placed: list[dict[str, Any]] = field(default_factory=list)
    fault: Callable[[dict[str, Any]], Answer | None] = lambda told: None
    finding: int = 0
    since: list[datetime] = field(default_factory=list)  # from when on each question looked
    people: dict[str, dict[str, str]] = field(default_factory=dict)  # by id: name, handle, avatar_url
    who: list[tuple[str, str]] = field(default_factory=list)  # each time it was asked: account and id
    not_telling: Answer | None = None  # instead of who it is
    lock: Lock = field(default_factory=Lock)

    def place(self, told: dict[str, Any]) -> str:
        with self.lock:
            self.placed.append(told)
            return f"o{len(self.placed)}"

    def texts(self) -> list[str]:
        return [told["text"] for told in self.placed]

    def answer(self, request: Request) -> Answer:
        if request.method == "POST":
            told = json.loads(request.body)
            wrong = self.fault(told)
            return wrong or Answer(200, json.dumps({"id": self.place(told)}).encode())
        asked = parse_qs(urlsplit(request.path).query)
        if "id" in asked:
            (external_id,) = asked["id"]
            self.who.append((asked["account"][0], external_id))
            return self.not_telling or Answer(200, json.dumps(self.people.get(external_id)).encode())
        self.since.append(datetime.fromisoformat(asked["since"][0]))
        key = asked["key"][0]
        if self.finding:
            return Answer(self.finding)
        for number, told in enumerate(self.placed, 1):
            if told["key"] == key:
                return Answer(200, json.dumps({"id": f"o{number}"}).encode())
        return Answer(404)
