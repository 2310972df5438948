"""What a colleague is told, and can still do, when something behind the screens stands still."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from channels import liveness
from channels.models import AccountState
from inbox import kick, live
from inbox.models import Conversation, Message, User
from inbox.views import status

Make = Callable[..., Conversation]


@pytest.fixture
def dead_redis(settings: Any) -> Iterator[None]:
    """Nobody listens at REDIS_URL."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
    forget()
    yield
    forget()


def forget() -> None:
    """Clients and what was found out are kept per process."""
    status._seen.clear()
    liveness._probes.forget()
    live._rest_until = 0.0
    for cached in (liveness.wire, live.wire, kick.wire, kick.producer):
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


def logged_in(user: User) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(user)
    return client


@pytest.mark.django_db(transaction=True)
def test_dead_redis_pages_work_answers_queue_and_a_banner_says_so(
    dead_redis: None, agent: User, make_conversation: Make
) -> None:
    conversation = make_conversation(kind="facebook", assignee=agent)
    client = logged_in(agent)
    assert client.get("/inbox/todo/").status_code == 200
    assert client.get(f"/inbox/todo/{conversation.pk}/").status_code == 200
    answered = client.post(
        f"/conversations/{conversation.pk}/reply/",
        {"text": "Dat zoeken we uit.", "submission": str(uuid4()), "seen": str(conversation.messages.get().pk)},
    )
    assert answered.status_code == 302
    assert [message.state for message in Message.objects.filter(direction="out")] == ["queued"]
    banner = client.get("/status/", headers={"HX-Request": "true"}).content.decode()
    assert "Antwoorden wachten" in banner


def banners(user: User) -> str:
    return logged_in(user).get("/status/", headers={"HX-Request": "true"}).content.decode()


@pytest.mark.parametrize(("who", "number"), [("agent", 1), ("viewer", 0)])
def test_number_of_approvals_is_told_to_who_has_it_in_the_menu(
    who: str, number: int, request: pytest.FixtureRequest
) -> None:
    user = request.getfixturevalue(who)
    page = logged_in(user).get("/inbox/todo/").content.decode()
    assert [text.count('id="approval-count"') for text in (page, banners(user))] == [number] * 2


def test_broken_account_is_told_to_all_who_answer_on_it(
    agent: User, expert: User, outsider: User, admin: User, make_conversation: Make
) -> None:
    account = make_conversation(kind="x").account
    account.state = AccountState.BROKEN
    account.save()
    admin.departments.clear()
    shown = [account.name in banners(user) for user in (agent, expert, outsider, admin)]
    assert shown == [True, False, False, True]
    routed = make_conversation(kind="x", department=expert.departments.get(), thread_id="another")
    assert ["banner bad" in banners(user) for user in (expert, outsider)] == [True, False]
    Conversation.objects.filter(pk=routed.pk).update(status="waiting")
    assert "banner bad" not in banners(expert)


def test_account_whose_platform_does_not_call_us_is_told_calmly(agent: User, make_conversation: Make) -> None:
    account = make_conversation(kind="facebook").account
    account.webhook_problem = "unsubscribed"
    account.save()
    shown = banners(agent)
    assert ["banner bad" in shown, account.name in shown] == [False, True]
    account.state = AccountState.PAUSED
    account.save()
    assert account.name not in banners(agent)


def test_banner_costs_one_query_for_the_accounts(
    agent: User, make_conversation: Make, django_assert_num_queries: Any, rf: Any
) -> None:
    make_conversation(kind="x")
    with django_assert_num_queries(1):
        assert list(status.troubled_accounts(agent)) == []


def test_status_without_log_in_is_refused(client: Client, db: None) -> None:
    assert client.get("/status/").status_code in (302, 401)


def test_session_that_ends_soon_says_so_and_can_go_on(client: Client, agent: User) -> None:
    client.force_login(agent)
    started = client.session["ends_at"]
    assert 12 * 3600 - 60 < started - time.time() <= 12 * 3600
    assert 'id="ends"' not in client.get("/status/").content.decode()

    session = client.session
    session["ends_at"] = int(time.time()) + 600
    session.save()
    page = client.get("/status/").content.decode()
    assert page.count('id="ends"') == 1
    assert page.count('data-testid="stay"') == 1

    assert client.get("/status/stay/").status_code == 405
    answer = client.post("/status/stay/", headers={"HX-Request": "true"})
    assert 'id="ends"' not in answer.content.decode()
    assert client.session["ends_at"] >= started
    assert client.post("/status/stay/").headers["Location"] == "/"
