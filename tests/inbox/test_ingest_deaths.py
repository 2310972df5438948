"""An event that kills its worker: real processes that die by SIGKILL, and what the next ones make of it."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection

from channels import events, items
from channels.models import Account, InboundEvent
from inbox import ingest
from inbox.models import Conversation, Message
from tests.inbox.dying_worker import POISON
from tests.inbox.storing import at, person, put_raw, said

pytestmark = pytest.mark.django_db(transaction=True)
KILLED = -signal.SIGKILL


def work(where: str, times: int) -> list[int]:
    """How each worker ended."""
    found = connection.settings_dict
    address = f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.inbox.dying_worker", where, str(times)],
        env=os.environ | {"DATABASE_URL": address, "REDIS_URL": "redis://127.0.0.1:9/0"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    last: list[int] = json.loads(ended.stdout.splitlines()[-1])
    return last


def store(account: Account, texts: list[str]) -> list[InboundEvent]:
    """One event each, of one citizen each, as the deadly connector reads them."""
    stored = []
    for number, text in enumerate(texts):
        item = said(account, f"m{number}", text, author=person(f"p{number}"), sent_at=at(number))
        stored.append(put_raw(account, items.encode([item])))
    return stored


def states() -> list[Any]:
    return list(InboundEvent.objects.order_by("id").values_list("state", "reason"))


@pytest.mark.parametrize("where", ["parse", "save"])
def test_event_that_kills_its_worker_is_failed_and_its_mates_are_done(where: str, accounts: dict[str, Account]) -> None:
    stored = store(accounts["whatsapp"], ["een", "twee", POISON, "vier", "vijf"])
    assert work(where, 10) == [KILLED] * events.LAST + [0]
    assert states() == [("done", "")] * 2 + [("failed", events.STOPPED)] + [("done", "")] * 2
    assert sorted(Message.objects.values_list("text", flat=True)) == ["een", "twee", "vier", "vijf"]
    assert Conversation.objects.count() == 4
    # Replayed while the fault is there still, it stands alone from the first.
    events.replay([stored[2].pk])
    assert work(where, 10) == [KILLED] * (events.LAST - events.ALONE) + [0]
    assert states()[2] == ("failed", events.STOPPED)


def test_event_that_killed_is_taken_in_once_the_fault_is_mended(accounts: dict[str, Account]) -> None:
    stored = store(accounts["whatsapp"], [POISON, "twee"])
    assert work("save", 10) == [KILLED] * events.LAST + [0]
    events.replay([stored[0].pk])
    # Here no connector is deadly; the body is what a real one cannot read, so it is told as gap repair tells it.
    InboundEvent.objects.update(content_type=items.CONTENT_TYPE)
    assert ingest.drain() == 1
    assert states() == [("done", ""), ("done", "")]
    assert Message.objects.count() == 2


def test_mates_of_a_killer_wait_no_longer_than_a_few_deaths(accounts: dict[str, Account]) -> None:
    store(accounts["whatsapp"], ["een", POISON, "drie"])
    assert work("parse", events.ALONE) == [KILLED] * events.ALONE
    assert Message.objects.count() == 0
    assert work("parse", 1) == [KILLED]
    assert list(Message.objects.values_list("text", flat=True)) == ["een"]
