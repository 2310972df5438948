"""Logging in and out, a session that ended, and preferences."""

import pytest
from django.test import Client, override_settings

from inbox.models import AuditEntry, User
from inbox.views import status
from tests.inbox.views.test_lists import browser


def test_right_password_opens_the_inbox(agent: User) -> None:
    response = Client().post("/login/", {"username": "fatima", "password": "waterkant"})
    assert (response.status_code, response["Location"]) == (302, "/")
    client = browser(agent)
    assert client.get("/")["Location"] == "/inbox/todo/"


def test_wrong_password_is_a_sentence(agent: User) -> None:
    response = Client().post("/login/", {"username": "fatima", "password": "anders"})
    assert response.status_code == 200
    text = response.content.decode()
    assert text.count("Deze naam en dit wachtwoord horen niet bij elkaar.") == 1
    assert text.count('value="fatima"') == 1
    assert text.count("anders") == 0


def test_after_login_one_goes_on_where_one_was(agent: User) -> None:
    assert Client().get("/inbox/late/")["Location"] == "/login/?next=/inbox/late/"
    response = Client().post("/login/?next=/inbox/late/", {"username": "fatima", "password": "waterkant"})
    assert response["Location"] == "/inbox/late/"


def test_login_leads_to_no_other_site(agent: User) -> None:
    data = {"username": "fatima", "password": "waterkant", "next": "https://elders.example/"}
    assert Client().post("/login/", data)["Location"] == "/"


@override_settings(AXES_ENABLED=True, AXES_FAILURE_LIMIT=3)
def test_too_many_wrong_passwords_lock_for_a_while(agent: User) -> None:
    client = Client()
    answers = [client.post("/login/", {"username": "fatima", "password": f"fout {turn}"}) for turn in range(4)]
    assert answers[-1].status_code == 429
    assert answers[-1].content.decode().count("Wacht een kwartier") == 1


def test_logout_ends_the_session_by_post_only(agent: User) -> None:
    client = browser(agent)
    assert client.get("/logout/").status_code == 405
    response = client.post("/logout/")
    assert response["Location"] == "/login/?out=1"
    assert client.get(response["Location"]).content.decode().count("Je bent uitgelogd.") == 1
    assert client.get("/inbox/todo/").status_code == 302


def test_colleague_who_left_is_out(agent: User) -> None:
    client = browser(agent)
    agent.is_active = False
    agent.save()
    assert client.get("/inbox/todo/").status_code == 302


@pytest.mark.parametrize(
    "url", ["/", "/inbox/todo/", "/inbox/todo/rows/", "/conversations/1/", "/search/", "/preferences/", "/status/"]
)
def test_every_page_asks_to_log_in(db: None, url: str) -> None:
    response = Client().get(url)
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={url}"


def test_preferences_are_saved_and_audited(agent: User) -> None:
    client = browser(agent)
    assert client.get("/preferences/").status_code == 200
    response = client.post("/preferences/", {"stay_after_sending": "on"})
    assert response["Location"] == "/preferences/"
    agent.refresh_from_db()
    assert (agent.shortcuts, agent.stay_after_sending) == (False, True)
    entry = AuditEntry.objects.get(verb="preferences")
    assert (entry.actor_id, entry.data) == (agent.pk, {"fields": ["shortcuts"]})
    assert client.get("/preferences/").content.decode().count('data-shortcuts="off"') == 1


@pytest.mark.parametrize("colour", ["#00568b", "#ffdd00", "#ffffff", "#000000", "#e17000"])
def test_colour_of_the_municipality_can_always_be_read(colour: str) -> None:
    given = tuple(bytes.fromhex(colour[1:]))
    light = status.readable(given, status.WHITE, (0, 0, 0))
    dark = status.readable(given, status.NIGHT, status.WHITE)
    assert status.contrast(light, status.WHITE) >= status.ENOUGH
    assert status.contrast(dark, status.NIGHT) >= status.ENOUGH


def test_colour_becomes_tokens_and_nothing_else(db: None) -> None:
    assert status.stylesheet("red; } body { display: none") == ""
    assert status.stylesheet("#00568b").startswith(":root { --webcare-brand: #00568b;")
    with override_settings(PRIMARY_COLOUR="#00568b"):
        response = Client().get("/theme.css")
    assert response["Content-Type"] == "text/css; charset=utf-8"
