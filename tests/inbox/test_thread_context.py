"""A thread fetched from the platform: replaced each time, asked once in a while, forgotten, no conversation."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels import registry
from channels.connector import Connector
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.messages import Attachment, IncomingMessage, Person
from inbox import thread_context
from inbox.actions import advice
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, ThreadPost
from tests.channels.server import Answer, Server, serving
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import PlainConnector
from tests.inbox.storing import at
from tests.inbox.test_tasks import picture

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


@pytest.fixture
def pictures(settings: Any) -> Iterator[Server]:
    """Where the platform keeps its pictures."""
    with serving(lambda request: Answer(200, picture())) as server:
        settings.SIMULATOR_URL = server.url
        yield server


def with_picture(pictures: Server, name: str = "park.png") -> IncomingMessage:
    return replace(post(0, "onze post"), attachments=(Attachment(kind="image", url=f"{pictures.url}/{name}"),))


@pytest.fixture
def fetched(agent: Any, conversation: Conversation, pictures: Server, transactional_db: None) -> ThreadPost:
    shown[:] = [with_picture(pictures), replace(with_picture(pictures), external_id="500_1")]
    thread_context.fetch(conversation.pk, by=agent)
    return ThreadPost.objects.get(external_id=ROOT)


def test_the_picture_with_our_post_comes_by_a_job_of_its_own(
    client, agent, outsider, conversation, make_conversation, fetched, kicks_stay_here
):
    address = f"/conversations/{conversation.pk}/thread/{fetched.pk}/picture/"
    assert kicks_stay_here == ["inbox.tasks.fetch_post_picture"]
    assert list(ThreadPost.objects.exclude(picture_url="").values_list("external_id", flat=True)) == [ROOT]
    client.force_login(agent)
    assert client.get(address).status_code == 404
    assert thread_context.fetch_picture(fetched.pk, conversation.pk) is True
    came = client.get(address)
    assert (came["Content-Type"], came.content[:2], came["X-Content-Type-Options"]) == (
        "image/jpeg",
        b"\xff\xd8",
        "nosniff",
    )
    assert address in client.get(f"/conversations/{conversation.pk}/", follow=True).content.decode()
    elsewhere = make_conversation("facebook", context={"external_id": "104000000000001_7"})
    assert client.get(address.replace(f"/{conversation.pk}/", f"/{elsewhere.pk}/")).status_code == 404
    client.force_login(outsider)
    assert client.get(address).status_code == 404


def test_who_is_asked_for_advice_sees_the_picture_too(client, agent, expert, conversation, fetched, kicks_stay_here):
    thread_context.fetch_picture(fetched.pk, conversation.pk)
    address = f"/conversations/{conversation.pk}/thread/{fetched.pk}/picture/"
    client.force_login(expert)
    assert client.get(address).status_code == 404
    advice.ask(conversation.pk, by=agent, of=expert, question="Is dit het park?", minutes=60)
    assert client.get(address).status_code == 200


def test_the_same_picture_is_fetched_once_another_one_anew(
    agent, conversation, pictures, fetched, standing_clock, kicks_stay_here
):
    thread_context.fetch_picture(fetched.pk, conversation.pk)
    for name in ("park.png", "brug.png"):
        standing_clock.forward(minutes=5)
        shown[:] = [with_picture(pictures, name)]
        thread_context.fetch(conversation.pk, by=agent)
        again = ThreadPost.objects.get(external_id=ROOT)
        assert thread_context.fetch_picture(again.pk, conversation.pk) is (name == "brug.png")
    assert len(kicks_stay_here) == 2


def test_a_picture_that_does_not_come_leaves_the_words(agent, conversation, pictures, fetched):
    pictures.answer = lambda request: Answer(404, b"")
    assert thread_context.fetch_picture(fetched.pk, conversation.pk) is False
    assert thread_context.fetch_picture(fetched.pk + 1000, conversation.pk) is False
    assert texts() == ["onze post", "onze post"]
