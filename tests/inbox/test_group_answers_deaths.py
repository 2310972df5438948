"""Workers that are killed while they answer a group: the next goes on where it was, and nobody is answered twice."""

import json
import os
import signal
import subprocess
import sys
from uuid import uuid4

import pytest
from django.db import connection

from inbox.actions import group_answer
from inbox.models import AuditEntry, Message
from tests.inbox.actions.test_group_answer import seen

KILLED = -signal.SIGKILL


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("where", "deaths"),
    [("written", 5), ("between", 3)],  # one conversation further at a time, or two
)
def test_goes_on_exactly_where_it_was(make_conversation, agent, where: str, deaths: int) -> None:
    storm = [make_conversation() for _ in range(6)]
    group = group_answer.start(by=agent, text="Dag.", chosen=seen(*storm), submission=uuid4())
    type(storm[0]).objects.update(last_inbound_at="2100-01-01T00:00Z")
    found = connection.settings_dict
    address = f"postgres://{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    ended = subprocess.run(
        [sys.executable, "-m", "tests.inbox.dying_group", where, "12"],
        env=os.environ | {"DATABASE_URL": address, "REDIS_URL": "redis://127.0.0.1:9/0"},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    assert json.loads(ended.stdout.splitlines()[-1]) == [KILLED] * deaths + [0]
    assert list(group.items.values_list("state", flat=True)) == ["queued"] * 6
    answered = Message.objects.filter(direction="out").values_list("conversation", flat=True)
    assert sorted(answered) == sorted(conversation.pk for conversation in storm)
    assert AuditEntry.objects.filter(verb="replied", data__group=group.pk).count() == 6
