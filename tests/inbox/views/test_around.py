"""Around the messages: the post, what others said when it was fetched, reactions, quotes; at what cost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import Conversation, Message, Reaction, ThreadPost
from inbox.views.others import MOST
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock
from tests.inbox.views.test_others import HTMX, add, pane

pytestmark = pytest.mark.django_db
ROOT = "104000000000001_500"


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def conversation(make_conversation: Any) -> Conversation:
    found: Conversation = make_conversation(
        "facebook", context={"external_id": ROOT, "from_us": True, "url": "https://f.nl/1"}
    )
    return found


def post(conversation: Conversation, number: int, **fields: Any) -> ThreadPost:
    values: dict[str, Any] = {
        "external_id": f"500_{number}",
        "author_name": f"Inwoner {number}",
        "text": f"woord {number}",
    }
    return ThreadPost.objects.create(
        account=conversation.account,
        root_id=ROOT,
        sent_at=MONDAY_10 + timedelta(minutes=number),
        fetched_at=MONDAY_10,
        **values | fields,
    )


def react(conversation: Conversation, to: str, who: str, symbol: str = "👍", **fields: Any) -> Reaction:
    return Reaction.objects.create(
        account=conversation.account,
        external_id=to,
        person_id=f"id-{who}",
        name=who,
        symbol=symbol,
        at=MONDAY_10,
        **fields,
    )


def chips(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<li title="(.*?)"><span aria-hidden="true">(\S+)', html)


def others(html: str) -> list[str]:
    return re.findall(r'class="line other.*?<div class="text" dir="auto">(.*?)</div>', html, re.DOTALL)


def test_the_post_and_what_others_said_are_read_along(client: Client, agent, conversation, make_conversation):
    elsewhere = make_conversation("facebook", "woord 2")
    Message.objects.filter(conversation=elsewhere).update(external_id="500_2")
    mine = Message.objects.filter(conversation=conversation)
    mine.update(external_id="500_1")
    post(conversation, 0, external_id=ROOT, from_us=True, text="Het park is open", files=1)
    for number in (1, 2, 3):
        post(conversation, number)
    client.force_login(agent)
    html = pane(client, conversation)
    assert others(html) == ["woord 2", "woord 3"]
    assert "Het park is open" in html
    assert f'href="/conversations/{elsewhere.pk}/"' in html
    assert "4 berichten" in html


def test_a_large_thread_is_cut_and_says_so(client: Client, agent, conversation):
    for number in range(1, MOST + 6):
        post(conversation, number)
    client.force_login(agent)
    html = pane(client, conversation)
    assert len(others(html)) == MOST
    assert "5 staan hier niet." in html


def test_reactions_say_who(client: Client, agent, conversation):
    Message.objects.filter(conversation=conversation).update(external_id="500_1")
    react(conversation, "500_1", "Jan")
    react(conversation, "500_1", "Eva")
    react(conversation, "500_1", "Weg", removed=True)
    react(conversation, ROOT, "Lot", "❤️")
    client.force_login(agent)
    assert sorted(chips(pane(client, conversation))) == [("Eva, Jan", "👍"), ("Lot", "❤️")]


def test_in_messenger_it_is_the_citizen(client: Client, agent, make_conversation):
    private = make_conversation("facebook", public=False)
    answer = add(private, "Morgen.", 5, direction="out", state="sent", author=agent)
    Reaction.objects.create(
        account=private.account,
        external_id=answer.external_id,
        person_id=private.identity.external_id,
        symbol="👍",
        at=MONDAY_10,
    )
    client.force_login(agent)
    assert chips(pane(client, private)) == [(private.identity.name, "👍")]


def test_an_answer_by_name_quotes_what_it_answers(client: Client, agent, make_conversation):
    private = make_conversation("whatsapp")
    ours = add(private, "Morgen of overmorgen?", 1, direction="out", state="sent", author=agent)
    add(private, "Even kijken", 2)
    add(private, "De laatste", 3, in_reply_to=ours.external_id)
    add(private, "Toch", 4, in_reply_to=f"m-{private.pk}-3-De laatste")
    client.force_login(agent)
    quoted = re.findall(r'class="quoted".*?<b>(.*?)</b> (.*?)</a>', pane(client, private))
    assert quoted == [("Fatima Amrani", "Morgen of overmorgen?")]


def test_the_cost_stays_the_same_with_much_of_it(client: Client, agent, conversation):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/conversations/{conversation.pk}/pane/", headers=HTMX)
        return len(queries)

    client.force_login(agent)
    cost()
    little = cost()
    for number in range(60):
        post(conversation, number)
        react(conversation, ROOT, f"w{number}")
        react(conversation, "500_1", f"w{number}")
    assert cost() == little
