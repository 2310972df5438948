"""Administration at /beheer/: who comes in, an account from nothing to its first webhook, and what it never shows."""

import re
from datetime import date, time
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from channels.connectors.facebook.signature import sign
from channels.errors import TemporaryFailure
from channels.http import PlatformSession
from channels.models import Account, InboundEvent, PlatformApp
from inbox.admin import site
from inbox.models import AccountSettings, AuditEntry, ClosingDay, Department, OpeningPeriod, Role, User
from tests.conftest import MONDAY_10
from tests.inbox.platform import Platform

SECRETS = ("sleutel-een-geheim", "afgesproken-woord-geheim", "pagina-token-geheim")


@pytest.fixture
def bea(client: Client, admin: User) -> Client:
    """The administrator's browser."""
    return logged_in(client, admin)


def logged_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def messages_of(response: Any) -> list[str]:
    """What kind of message, for the words are in the translation."""
    return [message.tags for message in response.context["messages"]]


def errors_of(response: Any) -> list[str]:
    """Every sentence that refuses, of the form and what is inside it."""
    assert response.status_code == 200
    found = [error for errors in response.context["adminform"].form.errors.values() for error in errors]
    for inline in response.context["inline_admin_formsets"]:
        found += inline.formset.non_form_errors()
        found += [error for form in inline.formset.forms for errors in form.errors.values() for error in errors]
    return [str(error) for error in found]


def agreements(webcare: Department, **changed: Any) -> dict[str, Any]:
    """The account page's inline as a browser sends it."""
    values = {
        "department": webcare.pk,
        "first_answer_minutes": 120,
        "next_answer_minutes": 240,
        "undo_seconds": 5,
        "holidays": "on",
        "out_of_hours_text": "Wij zijn weer open op {volgende_opening}.",
        "addressing": "u",
    } | changed
    management = {"TOTAL_FORMS": 1, "INITIAL_FORMS": 0, "MIN_NUM_FORMS": 1, "MAX_NUM_FORMS": 1}
    sent = {f"inbox_settings-{name}": value for name, value in management.items()}
    return sent | {f"inbox_settings-0-{name}": value for name, value in values.items()}


def week(*rows: dict[str, Any], days: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """The opening hours' page as a browser sends it."""
    sent: dict[str, Any] = {}
    for prefix, forms in (("periods", rows), ("closing_days", days)):
        known = sum("id" in form for form in forms)
        sent |= {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": known}
        sent |= {f"{prefix}-{n}-{name}": value for n, form in enumerate(forms) for name, value in form.items()}
    return sent


def pages(account: Account, user: User) -> list[str]:
    """Every page of administration once."""
    agreed = AccountSettings.objects.get(account=account)
    lists = [f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in site._registry]
    forms = {
        "channels_account": account.pk,
        "channels_platformapp": account.app_id,
        "inbox_accountsettings": agreed.pk,
        "inbox_user": user.pk,
        "inbox_department": agreed.department_id,
    }
    return [
        reverse("admin:index"),
        *(reverse(f"{name}_changelist") for name in lists),
        *(reverse(f"{name}_add") for name in lists if name != "admin:inbox_accountsettings"),
        *(reverse(f"admin:{name}_change", args=[pk]) for name, pk in forms.items()),
        reverse("admin:auth_user_password_change", args=[user.pk]),
    ]


# ---------------------------------------------------------------- who comes in


def test_administrators_see_every_page(bea, admin, accounts):
    assert [bea.get(page).status_code for page in pages(accounts["facebook"], admin)] == [200] * 16


@pytest.mark.parametrize("who", ["agent", "expert", "lead", "viewer", "outsider"])
def test_other_colleagues_are_refused_everywhere(who, request, client, accounts, admin):
    logged_in(client, request.getfixturevalue(who))
    everywhere = [*pages(accounts["x"], admin), reverse("admin:channels_account_check", args=[accounts["x"].pk])]
    assert {client.get(page).status_code for page in everywhere} == {403}
    assert {client.post(page, {"username": "x"}).status_code for page in everywhere} == {403}


def test_a_stranger_is_sent_to_our_own_log_in(client, accounts, admin):
    for page in pages(accounts["x"], admin):
        first = client.get(page)
        assert first.url == f"/beheer/login/?next={page}"
    assert client.get(first.url).url == f"/login/?next={page}"


def test_staff_and_superuser_flags_open_nothing(client, agent):
    User.objects.filter(pk=agent.pk).update(is_staff=True, is_superuser=True)
    assert logged_in(client, agent).get("/beheer/").status_code == 403


def test_an_administrator_who_is_no_longer_one_is_refused_at_once(bea, admin):
    User.objects.filter(pk=admin.pk).update(role=Role.LEAD)
    assert bea.get("/beheer/").status_code == 403


def test_what_citizens_wrote_is_not_there():
    names = sorted(model._meta.label for model in site._registry)
    assert names == [
        "channels.Account",
        "channels.PlatformApp",
        "inbox.AccountSettings",
        "inbox.Department",
        "inbox.User",
    ]


def test_nothing_can_be_deleted(bea, admin, agent, accounts):
    targets = {
        "channels_account": accounts["x"].pk,
        "channels_platformapp": accounts["x"].app_id,
        "inbox_user": agent.pk,
        "inbox_department": agent.departments.get().pk,
        "inbox_accountsettings": AccountSettings.objects.first().pk,
    }
    for name, pk in targets.items():
        assert bea.post(reverse(f"admin:{name}_delete", args=[pk]), {"post": "yes"}).status_code == 403


def test_the_first_administrator_is_made_by_createsuperuser(client, db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "waterkant-beheer")
    call_command("createsuperuser", "--noinput", "--username", "eerste", "--email", "", verbosity=0)
    user = User.objects.get(username="eerste")
    assert user.role == Role.ADMIN
    assert logged_in(client, user).get("/beheer/").status_code == 200


def test_other_colleagues_keep_the_role_they_are_given(db):
    assert User.objects.create_user("x", password="x").role == Role.AGENT
    assert User.objects.create_superuser("y", password="y", role=Role.LEAD).role == Role.LEAD


# ---------------------------------------------------------------- an account, end to end


def add_facebook(bea: Client, webcare: Department) -> Account:
    """App, its secrets, account, its secrets; each as a browser would."""
    added = bea.post(reverse("admin:channels_platformapp_add"), {"kind": "facebook", "name": "Meta-app"})
    app = PlatformApp.objects.get()
    page = reverse("admin:channels_platformapp_change", args=[app.pk])
    assert added.url == page
    sent = {"name": "Meta-app", "secret_app_secret": SECRETS[0], "secret_verify_token": SECRETS[1]}
    assert bea.post(page, sent).status_code == 302
    about = {"app": app.pk, "external_id": "104", "handle": "@waterkant", "name": "Waterkant"}
    added = bea.post(reverse("admin:channels_account_add"), about | agreements(webcare))
    account = Account.objects.get()
    page = reverse("admin:channels_account_change", args=[account.pk])
    assert added.url == page
    changed = {"handle": "waterkant", "name": "Waterkant", "state": "active", "secret_page_token": SECRETS[2]}
    kept = agreements(webcare) | {
        "inbox_settings-INITIAL_FORMS": 1,
        "inbox_settings-0-id": account.inbox_settings.pk,
        "inbox_settings-0-account": account.pk,
    }
    assert bea.post(page, changed | kept).status_code == 302
    return Account.objects.select_related("app", "inbox_settings").get()


def test_an_account_is_added_and_its_webhook_is_accepted(bea, client, webcare):
    account = add_facebook(bea, webcare)
    assert (account.kind, account.external_id, account.handle) == ("facebook", "104", "waterkant")
    assert account.secrets == {"page_token": SECRETS[2]}
    assert account.app.secrets == {"app_secret": SECRETS[0], "verify_token": SECRETS[1]}
    assert account.inbox_settings.department == webcare
    hours = [(row.weekday, row.opens, row.closes) for row in account.inbox_settings.periods.all()]
    assert hours == [(day, time(9), time(17)) for day in range(5)]

    body = b'{"object": "page", "entry": []}'
    address = account.app.webhook_url.removeprefix(settings.PUBLIC_URL)

    def webhook(signature: str) -> int:
        headers = {"X-Hub-Signature-256": signature}
        return Client().post(address, body, content_type="application/json", headers=headers).status_code

    assert webhook(sign(body, "another secret")) == 403
    assert webhook(sign(body, SECRETS[0])) == 200
    assert InboundEvent.objects.get().app == account.app


def test_each_step_is_in_the_audit_log_without_a_secret(bea, admin, webcare):
    account = add_facebook(bea, webcare)
    entries = list(AuditEntry.objects.order_by("id"))
    assert [(entry.verb, entry.actor, entry.conversation_id) for entry in entries] == [
        ("admin_added", admin, None),
        ("admin_changed", admin, None),
        ("admin_added", admin, None),
        ("admin_changed", admin, None),
    ]
    app, secrets = {"model": "channels.platformapp", "pk": account.app_id}, ["secret_app_secret", "secret_verify_token"]
    about, agreed = {"model": "channels.account", "pk": account.pk}, ["inbox_settings.added"]
    assert [entry.data for entry in entries] == [
        app | {"fields": ["kind", "name"]},
        app | {"fields": secrets},
        about | {"fields": ["app", "external_id", "handle", "name", *agreed]},
        about | {"fields": ["secret_page_token"]},
    ]
    assert LogEntry.objects.count() == 0


def test_secrets_are_in_no_page(bea, admin, webcare):
    account = add_facebook(bea, webcare)
    shown = [bea.get(page).content.decode() for page in pages(account, admin)]
    assert [secret for secret in SECRETS for page in shown if secret in page] == []
    refused = bea.post(
        reverse("admin:channels_platformapp_change", args=[account.app_id]), {"name": "", "secret_app_secret": "nieuw!"}
    )
    assert (refused.status_code, "nieuw!" in refused.content.decode()) == (200, False)
    assert admin.password not in "".join(shown)


def test_an_empty_secret_stays_and_one_alone_is_replaced(bea, webcare):
    account = add_facebook(bea, webcare)
    page = reverse("admin:channels_platformapp_change", args=[account.app_id])
    bea.post(page, {"name": "Nieuwe naam", "secret_app_secret": "", "secret_verify_token": ""})
    assert PlatformApp.objects.get().secrets == {"app_secret": SECRETS[0], "verify_token": SECRETS[1]}
    bea.post(page, {"name": "Nieuwe naam", "secret_app_secret": " vers ", "secret_verify_token": ""})
    assert PlatformApp.objects.get().secrets == {"app_secret": "vers", "verify_token": SECRETS[1]}


def test_an_app_is_of_its_kind_for_good(bea, apps):
    app = apps["facebook"]
    page = reverse("admin:channels_platformapp_change", args=[app.pk])
    bea.post(page, {"kind": "x", "key": "geraden", "name": "Meta"})
    app.refresh_from_db()
    assert (app.kind, app.key, app.name) == ("facebook", "waterkant-meta", "Meta")


@pytest.mark.parametrize(
    ("kind", "external_id"),
    [("x", "@gemwaterkant"), ("facebook", "gemeente"), ("whatsapp", "0612345678"), ("whatsapp", "whatsapp:140140")],
)
def test_an_id_that_is_none_is_refused(kind, external_id, bea, apps, webcare):
    about = {"app": apps[kind].pk, "external_id": external_id, "handle": "", "name": "Nieuw"}
    refused = bea.post(reverse("admin:channels_account_add"), about | agreements(webcare))
    assert len(errors_of(refused)) == 1
    assert Account.objects.count() == 0


def test_an_account_that_is_there_is_not_added_again(bea, accounts, webcare):
    there = accounts["x"]
    about = {"app": there.app_id, "external_id": there.external_id, "handle": "", "name": "Nog eens"}
    refused = bea.post(reverse("admin:channels_account_add"), about | agreements(webcare))
    assert [there.name in error for error in errors_of(refused)] == [True]


@pytest.mark.parametrize(
    "agreed",
    [
        {"department": ""},
        {"first_answer_minutes": 0},
        {"next_answer_minutes": 14_401},
        {"out_of_hours_text": "Open op {volgende opening}"},
    ],
)
def test_no_account_without_sound_agreements(agreed, bea, apps, webcare):
    about = {"app": apps["facebook"].pk, "external_id": "104", "handle": "", "name": "Nieuw"}
    refused = bea.post(reverse("admin:channels_account_add"), about | agreements(webcare, **agreed))
    assert len(errors_of(refused)) == 1
    assert (Account.objects.count(), AuditEntry.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"house_style": "Wij zeggen je.", "addressing": "je", "own_details": "14 030"}, ["success"]),
        ({"first_answer_minutes": 60}, ["info", "success"]),
    ],
)
def test_tone_and_own_details_are_kept_and_timers_spoken_of_where_they_follow(changed, said, bea, accounts, webcare):
    account = accounts["facebook"]
    AccountSettings.objects.update(out_of_hours_text="Wij zijn weer open op {volgende_opening}.")
    kept = agreements(webcare, **changed) | {
        "inbox_settings-INITIAL_FORMS": 1,
        "inbox_settings-0-id": account.inbox_settings.pk,
        "inbox_settings-0-account": account.pk,
    }
    page = reverse("admin:channels_account_change", args=[account.pk])
    about = {"handle": account.handle, "name": account.name, "state": "active"}
    answer = bea.post(page, about | kept, follow=True)
    assert messages_of(answer) == said
    agreed = AccountSettings.objects.get(account=account)
    assert {name: getattr(agreed, name) for name in changed} == changed
    entry = AuditEntry.objects.get(verb="admin_changed")
    assert entry.data["fields"] == [f"inbox_settings.{name}" for name in sorted(changed)]


def test_saving_a_page_leaves_what_workers_wrote(bea, accounts, webcare, monkeypatch):
    account = accounts["facebook"]
    real = Account.save

    def meanwhile(self: Account, *args: Any, **options: Any) -> None:
        Account.objects.filter(pk=account.pk).update(state="broken", error_reason="token", error_code="190")
        real(self, *args, **options)

    monkeypatch.setattr(Account, "save", meanwhile)
    kept = agreements(webcare) | {
        "inbox_settings-INITIAL_FORMS": 1,
        "inbox_settings-0-id": account.inbox_settings.pk,
        "inbox_settings-0-account": account.pk,
    }
    page = reverse("admin:channels_account_change", args=[account.pk])
    bea.post(page, {"handle": "nieuw", "name": account.name, "state": "active"} | kept)
    account.refresh_from_db()
    assert (account.handle, account.state, account.error_reason) == ("nieuw", "broken", "token")
    assert (account.error_code, account.secrets) == ("190", {"page_token": "waterkant-page-token"})


# ---------------------------------------------------------------- does the connection work?


def test_the_connection_is_tested_and_the_result_said(bea, accounts, platform: Platform):
    page = reverse("admin:channels_account_check", args=[accounts["facebook"].pk])
    assert messages_of(bea.post(page, follow=True)) == ["success"]
    assert Account.objects.get(pk=accounts["facebook"].pk).checked_at is not None
    assert bea.get(page).status_code == 405


def test_trouble_on_the_way_is_a_sentence_and_changes_no_state(bea, accounts, monkeypatch):
    def down(*_: Any, **__: Any) -> None:
        raise TemporaryFailure("503", "busy")

    monkeypatch.setattr(PlatformSession, "request", down)
    account = accounts["facebook"]
    said = messages_of(bea.post(reverse("admin:channels_account_check", args=[account.pk]), follow=True))
    account.refresh_from_db()
    assert (said, account.state) == (["error"], "active")


def test_a_missing_secret_is_a_sentence(bea, accounts):
    account = accounts["facebook"]
    Account.objects.filter(pk=account.pk).update(secrets={})
    said = messages_of(bea.post(reverse("admin:channels_account_check", args=[account.pk]), follow=True))
    account.refresh_from_db()
    assert (said, account.state, account.error_reason) == (["error"], "broken", "token")


def test_with_a_lost_key_every_page_opens_and_secrets_can_be_filled_in_again(bea, admin, accounts, settings):
    account = accounts["facebook"]
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    assert {bea.get(page).status_code for page in pages(account, admin)} == {200}
    said = messages_of(bea.post(reverse("admin:channels_account_check", args=[account.pk]), follow=True))
    assert said == ["error"]
    page = reverse("admin:channels_platformapp_change", args=[account.app_id])
    assert bea.post(page, {"name": "Meta", "secret_app_secret": "vers"}).status_code == 302
    assert PlatformApp.objects.get(pk=account.app_id).secrets == {"app_secret": "vers"}


# ---------------------------------------------------------------- opening hours


@pytest.fixture
def agreed(accounts: dict[str, Account]) -> AccountSettings:
    """Of Facebook, without hours yet."""
    found = AccountSettings.objects.get(account=accounts["facebook"])
    found.periods.all().delete()
    return found


def hours_page(agreed: AccountSettings) -> str:
    return reverse("admin:inbox_accountsettings_change", args=[agreed.pk])


def test_a_lunch_break_an_evening_and_a_closing_day(bea, admin, agreed):
    rows = (
        {"weekday": 0, "opens": "09:00", "closes": "12:00"},
        {"weekday": 0, "opens": "13:00", "closes": "17:00"},
        {"weekday": 3, "opens": "18:00", "closes": "24:00"},
    )
    untouched = {"weekday": "", "opens": "", "closes": ""}
    days = ({"date": "2026-12-24", "name": "Brugdag"}, {"date": "", "name": ""})
    saved = bea.post(hours_page(agreed), week(*rows, untouched, days=days), follow=True)
    assert [(row.weekday, row.opens, row.closes) for row in agreed.periods.all()] == [
        (0, time(9), time(12)),
        (0, time(13), time(17)),
        (3, time(18), time(0)),
    ]
    assert [(day.date, day.name) for day in agreed.closing_days.all()] == [(date(2026, 12, 24), "Brugdag")]
    assert messages_of(saved) == ["info", "success"]  # what running timers did; it was saved
    assert AuditEntry.objects.get().data == {
        "model": "inbox.accountsettings",
        "pk": agreed.pk,
        "fields": ["periods.added", "closing_days.added"],
    }
    assert 'value="24:00"' in bea.get(hours_page(agreed)).content.decode()


def test_rows_that_were_left_empty_are_shown_as_nothing(bea, agreed):
    forms = bea.get(hours_page(agreed)).context["inline_admin_formsets"][0].formset.forms
    assert [[form[name].value() for name in ("weekday", "opens", "closes")] for form in forms] == [[None] * 3] * 2


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [{"weekday": 0, "opens": "09:00", "closes": "17:00"}, {"weekday": 0, "opens": "16:30", "closes": "20:00"}],
            "09:00-17:00.*16:30-20:00",
        ),
        (
            [{"weekday": 0, "opens": "09:00", "closes": "24:00"}, {"weekday": 0, "opens": "20:00", "closes": "21:00"}],
            "09:00-24:00.*20:00-21:00",
        ),
        ([{"weekday": 0, "opens": "17:00", "closes": "09:00"}], "17:00 - 09:00"),
        ([{"weekday": 0, "opens": "09:00", "closes": "09:00"}], "09:00 - 09:00"),
    ],
)
def test_hours_that_cannot_be_are_refused_in_a_sentence(rows, sentence, bea, agreed):
    errors = errors_of(bea.post(hours_page(agreed), week(*rows)))
    assert [bool(re.search(sentence, error)) for error in errors] == [True]
    assert OpeningPeriod.objects.filter(settings=agreed).count() == 0


def test_a_period_makes_room_for_another(bea, agreed):
    old = OpeningPeriod.objects.create(settings=agreed, weekday=0, opens=time(9), closes=time(17))
    gone = {"id": old.pk, "weekday": 0, "opens": "09:00", "closes": "17:00", "DELETE": "on"}
    bea.post(hours_page(agreed), week(gone, {"weekday": 0, "opens": "10:00", "closes": "16:00"}))
    assert [(row.opens, row.closes) for row in agreed.periods.all()] == [(time(10), time(16))]


def test_a_closing_day_comes_once(bea, agreed):
    ClosingDay.objects.create(settings=agreed, date=date(2026, 12, 24), name="Brugdag")
    day = {"date": "2026-12-24", "name": "Nog eens"}
    assert len(errors_of(bea.post(hours_page(agreed), week(days=(day,))))) == 1


def test_a_page_saved_as_it_was_is_no_change(bea, agreed):
    saved = bea.post(hours_page(agreed), week(), follow=True)
    assert (messages_of(saved), AuditEntry.objects.count()) == (["success"], 0)


# ---------------------------------------------------------------- colleagues


def colleague_page(user: User) -> str:
    return reverse("admin:inbox_user_change", args=[user.pk])


def about(user: User, **changed: Any) -> dict[str, Any]:
    """The colleague's page as a browser sends it."""
    values: dict[str, Any] = {name: getattr(user, name) for name in ("username", "first_name", "last_name", "email")}
    return (
        values | {"role": user.role, "is_active": "on", "departments": [d.pk for d in user.departments.all()]} | changed
    )


def test_a_colleague_is_added_and_can_log_in(bea, webcare):
    sent = {
        "username": "sanne",
        "first_name": "Sanne",
        "last_name": "Vos",
        "email": "",
        "role": "expert",
        "departments": [webcare.pk],
        "password1": "korenbloem-zomer",
        "password2": "korenbloem-zomer",
    }
    bea.post(reverse("admin:inbox_user_add"), sent)
    made = User.objects.get(username="sanne")
    assert (made.role, made.is_staff, made.is_superuser) == ("expert", False, False)
    assert list(made.departments.all()) == [webcare]
    client = Client()
    assert client.post("/login/", {"username": "sanne", "password": "korenbloem-zomer"}).status_code == 302
    data = AuditEntry.objects.get().data
    assert "korenbloem" not in str(data)
    assert (data["model"], data["pk"]) == ("inbox.user", made.pk)


def test_a_colleague_made_inactive_is_logged_out(bea, agent):
    theirs = logged_in(Client(), agent)
    assert theirs.get("/preferences/").status_code == 200
    sent = about(agent)
    del sent["is_active"]
    bea.post(colleague_page(agent), sent)
    agent.refresh_from_db()
    assert agent.is_active is False
    assert theirs.get("/preferences/").status_code == 302
    assert AuditEntry.objects.get().data["fields"] == ["is_active"]


def test_what_a_leaving_colleague_had_taken_up_is_told(bea, agent, make_conversation):
    make_conversation(assignee=agent)
    make_conversation(assignee=agent, status="closed", result="answered", closed_at=MONDAY_10)
    sent = about(agent)
    del sent["is_active"]
    assert messages_of(bea.post(colleague_page(agent), sent, follow=True)) == ["warning", "success"]


def test_the_stream_hears_of_new_departments(bea, agent, burgerzaken, monkeypatch, django_capture_on_commit_callbacks):
    heard: list[dict[str, object]] = []
    monkeypatch.setattr("inbox.live.publish", heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        bea.post(colleague_page(agent), about(agent, departments=[burgerzaken.pk]))
    assert {"user": agent.pk} in heard
    assert list(agent.departments.all()) == [burgerzaken]


def test_nobody_takes_their_own_access_away(bea, admin):
    sent = about(admin, role="viewer", first_name="Beatrix")
    del sent["is_active"]
    bea.post(colleague_page(admin), sent)
    admin.refresh_from_db()
    assert (admin.first_name, admin.role, admin.is_active) == ("Beatrix", Role.ADMIN, True)


def test_a_new_password_ends_their_sessions_and_is_in_the_audit_log(bea, agent):
    theirs = logged_in(Client(), agent)
    page = reverse("admin:auth_user_password_change", args=[agent.pk])
    sent = {"password1": "nieuwe-korenbloem", "password2": "nieuwe-korenbloem", "usable_password": "true"}
    assert bea.post(page, sent | {"set-password": "1"}).status_code == 302
    agent.refresh_from_db()
    assert agent.check_password("nieuwe-korenbloem")
    assert theirs.get("/preferences/").status_code == 302
    assert AuditEntry.objects.get().data == {"model": "inbox.user", "pk": agent.pk, "fields": ["password"]}


def test_ones_own_password_is_changed_on_the_same_page(bea, admin):
    assert bea.get(reverse("admin:password_change")).url == reverse("admin:auth_user_password_change", args=[admin.pk])


def test_a_department_keeps_its_address(bea, webcare):
    bea.post(reverse("admin:inbox_department_change", args=[webcare.pk]), {"name": "Webcare-team", "slug": "anders"})
    webcare.refresh_from_db()
    assert (webcare.name, webcare.slug) == ("Webcare-team", "webcare")


# ---------------------------------------------------------------- queries


def test_lists_ask_the_same_however_long(bea, admin, accounts, webcare, django_assert_num_queries, make_more):
    counts = {}
    for name in ("channels_account", "channels_platformapp", "inbox_accountsettings", "inbox_user"):
        page = reverse(f"admin:{name}_changelist")
        with django_assert_num_queries(20, exact=False) as before:
            bea.get(page)
        counts[page] = len(before)
    make_more()
    for page, count in counts.items():
        with django_assert_num_queries(count):
            bea.get(page)


@pytest.fixture
def make_more(accounts: dict[str, Account], webcare: Department) -> Any:
    """Twenty more of each."""

    def make() -> None:
        for number in range(20):
            user = User.objects.create_user(f"collega{number}")
            user.departments.add(webcare)
            app = PlatformApp.objects.create(kind="x", name=f"App {number}")
            account = Account.objects.create(app=app, kind="x", external_id=str(number), name=f"Kanaal {number}")
            agreed = AccountSettings.objects.create(account=account, department=webcare)
            OpeningPeriod.objects.create(settings=agreed, weekday=0, opens=time(9), closes=time(17))

    return make
