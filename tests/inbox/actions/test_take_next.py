"""Volgende: first due first, only what is for this colleague, and never to two."""

from datetime import timedelta
from functools import partial
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from inbox.actions import take_next
from inbox.actions.refused import Refused
from inbox.models import AuditEntry, Availability, Conversation, Role, User
from tests.conftest import MONDAY_10, make_user
from tests.inbox.actions.together import codes, together


def due(hours: int):
    return MONDAY_10 + timedelta(hours=hours)


class TestWhich:
    def test_first_due_first_and_it_is_written_down(self, agent, make_conversation):
        make_conversation(rank_at=due(3))
        first = make_conversation(rank_at=due(1))
        assert take_next.take_next(by=agent) == first
        first.refresh_from_db()
        assert first.assignee == agent
        entry = AuditEntry.objects.get()
        told = {"how": "next", "changes": {"assignee": [None, agent.pk]}}
        assert (entry.verb, entry.actor, entry.data) == ("claimed", agent, told)

    def test_of_several_departments_the_first(self, lead, webcare, burgerzaken, make_conversation):
        later = make_conversation(rank_at=due(2))
        first = make_conversation(rank_at=due(1), department=burgerzaken)
        assert [take_next.take_next(by=lead) for _ in range(3)] == [first, later, None]

    def test_only_what_is_open_unclaimed_and_theirs_to_see(self, agent, colleague, burgerzaken, make_conversation):
        make_conversation(assignee=colleague)
        make_conversation(status="waiting")
        make_conversation(status="snoozed", snoozed_until=due(9))
        make_conversation(status="closed", result="spam", closed_at=MONDAY_10)
        make_conversation(department=burgerzaken)
        assert take_next.take_next(by=agent) is None
        assert take_next.more_for_others(agent) is False

    def test_only_on_their_accounts(self, agent, accounts, make_conversation):
        make_conversation(kind="whatsapp", rank_at=due(1))
        on_x = make_conversation(kind="x", rank_at=due(2))
        agent.accounts.add(accounts["x"])
        assert [take_next.take_next(by=agent), take_next.take_next(by=agent)] == [on_x, None]
        assert take_next.more_for_others(agent) is True

    def test_only_in_their_languages_or_in_none_that_is_known(self, agent, make_conversation):
        make_conversation(language="tr", rank_at=due(1))
        dutch = make_conversation(language="nl", rank_at=due(3))
        unknown = make_conversation(rank_at=due(2))
        agent.languages = ["nl", "en"]
        assert [take_next.take_next(by=agent) for _ in range(3)] == [unknown, dutch, None]

    def test_who_only_reads_gets_none(self, viewer, outsider, make_conversation):
        make_conversation()
        with pytest.raises(Refused) as caught:
            take_next.take_next(by=viewer)
        assert caught.value.code == "not_allowed"
        assert take_next.take_next(by=outsider) is None

    def test_who_takes_work_is_at_work(self, agent, make_conversation):
        User.objects.filter(pk=agent.pk).update(availability=Availability.OFF)
        agent.refresh_from_db()
        make_conversation()
        take_next.take_next(by=agent)
        agent.refresh_from_db()
        assert agent.availability == Availability.AVAILABLE


class TestCap:
    def test_full_is_refused_with_numbers(self, agent, make_conversation):
        agent.most_open = 2
        agent.save()
        make_conversation(assignee=agent)
        make_conversation(assignee=agent, status="waiting")  # asks for no work now
        for _ in range(2):
            make_conversation()
        take_next.take_next(by=agent)
        with pytest.raises(Refused) as caught:
            take_next.take_next(by=agent)
        assert (caught.value.code, caught.value.data) == ("cap_reached", {"held": 2, "most": 2})

    @pytest.mark.django_db(transaction=True)
    def test_pressing_ten_times_at_once_holds_it(self, agent, make_conversation):
        agent.most_open = 3
        agent.save()
        for number in range(10):
            make_conversation(rank_at=due(number))
        outcomes = codes(together(*[partial(take_next.take_next, by=agent)] * 10))
        assert sorted(outcomes) == ["cap_reached"] * 7 + ["ok"] * 3
        assert Conversation.objects.filter(assignee=agent).count() == 3


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_thirty_press_over_twenty_and_each_goes_to_one(self, webcare, burgerzaken, make_conversation):
        made = [make_conversation(rank_at=due(n), department=(webcare, burgerzaken)[n % 2]) for n in range(20)]
        agents = [make_user(f"a{n}", "Agent", str(n), Role.AGENT, webcare, burgerzaken) for n in range(30)]
        outcomes = together(*(partial(take_next.take_next, by=user) for user in agents))
        assert codes(outcomes) == ["ok"] * 30
        got = [outcome.pk for outcome in outcomes if isinstance(outcome, Conversation)]
        assert sorted(got) == [each.pk for each in made]
        assert outcomes.count(None) == 10
        owners = dict(Conversation.objects.values_list("pk", "assignee"))
        assert all(
            owners[outcome.pk] == user.pk
            for user, outcome in zip(agents, outcomes, strict=True)
            if isinstance(outcome, Conversation)
        )
        assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["claimed"] * 20

    def test_more_than_are_looked_at_in_one_go(self, webcare, make_conversation, monkeypatch):
        monkeypatch.setattr(take_next, "AT_ONCE", 2)
        for number in range(20):
            make_conversation(rank_at=due(number))
        agents = [make_user(f"a{number}", "Agent", str(number), Role.AGENT, webcare) for number in range(20)]
        outcomes = together(*(partial(take_next.take_next, by=user) for user in agents))
        assert codes(outcomes) == ["ok"] * 20
        assert len({outcome.pk for outcome in outcomes}) == 20

    def test_what_is_held_by_another_is_passed_over(self, agent, make_conversation):
        held, free = make_conversation(rank_at=due(1)), make_conversation(rank_at=due(2))
        with Holding(held):
            assert take_next.take_next(by=agent) == free

    def test_the_last_one_is_waited_for(self, agent, make_conversation):
        held = make_conversation()
        with Holding(held) as holding:
            Thread(target=lambda: (_until_somebody_waits(), holding.let_go.set())).start()
            assert take_next.take_next(by=agent) == held


class Holding:
    """Another connection has the row, until it lets go."""

    def __init__(self, conversation: Conversation) -> None:
        self.pk, self.held, self.let_go = conversation.pk, Event(), Event()
        self.thread = Thread(target=self.hold)

    def hold(self) -> None:
        try:
            with transaction.atomic():
                Conversation.objects.select_for_update().get(pk=self.pk)
                self.held.set()
                self.let_go.wait(20)
        finally:
            connection.close()

    def __enter__(self) -> "Holding":
        self.thread.start()
        assert self.held.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.thread.join(10)


def _until_somebody_waits() -> None:
    """A connection of this database waits for a lock."""
    try:
        while True:
            with connection.cursor() as cursor:
                waiting = "wait_event_type = 'Lock' AND datname = current_database()"
                cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {waiting}")
                if cursor.fetchone()[0]:
                    return
    finally:
        connection.close()
