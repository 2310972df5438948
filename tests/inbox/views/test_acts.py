"""Acts through the page: with htmx and without scripts, refused with the text kept, and 404 for who may not see."""

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from inbox.actions import claim as claiming
from inbox.actions import draft as drafts
from inbox.actions import note as notes
from inbox.actions import reply as replying
from inbox.models import AuditEntry, Conversation, Message, Note, ReadMarker, User
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock

ACTS = [
    "claim",
    "take-over",
    "release",
    "route",
    "assign",
    "note",
    "reply",
    "close",
    "reopen",
    "snooze",
    "wake",
    "wait",
]
MESSAGE_ACTS = ["retry", "withdraw", "mark-sent"]


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


def act(client: Client, conversation: Conversation, name: str, **data: object):
    """As htmx sends it."""
    headers = {"HX-Request": "true", "HX-Target": "conversation"}
    return client.post(f"/conversations/{conversation.pk}/{name}/", data, headers=headers)


def plain(client: Client, conversation: Conversation, name: str, referer: str = "", **data: object):
    """As a browser without scripts sends it."""
    headers = {"Referer": f"http://testserver{referer}"} if referer else {}
    return client.post(f"/conversations/{conversation.pk}/{name}/", data, headers=headers)


def notice(response) -> tuple[str, str]:
    """(code, sentence) of the refusal in the pane."""
    html = response.content.decode()
    code = re.search(r'data-code="(\w+)"', html)
    words = re.search(r'role="alert".*?<p>(.*?)</p>', html, re.DOTALL)
    assert code is not None, html[:300]
    assert words is not None
    return code[1], re.sub(r"<[^>]+>", "", words[1]).strip()


def box(response, testid: str = "composer") -> str:
    found = re.search(rf'data-testid="{testid}"[^>]*>(.*?)</textarea>', response.content.decode(), re.DOTALL)
    assert found is not None
    return found[1]


def events(response) -> dict[str, object]:
    return json.loads(response["HX-Trigger"])


@pytest.fixture
def mine(agent: User, make_conversation) -> Conversation:
    return make_conversation(assignee=agent)


@pytest.fixture
def logged_in(client: Client, agent: User) -> Client:
    client.force_login(agent)
    return client


class TestClaim:
    def test_claims_and_gives_the_fresh_pane(self, logged_in, agent, make_conversation):
        conversation = make_conversation()
        response = act(logged_in, conversation, "claim")
        assert response.status_code == 200
        assert events(response) == {"conversation-changed": {"id": conversation.pk}}
        conversation.refresh_from_db()
        assert conversation.assignee == agent
        assert b'data-testid="act-release"' in response.content

    def test_claim_and_answer_asks_for_the_cursor(self, logged_in, make_conversation):
        conversation = make_conversation()
        response = act(logged_in, conversation, "claim", then="reply")
        assert events(response)["composer-focus"] == {"id": conversation.pk}

    def test_a_colleague_was_first(self, logged_in, colleague, make_conversation):
        response = act(logged_in, make_conversation(assignee=colleague), "claim")
        assert response.status_code == 200
        code, sentence = notice(response)
        assert code == "claimed_by_other"
        assert sentence.startswith("Joris Smit ")

    def test_without_scripts_back_to_the_page(self, logged_in, make_conversation):
        conversation = make_conversation()
        referer = f"/inbox/mine/{conversation.pk}/"
        response = plain(logged_in, conversation, "claim", referer)
        assert (response.status_code, response["Location"]) == (302, referer)

    @pytest.mark.parametrize(
        "referer", ["", "/conversations/1/claim/", "/inbox/todo/", "/nowhere/", "/inbox/todo/999999/"]
    )
    def test_without_a_page_to_go_back_to_it_is_the_conversation(self, logged_in, make_conversation, referer):
        conversation = make_conversation()
        response = plain(logged_in, conversation, "claim", referer)
        assert response["Location"] == f"/conversations/{conversation.pk}/"

    def test_never_back_to_another_site(self, logged_in, make_conversation):
        conversation = make_conversation()
        headers = {"Referer": f"https://elders.example/inbox/todo/{conversation.pk}/"}
        response = logged_in.post(f"/conversations/{conversation.pk}/claim/", headers=headers)
        assert response["Location"] == f"/conversations/{conversation.pk}/"

    def test_without_scripts_a_refusal_is_the_whole_page(self, logged_in, colleague, make_conversation):
        response = plain(logged_in, make_conversation(assignee=colleague), "claim")
        assert response.status_code == 200
        assert response.content.lstrip().startswith(b"<!doctype html>")
        assert notice(response)[0] == "claimed_by_other"


class TestTakeOver:
    def test_from_whom_one_saw(self, logged_in, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        response = act(logged_in, conversation, "take-over", **{"from": colleague.pk})
        assert response.status_code == 200
        conversation.refresh_from_db()
        assert conversation.assignee == agent

    def test_from_somebody_who_has_it_no_more(self, logged_in, colleague, lead, make_conversation):
        conversation = make_conversation(assignee=lead)
        response = act(logged_in, conversation, "take-over", **{"from": colleague.pk})
        assert notice(response)[0] == "claimed_by_other"
        conversation.refresh_from_db()
        assert conversation.assignee == lead

    def test_from_somebody_who_writes_one_is_asked_first(self, logged_in, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        drafts.save(conversation.pk, by=colleague, mode="reply", text="Beste buur", version=0)
        response = act(logged_in, conversation, "take-over", **{"from": colleague.pk})
        assert notice(response)[0] == "being_written"
        html = response.content.decode()
        assert 'data-testid="take-over-confirmed"' in html
        assert "Beste buur" not in html
        # Without scripts too.
        response = plain(logged_in, conversation, "take-over", **{"from": colleague.pk})
        assert f'name="from" value="{colleague.pk}"' in response.content.decode().partition("being_written")[2]
        act(logged_in, conversation, "take-over", **{"from": colleague.pk, "confirmed": "1"})
        conversation.refresh_from_db()
        assert conversation.assignee == agent


class TestRoute:
    def test_with_a_note_and_out_of_sight(self, logged_in, agent, mine, burgerzaken):
        response = act(logged_in, mine, "route", department=burgerzaken.pk, note="Graag vandaag")
        assert response.status_code == 200
        assert b"Doorgezet naar Burgerzaken." in response.content
        assert b'data-testid="pane-gone"' in response.content
        mine.refresh_from_db()
        assert (mine.department, mine.assignee) == (burgerzaken, None)
        assert [(found.text, found.author) for found in Note.objects.all()] == [("Graag vandaag", agent)]

    def test_without_scripts_back_to_the_list(self, logged_in, mine, burgerzaken):
        response = plain(logged_in, mine, "route", f"/inbox/todo/{mine.pk}/", department=burgerzaken.pk)
        assert (response.status_code, response["Location"]) == (302, reverse("inbox"))

    @pytest.mark.parametrize("department", ["", "0", "x", "99999999999999999999"])
    def test_without_a_department_the_note_is_kept(self, logged_in, mine, department):
        response = act(logged_in, mine, "route", department=department, note="Graag <b>vandaag</b>")
        assert notice(response)[0] == "no_choice"
        assert box(response, "route-note") == "Graag &lt;b&gt;vandaag&lt;/b&gt;"
        assert 'id="deed-route" open' in response.content.decode()
        assert Note.objects.count() == 0

    def test_to_where_it_lies(self, logged_in, mine, webcare):
        response = act(logged_in, mine, "route", department=webcare.pk, note="hier")
        assert notice(response)[0] == "same_department"
        assert box(response, "route-note") == "hier"


class TestAssign:
    def test_to_a_colleague(self, logged_in, colleague, mine):
        assert act(logged_in, mine, "assign", to=colleague.pk).status_code == 200
        mine.refresh_from_db()
        assert mine.assignee == colleague

    @pytest.mark.parametrize("to", ["", "0", "x"])
    def test_to_nobody(self, logged_in, mine, to):
        assert notice(act(logged_in, mine, "assign", to=to))[0] == "no_choice"

    def test_to_an_outsider(self, logged_in, outsider, mine):
        assert notice(act(logged_in, mine, "assign", to=outsider.pk))[0] == "not_a_member"


class TestReply:
    def send(self, client: Client, conversation: Conversation, text: str, **fields: object):
        seen = conversation.messages.order_by("pk").last()
        data = {"text": text, "submission": uuid4(), "seen": seen.pk if seen else 0} | fields
        return act(client, conversation, "reply", **data)

    def test_queues_one_answer_and_empties_the_box(self, logged_in, agent, mine):
        response = self.send(logged_in, mine, "Morgen.\r\nGroet")
        assert response.status_code == 200
        assert events(response)["composer-sent"] == {"id": mine.pk, "mode": "reply"}
        found = Message.objects.get(direction="out")
        assert (found.text, found.author, found.state) == ("Morgen.\nGroet", agent, "queued")
        assert box(response) == ""

    def test_the_same_form_twice_is_one_answer(self, logged_in, mine):
        submission = uuid4()
        for _ in range(2):
            assert self.send(logged_in, mine, "Morgen.", submission=submission).status_code == 200
        assert Message.objects.filter(direction="out").count() == 1

    def test_the_same_form_with_another_text_asks_first(self, logged_in, mine):
        submission = uuid4()
        self.send(logged_in, mine, "Morgen.", submission=submission)
        response = self.send(logged_in, mine, "Overmorgen.", submission=submission)
        assert notice(response)[0] == "sent_before"
        assert box(response) == "Overmorgen."
        assert str(submission) not in response.content.decode()
        assert Message.objects.filter(direction="out").count() == 1

    def test_not_the_claimer_keeps_the_text(self, logged_in, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        response = self.send(logged_in, conversation, "Ik weet het")
        assert notice(response)[0] == "claimed_by_other"
        assert re.search(r'data-testid="kept">(.*?)</pre>', response.content.decode())[1] == "Ik weet het"
        assert Message.objects.filter(direction="out").count() == 0

    def test_empty(self, logged_in, mine):
        assert notice(self.send(logged_in, mine, " \n "))[0] == "empty"

    def test_too_long_on_whatsapp_keeps_the_text(self, logged_in, mine):
        text = "woord " * 400
        response = self.send(logged_in, mine, text)
        assert notice(response)[0] == "too_long"
        assert box(response) == text
        assert b'data-testid="as-thread"' not in response.content

    def test_too_long_on_x_offers_a_thread_and_then_posts_it(self, logged_in, agent, make_conversation):
        conversation = make_conversation("x", assignee=agent)
        text = "Het restafval wordt morgen opgehaald. " * 12
        submission = uuid4()
        response = self.send(logged_in, conversation, text, submission=submission)
        assert notice(response)[0] == "too_long"
        assert b"Als draadje plaatsen (2 berichten)" in response.content
        assert str(submission) in response.content.decode()
        response = self.send(logged_in, conversation, text, submission=submission, as_thread="1")
        assert response.status_code == 200
        found = Message.objects.filter(direction="out").order_by("pk")
        assert [message.text[-5:] for message in found] == ["(1/2)", "(2/2)"]

    def test_a_newer_message_is_shown_first_and_then_it_may_go(self, logged_in, mine):
        seen = replying.target(mine).pk
        newer = Message.objects.create(
            conversation=mine,
            account=mine.account,
            external_id="newer",
            direction="in",
            public=False,
            text="Laat maar, het is al opgehaald",
            sent_at=MONDAY_10 + timedelta(minutes=5),
            state="received",
        )
        response = self.send(logged_in, mine, "Morgen.", seen=seen)
        html = response.content.decode()
        assert notice(response)[0] == "newer_message"
        assert f'data-testid="message-{newer.pk}"' in html
        assert box(response) == "Morgen."
        button = re.search(r'<button[^>]*data-testid="send"', html)[0]
        assert "Toch versturen" in html.partition(button)[2][:400]
        # Who insists without having been shown it is refused again.
        assert notice(self.send(logged_in, mine, "Toch.", seen=seen, confirm_newer="1"))[0] == "newer_message"
        assert notice(self.send(logged_in, mine, "Toch.", seen=""))[0] == "newer_message"
        assert Message.objects.filter(direction="out").count() == 0
        shown = re.search(r'name="seen" value="(\d+)"', html.partition('id="reply-form"')[2])[1]
        self.send(logged_in, mine, "Toch.", seen=shown)
        assert Message.objects.get(direction="out").text == "Toch."

    def test_a_colleagues_answer_is_shown_first_by_name(self, logged_in, agent, colleague, make_conversation):
        conversation = make_conversation(assignee=colleague)
        seen = replying.target(conversation).pk
        (theirs,) = replying.reply(conversation.pk, by=colleague, text="Dinsdag.", submission=uuid4())
        claiming.take_over(conversation.pk, by=agent, expected_assignee_id=colleague.pk)
        response = self.send(logged_in, conversation, "Maandag.", seen=seen)
        assert notice(response) == (
            "newer_message",
            "Joris Smit antwoordde terwijl je schreef. Lees dat eerst; je tekst is bewaard.",
        )
        assert f'data-testid="message-{theirs.pk}"' in response.content.decode()
        assert box(response) == "Maandag."

    def test_closed_window_keeps_the_text(self, logged_in, agent, make_conversation):
        conversation = make_conversation(assignee=agent, last_inbound_at=MONDAY_10 - timedelta(days=2))
        response = self.send(logged_in, conversation, "Te laat")
        assert notice(response)[0] == "window_closed"
        assert re.search(r'data-testid="kept">(.*?)</pre>', response.content.decode())[1] == "Te laat"

    @pytest.mark.parametrize("fields", [{"submission": "x"}, {"submission": ""}, {"seen": "x"}, {"text": "a\x00b"}])
    def test_a_form_that_cannot_be_read(self, logged_in, mine, fields):
        response = self.send(logged_in, mine, **({"text": "Morgen."} | fields))
        assert notice(response)[0] == "unreadable"
        assert Message.objects.filter(direction="out").count() == 0

    def test_somebody_elses_form(self, logged_in, colleague, mine, make_conversation):
        other = make_conversation(assignee=colleague)
        submission = uuid4()
        replying.reply(other.pk, by=colleague, text="Van mij", submission=submission)
        response = self.send(logged_in, mine, "Van mij", submission=submission)
        assert notice(response)[0] == "not_allowed"

    def test_next_conversation_when_one_wants_that(self, logged_in, agent, mine):
        assert "next-conversation" not in events(self.send(logged_in, mine, "Een"))
        agent.stay_after_sending = False
        agent.save()
        assert events(self.send(logged_in, mine, "Twee"))["next-conversation"] == {"id": mine.pk}

    def test_without_scripts(self, logged_in, mine):
        data = {"text": "Morgen.", "submission": uuid4(), "seen": replying.target(mine).pk}
        response = plain(logged_in, mine, "reply", **data)
        assert (response.status_code, response["Location"]) == (302, f"/conversations/{mine.pk}/")
        assert plain(logged_in, mine, "reply", **data).status_code == 302
        assert Message.objects.filter(direction="out").count() == 1


class TestNote:
    def test_is_a_note_and_no_message(self, logged_in, mine):
        before = Message.objects.count()
        response = act(logged_in, mine, "note", text="Alleen voor ons")
        assert events(response)["composer-sent"] == {"id": mine.pk, "mode": "note"}
        assert [found.text for found in Note.objects.all()] == ["Alleen voor ons"]
        assert Message.objects.count() == before

    def test_too_long_is_kept(self, logged_in, mine):
        text = "n" * (notes.MAX_LENGTH + 1)
        response = act(logged_in, mine, "note", text=text)
        assert notice(response)[0] == "too_long"
        assert box(response, "note") == text
        assert re.search(r'id="mode-note" value="note" checked', response.content.decode())

    def test_empty(self, logged_in, mine):
        assert notice(act(logged_in, mine, "note", text=" "))[0] == "empty"


class TestHowFar:
    def test_close_and_reopen(self, logged_in, mine):
        act(logged_in, mine, "close", result="referred")
        mine.refresh_from_db()
        assert (mine.status, mine.result) == ("closed", "referred")
        act(logged_in, mine, "reopen")
        mine.refresh_from_db()
        assert (mine.status, mine.result) == ("open", "")

    def test_close_without_a_result(self, logged_in, mine):
        assert notice(act(logged_in, mine, "close"))[0] == "no_result"

    def test_reopen_points_to_the_newer_one(self, logged_in, mine, make_conversation):
        act(logged_in, mine, "close", result="answered")
        newer = make_conversation(identity=mine.identity, thread_id=mine.thread_id)
        response = act(logged_in, mine, "reopen")
        assert notice(response)[0] == "newer_conversation"
        assert f'<a href="/conversations/{newer.pk}/">' in response.content.decode()

    def test_later_at_an_offered_moment(self, logged_in, mine):
        html = logged_in.get(f"/conversations/{mine.pk}/pane/", headers={"HX-Request": "true"}).content.decode()
        offered = re.findall(r'name="until" value="([^"]+)"[^>]*>(.*?)<', html)
        assert offered == [
            ("2026-11-24T08:00:00+00:00", "Tot morgen 09:00"),
            ("2026-11-30T08:00:00+00:00", "Tot maandag 09:00"),
        ]
        act(logged_in, mine, "snooze", until=offered[0][0])
        mine.refresh_from_db()
        assert (mine.status, mine.snoozed_until) == ("snoozed", MONDAY_10 + timedelta(hours=23))
        act(logged_in, mine, "wake")
        mine.refresh_from_db()
        assert (mine.status, mine.snoozed_until) == ("open", None)

    def test_later_at_a_moment_of_ones_own_is_amsterdam_time(self, logged_in, mine):
        act(logged_in, mine, "snooze", moment="2026-11-23T15:30")
        mine.refresh_from_db()
        assert mine.snoozed_until == MONDAY_10 + timedelta(hours=5, minutes=30)

    @pytest.mark.parametrize("data", [{}, {"until": "straks"}, {"moment": "2027-03-28T02:30"}])
    def test_later_at_no_moment(self, logged_in, mine, data):
        # 28 March 2027 02:30 does not exist: the clock goes from 02:00 to 03:00.
        assert notice(act(logged_in, mine, "snooze", **data))[0] == "no_moment"

    def test_later_in_the_past(self, logged_in, mine):
        assert notice(act(logged_in, mine, "snooze", moment="2026-11-23T10:00"))[0] == "in_the_past"

    def test_wait_and_bring_back(self, logged_in, mine):
        act(logged_in, mine, "wait")
        mine.refresh_from_db()
        assert mine.status == "waiting"
        act(logged_in, mine, "wake")
        mine.refresh_from_db()
        assert mine.status == "open"

    def test_read_is_told_once_on_screen(self, logged_in, agent, mine):
        response = act(logged_in, mine, "read")
        assert (response.status_code, response.content) == (204, b"")
        assert ReadMarker.objects.get(user=agent, conversation=mine).seen == 1


class TestFailedAnswers:
    @pytest.fixture
    def answer(self, agent, mine) -> Message:
        return Message.objects.create(
            conversation=mine,
            account=mine.account,
            direction="out",
            kind="answer",
            public=False,
            text="Morgen",
            author=agent,
            sent_at=MONDAY_10,
            state="failed",
            error_reason="busy",
        )

    def press(self, client: Client, answer: Message, name: str, **data: object):
        data = {"seen": answer.pk} | data
        return client.post(f"/messages/{answer.pk}/{name}/", data, headers={"HX-Request": "true"})

    @pytest.mark.parametrize(("name", "state"), [("retry", "queued"), ("withdraw", "withdrawn")])
    def test_decided(self, logged_in, answer, name, state):
        response = self.press(logged_in, answer, name)
        assert events(response) == {"conversation-changed": {"id": answer.conversation_id}}
        answer.refresh_from_db()
        assert answer.state == state

    def test_again_only_after_what_came_since_was_shown(self, logged_in, answer, mine):
        values = {"external_id": "later", "direction": "in", "public": False, "text": "Laat maar", "state": "received"}
        later = mine.messages.create(account=mine.account, sent_at=MONDAY_10, **values)
        response = self.press(logged_in, answer, "retry")
        assert notice(response)[0] == "newer_message"
        assert f'name="seen" value="{later.pk}"' in response.content.decode()
        answer.refresh_from_db()
        assert answer.state == "failed"
        self.press(logged_in, answer, "retry", seen=later.pk)
        answer.refresh_from_db()
        assert answer.state == "queued"

    def test_seen_at_the_platform(self, logged_in, answer):
        Message.objects.filter(pk=answer.pk).update(state="unknown", send_at=None)
        self.press(logged_in, answer, "mark-sent")
        answer.refresh_from_db()
        assert answer.state == "sent"

    def test_decided_already(self, logged_in, answer):
        self.press(logged_in, answer, "withdraw")
        assert notice(self.press(logged_in, answer, "retry"))[0] == "not_waiting"

    def test_outsider_gets_404(self, client, outsider, answer):
        client.force_login(outsider)
        assert [self.press(client, answer, name).status_code for name in MESSAGE_ACTS] == [404] * 3

    def test_not_there_is_404(self, logged_in, answer):
        found = [logged_in.post(f"/messages/{answer.pk + 99}/{name}/").status_code for name in MESSAGE_ACTS]
        assert found == [404] * 3

    def test_a_citizens_message_is_404(self, logged_in, mine):
        assert self.press(logged_in, mine.messages.get(direction="in"), "retry").status_code == 404


class TestWhoMay:
    def fields(self, colleague: User, burgerzaken) -> dict[str, object]:
        return {
            "department": burgerzaken.pk,
            "to": colleague.pk,
            "text": "tekst",
            "submission": uuid4(),
            "seen": 0,
            "result": "answered",
            "moment": "2026-11-24T09:00",
        }

    @pytest.mark.parametrize("name", [*ACTS, "read"])
    def test_outsider_gets_404_and_nothing_happens(
        self, client, outsider, colleague, burgerzaken, make_conversation, name
    ):
        conversation = make_conversation()
        before = Conversation.objects.values().get(pk=conversation.pk)
        client.force_login(outsider)
        fields = self.fields(colleague, burgerzaken)
        assert act(client, conversation, name, **fields).status_code == 404
        assert plain(client, conversation, name, **fields).status_code == 404
        assert Conversation.objects.values().get(pk=conversation.pk) == before
        assert (AuditEntry.objects.count(), Note.objects.count(), ReadMarker.objects.count()) == (0, 0, 0)

    @pytest.mark.parametrize("name", ACTS)
    def test_viewer_is_told_so_politely_and_nothing_happens(
        self, client, viewer, colleague, burgerzaken, make_conversation, name
    ):
        status = {
            "reopen": {"status": "closed", "result": "spam", "closed_at": MONDAY_10},
            "wake": {"status": "snoozed", "snoozed_until": MONDAY_10 + timedelta(days=1)},
            "release": {"assignee": colleague},
        }
        conversation = make_conversation(**status.get(name, {}))
        before = Conversation.objects.values().get(pk=conversation.pk)
        client.force_login(viewer)
        response = act(client, conversation, name, **self.fields(colleague, burgerzaken))
        assert response.status_code == 200
        assert notice(response)[0] == "not_allowed"
        assert Conversation.objects.values().get(pk=conversation.pk) == before
        assert (AuditEntry.objects.count(), Note.objects.count()) == (0, 0)

    @pytest.mark.parametrize("name", [*ACTS, "read"])
    def test_a_get_is_refused(self, logged_in, mine, name):
        assert logged_in.get(f"/conversations/{mine.pk}/{name}/").status_code == 405

    @pytest.mark.parametrize("name", ACTS)
    def test_without_login_one_is_asked_to_log_in(self, client, mine, name):
        response = act(client, mine, name)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/login/")

    def test_without_a_token_it_is_refused(self, agent, mine):
        client = Client(enforce_csrf_checks=True)
        client.force_login(agent)
        assert act(client, mine, "release").status_code == 403
        mine.refresh_from_db()
        assert mine.assignee == agent
