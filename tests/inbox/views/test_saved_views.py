"""Saved views: whose, in what order, what they hold; shared by leads only; deleted and brought back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from inbox.models import AuditEntry, Conversation, Department, SavedView, Topic, User
from tests.conftest import MONDAY_10
from tests.inbox.views.test_lists import browser, many, query_count, shown

type Make = Callable[..., Conversation]


def save(client: Client, name: str = "Boze post", **given: Any) -> SavedView:
    form = {"view": "todo", "sentiment": "negative", "kept-name": name} | given
    answer = client.post("/inbox/weergaven/nieuw/", form)
    view = SavedView.objects.latest("pk")
    assert answer["Location"] == f"/inbox/weergave/{view.pk}/"
    return view


def test_saved_view_holds_what_was_on_screen(make_conversation: Make, agent: User) -> None:
    angry = make_conversation(sentiment="negative")
    make_conversation()
    client = browser(agent)
    view = save(client, sort="newest")
    assert (view.owner, view.department, view.view, view.sort, view.filters) == (
        agent,
        None,
        "todo",
        "newest",
        {"sentiment": "negative"},
    )
    page = client.get(f"/inbox/weergave/{view.pk}/")
    assert shown(page) == [angry.pk]
    text = page.content.decode()
    assert text.count(f'data-count="saved:{view.pk}">1<') == 1
    assert text.count('data-letter="1"') == 1
    assert text.count("<title>(1) Boze post") == 1
    assert shown(client.get(f"/inbox/weergave/{view.pk}/{angry.pk}/")) == [angry.pk]
    data = client.get(f"/inbox/weergave/{view.pk}/rows/?ids={angry.pk}&first=1").json()
    assert ([row["id"] for row in data["rows"]], data["counts"][f"saved:{view.pk}"]) == ([angry.pk], "1")
    assert AuditEntry.objects.get(verb="view_saved").data == {"view": view.pk, "shared_with": None}


def test_words_stay_in_the_view_and_out_of_the_address(make_conversation: Make, agent: User) -> None:
    found = make_conversation(text="De brug is open")
    make_conversation()
    client = browser(agent)
    address = client.post("/inbox/filters/apply/", {"view": "todo", "text": "brug"})["Location"]
    number = address.split("text=")[1]
    view = save(client, "Brug", sentiment="", text=number)
    assert view.filters == {"text": "brug"}
    assert shown(browser(agent).get(f"/inbox/weergave/{view.pk}/")) == [found.pk]


def test_anothers_private_view_is_not_there(agent: User, colleague: User, lead: User) -> None:
    view = save(browser(agent))
    for user in (colleague, lead):
        client = browser(user)
        assert client.get(f"/inbox/weergave/{view.pk}/").status_code == 404
        assert client.get(f"/inbox/weergave/{view.pk}/rows/").status_code == 404
        assert client.post(f"/inbox/weergaven/{view.pk}/delete/").status_code == 404
        assert client.get("/inbox/todo/").content.decode().count("Boze post") == 0


def test_only_a_lead_shares_and_changes_what_is_shared(
    agent: User, lead: User, expert: User, webcare: Department, burgerzaken: Department
) -> None:
    tried = save(browser(agent), **{"kept-department": str(webcare.pk)})
    assert tried.department is None
    view = save(browser(lead), "Samen", **{"kept-department": str(webcare.pk)})
    assert view.department == webcare
    client = browser(agent)
    assert client.get(f"/inbox/weergave/{view.pk}/").status_code == 200
    assert browser(expert).get(f"/inbox/weergave/{view.pk}/").status_code == 404
    for deed in ("delete", "edit", "up", "filters"):
        assert client.post(f"/inbox/weergaven/{view.pk}/{deed}/", {f"{view.pk}-name": "Mijn"}).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.deleted_at) == ("Samen", None)


def test_lead_cannot_share_with_a_department_of_others(lead: User, outsider: User) -> None:
    sport = Department.objects.get(slug="sport")
    answer = browser(lead).post(
        "/inbox/weergaven/nieuw/", {"view": "todo", "kept-name": "Samen", "kept-department": str(sport.pk)}
    )
    assert answer.status_code == 200
    assert SavedView.objects.count() == 0


def test_what_a_shared_view_shows_is_each_colleagues_own(make_conversation: Make, agent: User, lead: User) -> None:
    mine, theirs = make_conversation(assignee=agent), make_conversation(assignee=lead)
    view = save(browser(lead), "Van mij", sentiment="", assignee="me", **{"kept-department": str(mine.department_id)})
    assert shown(browser(agent).get(f"/inbox/weergave/{view.pk}/")) == [mine.pk]
    assert shown(browser(lead).get(f"/inbox/weergave/{view.pk}/")) == [theirs.pk]


def test_renamed_put_in_order_deleted_and_brought_back(agent: User) -> None:
    client = browser(agent)
    first, _second, third = (save(client, name) for name in ("Een", "Twee", "Drie"))
    client.post(f"/inbox/weergaven/{third.pk}/up/")
    client.post(f"/inbox/weergaven/{first.pk}/edit/", {f"{first.pk}-name": "Eerst"})

    def names() -> list[str]:
        return [item["name"] for item in client.get("/inbox/todo/").context["saved"]]

    assert names() == ["Eerst", "Drie", "Twee"]
    answer = client.post(f"/inbox/weergaven/{third.pk}/delete/")
    assert answer["Location"] == f"/inbox/weergaven/?deleted={third.pk}"
    assert client.get(answer["Location"]).content.decode().count("“Drie” is verwijderd.") == 1
    assert (names(), client.get(f"/inbox/weergave/{third.pk}/").status_code) == (["Eerst", "Twee"], 404)
    client.post(f"/inbox/weergaven/{third.pk}/restore/")
    assert names() == ["Eerst", "Drie", "Twee"]
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))[3:]
    assert verbs == ["view_up", "view_edit", "view_delete", "view_restore"]


def test_filters_changed_from_a_view_may_be_kept_in_it(agent: User) -> None:
    client = browser(agent)
    view = save(client)
    address = client.post("/inbox/filters/apply/", {"view": "late", "platform": "x", "saved": str(view.pk)})["Location"]
    assert address == f"/inbox/late/?platform=x&saved={view.pk}"
    assert client.get(address).content.decode().count("Bewaren in “Boze post”") == 1
    client.post(f"/inbox/weergaven/{view.pk}/filters/", {"view": "late", "platform": "x"})
    view.refresh_from_db()
    assert (view.view, view.filters) == ("late", {"platform": "x"})


def test_a_name_is_needed_and_what_was_chosen_stays(agent: User) -> None:
    answer = browser(agent).post("/inbox/weergaven/nieuw/", {"view": "todo", "sentiment": "negative", "kept-name": ""})
    assert answer.status_code == 200
    assert answer.content.decode().count('name="sentiment" value="negative"') == 1


def test_department_page_saved_holds_that_department(make_conversation: Make, lead: User, webcare: Department) -> None:
    client = browser(lead)
    view = save(client, "Hier", **{"in": "webcare", "sentiment": ""})
    assert view.filters == {"department": "webcare"}
    made = make_conversation()
    make_conversation(department=Department.objects.get(slug="burgerzaken"))
    page = client.get(f"/inbox/weergave/{view.pk}/")
    assert shown(page) == [made.pk]
    assert page.context["counted"][f"saved:{view.pk}"] == 1


@pytest.mark.parametrize("count", [1, 8])
def test_counts_of_saved_views_cost_one_query(make_conversation: Make, agent: User, count: int) -> None:
    topic = Topic.objects.create(name="Afval")
    for number in range(count):
        SavedView.objects.create(
            name=f"W{number}", owner=agent, view="todo", filters={"topic": str(topic.pk)}, created_at=MONDAY_10
        )
    many(make_conversation(topic=topic), 120)
    client = browser(agent)
    assert query_count(client, "/inbox/todo/") == 4
    saved = client.get("/inbox/todo/").context["saved"]
    assert {item["count"] for item in saved} == {"99+"}
