"""A question that is left lying: each step once for each clock, in office time, and all of it on the timeline."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from inbox import lateness, nobodys
from inbox.actions import assign, claim, close, route, wait
from inbox.models import (
    TICKING,
    UNPLANNED,
    AuditEntry,
    Availability,
    Clock,
    Conversation,
    Escalation,
    Notice,
    Role,
    User,
)
from inbox.views import listing, story
from tests.conftest import MONDAY_10, make_user
from tests.inbox.actions.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def rules(webcare, burgerzaken):
    """What stays late at Webcare for an hour goes to Burgerzaken."""
    return Escalation.objects.create(department=webcare, next_department=burgerzaken)


def told():
    return sorted(Notice.objects.values_list("kind", "user__username"))


def steps():
    return [entry.data["step"] for entry in AuditEntry.objects.filter(verb="escalated").order_by("pk")]


def words(clock):
    entries = list(AuditEntry.objects.select_related("actor").order_by("pk"))
    return [event.words for event in story.events(entries, clock()) if event.icon in ("soon", "late", "up", "assign")]


def plan_and_tell():
    lateness.plan()
    return lateness.tell_due() + nobodys.sweep()


class TestSteps:
    def test_claimer_then_lead_then_the_next_department(self, asked, rules, agent, lead, expert, standing_clock):
        Conversation.objects.update(assignee=agent)
        # Asked on Monday 10:00 with 120 minutes: orange 11:36, late 12:00, on to Burgerzaken 13:00.
        for minutes, expected in ((65, 0), (1, 1), (24, 1), (59, 0), (1, 1), (600, 0)):
            standing_clock.forward(minutes=minutes)
            lateness.plan()
            assert (minutes, lateness.tell_due(), lateness.tell_due()) == (minutes, expected, 0)
        assert steps() == ["almost_late", "late", "next"]
        asked.refresh_from_db()
        assert (asked.department, asked.assignee) == (rules.next_department, None)
        assert told() == [
            ("almost_late", "fatima"), ("escalated", "ingrid"), ("late", "fatima"), ("late", "ingrid"),
        ]  # fmt: skip
        clock = Clock.objects.get()
        assert (clock.stopped_at, clock.due_at) == (None, asked.due_at)

    def test_timeline_tells_each_step(self, asked, rules, agent, lead, standing_clock):
        Conversation.objects.update(assignee=agent)
        for minutes in (66, 24, 60):
            standing_clock.forward(minutes=minutes)
            lateness.plan()
            lateness.tell_due()
        assert words(standing_clock) == [
            "Bijna te laat: gemeld aan Fatima Amrani",
            "Te laat: gemeld aan Fatima Amrani, Ingrid de Boer",
            "Nog steeds te laat: geëscaleerd naar Burgerzaken, gemeld aan Ingrid de Boer",
        ]

    def test_without_anybody_to_tell_the_timeline_says_so(self, asked, standing_clock):
        standing_clock.forward(hours=3)
        plan_and_tell()
        assert "Te laat: er was niemand om het aan te melden" in words(standing_clock)

    def test_claimer_who_works_there_too_keeps_it(self, asked, rules, lead, standing_clock):
        Conversation.objects.update(assignee=lead)
        standing_clock.forward(hours=4)
        plan_and_tell()
        asked.refresh_from_db()
        assert (asked.department, asked.assignee) == (rules.next_department, lead)

    def test_not_at_night(self, asked, rules, agent, lead, standing_clock):
        Conversation.objects.update(assignee=agent)
        rules.next_minutes = 400
        rules.save()
        # Late at 12:00; 300 office minutes later the office closes, so Tuesday 10:40.
        for hours, expected in ((7, 1), (12, 0), (5.25, 1)):
            standing_clock.forward(hours=hours)
            lateness.plan()
            assert (hours, lateness.tell_due()) == (hours, expected)
        assert steps() == ["late", "next"]

    def test_not_while_the_clock_stands_still(self, asked, rules, agent, lead, standing_clock):
        Conversation.objects.update(assignee=agent)
        plan_and_tell()
        wait.wait(asked.pk, by=agent)
        standing_clock.forward(hours=30)
        assert plan_and_tell() == 0

    def test_due_time_that_moved_is_planned_anew(self, asked, rules, agent, lead, standing_clock):
        lateness.plan()
        before = Clock.objects.get().next_at
        wait.wait(asked.pk, by=agent)
        standing_clock.forward(minutes=30)
        wait.resume(asked.pk, by=agent)
        assert (lateness.plan(), lateness.plan()) == (1, 0)
        assert (Clock.objects.get().next_at - before).total_seconds() == 1800

    def test_other_rules_and_another_department_are_planned_anew(self, asked, rules, lead, burgerzaken):
        lateness.plan()
        assert lateness.plan_anew(rules.department_id) == 1
        assert lateness.plan() == 1
        route.route(asked.pk, by=lead, department=burgerzaken)
        assert lateness.plan() == 1
        assert Clock.objects.get().next_at is None

    @pytest.mark.django_db(transaction=True)
    def test_three_workers_do_each_step_once(self, asked, rules, agent, lead, standing_clock):
        Conversation.objects.update(assignee=agent)
        standing_clock.forward(hours=4)
        lateness.plan()
        together(*[lateness.tell_due] * 3)
        lateness.tell_due()  # what was in another's hands comes next round
        assert sorted(steps()) == ["late", "next"]


class TestNobodys:
    def test_half_the_target_unclaimed_puts_it_on_top_of_all(self, asked, agent, make_conversation, standing_clock):
        # Due long before; but somebody has that.
        other = make_conversation(assignee=agent, rank_at=asked.rank_at.replace(year=2025))
        standing_clock.forward(minutes=29)
        assert plan_and_tell() == 0
        standing_clock.forward(minutes=1)
        assert (plan_and_tell(), plan_and_tell()) == (1, 0)
        asked.refresh_from_db()
        assert (asked.nobodys, asked.nobody_since) == (True, standing_clock())
        assert list(Conversation.objects.order_by("rank_at")) == [asked, other]

    def test_what_somebody_has_is_not_marked_until_they_give_it_back(self, asked, agent, standing_clock):
        claim.claim(asked.pk, by=agent)
        standing_clock.forward(minutes=40)
        assert plan_and_tell() == 0
        claim.release(asked.pk, by=agent)
        assert plan_and_tell() == 1

    def test_claimed_it_falls_back_into_its_place_and_given_back_it_rises(self, asked, agent, standing_clock):
        standing_clock.forward(minutes=40)
        plan_and_tell()
        claim.claim(asked.pk, by=agent)
        asked.refresh_from_db()
        assert (asked.nobodys, asked.rank_at) == (False, asked.due_at)
        claim.release(asked.pk, by=agent)
        asked.refresh_from_db()
        assert (asked.nobodys, asked.rank_at < asked.due_at) == (True, True)

    def test_mark_ends_with_its_clock(self, asked, agent, lead, standing_clock):
        standing_clock.forward(minutes=40)
        plan_and_tell()
        close.close(asked.pk, by=lead, result="spam")
        close.reopen(asked.pk, by=lead)
        asked.refresh_from_db()
        assert asked.nobody_since is None


def available(*users):
    User.objects.filter(pk__in=[user.pk for user in users]).update(availability=Availability.AVAILABLE)


class TestInTurn:
    @pytest.fixture
    def in_turn(self, webcare):
        return Escalation.objects.create(department=webcare, in_turn=True)

    def test_who_waited_longest_gets_it_and_is_told(self, asked, in_turn, agent, colleague, standing_clock):
        available(agent, colleague)
        User.objects.filter(pk=agent.pk).update(turn_at=standing_clock())
        standing_clock.forward(minutes=40)
        assert plan_and_tell() == 2
        asked.refresh_from_db()
        assert asked.assignee == colleague
        assert ("assigned", "joris") in told()
        assert words(standing_clock)[-1] == "Om de beurt toegewezen aan Joris Smit: niemand pakte dit op"

    def test_only_who_is_there_with_room_on_the_channel_in_the_language(
        self, asked, in_turn, accounts, webcare, agent, colleague, viewer, standing_clock
    ):
        full, on_x, turkish, fits = (make_user(f"u{n}", "U", str(n), Role.AGENT, webcare) for n in range(4))
        available(full, on_x, turkish, fits, viewer)  # Fatima and Joris never said that they are there
        User.objects.filter(pk=full.pk).update(most_open=0)
        on_x.accounts.add(accounts["x"])
        User.objects.filter(pk=turkish.pk).update(languages=["tr"])
        Conversation.objects.update(language="nl")
        standing_clock.forward(minutes=40)
        plan_and_tell()
        asked.refresh_from_db()
        assert asked.assignee == fits

    def test_waits_for_somebody_who_can_have_it(self, asked, in_turn, agent, standing_clock):
        standing_clock.forward(minutes=40)
        assert (plan_and_tell(), plan_and_tell()) == (1, 0)
        available(agent)
        assert plan_and_tell() == 1
        asked.refresh_from_db()
        assert asked.assignee == agent

    def test_given_back_is_not_assigned_again(self, asked, in_turn, agent, standing_clock):
        available(agent)
        standing_clock.forward(minutes=40)
        plan_and_tell()
        claim.release(asked.pk, by=agent)
        assert plan_and_tell() == 0
        asked.refresh_from_db()
        assert (asked.assignee, asked.nobodys) == (None, True)

    def test_by_hand_where_the_department_does_not_say_so(self, asked, agent, lead, standing_clock):
        available(agent)
        standing_clock.forward(minutes=40)
        plan_and_tell()
        asked.refresh_from_db()
        assert asked.assignee is None
        assign.assign(asked.pk, by=lead, to=agent)

    @pytest.mark.django_db(transaction=True)
    def test_each_goes_to_one_and_no_cap_is_passed_however_many_sweep(
        self, in_turn, webcare, asked, make_conversation, standing_clock
    ):
        first = Clock.objects.get()
        for _ in range(9):
            conversation = make_conversation()
            clock = Clock.objects.create(
                conversation=conversation, kind="first", target_minutes=120, started_at=first.started_at,
                warn_at=first.warn_at, due_at=first.due_at,
            )  # fmt: skip
            Conversation.objects.filter(pk=conversation.pk).update(
                clock_kind="first", due_at=clock.due_at, warn_at=clock.warn_at, clock_started_at=clock.started_at
            )
        people = [make_user(f"u{n}", "U", str(n), Role.AGENT, webcare) for n in range(4)]
        available(*people)
        User.objects.filter(pk__in=[user.pk for user in people]).update(most_open=2)
        standing_clock.forward(minutes=40)
        lateness.plan()
        together(*[nobodys.sweep] * 4)
        nobodys.sweep()
        held = [Conversation.objects.filter(assignee=user).count() for user in people]
        assert held == [2, 2, 2, 2]
        assert Clock.objects.filter(turned_at__isnull=False).count() == 8
        assert AuditEntry.objects.filter(verb="assigned").count() == 8
        assert AuditEntry.objects.filter(verb="nobodys").count() == 10


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        ("clock_to_plan", TICKING & UNPLANNED),
        ("clock_nobodys", TICKING & Q(nobody_at__lte=MONDAY_10, nobody_told_at__isnull=True)),
        ("clock_to_escalate", TICKING & Q(next_at__lte=MONDAY_10, next_told_at__isnull=True)),
    ],
)
def test_sweepers_read_an_index_of_running_clocks_and_not_the_table(db, index, wanted):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Clock.objects.filter(wanted).explain()
    # In an empty table the index of all running clocks costs the same.
    assert index in plan or "one_running_clock" in plan


def test_pages_of_the_list_go_from_what_nobody_wants_to_the_rest(asked, lead, make_conversation, standing_clock):
    standing_clock.forward(minutes=40)
    plan_and_tell()
    due = [make_conversation(assignee=lead, rank_at=MONDAY_10 + timedelta(hours=hours)) for hours in (1, 2, 3)]
    place, after, seen = listing.Place(listing.VIEWS["todo"], lead, tuple(lead.departments.all())), None, []
    while True:
        page = listing.page(place, after, 1)
        seen += [(row.pk, row.nobodys) for row in page.conversations]
        if page.after is None:
            break
        after = listing.Cursor.read(str(page.after))
    assert seen == [(asked.pk, True), *((each.pk, False) for each in due)]


def test_planning_asks_no_more_for_three_accounts_than_for_one(make_conversation, standing_clock):
    def queries(*kinds: str) -> int:
        for kind in kinds:
            Clock.objects.create(
                conversation=make_conversation(kind),
                kind="first",
                target_minutes=120,
                started_at=MONDAY_10,
                warn_at=MONDAY_10 + timedelta(minutes=96),
                due_at=MONDAY_10 + timedelta(minutes=120),
            )
        with CaptureQueriesContext(connection) as asked:
            assert lateness.plan() == len(kinds)
        return len(asked)

    assert queries("x") == queries("x", "facebook", "whatsapp")
