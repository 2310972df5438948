"""The citizen's page: found without a word in an address, merged and undone, taken apart, blocked; and who may."""

import re
from typing import Any

import pytest
from django.test import Client

from inbox.models import Contact, Conversation, Identity
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def standing(standing_clock: StandingClock) -> StandingClock:
    return standing_clock


@pytest.fixture
def here(make_conversation: Any) -> Conversation:
    found: Conversation = make_conversation("facebook", contact=Contact.objects.create(name="Lot Jansen"))
    return found


@pytest.fixture
def there(make_conversation: Any) -> Conversation:
    found: Conversation = make_conversation("whatsapp", contact=Contact.objects.create(name="Lot Jansen"))
    return found


def found(html: str) -> list[str]:
    return re.findall(r'data-testid="candidate-(\d+)"', html)


@pytest.mark.parametrize("text", ["lot jan", "Jansen", "aisha2", "+31 6 0000 0009", "06 0000 0009"])
def test_others_are_found_by_name_handle_and_number(client: Client, agent, here, there, text: str):
    Identity.objects.filter(pk=there.identity_id).update(phone="+31600000009")
    client.force_login(agent)
    answer = client.post(f"/conversations/{here.pk}/citizen/", {"q": text})
    assert found(answer.content.decode()) == [str(there.identity.contact_id)]


def test_citizens_of_others_are_not_found(client: Client, agent, outsider, here, there):
    Conversation.objects.filter(pk=there.pk).update(department=outsider.departments.get())
    client.force_login(agent)
    answer = client.post(f"/conversations/{here.pk}/citizen/", {"q": "Jansen"}).content.decode()
    assert found(answer) == []
    gone = client.get(f"/conversations/{here.pk}/citizen/merge/{there.identity.contact_id}/").content.decode()
    assert 'data-testid="preview"' not in gone
    client.force_login(outsider)
    assert client.get(f"/conversations/{here.pk}/citizen/").status_code == 404


def test_merged_and_undone(client: Client, agent, here, there):
    client.force_login(agent)
    shown = client.get(f"/conversations/{here.pk}/citizen/merge/{there.identity.contact_id}/").content.decode()
    assert f'name="identity" value="{there.identity_id}"' in shown
    form = {"other": there.identity.contact_id, "identity": [there.identity_id]}
    merged = client.post(f"/conversations/{here.pk}/citizen/merge/", form, follow=True).content.decode()
    assert 'data-testid="undo-merge"' in merged
    assert Contact.objects.get(pk=here.identity.contact_id).identities.count() == 2
    asked = client.get(f"/conversations/{here.pk}/citizen/split/{there.identity_id}/").content.decode()
    assert 'data-testid="split-preview"' in asked
    client.post(f"/conversations/{here.pk}/citizen/split/", {"identity": [there.identity_id]})
    there.identity.refresh_from_db()
    assert there.identity.contact.identities.count() == 1


def test_in_place_beside_the_conversation(client: Client, agent, here, there):
    client.force_login(agent)
    htmx, address = {"HX-Request": "true"}, f"/conversations/{here.pk}/citizen/"
    results = client.post(address, {"q": "Jansen"}, headers=htmx).content.decode()
    assert (found(results), "<html" in results) == ([str(there.identity.contact_id)], False)
    assert found(client.post(address, {"q": ""}, headers=htmx).content.decode()) == []
    compared = client.get(f"{address}merge/{there.identity.contact_id}/", headers=htmx).content.decode()
    assert ("<html" in compared, f'name="identity" value="{there.identity_id}"' in compared) == (False, True)
    form = {"other": there.identity.contact_id, "identity": [there.identity_id]}
    pane = client.post(f"{address}merge/", form, headers=htmx).content.decode()
    assert ('id="pane"' in pane, 'data-testid="undo-merge"' in pane) == (True, True)
    assert client.post(f"{address}merge/", form, headers=htmx).status_code == 404  # merged already: told as a toast
    undone = client.post(f"{address}split/", {"identity": [there.identity_id]}, headers=htmx).content.decode()
    assert ('data-testid="undo-merge"' in undone, here.identity.contact.identities.count()) == (False, 1)


def test_other_profiles_than_in_the_preview_are_told(client: Client, agent, here, there):
    client.force_login(agent)
    form = {"other": there.identity.contact_id, "identity": [there.identity_id + 99]}
    answer = client.post(f"/conversations/{here.pk}/citizen/merge/", form)
    assert answer.status_code == 409
    assert 'data-testid="refused"' in answer.content.decode()
    assert here.identity.contact.identities.count() == 1


def test_blocked_until_the_end_of_a_day_and_lifted(client: Client, lead, agent, here):
    client.force_login(lead)
    form = {"ground": "threat", "note": "Zie aangifte", "until": "2026-11-25"}
    client.post(f"/conversations/{here.pk}/citizen/block/", form)
    contact = Contact.objects.get(pk=here.identity.contact_id)
    assert (contact.blocked_ground, contact.blocked_until.isoformat()) == ("threat", "2026-11-25T22:59:00+00:00")
    client.force_login(agent)
    pane = client.get(f"/conversations/{here.pk}/pane/", headers={"HX-Request": "true"}).content.decode()
    assert 'data-testid="is-blocked"' in pane
    assert "Zie aangifte" in pane
    assert client.post(f"/conversations/{here.pk}/citizen/unblock/").status_code == 409
    client.force_login(lead)
    assert client.post(f"/conversations/{here.pk}/citizen/unblock/").status_code == 302


@pytest.mark.parametrize("until", ["x", "2026-99-99", "2020-01-01", ""])
def test_strange_days_break_nothing(client: Client, lead, here, until: str):
    client.force_login(lead)
    answer = client.post(f"/conversations/{here.pk}/citizen/block/", {"ground": "spam", "until": until})
    assert answer.status_code == (409 if until == "2020-01-01" else 302)
