"""The named cast: an agent, a colleague of hers, an expert, a team lead, an outsider who sees nothing, and accounts."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from channels.models import Account, PlatformApp
from channels.simulator import town
from inbox import kick
from inbox.models import (
    AccountSettings,
    Contact,
    Conversation,
    Department,
    Identity,
    Message,
    OpeningPeriod,
    Role,
    User,
)

MONDAY_10 = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # Monday 10:00 in Amsterdam


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """What a test asked aside is kicked within the test."""
    yield
    kick.end_aside()


@pytest.fixture
def webcare(db: None) -> Department:
    """The webcare team: home department of every account."""
    return Department.objects.create(name="Webcare", slug="webcare")


@pytest.fixture
def burgerzaken(db: None) -> Department:
    """The department that knows of passports."""
    return Department.objects.create(name="Burgerzaken", slug="burgerzaken")


def make_user(username: str, first: str, last: str, role: Role, *departments: Department) -> User:
    user = User.objects.create_user(username, password="waterkant", first_name=first, last_name=last, role=role)
    user.departments.set(departments)
    return user


@pytest.fixture
def agent(webcare: Department) -> User:
    """Fatima: webcare agent."""
    return make_user("fatima", "Fatima", "Amrani", Role.AGENT, webcare)


@pytest.fixture
def colleague(webcare: Department) -> User:
    """Joris: the second agent."""
    return make_user("joris", "Joris", "Smit", Role.AGENT, webcare)


@pytest.fixture
def lead(webcare: Department, burgerzaken: Department) -> User:
    """Ingrid: team lead, of both departments."""
    return make_user("ingrid", "Ingrid", "de Boer", Role.LEAD, webcare, burgerzaken)


@pytest.fixture
def expert(burgerzaken: Department) -> User:
    """Bram: expert at Burgerzaken."""
    return make_user("bram", "Bram", "Visser", Role.EXPERT, burgerzaken)


@pytest.fixture
def viewer(webcare: Department) -> User:
    """Meelezer: reads, changes nothing."""
    return make_user("meelezer", "Mila", "Lezer", Role.VIEWER, webcare)


@pytest.fixture
def admin(webcare: Department) -> User:
    """Beheer: administrator."""
    return make_user("beheer", "Bea", "Heer", Role.ADMIN, webcare)


@pytest.fixture
def outsider(db: None) -> User:
    """Olaf: agent of a department where nothing lies; must see nothing."""
    return make_user("olaf", "Olaf", "Buiten", Role.AGENT, Department.objects.create(name="Sport", slug="sport"))


@pytest.fixture
def apps(db: None) -> dict[str, PlatformApp]:
    """The three platform apps of Gemeente Waterkant, with the simulator's secrets, by kind."""
    return {
        item.kind: PlatformApp.objects.create(kind=item.kind, key=item.key, name=item.name, secrets=item.secrets)
        for item in town.APPS
    }


@pytest.fixture
def accounts(apps: dict[str, PlatformApp], webcare: Department) -> dict[str, Account]:
    """The first account of each kind, with hours Monday to Friday 09:00-17:00, targets of 120 and 240 minutes."""
    made = {}
    for item in town.APPS:
        first = item.accounts[0]
        account = Account.objects.create(
            app=apps[item.kind],
            kind=item.kind,
            external_id=first.external_id,
            handle=first.handle,
            name=first.name,
            secrets=first.secrets,
        )
        settings = AccountSettings.objects.create(account=account, department=webcare)
        OpeningPeriod.objects.bulk_create(
            OpeningPeriod(settings=settings, weekday=day, opens=time(9), closes=time(17)) for day in range(5)
        )
        made[item.kind] = account
    return made


@pytest.fixture
def make_conversation(accounts: dict[str, Account], webcare: Department) -> Callable[..., Conversation]:
    """A conversation of Aïsha with one message in: make_conversation(kind="whatsapp", text="…", **fields).

    Made by hand, not through ingest, so that tests of actions and pages stand alone; no clock runs.
    """

    def make(
        kind: str = "whatsapp", text: str = "Wanneer wordt het restafval opgehaald?", **fields: Any
    ) -> Conversation:
        number = Identity.objects.count() + 1
        at = fields.pop("at", MONDAY_10)
        contact = fields.pop("contact", None) or Contact.objects.create(name=f"Aïsha Benali {number}")
        identity = fields.pop("identity", None) or Identity.objects.create(
            contact=contact,
            kind=kind,
            external_id=f"citizen-{number}",
            name=contact.name,
            handle=f"aisha{number}",
        )
        values: dict[str, Any] = {
            "account": accounts[kind],
            "identity": identity,
            "thread_id": identity.external_id if kind == "whatsapp" else f"thread-{number}",
            "public": kind != "whatsapp",
            "subject": text[:200],
            "department": webcare,
            "opened_at": at,
            "last_message_at": at,
            "last_inbound_at": at,
            "last_message_text": text[:200],
            "inbound_count": 1,
            "rank_at": at + timedelta(hours=2),
        } | fields
        conversation = Conversation.objects.create(**values)
        Message.objects.create(
            conversation=conversation,
            account=conversation.account,
            external_id=f"in-{conversation.pk}",
            direction="in",
            public=conversation.public,
            text=text,
            sent_at=at,
            state="received",
        )
        return conversation

    return make
