"""Accounts, citizens, colleagues and departments: each as far as the caller's departments reach."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from channels.models import Account
from inbox.models import Contact, Conversation, Department, Identity, User
from tests.inbox.api.conftest import Api

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]


def ids(client: APIClient, what: str, query: str = "") -> list[int]:
    response = client.get(f"/api/v1/{what}/?{query}")
    assert response.status_code == 200, response.json()
    return [row["id"] for row in response.json()["results"]]


def test_me(api: Api, lead: User, webcare: Department, burgerzaken: Department) -> None:
    assert api(lead).get("/api/v1/me/").json() == {
        "id": lead.pk,
        "name": "Ingrid de Boer",
        "initials": "Id",
        "role": "lead",
        "departments": [
            {"id": burgerzaken.pk, "slug": "burgerzaken", "name": "Burgerzaken"},
            {"id": webcare.pk, "slug": "webcare", "name": "Webcare"},
        ],
        "availability": "",
        "username": "ingrid",
    } | {"initials": lead.initials}


def test_departments_tell_which_are_ones_own(fatima: APIClient, webcare: Department, burgerzaken: Department) -> None:
    assert fatima.get("/api/v1/departments/").json() == {
        "next": None,
        "results": [
            {"id": webcare.pk, "slug": "webcare", "name": "Webcare", "member": True},
            {"id": burgerzaken.pk, "slug": "burgerzaken", "name": "Burgerzaken", "member": False},
        ],
    }


def test_users_are_active_colleagues_of_ones_departments(
    api: Api, agent: User, colleague: User, lead: User, expert: User, outsider: User, viewer: User
) -> None:
    User.objects.filter(pk=viewer.pk).update(is_active=False)
    assert ids(api(agent), "users") == [agent.pk, colleague.pk, lead.pk]
    assert ids(api(lead), "users") == [agent.pk, colleague.pk, lead.pk, expert.pk]
    assert ids(api(outsider), "users") == [outsider.pk]
    assert sorted(api(agent).get("/api/v1/users/").json()["results"][0]) == [
        "availability",
        "departments",
        "id",
        "initials",
        "name",
        "role",
    ]


def test_account_tells_its_state_and_no_secret(
    fatima: APIClient, accounts: dict[str, Account], webcare: Department
) -> None:
    account = accounts["x"]
    Account.objects.filter(pk=account.pk).update(state="broken", error_code="401", error_reason="token")
    assert fatima.get(f"/api/v1/accounts/{account.pk}/").json() == {
        "id": account.pk,
        "platform": "x",
        "handle": "gemwaterkant",
        "name": "Gemeente Waterkant",
        "department": {"id": webcare.pk, "slug": "webcare", "name": "Webcare"},
        "state": "broken",
        "error_code": "401",
        "error_reason": "token",
        "error_at": None,
        "checked_at": None,
        "token_expires_at": None,
        "webhook_problem": "",
        "webhook_checked_at": None,
        "last_received_at": None,
        "last_sent_at": None,
    }


def test_accounts_are_those_of_ones_departments_or_conversations(
    api: Api,
    agent: User,
    expert: User,
    outsider: User,
    admin: User,
    accounts: dict[str, Account],
    make_conversation: Make,
    burgerzaken: Department,
) -> None:
    everything = sorted(account.pk for account in accounts.values())
    make_conversation("facebook", department=burgerzaken)
    make_conversation("facebook", department=burgerzaken)
    admin.departments.clear()
    assert ids(api(agent), "accounts") == everything
    assert ids(api(expert), "accounts") == [accounts["facebook"].pk]
    assert ids(api(outsider), "accounts") == []
    assert ids(api(admin), "accounts") == everything
    assert api(outsider).get(f"/api/v1/accounts/{everything[0]}/").status_code == 404


def test_account_that_was_never_set_up_has_no_department(api: Api, admin: User, accounts: dict[str, Account]) -> None:
    accounts["x"].inbox_settings.delete()
    assert api(admin).get(f"/api/v1/accounts/{accounts['x'].pk}/").json()["department"] is None


@pytest.fixture
def aisha(make_conversation: Make, burgerzaken: Department) -> Contact:
    """Writes to Webcare on WhatsApp and, as the same citizen, to Burgerzaken on X; a third profile never wrote."""
    contact = Contact.objects.create(name="Aïsha Benali")
    profiles = [
        Identity.objects.create(contact=contact, kind=kind, external_id=external_id, phone=phone, name="Aïsha")
        for kind, external_id, phone in (("whatsapp", "w1", "+31600000001"), ("x", "x1", ""), ("facebook", "f1", ""))
    ]
    make_conversation("whatsapp", contact=contact, identity=profiles[0])
    make_conversation("x", contact=contact, identity=profiles[1], department=burgerzaken)
    return contact


def profiles(client: APIClient, contact: Contact) -> list[str]:
    return [row["external_id"] for row in client.get(f"/api/v1/contacts/{contact.pk}/").json()["identities"]]


def test_contact_has_the_profiles_that_wrote_here(
    api: Api, agent: User, expert: User, lead: User, outsider: User, aisha: Contact
) -> None:
    assert profiles(api(agent), aisha) == ["w1"]
    assert profiles(api(expert), aisha) == ["x1"]
    assert profiles(api(lead), aisha) == ["w1", "x1"]
    assert api(outsider).get(f"/api/v1/contacts/{aisha.pk}/").status_code == 404


def test_contacts_are_found_by_a_part_of_the_name(
    api: Api, agent: User, outsider: User, aisha: Contact, make_conversation: Make
) -> None:
    other = make_conversation(contact=Contact.objects.create(name="Piet Bakker")).identity.contact
    assert ids(api(agent), "contacts") == [aisha.pk, other.pk]
    assert ids(api(agent), "contacts", "name=benal") == [aisha.pk]
    assert ids(api(agent), "contacts", "name=%25%25%25") == []
    assert ids(api(outsider), "contacts", "name=benal") == []
    assert api(agent).get("/api/v1/contacts/?name=be").json()["code"] == "invalid"


def test_availability_is_said_and_seen_by_colleagues(api: Api, agent: User, colleague: User) -> None:
    fatima = api(agent)
    told = fatima.post("/api/v1/me/availability/", {"availability": "away"})
    assert (told.status_code, told.json()["availability"]) == (200, "away")
    seen = {row["id"]: row["availability"] for row in api(colleague).get("/api/v1/users/").json()["results"]}
    assert seen == {agent.pk: "away", colleague.pk: ""}
    assert fatima.post("/api/v1/me/availability/", {"availability": "off"}).status_code == 409
