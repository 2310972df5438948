"""What narrows a list: every filter alone and all together, by page, without a word in an address."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from channels.clock import now
from inbox.models import Conversation, Department, Message, Topic, User
from inbox.office_hours import local
from inbox.views import filters, listing, places
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser, due, many, shown

type Make = Callable[..., Conversation]


@pytest.fixture
def cast(make_conversation: Make, agent: User, colleague: User, lead: User, burgerzaken: Department) -> dict[str, Any]:
    """Open ones, each with something of its own."""
    moment = now()
    waste = Topic.objects.create(name="Afval")
    made = {
        "late": make_conversation(**due(moment - timedelta(minutes=5))),
        "mine": make_conversation(assignee=agent, at=moment - timedelta(days=40), rank_at=moment),
        "theirs": make_conversation("x", assignee=colleague, topic=waste, rank_at=moment),
        "angry": make_conversation(
            "facebook", "Weer een kapotte lantaarnpaal", sentiment="negative", contact_kind="report", rank_at=moment
        ),
        "elsewhere": make_conversation(department=burgerzaken, rank_at=moment),
    }
    return {name: conversation.pk for name, conversation in made.items()} | {"waste": waste.pk}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("platform=x", ["theirs"]),
        ("assignee=me", []),
        ("assignee=none", ["late", "angry", "elsewhere"]),
        ("topic=none", ["late", "mine", "angry", "elsewhere"]),
        ("sentiment=negative", ["angry"]),
        ("sentiment=none", ["late", "mine", "theirs", "elsewhere"]),
        ("contact_kind=report", ["angry"]),
        ("contact_kind=none", ["late", "mine", "theirs", "elsewhere"]),
        ("timer=late", ["late"]),
        ("timer=none", ["mine", "theirs", "angry", "elsewhere"]),
        ("department=burgerzaken", ["elsewhere"]),
        ("department=sport", []),
        ("platform=facebook&sentiment=negative&assignee=none&topic=none&timer=none&department=webcare", ["angry"]),
        (
            "platform=fax&assignee=x&topic=-1&sentiment=boos&contact_kind=zucht&timer=ooit&from=gisteren&account=9e9",
            None,
        ),
    ],
)
def test_filter_passes_exactly_its_own(
    cast: dict[str, Any], lead: User, query: str, expected: list[str] | None
) -> None:
    wanted = ["late", "mine", "theirs", "angry", "elsewhere"] if expected is None else expected
    assert sorted(shown(browser(lead).get(f"/inbox/todo/?{query}"))) == sorted(cast[name] for name in wanted)


def test_topic_account_and_colleague_by_id(cast: dict[str, Any], lead: User, colleague: User, accounts: Any) -> None:
    client = browser(lead)
    assert shown(client.get(f"/inbox/todo/?topic={cast['waste']}")) == [cast["theirs"]]
    assert shown(client.get(f"/inbox/todo/?assignee={colleague.pk}")) == [cast["theirs"]]
    assert shown(client.get(f"/inbox/todo/?account={accounts['facebook'].pk}")) == [cast["angry"]]


def test_days_are_those_of_amsterdam_both_included(make_conversation: Make, agent: User) -> None:
    day = MONDAY_10.date()
    evening = make_conversation(at=MONDAY_10.replace(hour=22, minute=30))  # 23:30 there
    night = make_conversation(at=MONDAY_10.replace(hour=23, minute=30))  # 00:30 the next day
    client = browser(agent)
    assert shown(client.get(f"/inbox/todo/?from={day}&to={day}")) == [evening.pk]
    assert shown(client.get(f"/inbox/todo/?from={day + timedelta(days=1)}")) == [night.pk]


def test_due_today_is_neither_late_nor_tomorrow(make_conversation: Make, agent: User) -> None:
    midnight = (local(now()) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    late = make_conversation(**due(now() - timedelta(minutes=1)))
    today = make_conversation(**due(midnight - timedelta(seconds=1)))
    make_conversation(**due(midnight))
    assert shown(browser(agent).get("/inbox/todo/?timer=today")) == [today.pk]
    assert shown(browser(agent).get("/inbox/todo/?timer=late")) == [late.pk]


def test_words_go_by_post_and_never_into_an_address(cast: dict[str, Any], lead: User) -> None:
    client = browser(lead)
    answer = client.post("/inbox/filters/apply/", {"view": "todo", "text": "kapotte  lantaarnpalen", "topic": "none"})
    assert answer.status_code == 302
    assert "lantaarn" not in answer["Location"]
    page = client.get(answer["Location"])
    assert shown(page) == [cast["angry"]]
    text = page.content.decode()
    assert text.count("“kapotte lantaarnpalen”") == 1
    assert text.count("text=kapotte") == 0
    # The same words have the same number; of another's session the number says nothing.
    assert (
        client.post("/inbox/filters/apply/", {"view": "todo", "text": "kapotte lantaarnpalen", "topic": "none"})[
            "Location"
        ]
        == answer["Location"]
    )


def test_number_of_another_session_filters_nothing(cast: dict[str, Any], lead: User) -> None:
    address = browser(lead).post("/inbox/filters/apply/", {"view": "todo", "text": "lantaarnpaal"})["Location"]
    assert len(shown(browser(lead).get(address))) == 5


def test_common_words_are_looked_up_per_conversation(
    cast: dict[str, Any], lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "FEW_HITS", 1)
    client = browser(lead)
    address = client.post("/inbox/filters/apply/", {"view": "todo", "text": "restafval"})["Location"]
    assert sorted(shown(client.get(address))) == sorted(cast[name] for name in ("late", "mine", "theirs", "elsewhere"))


def test_last_word_may_be_a_beginning(cast: dict[str, Any], lead: User) -> None:
    client = browser(lead)
    address = client.post("/inbox/filters/apply/", {"view": "todo", "text": "kapotte lantaa"})["Location"]
    assert shown(client.get(address)) == [cast["angry"]]


def test_words_of_one_message_count_once(make_conversation: Make, agent: User) -> None:
    conversation = make_conversation(text="lantaarn")
    Message.objects.create(
        conversation=conversation, account=conversation.account, external_id="m2", direction="in", public=False,
        text="lantaarn", sent_at=MONDAY_10, state="received",
    )  # fmt: skip
    client = browser(agent)
    address = client.post("/inbox/filters/apply/", {"view": "todo", "text": "lantaarn"})["Location"]
    assert shown(client.get(address)) == [conversation.pk]


@pytest.mark.parametrize("sort", ["own", "newest", "oldest"])
@pytest.mark.parametrize("window", [1, 7, 5_000])
def test_pages_with_a_filter_hold_each_once_in_order(
    make_conversation: Make,
    lead: User,
    burgerzaken: Department,
    monkeypatch: pytest.MonkeyPatch,
    sort: str,
    window: int,
) -> None:
    """Whatever the stretch that a page looks at, and also where all moments are equal."""
    monkeypatch.setattr(listing, "WINDOW", window)
    first = make_conversation(sentiment="negative")
    passing = [first, *many(first, 15), *many(first, 10, department_id=burgerzaken.pk)]
    many(first, 20, sentiment="")
    for number, conversation in enumerate(passing[::3]):
        Conversation.objects.filter(pk=conversation.pk).update(
            rank_at=MONDAY_10 + timedelta(minutes=number % 4), last_message_at=MONDAY_10 - timedelta(minutes=number % 5)
        )
    place = places.place_of(lead, "todo")
    place = listing.Place(
        place.view, lead, place.departments, filters=filters.Filters(sentiment="negative"), sort=sort.replace("own", "")
    )
    found, after, pages = [], None, 0
    while True:
        page = listing.page(place, after, size=4)
        found += [(getattr(row, place.order), row.pk) for row in page.conversations]
        after, pages = page.after, pages + 1
        if after is None:
            break
        assert pages < 200
    assert sorted(pk for _at, pk in found) == sorted(conversation.pk for conversation in passing)
    assert found == sorted(found, reverse=place.newest_first)


def test_page_that_looked_far_enough_says_so(make_conversation: Make, agent: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "WINDOW", 5)
    first = make_conversation()
    many(first, 20)
    last = make_conversation(sentiment="positive", rank_at=MONDAY_10 + timedelta(days=9))
    page = browser(agent).get("/inbox/todo/?sentiment=positive").content.decode()
    assert page.count("Verder terug zoeken") == 1
    assert page.count("Niets gevonden bij wat tot nu toe is bekeken.") == 1
    place = listing.Place(
        listing.VIEWS["todo"], agent, tuple(agent.departments.all()), filters=filters.Filters(sentiment="positive")
    )
    after, found = None, []
    for _page in range(9):
        made = listing.page(place, after)
        found += [row.pk for row in made.conversations]
        after = made.after
        if after is None:
            break
    assert found == [last.pk]


def test_row_that_passes_no_more_is_told_to_have_left(cast: dict[str, Any], lead: User) -> None:
    client = browser(lead)
    url = f"/inbox/todo/rows/?sentiment=negative&ids={cast['angry']},{cast['late']}"
    assert {row["id"]: row["belongs"] for row in client.get(url).json()["rows"]} == {
        cast["angry"]: True,
        cast["late"]: False,
    }


@pytest.mark.parametrize(
    ("sort", "expected"), [("newest", [2, 1, 0]), ("oldest", [0, 1, 2]), ("own", [1, 2, 0]), ("", [1, 2, 0])]
)
def test_sort(make_conversation: Make, agent: User, sort: str, expected: list[int]) -> None:
    ranks = (30, 10, 20)
    made = [
        make_conversation(at=MONDAY_10 + timedelta(hours=number), rank_at=MONDAY_10 + timedelta(days=1, minutes=rank))
        for number, rank in enumerate(ranks)
    ]
    page = browser(agent).get(f"/inbox/todo/?sort={sort}")
    assert shown(page) == [made[number].pk for number in expected]


def test_order_one_chose_is_kept_per_list_and_per_colleague(
    make_conversation: Make, agent: User, colleague: User
) -> None:
    old, new = make_conversation(at=MONDAY_10), make_conversation(at=MONDAY_10 + timedelta(hours=1))
    client = browser(agent)
    answer = client.post("/inbox/sort/", {"view": "todo", "sort": "newest", "assignee": "none"})
    assert answer["Location"] == "/inbox/todo/?assignee=none"
    assert shown(client.get("/inbox/todo/")) == [new.pk, old.pk]
    assert shown(client.get("/inbox/todo/?sort=own")) == [old.pk, new.pk]
    assert shown(client.get("/inbox/unclaimed/")) == [old.pk, new.pk]
    assert shown(browser(colleague).get("/inbox/todo/")) == [old.pk, new.pk]
    client.post("/inbox/sort/", {"view": "todo", "sort": "own"})
    assert User.objects.get(pk=agent.pk).list_sorts == {}


def test_closed_of_certain_days_comes_in_the_order_of_the_days(make_conversation: Make, agent: User) -> None:
    closed = {"status": "closed", "result": "spam"}
    first = make_conversation(at=MONDAY_10, closed_at=MONDAY_10 + timedelta(days=2), **closed)
    second = make_conversation(at=MONDAY_10 + timedelta(hours=1), closed_at=MONDAY_10 + timedelta(days=1), **closed)
    client = browser(agent)
    assert shown(client.get("/inbox/closed/")) == [first.pk, second.pk]
    assert shown(client.get(f"/inbox/closed/?from={MONDAY_10.date()}")) == [second.pk, first.pk]


def test_conversation_opened_from_a_narrowed_list_keeps_it(cast: dict[str, Any], lead: User) -> None:
    client = browser(lead)
    text = client.get("/inbox/todo/?sentiment=negative").content.decode()
    url = f"/inbox/todo/{cast['angry']}/?sentiment=negative"
    assert text.count(f'href="{url}"') == 1
    page = client.get(url)
    assert shown(page) == [cast["angry"]]
    assert page.content.decode().count(f'data-testid="pane-{cast["angry"]}"') == 1


def test_each_chip_leads_to_the_list_without_it(cast: dict[str, Any], lead: User) -> None:
    text = browser(lead).get("/inbox/todo/?platform=facebook&sentiment=negative").content.decode()
    assert text.count('href="/inbox/todo/?platform=facebook"') == 1
    assert text.count('href="/inbox/todo/?sentiment=negative"') == 1


def test_panel_is_a_page_and_a_fragment(cast: dict[str, Any], lead: User) -> None:
    client = browser(lead)
    for headers in ({}, {"HX-Request": "true", "HX-Target": "filters"}):
        text = client.get("/inbox/filters/?view=todo&sentiment=negative&from=2026-11-01", headers=headers)
        assert text.status_code == 200
        page = text.content.decode()
        assert page.count('value="negative" selected') == 1
        assert page.count('name="from" value="2026-11-01"') == 1
        assert page.count("<html") == (0 if headers else 1)


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_number_of_queries_with_filters_does_not_grow(make_conversation: Make, agent: User) -> None:
    first = make_conversation(sentiment="negative", **due(now() + timedelta(hours=1)))
    client = browser(agent)
    url = "/inbox/todo/?sentiment=negative"
    # one more than without: how far a page looks
    assert queries(client, url) == 5
    many(first, 80)
    assert queries(client, url) == 5
