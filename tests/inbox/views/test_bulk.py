"""One deed on many rows, by page and by fragment: choosing, what became of each, undoing."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from inbox.models import BulkChange, Conversation, Department, User
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]
HTMX = {"HX-Request": "true", "HX-Target": "bulk-outcome"}


def test_claim_tells_what_became_of_each_and_is_undone(make_conversation: Make, agent: User, colleague: User) -> None:
    free, theirs = make_conversation(), make_conversation(assignee=colleague)
    client = browser(agent)
    form = {"verb": "claim", "id": [free.pk, theirs.pk], "submission": uuid4(), "back": "/inbox/todo/?topic=none"}
    answer = client.post("/inbox/bulk/", form)
    change = BulkChange.objects.get()
    assert answer["Location"] == f"/inbox/bulk/{change.pk}/?back=%2Finbox%2Ftodo%2F%3Ftopic%3Dnone"
    text = client.get(answer["Location"]).content.decode()
    assert text.count("1 opgepakt, 1 niet:") == 1
    assert text.count(f'<a href="/conversations/{theirs.pk}/">') == 1
    assert text.count("Joris Smit heeft dit gesprek opgepakt.") == 1
    assert text.count('href="/inbox/todo/?topic=none"') == 2
    client.post(f"/inbox/bulk/{change.pk}/undo/")
    assert Conversation.objects.get(pk=free.pk).assignee is None
    text = client.get(f"/inbox/bulk/{change.pk}/").content.decode()
    assert text.count("1 teruggezet.") == 1
    assert text.count('data-testid="bulk-undo"') == 0


def test_fragment_tells_the_scripts_which_rows(make_conversation: Make, agent: User) -> None:
    made = make_conversation()
    answer = browser(agent).post("/inbox/bulk/", {"verb": "read", "id": made.pk}, headers=HTMX)
    assert answer["HX-Trigger"] == f'{{"bulk-done": {{"ids": [{made.pk}]}}}}'
    assert answer.content.decode().count("1 gelezen.") == 1


@pytest.mark.parametrize("verb", ["assign", "route", "close", "snooze", "topic"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_without_a_choice_it_is_asked_for(
    make_conversation: Make, agent: User, verb: str, headers: dict[str, str]
) -> None:
    made = [make_conversation().pk, make_conversation().pk]
    answer = browser(agent).post("/inbox/bulk/", {"verb": verb, "id": made}, headers=headers)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count('data-testid="bulk-choice"') == 1
    assert text.count(f'name="id" value="{made[0]}"') == (2 if verb == "snooze" else 1)
    assert BulkChange.objects.count() == 0


def test_close_with_a_result_and_route(make_conversation: Make, agent: User, burgerzaken: Department) -> None:
    first, second = make_conversation(), make_conversation()
    client = browser(agent)
    client.post("/inbox/bulk/", {"verb": "close", "id": first.pk, "choice": "answered"})
    client.post("/inbox/bulk/", {"verb": "route", "id": second.pk, "choice": burgerzaken.pk})
    assert Conversation.objects.get(pk=first.pk).result == "answered"
    assert Conversation.objects.get(pk=second.pk).department == burgerzaken
    routed = BulkChange.objects.get(verb="route")
    client.post(f"/inbox/bulk/{routed.pk}/undo/")
    assert Conversation.objects.get(pk=second.pk).department.slug == "webcare"


@pytest.mark.parametrize("ids", [[], ["x"], ["9" * 30], list(range(1, 202))])
def test_no_row_or_too_many_is_a_sentence(agent: User, ids: list[object]) -> None:
    answer = browser(agent).post("/inbox/bulk/", {"verb": "claim", "id": ids}, headers=HTMX)
    sentence = (
        "Hooguit 200 gesprekken tegelijk. Er is niets veranderd."
        if len(ids) > 200
        else ("Selecteer eerst een of meer gesprekken.")
    )
    assert answer.content.decode().count(sentence) == 1
    assert BulkChange.objects.count() == 0


def test_what_lies_elsewhere_is_counted_not_named(
    make_conversation: Make, agent: User, burgerzaken: Department
) -> None:
    made = make_conversation(department=burgerzaken)
    text = browser(agent).post("/inbox/bulk/", {"verb": "claim", "id": made.pk}, headers=HTMX).content.decode()
    assert text.count("0 opgepakt, 1 niet:") == 1
    assert text.count("1 ligt inmiddels ergens anders.") == 1
    assert text.count("Aïsha") == 0


def test_anothers_change_is_not_there(make_conversation: Make, agent: User, colleague: User) -> None:
    made = make_conversation()
    browser(agent).post("/inbox/bulk/", {"verb": "claim", "id": made.pk})
    change = BulkChange.objects.get()
    client = browser(colleague)
    assert client.get(f"/inbox/bulk/{change.pk}/").status_code == 404
    assert client.post(f"/inbox/bulk/{change.pk}/undo/").status_code == 404
    assert client.post("/inbox/bulk/", {"verb": "eat", "id": made.pk}).status_code == 404
    assert Conversation.objects.get().assignee == agent


@pytest.mark.parametrize("back", ["https://evil.example/inbox/", "//evil.example/inbox/", "/beheer/", "javascript:1"])
def test_way_back_is_ours(agent: User, back: str) -> None:
    text = browser(agent).post("/inbox/bulk/", {"verb": "claim", "back": back}).content.decode()
    assert text.count(f'href="{back}"') == 0
