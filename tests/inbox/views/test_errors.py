"""Refusals are a page with a sentence and a way out; inside a pane the sentence alone."""

from django.test import Client, RequestFactory

from inbox.models import User
from inbox.views import errors
from tests.inbox.views.test_lists import browser

HTMX = {"HX-Request": "true"}


def test_unknown_address_is_a_sentence(agent: User) -> None:
    response = browser(agent).get("/bestaat-niet/")
    assert response.status_code == 404
    assert response.content.decode().count("<h1>Dit staat hier niet</h1>") == 1


def test_inside_a_pane_only_the_sentence_comes(agent: User) -> None:
    response = browser(agent).get("/conversations/999999/", headers={**HTMX, "HX-Target": "conversation"})
    assert response.status_code == 404
    text = response.content.decode()
    assert text.count('role="alert"') == 1
    assert text.count("<html") == 0


def test_our_mistake_needs_neither_database_nor_session() -> None:
    response = errors.server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert response.content.decode().count("is niets kwijt") == 1


def test_stale_form_says_that_the_text_is_kept(agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent)
    page = client.post("/preferences/", {})
    assert page.status_code == 403
    assert page.content.decode().count("Deze pagina stond te lang open") == 2
    fragment = client.post("/preferences/", {}, headers=HTMX)
    assert fragment.status_code == 403
    assert fragment.content.decode().count("Wat je typte is bewaard.") == 1


def test_too_large_and_unreadable_are_told_apart() -> None:
    request = RequestFactory().post("/")
    assert errors.too_large(request).status_code == 413
    assert errors.bad_request(request).status_code == 400
