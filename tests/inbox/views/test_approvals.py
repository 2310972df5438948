"""Approving on the page: the list, the page of one answer, the marks in the conversation, and who may."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inbox.actions import reply
from inbox.models import Approval, ApproverGroup, AuditEntry, Conversation, Department, Draft, Message, User
from tests.inbox.actions.test_reply import until_one_waits_for_a_lock
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]


@pytest.fixture
def touchy(agent: User, lead: User, asked: Conversation) -> Conversation:
    """Fatima's, and sensitive."""
    Conversation.objects.update(assignee=agent, sensitive=True, sensitive_ground="press")
    asked.refresh_from_db()
    return asked


@pytest.fixture
def waits(touchy: Conversation, agent: User) -> Approval:
    """Her answer there."""
    reply.reply(touchy.pk, by=agent, text="Morgen <b>vroeg</b>.", submission=uuid4())
    return Approval.objects.get()


def test_marked_in_the_pane_with_its_ground_and_unmarked_by_the_lead(
    asked: Conversation, agent: User, lead: User
) -> None:
    client = browser(agent)
    client.post(f"/conversations/{asked.pk}/sensitive/", {"ground": "threat"})
    asked.refresh_from_db()
    assert (asked.sensitive, asked.sensitive_ground) == (True, "threat")
    assert 'data-testid="unmark"' not in client.get(f"/inbox/todo/{asked.pk}/").content.decode()
    assert 'data-testid="unmark"' in browser(lead).get(f"/inbox/todo/{asked.pk}/").content.decode()
    browser(lead).post(f"/conversations/{asked.pk}/sensitive/", {"unmark": "1"})
    asked.refresh_from_db()
    assert (asked.sensitive, asked.sensitive_ground) == (False, "")


def test_answer_on_the_page_waits_and_shows_so(touchy: Conversation, agent: User, lead: User) -> None:
    client = browser(agent)
    text = client.get(f"/inbox/todo/{touchy.pk}/").content.decode()
    assert "Eerst laten goedkeuren" in text
    client.post(f"/conversations/{touchy.pk}/reply/", {"text": "Morgen.", "submission": uuid4(), "seen": 10**9})
    message = Message.objects.get(direction="out")
    assert message.state == "approval"
    waits = Approval.objects.get()
    text = client.get(f"/inbox/todo/{touchy.pk}/").content.decode()
    assert (f'data-testid="take-back-{waits.pk}"' in text, f'data-testid="look-{waits.pk}"' in text) == (True, False)
    text = browser(lead).get(f"/inbox/todo/{touchy.pk}/").content.decode()
    assert (f'data-testid="take-back-{waits.pk}"' in text, f'data-testid="look-{waits.pk}"' in text) == (False, True)


def test_list_tells_who_decides_and_who_wrote(waits: Approval, agent: User, lead: User, outsider: User) -> None:
    told = {}
    for user in (lead, agent, outsider):
        text = browser(user).get("/approvals/").content.decode()
        told[user.username] = (f'data-testid="approval-{waits.pk}"' in text, 'data-testid="mine"' in text)
    assert told == {"ingrid": (True, False), "fatima": (False, True), "olaf": (False, False)}
    assert "Morgen &lt;b&gt;vroeg&lt;/b&gt;." in browser(lead).get("/approvals/").content.decode()


def test_count_is_told_with_the_status(waits: Approval, agent: User, lead: User) -> None:
    told = [
        browser(user).get("/status/").content.decode().split('id="approval-count" hx-swap-oob="true">')[1].split("<")[0]
        for user in (lead, agent)
    ]
    assert told == ["1", ""]


def test_list_costs_the_same_with_many(waits: Approval, agent: User, lead: User, make_conversation: Make) -> None:
    client = browser(lead)

    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get("/approvals/")
        return len(found)

    queries()
    before = queries()
    for _ in range(5):
        other = make_conversation(assignee=agent, sensitive=True, sensitive_ground="press")
        reply.reply(other.pk, by=agent, text="Ook.", submission=uuid4())
    assert queries() == before


class TestOne:
    def test_approved_as_it_is_and_changed(self, waits: Approval, lead: User) -> None:
        client = browser(lead)
        text = client.get(f"/approvals/{waits.pk}/").content.decode()
        assert 'data-testid="approve-text"' in text
        answer = client.post(f"/approvals/{waits.pk}/", {"text": "Morgen om 10:00.", "seen": 10**9})
        assert (answer.status_code, answer["Location"]) == (302, "/approvals/")
        assert Message.objects.get(direction="out").text == "Morgen om 10:00."
        assert 'data-state="approved"' in client.get(f"/approvals/{waits.pk}/").content.decode()

    def test_refused_needs_a_reason_and_keeps_what_was_typed(self, waits: Approval, lead: User, agent: User) -> None:
        client = browser(lead)
        form = {"text": "Anders.", "refuse": "1", "reason": " "}
        text = client.post(f"/approvals/{waits.pk}/", form).content.decode()
        assert ('data-code="no_reason"' in text, ">Anders.</textarea>" in text) == (True, True)
        client.post(f"/approvals/{waits.pk}/", form | {"reason": "Bel eerst de wethouder."})
        assert Draft.objects.get().user == agent
        text = browser(agent).get(f"/inbox/todo/{waits.conversation_id}/").content.decode()
        assert "Bel eerst de wethouder." in text

    def test_citizen_who_wrote_meanwhile_is_shown_first(self, waits: Approval, lead: User) -> None:
        answer = browser(lead).post(f"/approvals/{waits.pk}/", {"text": waits.text, "seen": "0"})
        assert 'data-code="newer_message"' in answer.content.decode()

    def test_taken_back_by_its_author_into_the_composer(self, waits: Approval, agent: User) -> None:
        browser(agent).post(f"/approvals/{waits.pk}/withdraw/")
        waits.refresh_from_db()
        assert (waits.state, Draft.objects.get().text) == ("withdrawn", "Morgen <b>vroeg</b>.")

    def test_not_for_its_author_nor_for_others(
        self, waits: Approval, agent: User, colleague: User, viewer: User, outsider: User
    ) -> None:
        told = {}
        for user in (agent, colleague, viewer, outsider):
            client = browser(user)
            answers = (client.get(f"/approvals/{waits.pk}/"), client.post(f"/approvals/{waits.pk}/", {"text": "x"}))
            told[user.username] = [answer.status_code for answer in answers]
        assert told == {"fatima": [302] * 2, "joris": [302] * 2, "meelezer": [302] * 2, "olaf": [404] * 2}
        assert Approval.objects.get().state == "pending"


class TestSetup:
    def test_group_of_a_department_holds_who_works_there(
        self, admin: User, agent: User, expert: User, viewer: User, webcare: object
    ) -> None:
        client = browser(admin)
        address = f"/setup/approvers/{agent.departments.get().pk}/"
        text = client.get(address).content.decode()
        assert [str(user) in text for user in (agent, expert, viewer)] == [True, False, False]
        client.post(address, {"name": "Pers", "members": [agent.pk]})
        group = agent.approver_groups.get()
        assert (group.name, AuditEntry.objects.get().verb) == ("Pers", "approvers_changed")
        assert "Fatima Amrani" in client.get("/setup/approvers/").content.decode()

    @pytest.mark.django_db(transaction=True)
    def test_two_administrators_at_once_make_one_group(self, admin: User, agent: User, webcare: Department) -> None:
        def second() -> int:
            try:
                return browser(admin).post(f"/setup/approvers/{webcare.pk}/", {"name": "Pers"}).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as threads:
            with transaction.atomic():
                Department.objects.select_for_update().get(pk=webcare.pk)
                answer = threads.submit(second)
                until_one_waits_for_a_lock()
                ApproverGroup.objects.create(department=webcare, name="Eerste")
            assert answer.result(20) == 302
        assert [group.name for group in ApproverGroup.objects.all()] == ["Pers"]

    def test_rules_of_a_department_are_kept_and_written_down(
        self, admin: User, webcare: object, burgerzaken: object
    ) -> None:
        client = browser(admin)
        here = admin.departments.get()
        there = burgerzaken.pk  # type: ignore[attr-defined]
        form = {"next_department": there, "next_minutes": "90", "unclaimed_percent": "40", "in_turn": "on"}
        assert client.post(f"/setup/escalation/{here.pk}/", form).status_code == 302
        rule = here.escalation
        assert (rule.next_department_id, rule.next_minutes, rule.unclaimed_percent, rule.in_turn) == (
            there,
            90,
            40,
            True,
        )
        assert AuditEntry.objects.get().verb == "escalation_changed"
        for wrong in ({"next_department": here.pk}, {"unclaimed_percent": "0"}, {"next_minutes": "0"}):
            assert client.post(f"/setup/escalation/{here.pk}/", form | wrong).status_code == 200

    @pytest.mark.parametrize("who", ["agent", "lead", "viewer"])
    def test_only_for_administrators(self, who: str, request: pytest.FixtureRequest, webcare: object) -> None:
        client = browser(request.getfixturevalue(who))
        pk = webcare.pk  # type: ignore[attr-defined]
        for address in ("approvers/", "escalation/", f"approvers/{pk}/", f"escalation/{pk}/"):
            assert client.get(f"/setup/{address}").status_code == 403
