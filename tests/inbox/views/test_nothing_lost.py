"""Niets kwijt: for administrators only, without message text, and failed events can be processed again."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from channels.models import Account, AccountState, EventState, InboundEvent, PlatformApp
from inbox.models import AuditEntry, Conversation, Department, User
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser


@pytest.fixture
def events(apps: dict[str, PlatformApp]) -> list[InboundEvent]:
    """One of each state, with a body that nobody may see here."""
    return [
        InboundEvent.objects.create(
            app=apps["x"],
            dedupe_key=f"event-{number}",
            body=b'{"text": "geheim"}',
            received_at=MONDAY_10 + timedelta(minutes=number),
            state=state,
            reason=reason,
            traceback="geheim",
        )
        for number, (state, reason) in enumerate(
            [
                (EventState.FAILED, "KeyError"),
                (EventState.IGNORED, "typing"),
                (EventState.STORED, ""),
                (EventState.DONE, ""),
            ]
        )
    ]


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "expert"])
def test_others_are_told_who_can_help(request: pytest.FixtureRequest, who: str, events: list[InboundEvent]) -> None:
    client = browser(request.getfixturevalue(who))
    response = client.get("/nothing-lost/")
    assert response.status_code == 403
    assert response.content.decode().count("Deze pagina is niet voor jou") == 2
    assert client.post("/nothing-lost/replay/", {"event": events[0].pk}).status_code == 403
    events[0].refresh_from_db()
    assert events[0].state == EventState.FAILED


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("failed", "Verwerken ging mis (KeyError). Het is bewaard; verwerk het opnieuw als dit is opgelost."),
        ("ignored", "De inwoner was aan het typen; er is niets te beantwoorden."),
        ("stored", "Het wordt verwerkt zodra er plek is."),
        ("nonsense", "Verwerken ging mis (KeyError). Het is bewaard; verwerk het opnieuw als dit is opgelost."),
    ],
)
def test_administrator_sees_why(admin: User, events: list[InboundEvent], state: str, sentence: str) -> None:
    text = browser(admin).get(f"/nothing-lost/?state={state}").content.decode()
    assert text.count(sentence) == 1
    assert text.count("geheim") == 0


def test_failed_event_goes_back_to_wait(admin: User, events: list[InboundEvent]) -> None:
    response = browser(admin).post("/nothing-lost/replay/", {"event": events[0].pk}, follow=True)
    events[0].refresh_from_db()
    assert events[0].state == EventState.STORED
    assert response.content.decode().count("1 gebeurtenis wordt opnieuw verwerkt.") == 1
    entry = AuditEntry.objects.get(verb="events_replayed")
    assert (entry.actor_id, entry.data) == (admin.pk, {"events": [events[0].pk]})


def test_all_on_screen_at_once(admin: User, events: list[InboundEvent]) -> None:
    browser(admin).post("/nothing-lost/replay/", {"everything": "1", "all": [events[0].pk, events[1].pk]})
    states = InboundEvent.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["stored", "stored", "stored", "done"]


def test_broken_account_is_told_to_its_department(
    accounts: dict[str, Account], agent: User, expert: User, webcare: Department
) -> None:
    Account.objects.filter(pk=accounts["x"].pk).update(state=AccountState.BROKEN)
    sentence = "De verbinding met Gemeente Waterkant (X) is verbroken."
    assert browser(agent).get("/status/").content.decode().count(sentence) == 1
    assert browser(expert).get("/status/").content.decode().count(sentence) == 0


def test_conversation_with_a_failed_answer_is_listed(
    admin: User, make_conversation: Callable[..., Conversation]
) -> None:
    conversation = make_conversation(failed_count=1)
    text = browser(admin).get("/nothing-lost/").content.decode()
    assert text.count(f'href="/conversations/{conversation.pk}/"') == 1
