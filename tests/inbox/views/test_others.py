"""Others in a public thread, read along with the citizen who asks; and the line before what is new."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.actions import read
from inbox.models import Attachment, Conversation, Message
from inbox.views import others
from inbox.views.others import MOST
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock

HTMX = {"HX-Request": "true", "HX-Target": "conversation"}


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


def pane(client: Client, conversation: Conversation, query: str = "") -> str:
    response = client.get(f"/conversations/{conversation.pk}/pane/{query}", headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def add(conversation: Conversation, text: str, minutes: int, **fields: Any) -> Message:
    values = {"direction": "in", "state": "received", "external_id": f"m-{conversation.pk}-{minutes}-{text[:20]}"}
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        public=conversation.public,
        text=text,
        sent_at=MONDAY_10 + timedelta(minutes=minutes),
        **values | fields,
    )


def lines(html: str) -> list[tuple[str, str]]:
    """Messages, in order of the page: ("message" | "other", its text)."""
    pattern = r'<article class="line (message|other) .*?<div class="text" dir="auto">(.*?)</div>'
    return re.findall(pattern, html, re.DOTALL)


class TestOthers:
    @pytest.mark.parametrize("kind", ["x", "facebook"])
    def test_they_stand_between_in_order_of_time_with_our_answers(self, client, agent, make_conversation, kind):
        mine = make_conversation(kind, "mijn vraag", thread_id="post-1")
        other = make_conversation(kind, "voor u", thread_id="post-1", at=MONDAY_10 - timedelta(minutes=9))
        add(other, "antwoord aan die ander", 2, direction="out", state="sent", author=agent)
        add(mine, "nog iets", 5)
        make_conversation(kind, "andere post", thread_id="post-2")
        client.force_login(agent)
        html = pane(client, mine)
        assert lines(html) == [
            ("other", "voor u"),
            ("message", "mijn vraag"),
            ("other", "antwoord aan die ander"),
            ("message", "nog iets"),
        ]
        assert html.count(f'<a href="/conversations/{other.pk}/">') == 2
        assert html.count(other.identity.display_name) == 4  # as a heading and in the link's name

    def test_only_what_this_colleague_may_see(self, client, agent, lead, burgerzaken, make_conversation):
        mine = make_conversation("x", "mijn vraag", thread_id="post-1")
        make_conversation("x", "bij een ander", thread_id="post-1", department=burgerzaken)
        client.force_login(agent)
        assert lines(pane(client, mine)) == [("message", "mijn vraag")]
        client.force_login(lead)
        assert sorted(lines(pane(client, mine))) == [("message", "mijn vraag"), ("other", "bij een ander")]

    def test_nothing_of_a_private_conversation_or_of_the_same_citizen(self, client, agent, make_conversation):
        mine = make_conversation("x", "mijn vraag", thread_id="post-1")
        make_conversation("x", "niet openbaar", thread_id="post-1", public=False)
        closed = {"status": "closed", "result": "answered", "closed_at": MONDAY_10}
        make_conversation("x", "eerder van mij", thread_id="post-1", identity=mine.identity, **closed)
        client.force_login(agent)
        assert lines(pane(client, mine)) == [("message", "mijn vraag")]

    @pytest.mark.parametrize("state", ["queued", "sending", "failed", "unknown", "withdrawn"])
    def test_an_answer_that_is_not_there_is_not_shown(self, client, agent, make_conversation, state):
        mine = make_conversation("x", "mijn vraag", thread_id="post-1")
        other = make_conversation("x", "een ander", thread_id="post-1", at=MONDAY_10 + timedelta(minutes=1))
        add(other, "nog niet geplaatst", 2, direction="out", state=state, author=agent)
        client.force_login(agent)
        assert lines(pane(client, mine)) == [("message", "mijn vraag"), ("other", "een ander")]

    def test_what_they_removed_is_gone_and_markup_stays_text(self, client, agent, make_conversation):
        mine = make_conversation("x", "mijn vraag", thread_id="post-1")
        other = make_conversation("x", "<b onclick=x>", thread_id="post-1")
        message = add(other, "spijt", 3, deleted_at=MONDAY_10)
        Attachment.objects.create(message=message, kind="image", state="ready", content_type="image/png", size=3)
        client.force_login(agent)
        html = pane(client, mine)
        assert lines(html) == [("message", "mijn vraag"), ("other", "&lt;b onclick=x&gt;")]
        assert "spijt" not in html
        assert 'class="picture"' not in html

    def test_nothing_can_be_done_to_them_here(self, client, agent, make_conversation):
        mine = make_conversation("x", "mijn vraag", thread_id="post-1", assignee=agent)
        other = make_conversation("x", "een ander", thread_id="post-1")
        client.force_login(agent)
        found = re.search(r'<article class="line other.*?</article>', pane(client, mine), re.DOTALL)
        assert found is not None
        assert re.findall(r"<(form|button|input|textarea)", found[0]) == []
        assert re.findall(r'href="(/[^"]*)"', re.sub(r"<svg.*?</svg>", "", found[0])) == [f"/conversations/{other.pk}/"]

    def test_the_nearest_of_a_crowd_at_the_same_cost(self, client, agent, make_conversation):
        mine = make_conversation("facebook", "mijn vraag", thread_id="post-1")
        client.force_login(agent)
        pane(client, mine)
        with CaptureQueriesContext(connection) as alone:
            pane(client, mine)
        for number in range(1, 50):
            apart = timedelta(minutes=number if number % 2 else -number)
            make_conversation("facebook", f"druk {number:02}", thread_id="post-1", at=MONDAY_10 + apart)
        with CaptureQueriesContext(connection) as crowded:
            html = pane(client, mine)
        assert len(crowded) == len(alone)
        found = [text for sort, text in lines(html) if sort == "other"]
        assert sorted(found) == [f"druk {number:02}" for number in range(1, MOST + 1)]

    @pytest.mark.parametrize(("public", "asked"), [(True, 1), (False, 0)])
    def test_they_cost_one_query_in_public_and_none_in_private(self, client, agent, make_conversation, public, asked):
        conversation = make_conversation("x", public=public)
        client.force_login(agent)
        with CaptureQueriesContext(connection) as queries:
            pane(client, conversation)
        told = [query["sql"] for query in queries]
        assert len([sql for sql in told if "EXTRACT(EPOCH" in sql or f"{others._OTHERS.name} " in sql]) == asked


class TestNew:
    def place(self, html: str) -> int | None:
        """The message that the line stands before."""
        found = re.findall(r'id="new-line" data-new="(\d+)".*?id="message-(\d+)"', html, re.DOTALL)
        assert len(found) <= 1
        return int(found[0][1]) if found and found[0][0] == found[0][1] else None

    def test_line_stands_before_the_first_unread(self, client, agent, make_conversation):
        conversation = make_conversation()
        read.mark_read(conversation.pk, by=agent)
        add(conversation, "van ons", 1, direction="out", state="sent", author=agent)
        first = add(conversation, "nieuw", 2)
        add(conversation, "nog nieuwer", 3)
        Conversation.objects.filter(pk=conversation.pk).update(inbound_count=3)
        client.force_login(agent)
        assert self.place(pane(client, conversation)) == first.pk

    def test_no_line_when_all_is_new_or_all_is_seen(self, client, agent, make_conversation):
        conversation = make_conversation()
        client.force_login(agent)
        assert 'id="new-line"' not in pane(client, conversation)
        read.mark_read(conversation.pk, by=agent)
        assert 'id="new-line"' not in pane(client, conversation)

    def test_drawn_again_it_stays_where_it_was(self, client, agent, make_conversation):
        conversation = make_conversation()
        first = add(conversation, "nieuw", 2)
        add(conversation, "nog nieuwer", 3)
        Conversation.objects.filter(pk=conversation.pk).update(inbound_count=3)
        read.mark_read(conversation.pk, by=agent)
        client.force_login(agent)
        assert self.place(pane(client, conversation, f"?new={first.pk}")) == first.pk

    @pytest.mark.parametrize("asked", ["0", "x", "-1", "99999999999999999999", "²"])
    def test_a_number_that_is_none_of_its_messages_gives_no_line(self, client, agent, make_conversation, asked):
        conversation = make_conversation()
        add(conversation, "nieuw", 2)
        Conversation.objects.filter(pk=conversation.pk).update(inbound_count=2)
        read.mark_read(conversation.pk, by=agent)
        client.force_login(agent)
        assert 'id="new-line"' not in pane(client, conversation, f"?new={asked}")
