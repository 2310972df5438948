"""The button that hands out work, with scripts and without."""

import json
from collections.abc import Callable

from django.test import Client

from inbox.models import Conversation, User
from tests.inbox.views.test_lists import browser

type Make = Callable[..., Conversation]
HTMX = {"HX-Request": "true", "HX-Target": "next-outcome"}


def press(client: Client, back: str = "/inbox/mine/?topic=none", **headers: str) -> tuple[int, str, str]:
    answer = client.post("/inbox/next/", {"back": back}, headers=headers)
    return answer.status_code, answer.get("Location") or answer.get("HX-Trigger", ""), answer.content.decode()


def test_opens_in_the_list_one_was_in(make_conversation: Make, agent: User) -> None:
    first, second = make_conversation(), make_conversation()
    client = browser(agent)
    assert press(client)[:2] == (302, f"/inbox/mine/{first.pk}/?topic=none")
    status, trigger, text = press(client, **HTMX)
    assert (status, text) == (200, "")
    assert json.loads(trigger) == {
        "open-conversation": {"path": f"/inbox/mine/{second.pk}/?topic=none"},
        "conversation-changed": {"id": second.pk},
    }
    assert Conversation.objects.filter(assignee=agent).count() == 2


def test_another_address_is_not_followed(make_conversation: Make, agent: User) -> None:
    made = make_conversation()
    assert press(browser(agent), back="https://elders.example/inbox/")[1] == f"/inbox/todo/{made.pk}/"


def test_nothing_there_is_a_calm_sentence(agent: User) -> None:
    for headers in ({}, HTMX):
        status, _, text = press(browser(agent), **headers)
        assert (status, text.count("Er is niets uit te delen: alles is opgepakt.")) == (200, 1)


def test_only_what_is_for_others_says_so(make_conversation: Make, agent: User) -> None:
    make_conversation(language="tr")
    User.objects.filter(pk=agent.pk).update(languages=["nl"])
    text = press(browser(agent), **HTMX)[2]
    assert text.count("Er wacht niets voor jou.") == 1


def test_full_says_what_to_do(make_conversation: Make, agent: User) -> None:
    make_conversation()
    User.objects.filter(pk=agent.pk).update(most_open=0)
    text = press(browser(agent), **HTMX)[2]
    assert text.count("je maximum is 0") == 1


def test_who_only_reads_sees_no_button(agent: User, viewer: User) -> None:
    pages = [browser(user).get("/inbox/todo/").content.decode() for user in (agent, viewer)]
    assert [page.count('data-testid="next"') for page in pages] == [1, 0]
    assert [page.count('data-testid="end-shift"') for page in pages] == [1, 0]
