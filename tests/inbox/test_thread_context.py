"""A thread fetched from the platform: replaced each time, asked once in a while, forgotten, no conversation."""

from datetime import timedelta
from typing import Any

import pytest

from channels import registry
from channels.connector import Connector
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.messages import IncomingMessage, Person
from inbox import thread_context
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, ThreadPost
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import PlainConnector
from tests.inbox.storing import at

pytestmark = pytest.mark.django_db
ROOT = "104000000000001_500"
shown: list[IncomingMessage] = []
failure: list[SendError] = []
asked: list[str] = []


class Threads(PlainConnector):
    """Shows a thread as the test put it ready."""

    fetches_threads = True

    def fetch_thread(self, account: Any, root_id: str) -> list[IncomingMessage]:
        asked.append(root_id)
        if failure:
            raise failure[0]
        return list(shown)

    @classmethod
    def thread_root(cls, account_id: str, thread_id: str, under: str) -> str:
        return under or thread_id


@pytest.fixture(autouse=True)
def platform_with_threads(monkeypatch: pytest.MonkeyPatch, standing_clock: StandingClock) -> StandingClock:
    assert issubclass(Threads, Connector)
    for held in (shown, failure, asked):
        held.clear()
    registry.connector_class.cache_clear()
    monkeypatch.setitem(registry.CONNECTORS, "facebook", "tests.inbox.test_thread_context.Threads")
    yield standing_clock
    registry.connector_class.cache_clear()


def post(number: int, text: str) -> IncomingMessage:
    return IncomingMessage(
        account_id="104000000000001",
        external_id=ROOT if number == 0 else f"500_{number}",
        thread_id=ROOT,
        public=True,
        author=Person(external_id=f"p-{number}", name=f"Inwoner {number}"),
        text=text,
        sent_at=at(number),
    )


def texts() -> list[str]:
    return list(ThreadPost.objects.order_by("sent_at").values_list("text", flat=True))


@pytest.fixture
def conversation(make_conversation: Any) -> Conversation:
    found: Conversation = make_conversation("facebook", context={"external_id": ROOT})
    return found


def test_the_thread_as_it_is_now_and_nothing_owed(agent, conversation, standing_clock):
    shown[:] = [post(0, "onze post"), post(1, "eerste"), post(2, "tweede")]
    assert thread_context.fetch(conversation.pk, by=agent) == 3
    standing_clock.forward(minutes=5)
    shown[:] = [post(0, "onze post"), post(2, "tweede, bewerkt")]
    assert thread_context.fetch(conversation.pk, by=agent) == 2
    assert (texts(), asked) == (["onze post", "tweede, bewerkt"], [ROOT, ROOT])
    assert Conversation.objects.count() == 1
    assert [entry.verb for entry in AuditEntry.objects.filter(actor=agent)] == ["thread_fetched"] * 2


def test_a_double_click_asks_once(agent, conversation):
    shown[:] = [post(0, "onze post")]
    assert [thread_context.fetch(conversation.pk, by=agent) for _ in range(2)] == [1, 1]
    assert asked == [ROOT]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (TemporaryFailure("", "busy"), "platform"),
        (PermanentFailure("190", "token"), "platform"),
        (PermanentFailure("", "gone"), "gone"),
        (None, "gone"),
    ],
)
def test_a_platform_that_gives_nothing_takes_nothing_away(agent, conversation, standing_clock, wrong, code):
    shown[:] = [post(0, "onze post")]
    thread_context.fetch(conversation.pk, by=agent)
    standing_clock.forward(minutes=5)
    shown.clear()
    failure[:] = [wrong] if wrong else []
    with pytest.raises(Refused) as refused:
        thread_context.fetch(conversation.pk, by=agent)
    assert (refused.value.code, texts()) == (code, ["onze post"])


def test_who_may_ask_and_where(agent, viewer, outsider, conversation, make_conversation):
    with pytest.raises(NotVisible):
        thread_context.fetch(conversation.pk, by=outsider)
    codes = []
    for user, pk in ((viewer, conversation.pk), (agent, make_conversation("whatsapp").pk)):
        with pytest.raises(Refused) as refused:
            thread_context.fetch(pk, by=user)
        codes.append(refused.value.code)
    assert (codes, asked) == (["not_allowed", "not_public"], [])


def test_it_is_forgotten_after_a_month(agent, conversation, standing_clock):
    shown[:] = [post(0, "onze post")]
    thread_context.fetch(conversation.pk, by=agent)
    assert thread_context.prune() == 0
    standing_clock.forward(days=thread_context.KEPT / timedelta(days=1) + 1)
    assert (thread_context.prune(), texts()) == (1, [])
