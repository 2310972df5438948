"""The list: each view holds exactly its own, in order, by pages, in constant queries; others see nothing."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from channels.clock import now
from inbox.models import Contact, Conversation, Department, Identity, ReadMarker, User
from inbox.views import listing, rows
from tests.conftest import MONDAY_10
from tests.inbox.conftest import StandingClock

type Make = Callable[..., Conversation]

LATE = {"clock_kind": "first", "clock_started_at": MONDAY_10}


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def place(user: User, view: str, department: Department | None = None) -> listing.Place:
    return listing.Place(listing.VIEWS[view], user, tuple(user.departments.all()), department)


def ids(user: User, view: str, department: Department | None = None) -> list[int]:
    return [found.pk for found in listing.page(place(user, view, department)).conversations]


def shown(response: Any) -> list[int]:
    text = response.content.decode()
    return [int(part.split('"')[0]) for part in text.split('data-testid="row-')[1:]]


def due(moment: Any) -> dict[str, Any]:
    return {**LATE, "warn_at": moment - timedelta(minutes=20), "due_at": moment, "rank_at": moment}


@pytest.fixture
def cast(make_conversation: Make, agent: User, colleague: User, burgerzaken: Department) -> dict[str, int]:
    """One conversation of every sort, by what it is."""
    moment = now()
    made = {
        "late": make_conversation(**due(moment - timedelta(minutes=5))),
        "soon": make_conversation(**due(moment + timedelta(minutes=5))),
        "mine": make_conversation(assignee=agent, **due(moment + timedelta(minutes=10))),
        "theirs": make_conversation(assignee=colleague, **due(moment + timedelta(minutes=15))),
        "mine_waiting": make_conversation(status="waiting", assignee=agent, rank_at=moment + timedelta(minutes=20)),
        "later": make_conversation(status="snoozed", snoozed_until=moment + timedelta(days=1)),
        "closed": make_conversation(status="closed", closed_at=moment, result="answered"),
        "elsewhere": make_conversation(department=burgerzaken, **due(moment - timedelta(hours=1))),
    }
    return {name: conversation.pk for name, conversation in made.items()}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("todo", ["late", "soon", "mine", "theirs"]),
        ("mine", ["mine", "mine_waiting"]),
        ("unclaimed", ["late", "soon"]),
        ("late", ["late"]),
        ("waiting", ["mine_waiting"]),
        ("later", ["later"]),
        ("closed", ["closed"]),
    ],
)
def test_view_holds_exactly_its_own_in_order(cast: dict[str, int], agent: User, view: str, expected: list[str]) -> None:
    wanted = [cast[name] for name in expected]
    assert ids(agent, view) == wanted
    assert shown(browser(agent).get(reverse("list", args=[view]))) == wanted


def test_department_holds_only_its_own(cast: dict[str, int], lead: User, burgerzaken: Department) -> None:
    assert ids(lead, "todo", burgerzaken) == [cast["elsewhere"]]
    assert shown(browser(lead).get(reverse("department", args=["burgerzaken"]))) == [cast["elsewhere"]]


def test_several_departments_are_one_order(cast: dict[str, int], lead: User) -> None:
    assert ids(lead, "todo") == [cast[name] for name in ("elsewhere", "late", "soon", "mine", "theirs")]
    assert ids(lead, "late") == [cast["elsewhere"], cast["late"]]


def test_counts_of_every_view_and_department(cast: dict[str, int], lead: User) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        departments = tuple(lead.departments.all())
        counted = listing.counts(listing.ask_counts(lead, departments), departments)
    assert counted == {
        "todo": 5,
        "mine": 0,
        "unclaimed": 3,
        "late": 2,
        "waiting": 1,
        "later": 1,
        "department:burgerzaken": 1,
        "department:webcare": 4,
    }
    assert len(queries) == 2  # the departments, the counts


def test_count_stops_at_the_cap(make_conversation: Make, agent: User) -> None:
    first = make_conversation()
    many(first, 120)
    client = browser(agent)
    data = client.get(reverse("list_rows", args=["todo"])).json()
    assert data["counts"]["todo"] == "99+"
    assert data["title"] == "(99+) Te doen"


def many(first: Conversation, count: int, **fields: Any) -> list[Conversation]:
    """More like the first, quickly; each of a citizen of its own."""
    contacts = Contact.objects.bulk_create(Contact(name=f"Inwoner {number}") for number in range(count))
    identities = Identity.objects.bulk_create(
        Identity(contact=contact, kind="whatsapp", external_id=f"many-{contact.pk}", name=contact.name)
        for contact in contacts
    )
    keep = {
        field.attname: getattr(first, field.attname)
        for field in Conversation._meta.concrete_fields
        if field.attname not in ("id", "identity_id", "thread_id")
    } | fields
    return Conversation.objects.bulk_create(
        Conversation(identity_id=identity.pk, thread_id=identity.external_id, **keep) for identity in identities
    )


@pytest.mark.parametrize("view", ["todo", "closed"])
def test_pages_with_equal_times_hold_each_once(
    make_conversation: Make, lead: User, burgerzaken: Department, view: str
) -> None:
    closed = {"status": "closed", "closed_at": MONDAY_10, "result": "spam"} if view == "closed" else {}
    first = make_conversation(**closed)
    here = many(first, 70)
    there = many(first, 60, department_id=burgerzaken.pk)
    expected = sorted((c.pk for c in (first, *here, *there)), reverse=view == "closed")
    found: list[int] = []
    after = None
    for _page in range(3):
        page = listing.page(place(lead, view), after)
        found += [conversation.pk for conversation in page.conversations]
        after = page.after
    assert found == expected
    assert after is None


def test_next_page_as_address_and_as_fragment(make_conversation: Make, agent: User) -> None:
    many(make_conversation(), 60)
    expected = ids(agent, "todo") + [
        found.pk for found in listing.page(place(agent, "todo"), listing.page(place(agent, "todo")).after).conversations
    ]
    client = browser(agent)
    url = reverse("list", args=["todo"])
    whole = client.get(url)
    after = listing.page(place(agent, "todo")).after
    more = client.get(f"{url}?after={after}", headers={"HX-Request": "true", "HX-Target": "more"})
    page = client.get(f"{url}?after={after}")
    assert shown(whole) + shown(more) == expected
    assert shown(page) == shown(more)
    assert more.content.decode().strip().startswith("<li")


def test_nonsense_in_the_cursor_gives_the_first_page(cast: dict[str, int], agent: User) -> None:
    url = reverse("list", args=["todo"])
    assert shown(browser(agent).get(f"{url}?after=x-y")) == ids(agent, "todo")


def query_count(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_number_of_queries_does_not_grow(make_conversation: Make, agent: User) -> None:
    moment = now() + timedelta(hours=1)
    first = make_conversation(assignee=agent, **due(moment))
    client = browser(agent)
    url = reverse("list", args=["todo"])
    # session; colleague with departments; saved views; rows; agreements; counts
    assert query_count(client, url) == 4
    many(first, 59)
    assert query_count(client, url) == 4


def test_number_of_queries_of_a_refresh(make_conversation: Make, agent: User) -> None:
    first = make_conversation(**due(now() + timedelta(hours=1)))
    more = many(first, 20)
    client = browser(agent)
    url = reverse("list_rows", args=["todo"])
    assert query_count(client, f"{url}?ids={first.pk}") == 5
    assert query_count(client, f"{url}?ids={','.join(str(c.pk) for c in more)}") == 5
    assert query_count(client, url) == 3  # only the saved views and the counts


@pytest.mark.parametrize("view", listing.VIEWS)
def test_view_and_counts_are_planned_once_for_all_values(cast: dict[str, int], lead: User, view: str) -> None:
    listing._slices.cache_clear()  # statements that nobody asked before
    listing._counting.cache_clear()
    place = listing.Place(listing.VIEWS[view], lead, tuple(lead.departments.all()))
    for _turn in range(12):
        listing.page(place)
        listing.ask_counts(lead, place.departments).rows()
    names = (listing._slices(view, "", listing.PAGE + 1, on=False).name, listing._counting().name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE name = ANY(%s)", [list(names)]
        )
        # The first time it is not prepared; five times PostgreSQL looks whether a plan for the values is better.
        assert cursor.fetchall() == [(5, 6)] * 2


def test_refresh_tells_what_left_the_view(cast: dict[str, int], agent: User) -> None:
    asked = ",".join(str(cast[name]) for name in ("late", "theirs", "closed", "elsewhere"))
    data = browser(agent).get(reverse("list_rows", args=["unclaimed"]) + f"?ids={asked}").json()
    assert {row["id"]: row["belongs"] for row in data["rows"]} == {
        cast["late"]: True,
        cast["theirs"]: False,
        cast["closed"]: False,
    }


def test_refresh_with_first_brings_what_is_new(cast: dict[str, int], agent: User) -> None:
    data = browser(agent).get(reverse("list_rows", args=["todo"]) + f"?first=1&ids={cast['soon']}").json()
    assert sorted(row["id"] for row in data["rows"]) == sorted(ids(agent, "todo"))
    by_key = [row["id"] for row in sorted(data["rows"], key=lambda row: row["key"])]
    assert by_key == ids(agent, "todo")


@pytest.mark.parametrize("text", ["", "x", "1,,2", "99999999999999999999999", "-1"])
def test_refresh_takes_any_ids(agent: User, text: str) -> None:
    response = browser(agent).get(reverse("list_rows", args=["todo"]), {"ids": text})
    assert response.status_code == 200
    assert response.json()["rows"] == []


def test_outsider_sees_nothing_anywhere(cast: dict[str, int], outsider: User) -> None:
    client = browser(outsider)
    for view in listing.VIEWS:
        assert shown(client.get(reverse("list", args=[view]))) == []
        every = ",".join(map(str, cast.values()))
        data = client.get(reverse("list_rows", args=[view]), {"ids": every, "first": "1"}).json()
        assert data["rows"] == []
    for pk in cast.values():
        fragment = {"HX-Request": "true", "HX-Target": "conversation"}
        assert client.get(reverse("conversation", args=[pk])).status_code == 404
        assert client.get(reverse("conversation", args=[pk]), headers=fragment).status_code == 404
        assert client.get(reverse("conversation_in_view", args=["todo", pk])).status_code == 404
        assert client.get(reverse("conversation_in_view", args=["todo", pk]), headers=fragment).status_code == 404
        assert client.get(reverse("conversation_in_department", args=["sport", pk])).status_code == 404
    assert client.get(reverse("department", args=["webcare"])).status_code == 404
    assert client.get(reverse("department_rows", args=["webcare"])).status_code == 404


def test_unknown_view_is_not_found(agent: User) -> None:
    assert browser(agent).get("/inbox/everything/").status_code == 404


@pytest.mark.parametrize(
    ("name", "view"),
    [("late", "todo"), ("mine_waiting", "waiting"), ("later", "later"), ("closed", "closed")],
)
def test_deep_link_opens_in_the_view_where_it_lies(cast: dict[str, int], agent: User, name: str, view: str) -> None:
    response = browser(agent).get(reverse("conversation", args=[cast[name]]))
    assert response.status_code == 302
    assert response["Location"] == f"/inbox/{view}/{cast[name]}/"


def test_viewer_reads_along(cast: dict[str, int], viewer: User) -> None:
    client = browser(viewer)
    assert shown(client.get(reverse("list", args=["todo"]))) == ids(viewer, "todo")
    page = client.get(reverse("conversation_in_view", args=["todo", cast["late"]]))
    assert page.status_code == 200
    assert page.content.decode().count(f'data-testid="pane-{cast["late"]}"') == 1


def test_unread_counts_what_this_colleague_has_not_seen(make_conversation: Make, agent: User, colleague: User) -> None:
    conversation = make_conversation(inbound_count=3)
    ReadMarker.objects.create(user=agent, conversation=conversation, seen=1)
    ReadMarker.objects.create(user=colleague, conversation=conversation, seen=3)

    def unread(user: User) -> str:
        return rows.make(listing.rows_of(user, [conversation.pk]), user, prefix="/")[0].unread

    assert unread(agent) == "2 nieuw"
    assert unread(colleague) == ""


@pytest.mark.parametrize(
    ("minutes", "words", "tone", "icon"),
    [
        (0.1, "nog 2 u", "green", "clock"),
        (40, "nog 1 u 20", "green", "clock"),
        (110.5, "nog 10 min", "orange", "soon"),
        (125, "5 min te laat", "red", "late"),
    ],
)
def test_timer_speaks_by_words_icon_and_sentence(
    make_conversation: Make, minutes: float, words: str, tone: str, icon: str
) -> None:
    conversation = make_conversation(**due(MONDAY_10 + timedelta(hours=2)))
    agreement = rows.agreements(rows.ask_agreements([conversation.account_id]))[conversation.account_id]
    timer = rows.timer(conversation, agreement, MONDAY_10 + timedelta(minutes=minutes))
    assert (timer.words, timer.tone, timer.icon) == (words, tone, icon)
    assert timer.why == (
        "5 minuten te laat: had voor 12:00 beantwoord moeten zijn."
        if tone == "red"
        else "Eerste reactie voor vandaag 12:00: 2 uur kantoortijd na 10:00."
    )


def test_waiting_snoozed_and_closed_say_so(make_conversation: Make) -> None:
    moment = MONDAY_10 + timedelta(hours=1)
    waiting = make_conversation(status="waiting")
    snoozed = make_conversation(status="snoozed", snoozed_until=MONDAY_10 + timedelta(days=1))
    closed = make_conversation(status="closed", closed_at=MONDAY_10, result="answered")
    assert [rows.timer(item, None, moment).words for item in (waiting, snoozed, closed)] == [
        "wacht op inwoner",
        "tot morgen 10:00",
        "beantwoord",
    ]


def test_citizens_text_is_escaped(make_conversation: Make, agent: User) -> None:
    attack = '<script>alert("x")</script>'
    identity = Identity.objects.create(
        contact=Contact.objects.create(name=attack), kind="x", external_id="evil", name=attack, handle=attack[:100]
    )
    conversation = make_conversation("x", attack, identity=identity)
    data = json.loads(
        browser(agent).get(reverse("list_rows", args=["todo"]) + f"?ids={conversation.pk}").content.decode()
    )
    assert data["rows"][0]["html"].count("<script") == 0
    assert data["rows"][0]["html"].count("&lt;script&gt;") == 4


def test_empty_todo_tells_the_oldest_that_waits(make_conversation: Make, agent: User) -> None:
    make_conversation(status="waiting", last_message_at=now() - timedelta(days=1))
    text = browser(agent).get(reverse("list", args=["todo"])).content.decode()
    assert text.count("Niets te doen. Het oudste gesprek dat op een inwoner wacht is van gisteren.") == 1


def test_policy_allows_nothing_inline(agent: User, cast: dict[str, int]) -> None:
    response = browser(agent).get(reverse("conversation_in_view", args=["todo", cast["late"]]))
    assert response["Content-Security-Policy"].count("unsafe") == 0
    text = response.content.decode()
    assert text.count("<style") == 0
    assert text.count(" style=") == 0
    assert text.count("<script>") == 0
    assert text.count(" onclick=") == 0


def test_pages_are_never_kept_by_the_browser(agent: User) -> None:
    cache = browser(agent).get(reverse("list", args=["todo"]))["Cache-Control"]
    assert set(cache.split(", ")) == {"max-age=0", "no-cache", "no-store", "must-revalidate", "private"}


def test_a_row_says_that_the_citizen_is_blocked_as_long_as_that_lasts(
    agent: User, make_conversation: Make, standing_clock: StandingClock
) -> None:
    moment = standing_clock()
    free, barred, ended = (make_conversation() for _ in range(3))
    for conversation, until in ((barred, None), (ended, moment + timedelta(hours=1))):
        Contact.objects.filter(identities=conversation.identity).update(blocked_at=moment, blocked_until=until)

    def said() -> dict[int, bool]:
        html = browser(agent).get("/inbox/todo/").content.decode()
        rows_ = {part.split('"')[0]: part for part in html.split('data-testid="row-')[1:]}
        return {found.pk: "geblokkeerd" in rows_[str(found.pk)] for found in (free, barred, ended)}

    assert said() == {free.pk: False, barred.pk: True, ended.pk: True}
    standing_clock.forward(minutes=61)
    assert said() == {free.pk: False, barred.pk: True, ended.pk: False}
