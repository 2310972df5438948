"""Who a bare id is: asked on its own, filled where empty, shown at once; a platform that does not tell is left."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from channels.messages import Person
from channels.models import Account
from channels.simulator import town
from channels.simulator.app import build, platform_classes
from inbox import ingest, kick, live, profiles, tasks
from inbox.models import Contact, Conversation, Identity, Message
from tests.channels.server import Answer
from tests.channels.simulator.servers import Server, Street, wait_for_all
from tests.inbox.conftest import StandingClock
from tests.inbox.platform import Platform
from tests.inbox.storing import at, echoed, person, put, said
from tests.inbox.threads import together

pytestmark = pytest.mark.django_db

BARE = Person(external_id="psid-1")
AVATAR = "https://platform-lookaside.fbsbx.com/1"


def wrote(account: Account, who: Person = BARE, number: int = 1, **fields: Any) -> None:
    put(account, said(account, f"m{number}", author=who, **fields))
    ingest.drain()


@pytest.fixture
def page(accounts: dict[str, Account], platform: Platform, standing_clock: StandingClock) -> Account:
    """The Page; its platform knows who psid-1 is."""
    platform.people["psid-1"] = {"name": "Aïsha Benali", "avatar_url": AVATAR}
    return accounts["facebook"]


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the browsers are told."""
    told: list[dict[str, Any]] = []

    class Wire:
        def publish(self, channel: str, event: str) -> None:
            told.append(json.loads(event))

    monkeypatch.setattr(live, "wire", Wire)
    return told


def identity() -> Identity:
    return Identity.objects.select_related("contact").get(external_id="psid-1")


def known() -> tuple[str, str]:
    """The names of profile and citizen."""
    found = identity()
    return found.name, found.contact.name


# -- when to ask --------------------------------------------------------------------------------------------------


def test_bare_id_in_messenger_is_to_be_asked_after(accounts: dict[str, Account], standing_clock: StandingClock) -> None:
    wrote(accounts["facebook"])
    assert (identity().profile_due_at, Conversation.objects.count()) == (at(30), 1)


@pytest.mark.parametrize(
    ("kind", "who", "fields"),
    [
        ("facebook", Person(external_id="psid-1", name="Aïsha"), {}),
        ("facebook", BARE, {"public": True, "thread_id": "c1"}),
        ("facebook", Person(external_id=""), {"public": True, "thread_id": "c1"}),
        ("facebook", Person(external_id=""), {}),
        ("whatsapp", BARE, {}),
        ("x", BARE, {}),
    ],
)
def test_there_is_nothing_to_ask_with_a_name_in_public_or_elsewhere(
    accounts: dict[str, Account], standing_clock: StandingClock, kind: str, who: Person, fields: dict[str, Any]
) -> None:
    wrote(accounts[kind], who, **fields)
    assert Identity.objects.get().profile_due_at is None


def test_citizen_to_whom_a_colleague_wrote_at_the_platform_is_asked_after(page: Account) -> None:
    put(page, echoed(page, "e1", "Goedemorgen", peer=BARE))
    ingest.drain()
    assert tasks.fetch_due_profiles() == 1
    assert known() == ("Aïsha Benali", "Aïsha Benali")


@pytest.mark.django_db(transaction=True)
def test_bare_id_kicks_once_committed_and_a_name_does_not(page: Account, kicks_stay_here: list[str]) -> None:
    kick.looking("profiles")
    wrote(page, person())
    assert kicks_stay_here == []
    wrote(page, number=2)
    assert kicks_stay_here == [kick.PROFILES]


# -- asked ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_name_fills_profile_and_citizen_and_is_shown(page: Account, nudges: list[dict[str, Any]]) -> None:
    wrote(page)
    conversation = Conversation.objects.get()
    nudges.clear()
    assert tasks.fetch_due_profiles() == 1
    found = identity()
    assert (found.name, found.contact.name, found.avatar_url, found.profile_due_at) == (
        "Aïsha Benali", "Aïsha Benali", AVATAR, None
    )  # fmt: skip
    assert nudges == [
        {"conversation": conversation.pk, "departments": [conversation.department_id], "people": [], "what": "profile"}
    ]
    assert tasks.fetch_due_profiles() == 0
    wrote(page, number=2)
    assert (tasks.fetch_due_profiles(), Message.objects.count()) == (0, 2)


@pytest.mark.django_db(transaction=True)
def test_finished_conversations_are_not_announced(page: Account, nudges: list[dict[str, Any]]) -> None:
    wrote(page)
    Conversation.objects.update(status="closed", closed_at=at(30), result="answered")
    nudges.clear()
    tasks.fetch_due_profiles()
    assert (nudges, known()) == ([], ("Aïsha Benali", "Aïsha Benali"))


def test_name_of_a_colleague_stays(page: Account) -> None:
    wrote(page)
    Contact.objects.update(name="Mevrouw Benali")
    tasks.fetch_due_profiles()
    assert known() == ("Aïsha Benali", "Mevrouw Benali")


def test_name_that_came_meanwhile_stays(page: Account) -> None:
    wrote(page)
    wrote(page, Person(external_id="psid-1", name="Aïsha B."), 2)
    tasks.fetch_due_profiles()
    assert (known(), identity().avatar_url) == (("Aïsha B.", "Aïsha B."), AVATAR)


def test_the_account_they_wrote_to_last_is_asked(page: Account, platform: Platform) -> None:
    wrote(page)
    other = Account.objects.create(app=page.app, kind="facebook", external_id="page-2", name="Stadsboerderij")
    department = Conversation.objects.get().department
    Conversation.objects.create(
        account=other, identity=identity(), thread_id="psid-1", public=False, department=department,
        opened_at=at(1), last_message_at=at(1), last_inbound_at=at(1), rank_at=at(1),
    )  # fmt: skip
    tasks.fetch_due_profiles()
    assert platform.who == [("page-2", "psid-1")]


def test_citizen_the_platform_does_not_know_is_asked_after_once(page: Account, platform: Platform) -> None:
    platform.people.clear()
    wrote(page)
    assert tasks.fetch_due_profiles() == 1
    assert (known(), identity().profile_due_at) == (("", ""), None)


# -- not told -------------------------------------------------------------------------------------------------------


def test_busy_platform_is_asked_six_times(page: Account, platform: Platform, standing_clock: StandingClock) -> None:
    platform.not_telling = Answer(503)
    wrote(page)
    waits = []
    while (due := identity().profile_due_at) is not None:
        waits.append(due - standing_clock())
        standing_clock.moment = due
        assert tasks.fetch_due_profiles() == 1
    assert [wait.total_seconds() for wait in waits] == [0, 15, 60, 240, 960, 3840]
    assert (len(platform.who), known()) == (profiles.MAX_ATTEMPTS, ("", ""))


def test_name_comes_when_the_platform_recovers(
    page: Account, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.not_telling = Answer(503)
    wrote(page)
    tasks.fetch_due_profiles()
    assert tasks.fetch_due_profiles() == 0
    platform.not_telling = None
    standing_clock.forward(seconds=15)
    assert tasks.fetch_due_profiles() == 1
    assert known() == ("Aïsha Benali", "Aïsha Benali")


def test_platform_in_trouble_is_left_alone_until_the_time_it_gave(
    page: Account, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.not_telling = Answer(429, headers={"retry-at": at(45).isoformat()})
    wrote(page)
    wrote(page, Person(external_id="psid-2"), 2)
    assert tasks.fetch_due_profiles() == 1
    assert list(Identity.objects.order_by("id").values_list("profile_due_at", "profile_attempts")) == [
        (at(45), 1),
        (at(45), 0),
    ]


def test_refusal_is_final(page: Account, platform: Platform) -> None:
    platform.not_telling = Answer(403, b"permission")
    wrote(page)
    assert tasks.fetch_due_profiles() == 1
    account = Account.objects.get(pk=page.pk)
    assert (identity().profile_due_at, known(), account.state) == (None, ("", ""), "active")


def test_dead_token_breaks_the_account_and_the_question_waits_for_a_new_one(
    page: Account, platform: Platform, standing_clock: StandingClock
) -> None:
    platform.not_telling = Answer(401, b"token")
    wrote(page)
    wrote(page, Person(external_id="psid-2"), 2)
    assert tasks.fetch_due_profiles() == 1
    account = Account.objects.get(pk=page.pk)
    assert (account.state, account.error_reason, account.error_code) == ("broken", "token", "401")
    standing_clock.forward(hours=30)
    assert (tasks.fetch_due_profiles(), identity().profile_attempts) == (0, 0)
    Account.objects.update(state="active")
    platform.not_telling = None
    assert (tasks.fetch_due_profiles(), known()) == (2, ("Aïsha Benali", "Aïsha Benali"))


def test_answer_that_makes_no_sense_holds_up_nobody(page: Account, platform: Platform) -> None:
    platform.people["psid-1"] = {"shoe_size": "39"}
    platform.people["psid-2"] = {"name": "Bo"}
    wrote(page)
    wrote(page, Person(external_id="psid-2"), 2)
    assert tasks.fetch_due_profiles() == 2
    assert (identity().profile_due_at, Identity.objects.get(external_id="psid-2").name) == (
        at(30) + profiles.FIRST_WAIT,
        "Bo",
    )


# -- several workers ------------------------------------------------------------------------------------------------


def test_question_whose_asker_died_is_asked_after_the_lease(page: Account, standing_clock: StandingClock) -> None:
    wrote(page)
    assert profiles._take() is not None
    assert (profiles._take(), tasks.fetch_due_profiles()) == (None, 0)
    standing_clock.forward(seconds=profiles.LEASE.total_seconds())
    assert tasks.fetch_due_profiles() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_ask_once_each(page: Account, platform: Platform) -> None:
    for number in range(6):
        wrote(page, Person(external_id=f"psid-{number}"), number)
    assert sum(together(tasks.fetch_due_profiles, tasks.fetch_due_profiles)) == 6
    assert sorted(who for _, who in platform.who) == [f"psid-{number}" for number in range(6)]


@pytest.mark.django_db(transaction=True)
def test_two_never_take_the_same(page: Account) -> None:
    wrote(page)
    taken = together(profiles._take, profiles._take)
    assert sorted(found is None for found in taken) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_second_worker_leaves_it_to_the_first_which_kicks_for_what_is_left(
    page: Account, kicks_stay_here: list[str]
) -> None:
    wrote(page)
    wrote(page, Person(external_id="psid-2"), 2)
    kick.looking("profiles")
    kicks_stay_here.clear()
    with profiles._alone() as alone:
        assert (alone, together(tasks.fetch_due_profiles)) == (True, [0])
    assert (profiles.fetch_due(limit=1), kicks_stay_here) == (1, [kick.PROFILES])
    kick.looking("profiles")
    assert (profiles.fetch_due(), kicks_stay_here) == (1, [kick.PROFILES])


def test_due_ones_are_found_by_their_index(page: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'identity_profile_due'")
        (definition,) = cursor.fetchone()
    assert definition.endswith("(profile_due_at) WHERE (profile_due_at IS NOT NULL)")


# -- the real connector -----------------------------------------------------------------------------------------------


@pytest.fixture
def street(settings: Any, tmp_path: Path) -> Iterator[Street]:
    """The town, whose webhooks are lost on the way."""
    server = Server(None)
    settings.SIMULATOR_URL = server.url
    server.app = build(server.url, "http://127.0.0.1:9", tmp_path / "town.json", platform_classes())
    with server:
        street = Street(server.url)
        street.fault("facebook", "drop", count=0)
        yield street
    wait_for_all()


def test_simulated_messenger_tells_who_it_is(
    accounts: dict[str, Account], standing_clock: StandingClock, street: Street
) -> None:
    citizen = town.CITIZENS[0]
    street.play("facebook", "message", citizen=citizen.key, text="Is de balie open?")
    wrote(accounts["facebook"], Person(external_id=citizen.psid))
    assert tasks.fetch_due_profiles() == 1
    assert Contact.objects.get().name == citizen.name
