"""Alike questions on the page: proposals, the check list, a look beforehand, the start, progress, stop and again."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox import group_answers
from inbox.actions import claim
from inbox.models import Conversation, GroupAnswer, Topic, User
from tests.inbox.actions.test_group_answer import seen
from tests.inbox.actions.test_pinned_answer import pin
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]
HTMX = {"HX-Request": "true"}
QUESTION = "Wanneer is de stroomstoring in de Molenstraat voorbij?"


@pytest.fixture(autouse=True)
def standing(standing_clock: object) -> object:
    return standing_clock


@pytest.fixture
def storm(make_conversation: Make) -> list[Conversation]:
    return [make_conversation(kind, QUESTION) for kind in ("x", "facebook", "whatsapp")]


def items(conversations: list[Conversation]) -> list[str]:
    return [f"{pk}.{newest}" for pk, newest in seen(*conversations).items()]


def form(conversations: list[Conversation], **more: object) -> dict[str, object]:
    return {"text": "Om 14:00 uur.", "item": items(conversations), "submission": uuid4(), "q": QUESTION} | more


def test_proposals_lead_to_the_check_list(storm: list[Conversation], agent: User, make_conversation: Make) -> None:
    make_conversation("whatsapp", "Mag ik mijn paspoort verlengen?")
    client = browser(agent)
    page = client.get("/alike/").content.decode()
    assert page.count('data-testid="proposal"') == 1
    assert page.count("<b>3 vragen</b>") == 1
    first = max(conversation.pk for conversation in storm)
    assert page.count(f'href="/alike/of/{first}/?hours=24&amp;account="') == 1
    page = client.get(f"/alike/of/{first}/?hours=24&account=").content.decode()
    assert page.count('data-testid="alike-item"') == 3
    assert page.count(" checked") == 3
    for value in items(storm):
        assert page.count(f'value="{value}"') == 1


def test_costs_the_same_for_one_and_for_many(make_conversation: Make, agent: User) -> None:
    client = browser(agent)
    counts = []
    for more in (1, 20):
        made = [make_conversation("whatsapp", QUESTION) for _ in range(more)]
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/alike/of/{made[0].pk}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_words_are_sought_by_post(storm: list[Conversation], agent: User) -> None:
    client = browser(agent)
    page = client.post("/alike/find/", {"q": "stroomstoring Molenstraat"}).content.decode()
    assert page.count('data-testid="alike-item"') == 3
    page = client.post("/alike/find/", {"q": "carnaval"}).content.decode()
    assert page.count("Geen open vraag lijkt hierop.") == 1


def test_what_a_colleague_has_cannot_be_chosen(storm: list[Conversation], agent: User, colleague: User) -> None:
    claim.claim(storm[0].pk, by=colleague)
    page = browser(agent).get(f"/alike/of/{storm[1].pk}/").content.decode()
    assert page.count(" disabled") == 1
    assert page.count("Joris Smit heeft dit opgepakt.") == 1


def test_a_look_beforehand_one_for_each_account(storm: list[Conversation], agent: User) -> None:
    client = browser(agent)
    given = form(storm, text="Dag {inwoner}")
    fragment = client.post("/alike/preview/", given, headers=HTMX).content.decode()
    assert fragment.count('data-testid="alike-seen"') == 3
    assert fragment.count(f"Dag {storm[0].identity.contact.name}") == 1
    page = client.post("/alike/preview/", given | {"item": items(storm[:1])}).content.decode()
    assert (page.count('data-testid="alike-seen"'), page.count(" checked")) == (1, 1)
    assert GroupAnswer.objects.count() == 0


def test_refused_keeps_what_was_typed_and_chosen(storm: list[Conversation], agent: User) -> None:
    long = "Dit is een zin over de storing. " * 10
    client = browser(agent)
    page = client.post("/alike/start/", form(storm[:2], text=long)).content.decode()
    assert page.count('data-testid="refused"') == 1
    assert page.count('data-testid="alike-thread"') == 1
    assert (page.count(" checked"), page.count(long.strip())) == (2, 1)
    page = client.post("/alike/start/", form(storm, text="Bel 06 12345678.")).content.decode()
    assert page.count('data-testid="alike-confirm"') == 1


def test_from_start_to_report(storm: list[Conversation], agent: User, colleague: User) -> None:
    client = browser(agent)
    given = form(storm)
    answer = client.post("/alike/start/", given)
    group = GroupAnswer.objects.get()
    assert answer["Location"] == f"/alike/{group.pk}/"
    assert client.post("/alike/start/", given)["Location"] == answer["Location"]
    page = client.get(answer["Location"]).content.decode()
    assert page.count("0 beantwoord, 3 nog te doen.") == 1
    claim.claim(storm[0].pk, by=colleague)
    group_answers.work()
    report = client.get(answer["Location"], headers=HTMX).content.decode()
    assert report.count("2 beantwoord, 1 niet beantwoord.") == 1
    assert report.count("Joris Smit heeft dit gesprek opgepakt. Je kunt het overnemen.") == 1
    assert report.count('data-testid="group-again"') == 1
    client.post(f"/alike/{group.pk}/stop/")
    report = client.get(answer["Location"], headers=HTMX).content.decode()
    assert report.count("0 beantwoord, 1 niet beantwoord, 2 gestopt. Fatima Amrani stopte dit.") == 1
    client.post(f"/alike/{group.pk}/retry/", {"item": items(storm[1:])})
    report = client.get(answer["Location"], headers=HTMX).content.decode()
    assert report.count("0 beantwoord, 2 nog te doen, 1 niet beantwoord.") == 1
    other = browser(colleague)
    assert other.get(answer["Location"]).status_code == 404
    assert other.post(f"/alike/{group.pk}/stop/").status_code == 404
    assert other.post(f"/alike/{group.pk}/retry/").status_code == 404


def test_not_for_readers_and_nothing_of_other_departments(
    storm: list[Conversation], viewer: User, outsider: User
) -> None:
    for address in ("/alike/", f"/alike/of/{storm[0].pk}/", "/pinned-answers/"):
        assert browser(viewer).get(address).status_code == 404
    client = browser(outsider)
    assert client.get("/alike/").content.decode().count('data-testid="proposal"') == 0
    assert client.get(f"/alike/of/{storm[0].pk}/").status_code == 404


def test_pinned_is_offered_beside_an_answer_and_taken_over(storm: list[Conversation], agent: User) -> None:
    mine = storm[2]
    claim.claim(mine.pk, by=agent)
    client = browser(agent)
    topic = Topic.objects.create(name="Storm")
    form = {"topic": topic.pk, "text": "Dag {inwoner}", "until": "2026-11-23T14:00", "version": 0}
    assert client.post("/pinned-answers/new/", form)["Location"] == "/pinned-answers/"
    page = client.get("/pinned-answers/").content.decode()
    assert page.count(">Storm</a>") == 1
    page = client.get(f"/conversations/{mine.pk}/pane/", headers=HTMX).content.decode()
    assert page.count('data-testid="use-pinned"') == 1
    address = page.split('data-pinned="')[1].split('"')[0]
    taken = client.post(address, headers={"Accept": "application/json"}).json()
    assert taken == {"text": f"Dag {mine.identity.contact.name}", "unfilled": []}
    assert client.post(address, {"text": "Hoi."}).content.decode().count(f"Dag {mine.identity.contact.name}") == 1


def test_two_who_change_a_pinned_answer(agent: User, colleague: User) -> None:
    pinned = pin(agent, Topic.objects.create(name="Storm"))
    client = browser(colleague)
    given = {"text": "Mijn tekst", "until": "2026-11-23T14:00", "version": 1}
    pin(agent, pinned.topic, "Haar tekst", version=1)
    page = client.post(f"/pinned-answers/{pinned.pk}/", given).content.decode()
    assert page.count("Fatima Amrani veranderde dit intussen.") == 1
    assert (page.count("Haar tekst"), page.count("Mijn tekst"), page.count('name="version" value="2"')) == (1, 1, 2)
    assert client.post(f"/pinned-answers/{pinned.pk}/", given | {"version": 2})["Location"] == "/pinned-answers/"
    assert client.post(f"/pinned-answers/{pinned.pk}/withdraw/", {"version": 3})["Location"] == "/pinned-answers/"
