"""Whatever goes wrong comes as problem+json, in words."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.signals import got_request_exception
from rest_framework.test import APIClient

from inbox.actions import claim
from inbox.models import Conversation, User
from tests.inbox.api.conftest import client_of

pytestmark = pytest.mark.django_db
Make = Callable[..., Conversation]


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["type"], body["status"], bool(body["detail"]), bool(body["title"])) == (
        "about:blank",
        response.status_code,
        True,
        True,
    )
    return response.status_code, body["code"]


@pytest.mark.parametrize("path", ["", "nergens/", "conversations", "conversations/x/", "conversations/1/steal/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_address_that_does_not_exist_is_404(method: str, path: str) -> None:
    assert problem(getattr(APIClient(), method)(f"/api/v1/{path}")) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("delete", "conversations/"), ("get", "conversations/1/claim/")])
def test_method_that_does_not_exist_is_405(method: str, path: str, fatima: APIClient) -> None:
    response = getattr(fatima, method)(f"/api/v1/{path}")
    assert problem(response) == (405, "method_not_allowed")
    assert response["Allow"] == {"conversations/": "GET, HEAD, OPTIONS"}.get(path, "POST, OPTIONS")


@pytest.mark.parametrize("accept", ["text/html", "application/problem+json", "*/*", "x"])
def test_problem_comes_whatever_is_accepted(accept: str, fatima: APIClient) -> None:
    assert problem(fatima.get("/api/v1/conversations/1/", headers={"Accept": accept})) == (404, "not_found")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/xml"])
def test_body_that_is_no_json_is_415(kind: str, fatima: APIClient, make_conversation: Make) -> None:
    address = f"/api/v1/conversations/{make_conversation().pk}/note/"
    assert problem(fatima.generic("POST", address, "text=x", content_type=kind)) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "parse_error"),
        ("\xff", "parse_error"),
        ('{"text": NaN}', "parse_error"),
        ("[" * 200_000, "parse_error"),
        ('{"text": ' + "9" * 5000 + "}", "parse_error"),
        ("[]", "invalid"),
        ('"text"', "invalid"),
        ("null", "invalid"),
        ('{"text": {"a": 1}}', "invalid"),
        ('{"text": "\\ud800"}', "invalid"),
    ],
)
def test_body_that_cannot_be_read_is_400(body: str, code: str, fatima: APIClient, make_conversation: Make) -> None:
    address = f"/api/v1/conversations/{make_conversation().pk}/note/"
    response = fatima.generic("POST", address, body.encode("latin-1"), content_type="application/json")
    assert problem(response) == (400, code)


def test_bug_of_ours_is_a_problem_and_is_told(
    fatima: APIClient, make_conversation: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made, heard = make_conversation(), []

    def broken(conversation_id: int, *, by: User) -> None:
        raise RuntimeError("a citizen's text")

    def hear(**named: Any) -> None:
        heard.append(named["request"].path)

    monkeypatch.setattr(claim, "claim", broken)
    got_request_exception.connect(hear)
    try:
        response = fatima.post(f"/api/v1/conversations/{made.pk}/claim/")
    finally:
        got_request_exception.disconnect(hear)
    assert problem(response) == (500, "error")
    assert "citizen" not in response.content.decode()
    assert heard == [f"/api/v1/conversations/{made.pk}/claim/"]
    assert [record.name for record in caplog.records] == ["django.request"]


def test_token_in_the_address_is_no_token(agent: User) -> None:
    token = client_of(agent)._credentials["HTTP_AUTHORIZATION"].removeprefix("Token ")
    assert problem(APIClient().get(f"/api/v1/me/?token={token}")) == (401, "not_authenticated")
