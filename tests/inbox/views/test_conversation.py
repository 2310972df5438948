"""The pane as people get it: what it shows to whom, what it lets through, and that it costs the same however full."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels.clock import now
from inbox import audit
from inbox.actions import claim, clocks, note, wait
from inbox.actions.changing import changing
from inbox.models import Attachment, Conversation, Message, MessageVersion, Note, Role, User
from inbox.views.messages import linked
from inbox.views.pane_rows import PAGE, newest_id
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock

HTMX = {"HX-Request": "true", "HX-Target": "conversation"}


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


def pane(client: Client, conversation: Conversation, query: str = "", **headers: str) -> str:
    response = client.get(f"/conversations/{conversation.pk}/pane/{query}", headers={**HTMX, **headers})
    assert response.status_code == 200
    return response.content.decode()


def ids_in(html: str, prefix: str = "act-") -> set[str]:
    return set(re.findall(rf'data-testid="({prefix}[\w-]+)"', html))


def visible_text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def add(conversation: Conversation, text: str, minutes: int, **fields: object) -> Message:
    values = {"direction": "in", "state": "received", "external_id": f"m-{conversation.pk}-{minutes}-{text[:20]}"}
    return Message.objects.create(
        conversation=conversation,
        account=conversation.account,
        public=conversation.public,
        text=text,
        sent_at=MONDAY_10 + timedelta(minutes=minutes),
        **values | fields,
    )


class TestButtons:
    def test_unclaimed_offers_to_claim(self, client, agent, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation())
        assert ids_in(html) == {
            "act-claim",
            "act-advice",
            "act-route",
            "act-assign",
            "act-snooze",
            "act-wait",
            "act-close",
        }
        assert ids_in(html, "claim-and") == {"claim-and-reply"}
        assert 'data-testid="composer"' not in html
        assert 'data-testid="note"' in html

    def test_mine_offers_to_answer_and_give_back(self, client, agent, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation(assignee=agent))
        expected = {"act-release", "act-advice", "act-route", "act-assign", "act-snooze", "act-wait", "act-close"}
        assert ids_in(html) == expected - (set() if "act-assign" in html else {"act-assign"})
        assert html.count('data-testid="send"') == 1

    def test_anothers_offers_to_take_over(self, client, agent, colleague, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation(assignee=colleague))
        assert ids_in(html) == {"act-take-over", "act-advice", "act-route", "act-snooze", "act-wait"}
        assert ids_in(html, "take-over") == {"take-over-and-reply"}
        assert 'data-testid="send"' not in html

    def test_closed_offers_to_reopen_only(self, client, agent, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation(status="closed", result="answered", closed_at=MONDAY_10))
        assert ids_in(html) == {"act-reopen"}
        assert ids_in(html, "reopen-and") == {"reopen-and-reply"}

    def test_waiting_offers_to_bring_back(self, client, agent, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation(status="waiting"))
        assert ids_in(html) == {"act-claim", "act-advice", "act-route", "act-assign", "act-wake", "act-close"}

    def test_viewer_gets_no_button_and_no_box(self, client, viewer, make_conversation):
        client.force_login(viewer)
        html = pane(client, make_conversation())
        assert ids_in(html) == set()
        assert "<textarea" not in html
        assert html.count("<form") == 2  # the read mark, and following
        assert 'data-testid="only-read"' in html


class TestMessages:
    def test_citizens_markup_stays_text(self, client, agent, make_conversation):
        client.force_login(agent)
        html = pane(client, make_conversation(text='<img src=x onerror="alert(1)"> <script>alert(2)</script>'))
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;script&gt;alert(2)&lt;/script&gt;" in html

    @pytest.mark.parametrize(
        "text",
        [
            "javascript:alert(1)",
            'https://x.nl/"onmouseover="alert(1)',
            "data:text/html,<b>",
            "https://x.nl/<svg/onload=alert(1)>",
        ],
    )
    def test_links_carry_nothing_but_an_address(self, text):
        html = str(linked(text))
        for tag in re.findall(r"<[^>]*>", html):
            pattern = r'</a>|<a href="https?://[^"<>]*" target="_blank" rel="noopener noreferrer nofollow">'
            assert re.fullmatch(pattern, tag), tag

    def test_a_web_address_is_a_link(self):
        assert str(linked("zie https://a.nl/b?c=1&d=2.")) == (
            'zie <a href="https://a.nl/b?c=1&amp;d=2" target="_blank" rel="noopener noreferrer nofollow">'
            "https://a.nl/b?c=1&amp;d=2</a>."
        )

    def test_deleted_text_is_there_for_who_works_on_it(self, client, agent, viewer, make_conversation):
        conversation = make_conversation()
        message = add(conversation, "", 5, deleted_at=MONDAY_10 + timedelta(minutes=9))
        MessageVersion.objects.create(message=message, text="Had ik dit maar nooit gezegd", until=message.deleted_at)
        client.force_login(agent)
        assert pane(client, conversation).count("Had ik dit maar nooit gezegd") == 1
        client.force_login(viewer)
        html = pane(client, conversation)
        assert "Had ik dit maar nooit gezegd" not in html
        assert f'id="message-{message.pk}"' in html

    def test_edited_text_has_its_earlier_version(self, client, agent, make_conversation):
        conversation = make_conversation()
        message = add(conversation, "Vrijdag graag", 5, edited_at=MONDAY_10 + timedelta(minutes=7))
        MessageVersion.objects.create(message=message, text="Donderdag graag", until=message.edited_at)
        client.force_login(agent)
        html = pane(client, conversation)
        assert html.count("Donderdag graag") == 1
        assert html.count('class="edited"') == 1

    @pytest.mark.parametrize(
        ("state", "acts"),
        [
            ("queued", {"withdraw"}),
            ("sending", set()),
            ("sent", set()),
            ("read", set()),
            ("failed", {"retry", "withdraw"}),
            ("unknown", {"retry", "withdraw", "mark-sent"}),
            ("withdrawn", set()),
        ],
    )
    def test_what_can_be_decided_on_an_answer(self, client, agent, make_conversation, state, acts):
        conversation = make_conversation(assignee=agent)
        message = add(conversation, "Antwoord", 5, direction="out", state=state, author=agent, error_reason="busy")
        client.force_login(agent)
        html = pane(client, conversation)
        found = {name for name in ("retry", "withdraw", "mark-sent") if f'data-testid="{name}-{message.pk}"' in html}
        assert found == acts
        assert html.count(f'data-testid="delivery-{message.pk}"') == 1

    def test_unknown_that_webcare_still_asks_after_needs_nobody(self, client, agent, make_conversation):
        conversation = make_conversation(assignee=agent)
        message = add(conversation, "Antwoord", 5, direction="out", state="unknown", author=agent, send_at=now())
        client.force_login(agent)
        assert f'data-testid="retry-{message.pk}"' not in pane(client, conversation)

    def test_order_is_the_platforms_time_with_notes_and_events_between(self, client, agent, make_conversation):
        conversation = make_conversation(text="eerste")
        Note.objects.create(
            conversation=conversation, author=agent, text="tussenin", created_at=MONDAY_10 + timedelta(minutes=3)
        )
        add(conversation, "tweede", 5)
        claim.claim(conversation.pk, by=agent)  # at 10:30
        client.force_login(agent)
        html = pane(client, conversation)
        places = [html.index(text) for text in ('id="message-', "tussenin", "tweede", 'class="line event"')]
        assert places == sorted(places)

    def test_context_says_under_what_it_stands(self, client, agent, make_conversation):
        context = {"text": "Onze post", "from_us": True, "url": "javascript:alert(1)"}
        conversation = make_conversation("facebook", context=context)
        client.force_login(agent)
        html = pane(client, conversation)
        assert html.count("Onze post") == 1
        assert "javascript:" not in html


class TestComposer:
    @pytest.mark.parametrize(
        ("kind", "public", "words"),
        [
            ("x", True, "Openbaar plaatsen op X"),
            ("x", False, "Versturen als privébericht op X"),
            ("facebook", True, "Antwoord onder de Facebookpost"),
            ("facebook", False, "Versturen via Messenger"),
            ("whatsapp", False, "Versturen via WhatsApp"),
        ],
    )
    def test_the_button_says_where_it_goes(self, client, agent, make_conversation, kind, public, words):
        client.force_login(agent)
        html = pane(client, make_conversation(kind, public=public, assignee=agent))
        send = re.search(r'<button[^>]*data-testid="send".*?</button>', html, re.DOTALL)
        assert send is not None
        assert visible_text(send[0]) == words

    def test_a_closed_window_takes_the_place_of_the_box(self, client, agent, make_conversation):
        conversation = make_conversation(assignee=agent, last_inbound_at=MONDAY_10 - timedelta(days=2))
        client.force_login(agent)
        html = pane(client, conversation)
        assert 'data-state="obstacle"' in html
        assert 'data-testid="composer"' not in html

    def test_the_window_counts_down(self, client, agent, make_conversation):
        conversation = make_conversation(assignee=agent, last_inbound_at=MONDAY_10 - timedelta(hours=20, minutes=20))
        client.force_login(agent)
        found = re.search(r"<span data-left>(.*?)</span>", pane(client, conversation))
        assert found is not None
        assert found[1] == "nog 3 u 10"

    def test_every_form_has_a_number_of_its_own(self, client, agent, make_conversation):
        conversation = make_conversation(assignee=agent)
        client.force_login(agent)
        numbers = {re.search(r'name="submission" value="(.*?)"', pane(client, conversation))[1] for _ in range(3)}
        assert len(numbers) == 3


class TestTimer:
    def test_paused_clock_is_explained(self, client, agent, make_conversation, standing):
        conversation = make_conversation()
        with changing(conversation.pk, "received", by=None) as locked:
            clocks.start(locked, MONDAY_10)
        wait.wait(conversation.pk, by=agent)
        client.force_login(agent)
        tip = re.search(r'<span class="tip hidden">(.*?)</span>', pane(client, conversation))
        assert tip is not None
        # 120 office minutes from 10:00, half an hour of it gone.
        assert tip[1] == "Wacht op inwoner; daarna is er nog 1 uur en 30 minuten kantoortijd voor de eerste reactie."


class TestPages:
    def fill(self, conversation: Conversation, count: int) -> None:
        for number in range(count):
            add(conversation, f"bericht {number:03}", number)

    def shown(self, html: str) -> list[str]:
        return re.findall(r"bericht \d{3}", html)

    def test_the_last_fifty_then_the_fifty_before(self, client, agent, make_conversation):
        conversation = make_conversation(at=MONDAY_10 - timedelta(minutes=1))
        self.fill(conversation, 120)
        client.force_login(agent)
        html = pane(client, conversation)
        assert self.shown(html) == [f"bericht {number:03}" for number in range(70, 120)]
        link = re.search(r'hx-get="[^"]*(\?before=[^"]+)"', html)
        assert link is not None
        part = pane(client, conversation, link[1], **{"HX-Target": "earlier"})
        assert self.shown(part) == [f"bericht {number:03}" for number in range(20, 70)]
        assert 'id="pane"' not in part
        link = re.search(r'hx-get="[^"]*(\?before=[^"]+)"', part)
        assert link is not None
        part = pane(client, conversation, link[1], **{"HX-Target": "earlier"})
        assert self.shown(part) == [f"bericht {number:03}" for number in range(20)]
        assert "?before=" not in part

    def test_messages_of_one_moment_are_neither_skipped_nor_doubled(self, client, agent, make_conversation):
        conversation = make_conversation(at=MONDAY_10 - timedelta(minutes=1))
        for number in range(80):
            add(conversation, f"bericht {number:03}", 5)
        client.force_login(agent)
        html = pane(client, conversation)
        link = re.search(r'hx-get="[^"]*(\?before=[^"]+)"', html)
        assert link is not None
        part = pane(client, conversation, link[1], **{"HX-Target": "earlier"})
        assert self.shown(part) + self.shown(html) == [f"bericht {number:03}" for number in range(80)]

    def test_drawn_again_what_was_asked_for_stays(self, client, agent, make_conversation):
        conversation = make_conversation(at=MONDAY_10 - timedelta(minutes=1))
        self.fill(conversation, 120)
        client.force_login(agent)
        html = pane(client, conversation)
        link = re.search(r'hx-get="[^"]*\?before=([^"]+)"', html)
        part = pane(client, conversation, f"?before={link[1]}", **{"HX-Target": "earlier"})
        since = re.search(r'data-since="([^"]+)"', part)
        again = pane(client, conversation, f"?since={since[1]}")
        assert self.shown(again) == [f"bericht {number:03}" for number in range(20, 120)]
        assert "?before=" in again

    @pytest.mark.parametrize(
        "cursor", ["x", "20261123T090000000000-", "99999999T0-1", "-1", "20261123T090000000000-99999999999999999999"]
    )
    def test_a_cursor_that_is_none_shows_the_last_page(self, client, agent, make_conversation, cursor):
        conversation = make_conversation(text="bericht 001")
        client.force_login(agent)
        html = pane(client, conversation, f"?before={cursor}")
        assert html.count('id="pane"') == 1

    def test_page_is_fifty(self):
        assert PAGE == 50


class TestCost:
    def cost(self, client: Client, conversation: Conversation) -> int:
        with CaptureQueriesContext(connection) as queries:
            pane(client, conversation)
        return len(queries)

    def test_the_number_of_queries_does_not_grow(self, client, agent, colleague, lead, make_conversation):
        small = make_conversation("facebook", assignee=agent)
        add(small, "antwoord", 1, direction="out", state="failed", author=agent)
        audit.record(small, "assigned", lead, to=agent.pk)  # without a name to tell, that query is left out
        large = make_conversation("facebook", assignee=agent)
        for number in range(40):
            ours = number % 3 == 0
            message = add(
                large,
                f"bericht {number}",
                number,
                **({"direction": "out", "state": "failed", "author": colleague} if ours else {}),
            )
            Attachment.objects.create(message=message, kind="image", state="ready", content_type="image/png", size=3)
            MessageVersion.objects.create(message=message, text="eerder", until=now())
            note.add(large.pk, by=lead, text=f"notitie {number}")
            audit.record(large, "assigned", lead, to=agent.pk)
        client.force_login(agent)
        self.cost(client, small)  # warm: content types and the like
        assert self.cost(client, large) == self.cost(client, small) == 11


class TestAccess:
    def test_outsider_gets_404_as_if_it_were_not_there(self, client, outsider, make_conversation):
        conversation = make_conversation()
        client.force_login(outsider)
        for path in ("", "pane/", "timeline/"):
            assert client.get(f"/conversations/{conversation.pk}/{path}", headers=HTMX).status_code == 404
            assert client.get(f"/conversations/{conversation.pk + 99}/{path}", headers=HTMX).status_code == 404
        here = client.get(f"/conversations/{conversation.pk}/pane/", headers=HTMX)
        nowhere = client.get(f"/conversations/{conversation.pk + 99}/pane/", headers=HTMX)
        assert here.content == nowhere.content
        assert b'data-testid="pane-gone"' in here.content

    def test_without_login_one_is_asked_to_log_in(self, client, make_conversation):
        conversation = make_conversation()
        response = client.get(f"/conversations/{conversation.pk}/pane/")
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/login/")

    def test_without_scripts_the_page_is_given(self, client, agent, make_conversation):
        conversation = make_conversation()
        client.force_login(agent)
        response = client.get(f"/conversations/{conversation.pk}/pane/")
        assert (response.status_code, response["Location"]) == (302, f"/conversations/{conversation.pk}/")

    def test_earlier_conversations_are_those_one_may_see(self, client, agent, burgerzaken, make_conversation):
        conversation = make_conversation()
        contact = conversation.identity.contact
        seen = make_conversation("x", "mag ik zien", contact=contact)
        make_conversation("facebook", "bij een ander", contact=contact, department=burgerzaken)
        client.force_login(agent)
        html = pane(client, conversation)
        assert re.findall(r'data-testid="earlier-(\d+)"', html) == [str(seen.pk)]
        assert "bij een ander" not in html

    def test_reading_changes_nothing(self, client, agent, make_conversation):
        conversation = make_conversation()
        client.force_login(agent)
        with CaptureQueriesContext(connection) as queries:
            pane(client, conversation)
        told = [query["sql"].lstrip("(") for query in queries]  # what is prepared (inbox.kept) is a queryset, and reads
        assert [sql for sql in told if not sql.startswith(("SELECT", "EXECUTE"))] == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement FROM pg_prepared_statements")
            prepared = [statement.partition(" AS ")[2].lstrip("( ") for (statement,) in cursor.fetchall()]
        assert [sql for sql in prepared if not sql.startswith(("SELECT", "WITH"))] == []

    def test_lead_decides_on_an_answer_of_another(self, client, lead, agent, make_conversation):
        conversation = make_conversation(assignee=agent)
        message = add(conversation, "Antwoord", 5, direction="out", state="failed", author=agent)
        client.force_login(lead)
        assert lead.role == Role.LEAD
        assert f'data-testid="retry-{message.pk}"' in pane(client, conversation)


def test_timeline_tells_newest_first(client, agent: User, make_conversation):
    conversation = make_conversation()
    claim.claim(conversation.pk, by=agent)
    claim.release(conversation.pk, by=agent)
    client.force_login(agent)
    html = client.get(f"/conversations/{conversation.pk}/timeline/", headers=HTMX).content.decode()
    assert [visible_text(line) for line in re.findall(r"<span>(.*?)<br>", html)] == [
        "Fatima Amrani gaf dit terug",
        "Fatima Amrani pakte dit op",
    ]


def test_newest_id_is_asked_before_the_messages(make_conversation):
    conversation = make_conversation()
    late = add(conversation, "later binnengekomen, eerder geschreven", -600)
    assert newest_id(conversation) == late.pk
