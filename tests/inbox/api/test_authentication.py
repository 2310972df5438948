"""Who gets in: a token of an active colleague, of which the database holds only a digest."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from inbox.models import User
from inbox.models.tokens import ApiToken
from tests.inbox.conftest import StandingClock

pytestmark = pytest.mark.django_db

ME = "/api/v1/me/"


def create(*arguments: str) -> str:
    out = StringIO()
    call_command("create_token", *arguments, stdout=out)
    assert out.getvalue().count("\n") == 1
    return out.getvalue().strip()


def status(token: str) -> int:
    return APIClient().get(ME, headers={"Authorization": f"Token {token}"}).status_code


@pytest.mark.parametrize("header", ["", "Token", "Token x y", "Bearer x", "Token nope", "Token n\xf6pe"])
def test_call_without_a_valid_token_is_401(header: str, db: None) -> None:
    response = APIClient().get(ME, headers={"Authorization": header} if header else {})
    assert (response.status_code, response["Content-Type"], response["WWW-Authenticate"]) == (
        401,
        "application/problem+json",
        "Token",
    )
    assert response.json()["status"] == 401


def test_session_of_a_page_is_no_token(agent: User) -> None:
    client = APIClient()
    client.force_login(agent)
    assert client.get(ME).status_code == 401


def test_create_token_prints_a_token_that_works(agent: User) -> None:
    assert status(create("fatima")) == 200


def test_create_token_again_leaves_the_first_working(agent: User) -> None:
    first, second = create("fatima"), create("fatima")
    assert first != second
    assert [status(first), status(second)] == [200, 200]


def test_create_token_new_ends_the_earlier_ones(agent: User, colleague: User) -> None:
    first, other, second = create("fatima"), create("joris"), create("fatima", "--new")
    assert [status(first), status(other), status(second)] == [401, 200, 200]


def test_create_token_for_nobody_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="There is no colleague with the username 'nobody'"):
        create("nobody")


def test_create_token_for_a_colleague_who_left_says_so(agent: User) -> None:
    User.objects.filter(pk=agent.pk).update(is_active=False)
    with pytest.raises(CommandError, match="'fatima' is not active"):
        create("fatima")


def test_token_of_a_colleague_who_left_is_401(agent: User) -> None:
    token = create("fatima")
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert status(token) == 401


def test_database_never_holds_the_token(agent: User) -> None:
    token = create("fatima")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM inbox_apitoken t")
        (stored,) = cursor.fetchone()
    assert token not in stored
    assert token.removeprefix("wct_") not in stored


def test_last_use_is_written_once_an_hour(agent: User, standing_clock: StandingClock) -> None:
    token, first = create("fatima"), standing_clock()
    status(token)
    standing_clock.forward(minutes=59)
    status(token)
    assert ApiToken.objects.get().last_used_at == first
    standing_clock.forward(minutes=1)
    status(token)
    assert ApiToken.objects.get().last_used_at == standing_clock()
