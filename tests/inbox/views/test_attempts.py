"""The attempts to send an answer, on the page: only where there is more to tell than that it went."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import Conversation, Message, SendAttempt, User
from inbox.views import pane_rows
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]


def answer(conversation: Conversation, state: str, attempts: int, **fields: object) -> Message:
    """Ours, with so many attempts, of which the last is what the state says."""
    values = {"sent_at": MONDAY_10, "text": "Morgen", "kind": "answer"} | fields
    made = Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        direction="out",
        public=False,
        state=state,
        attempts=attempts,
        **values,
    )
    for number in range(1, attempts + 1):
        last = number == attempts
        SendAttempt.objects.create(
            message=made,
            number=number,
            started_at=MONDAY_10 + timedelta(minutes=number),
            outcome=("sent" if state == "sent" else "refused" if state == "failed" else "") if last else "postponed",
            code="63016" if state == "failed" and last else "" if last else "429",
        )
    return made


def pane(client: Client, conversation: Conversation) -> str:
    return client.get(f"/conversations/{conversation.pk}/pane/", headers={"HX-Request": "true"}).content.decode()


def told(html: str, message: Message) -> list[str]:
    """The lines of the disclosure, without markup; [] when there is none."""
    found = re.search(rf'<details class="attempts" id="attempts-{message.pk}".*?</details>', html, re.DOTALL)
    lines = re.findall(r"<li>(.*?)</li>", found.group(), re.DOTALL) if found else []
    return [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]


@pytest.mark.parametrize(
    ("state", "attempts", "lines"),
    [("sent", 1, 0), ("sent", 2, 2), ("read", 3, 3), ("failed", 1, 1), ("unknown", 1, 1), ("queued", 0, 0),
     ("queued", 1, 1), ("sending", 1, 0), ("sending", 2, 2), ("withdrawn", 1, 1)],
)  # fmt: skip
def test_only_what_has_more_to_tell_is_told(
    client: Client, agent: User, make_conversation: Make, standing_clock: StandingClock,
    state: str, attempts: int, lines: int,
) -> None:  # fmt: skip
    client.force_login(agent)
    conversation = make_conversation()
    message = answer(conversation, state, attempts)
    assert len(told(pane(client, conversation), message)) == lines


def test_failed_answer_tells_code_moments_and_who_asked(
    client: Client, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    client.force_login(agent)
    conversation = make_conversation(assignee=agent)
    message = answer(conversation, "failed", 2, error_code="63016", error_reason="template_needed")
    SendAttempt.objects.filter(number=2).update(by=agent)
    html = pane(client, conversation)
    first, second = told(html, message)
    rows = SendAttempt.objects.order_by("number")
    words = [str(row.get_outcome_display()) for row in rows]
    assert [words[0] in first, "10:01" in first, first.endswith("(429)")] == [True] * 3
    assert [words[1] in second, "10:02" in second, "(63016)" in second, second.endswith("Fatima Amrani")] == [True] * 4
    trouble = re.search(r'<div class="trouble red">.*?</div>', html, re.DOTALL)
    assert trouble is not None
    assert (trouble.group().count("63016"), trouble.group().count(f'data-testid="retry-{message.pk}"')) == (1, 1)


def test_attempts_cost_no_more_queries_however_many(
    client: Client, agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    client.force_login(agent)

    def queries(conversation: Conversation) -> int:
        pane(client, conversation)
        with CaptureQueriesContext(connection) as asked:
            pane(client, conversation)
        names = ("inbox_sendattempt", f"{pane_rows._ATTEMPTS.name} ")  # as it is written, or prepared
        assert sum(any(name in query["sql"] for name in names) for query in asked.captured_queries) == 1
        return len(asked)

    plain, busy = make_conversation(), make_conversation()
    answer(plain, "sent", 1)
    for number in range(5):
        answer(busy, "failed", 3, sent_at=MONDAY_10 + timedelta(minutes=number))
    assert queries(plain) == queries(busy)
