"""Connecting a channel from nothing to a test message there and back, against the simulator; and every red cross."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels import clock, tasks
from channels.models import Account, AccountState, PlatformApp
from channels.simulator import town
from inbox import ingest, outbox
from inbox.actions import try_account
from inbox.models import AccountSettings, AuditEntry, ClosingDay, Department, Message, User
from inbox.views import nothing_lost_asked
from tests.channels.simulator.servers import Street, until
from tests.inbox.connecting import KEYS, Administrator, street_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE, FARM, POOL = (one.external_id for one in town.accounts("facebook"))
MESSAGE = {"x": "dm", "facebook": "message", "whatsapp": "message"}


@pytest.fixture
def street(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    with street_of(live_server, settings, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def bea(admin: User) -> Administrator:
    return Administrator(admin)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[object, ...]]]:
    """The tasks that were queued; ``work`` does them."""
    queued: list[tuple[str, tuple[object, ...]]] = []

    def keep(task: str, *arguments: object) -> bool:
        queued.append((task, arguments))
        return True

    for module in ("nothing_lost_asked", "setup_sign_in", "setup_channels", "setup_account"):
        monkeypatch.setattr(f"inbox.views.{module}.queue", keep)
    return queued


def work(asked: list[tuple[str, tuple[object, ...]]]) -> None:
    while asked:
        name, arguments = asked.pop(0)
        getattr(tasks, name.rpartition(".")[2])(*arguments)


def new_app(bea: Administrator, kind: str) -> PlatformApp:
    """The first steps of the wizard."""
    bea.post(f"/setup/channels/new/{kind}/", {"name": "Onze app"})
    app = PlatformApp.objects.get(name="Onze app")
    given = {name: value for name, value in KEYS[kind].items() if name != "verify_token"}
    bea.post(f"/setup/channels/apps/{app.pk}/keys/", given)
    assert bea.said()[0][0] == "good"
    assert bea.path == f"/setup/channels/apps/{app.pk}/accounts/"
    return app


def chosen(external_id: str, department: Department, **more: Any) -> dict[str, Any]:
    prefix = "a" + "".join(sign for sign in external_id if sign.isalnum())
    fields = {"take": "on", "name": "Kanaal", "department": department.pk, **more}
    return {f"{prefix}-{name}": value for name, value in fields.items()}


def first(kind: str) -> str:
    return town.app(kind).accounts[0].external_id


def connected(bea: Administrator, kind: str, webcare: Department, asked: Any) -> Account:
    """The whole wizard, to the check."""
    app = new_app(bea, kind)
    if kind != "whatsapp":
        bea.sign_in(f"/setup/channels/apps/{app.pk}/sign-in/")
    bea.post(f"/setup/channels/apps/{app.pk}/accounts/", chosen(first(kind), webcare))
    account = Account.objects.select_related("app").get()
    assert bea.path == f"/setup/channels/{account.pk}/check/"
    work(asked)
    account.refresh_from_db()
    return account


def send_test(street: Street, bea: Administrator, account: Account, kind: str) -> None:
    """Begin the test, and send its text as a citizen."""
    bea.post(f"/setup/channels/{account.pk}/check/test/")
    trial = try_account.last(account.pk, clock.now())
    assert trial is not None
    street.play(kind, MESSAGE[kind], text=f"Proef {trial.code}")


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_wizard_from_nothing_to_a_message_there_and_back(
    kind: str, bea: Administrator, webcare: Department, street: Street, asked: Any, kicks_stay_here: list[str]
) -> None:
    account = connected(bea, kind, webcare, asked)
    assert (account.external_id, account.state, account.webhook_problem) == (first(kind), "active", "")
    checks = dict.fromkeys(["access", "permissions", "address", "subscription"], "good")
    if kind == "whatsapp":
        checks = dict.fromkeys(["access", "subscription"], "good")
    bea.get(bea.path)
    assert bea.checks() == checks | {"signature": "open", "trial": "open"}
    send_test(street, bea, account, kind)
    until(lambda: PlatformApp.objects.get().verified_at)
    ingest.drain()
    bea.get(bea.path)
    assert bea.checks() == checks | {"signature": "good", "trial": "open"}
    bea.post(f"/setup/channels/{account.pk}/check/test/", {"answer": "1"})
    assert bea.checks()["trial"] == "busy"
    outbox.send_one(Message.objects.get(direction="out").pk)
    bea.get(bea.path)
    assert bea.checks() == checks | {"signature": "good", "trial": "good"}


def test_facebook_log_in_brings_all_pages_at_once(
    bea: Administrator, webcare: Department, burgerzaken: Department, street: Street, asked: Any
) -> None:
    app = new_app(bea, "facebook")
    text = bea.sign_in(f"/setup/channels/apps/{app.pk}/sign-in/")
    assert [text.count(f'data-testid="offered-{page}"') for page in (PAGE, FARM, POOL)] == [1, 1, 1]
    both = chosen(PAGE, webcare) | chosen(FARM, burgerzaken, name="Stadsboerderij")
    bea.post(f"/setup/channels/apps/{app.pk}/accounts/", both)
    work(asked)
    made = Account.objects.order_by("external_id").values_list("external_id", "inbox_settings__department", "state")
    assert list(made) == [(PAGE, webcare.pk, "active"), (FARM, burgerzaken.pk, "active")]
    assert set(Account.objects.values_list("webhook_problem", flat=True)) == {""}
    facebook = street.town.platforms["facebook"]  # type: ignore[attr-defined]
    assert [facebook.subscribed(page) for page in (PAGE, FARM, POOL)] == [True, True, False]
    verbs = AuditEntry.objects.filter(verb="account_connected").values_list("actor__username", flat=True)
    assert list(verbs) == ["beheer", "beheer"]


def test_hours_are_copied_from_another_channel(
    bea: Administrator, webcare: Department, accounts: dict[str, Account], street: Street
) -> None:
    source = AccountSettings.objects.get(account=accounts["whatsapp"])
    source.periods.filter(weekday=0).delete()
    source.holidays = False
    source.save()
    ClosingDay.objects.create(settings=source, date="2026-12-24", name="Kerstborrel")
    app = accounts["facebook"].app
    bea.sign_in(f"/setup/channels/apps/{app.pk}/sign-in/")
    bea.post(f"/setup/channels/apps/{app.pk}/accounts/", chosen(FARM, webcare, hours_of=source.pk))
    made = AccountSettings.objects.get(account__external_id=FARM)
    assert (made.holidays, made.periods.count(), made.closing_days.get().name) == (False, 4, "Kerstborrel")


def test_chosen_account_needs_a_name_and_a_department(
    bea: Administrator, webcare: Department, accounts: dict[str, Account], street: Street
) -> None:
    app = accounts["facebook"].app
    bea.sign_in(f"/setup/channels/apps/{app.pk}/sign-in/")
    bea.post(f"/setup/channels/apps/{app.pk}/accounts/", chosen(FARM, webcare, name="") | {f"a{FARM}-department": ""})
    assert bea.text.count('class="errorlist"') == 2
    bea.post(f"/setup/channels/apps/{app.pk}/accounts/", {})
    assert (bea.said()[0][0], Account.objects.count()) == ("bad", 3)


# -- red crosses --------------------------------------------------------------------------------------------------


def bad(bea: Administrator, account: Account) -> list[str]:
    bea.get(f"/setup/channels/{account.pk}/check/")
    return [key for key, how in bea.checks().items() if how == "bad"]


def test_log_in_denied_changes_nothing(bea: Administrator, accounts: dict[str, Account], street: Street) -> None:
    for kind in ("x", "facebook"):
        bea.sign_in(f"/setup/channels/apps/{accounts[kind].app_id}/sign-in/", answer="deny")
        assert (bea.said()[0][0], bea.path) == ("bad", f"/setup/channels/apps/{accounts[kind].app_id}/accounts/")
    assert Account.objects.count() == 3


@pytest.mark.parametrize("kind", ["x", "facebook"])
def test_way_back_with_another_state_is_refused(
    kind: str, bea: Administrator, accounts: dict[str, Account], street: Street
) -> None:
    street.fault(kind, "wrong_state")
    bea.sign_in(f"/setup/channels/{accounts[kind].pk}/sign-in/")
    assert (bea.said()[0][0], bea.path) == ("bad", "/setup/channels/")
    assert Account.objects.get(pk=accounts[kind].pk).secrets == accounts[kind].secrets


def test_way_back_is_good_once(bea: Administrator, accounts: dict[str, Account], street: Street) -> None:
    bea.sign_in(f"/setup/channels/apps/{accounts['x'].app_id}/sign-in/")
    bea.get(bea.back)
    assert (bea.said()[0][0], bea.path) == ("bad", "/setup/channels/")


@pytest.mark.parametrize(("kind", "lacks"), [("x", "dm.write"), ("facebook", "pages_messaging")])
def test_permission_that_was_not_given_is_a_red_cross(
    kind: str, lacks: str, bea: Administrator, webcare: Department, street: Street, asked: Any
) -> None:
    street.fault(kind, "fewer_permissions")
    account = connected(bea, kind, webcare, asked)
    assert (bad(bea, account), lacks in bea.text) == (["permissions"], True)
    bea.sign_in(f"/setup/channels/{account.pk}/sign-in/")
    work(asked)
    assert bad(bea, account) == []


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_access_that_ended_is_a_red_cross_until_it_works_again(
    kind: str, bea: Administrator, accounts: dict[str, Account], street: Street, asked: Any
) -> None:
    street.fault(kind, "token", count=0)
    bea.post(f"/setup/channels/{accounts[kind].pk}/check/check/")
    assert bea.checks()["access"] == "busy"
    work(asked)
    assert bad(bea, accounts[kind]) == ["access"]
    street.call("DELETE", "/faults")
    bea.post(f"/setup/channels/{accounts[kind].pk}/check/check/")
    work(asked)
    assert bad(bea, accounts[kind]) == []


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_channel_that_the_platform_does_not_call_for_is_restored_by_the_button(
    kind: str, bea: Administrator, accounts: dict[str, Account], street: Street, asked: Any
) -> None:
    street.fault(kind, "webhook_invalid")
    bea.post(f"/setup/channels/{accounts[kind].pk}/check/check/")
    work(asked)
    assert "subscription" in bad(bea, accounts[kind])
    bea.post(f"/setup/channels/{accounts[kind].pk}/check/webhook/")
    work(asked)
    assert bad(bea, accounts[kind]) == []


def test_subscription_that_x_dropped_is_a_red_cross(
    bea: Administrator, accounts: dict[str, Account], street: Street, asked: Any
) -> None:
    street.town.platforms["x"].state["subscriptions"] = []  # type: ignore[attr-defined]
    bea.post(f"/setup/channels/{accounts['x'].pk}/check/check/")
    work(asked)
    assert bad(bea, accounts["x"]) == ["subscription"]


def test_wrong_verify_token_is_a_red_cross_that_says_so(
    bea: Administrator, webcare: Department, street: Street, asked: Any
) -> None:
    street.fault("facebook", "wrong_verify_token")
    account = connected(bea, "facebook", webcare, asked)
    assert bad(bea, account) == ["address", "subscription"]
    assert "verificatietoken" in bea.text
    bea.post(f"/setup/channels/{account.pk}/check/webhook/")
    work(asked)
    assert bad(bea, account) == []


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_webhook_signed_with_another_secret_is_a_red_cross(
    kind: str, bea: Administrator, accounts: dict[str, Account], street: Street, asked: Any
) -> None:
    street.fault(kind, "bad_signature")
    street.play(kind, MESSAGE[kind], text="Is de balie open?")
    until(lambda: PlatformApp.objects.get(kind=kind).refused_at)
    assert bad(bea, accounts[kind]) == ["signature"]


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_wrong_key_is_refused_at_once(kind: str, bea: Administrator, street: Street) -> None:
    bea.post(f"/setup/channels/new/{kind}/", {"name": "Onze app"})
    app = PlatformApp.objects.get()
    given = {name: "verkeerd" for name in KEYS[kind] if name != "verify_token"}
    bea.post(f"/setup/channels/apps/{app.pk}/keys/", given)
    assert (bea.said()[0][0], bea.path) == ("bad", f"/setup/channels/apps/{app.pk}/keys/")


def test_keys_are_never_shown_again_nor_written_down(bea: Administrator, street: Street) -> None:
    app = new_app(bea, "facebook")
    pages = ("", "keys/", "accounts/")
    shown = "".join(bea.get(f"/setup/channels/apps/{app.pk}/{page}") for page in pages)
    assert KEYS["facebook"]["app_secret"] not in shown
    assert KEYS["facebook"]["app_secret"] not in str(list(AuditEntry.objects.values_list("data", flat=True)))
    assert KEYS["facebook"]["app_secret"].encode() not in raw("SELECT secrets FROM channels_platformapp")


def raw(query: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchall()).encode()


def test_tokens_of_a_log_in_wait_encrypted(bea: Administrator, accounts: dict[str, Account], street: Street) -> None:
    bea.sign_in(f"/setup/channels/apps/{accounts['facebook'].app_id}/sign-in/")
    tokens = list(street.town.platforms["facebook"].state["page_tokens"])  # type: ignore[attr-defined]
    kept = str(bea.client.session.load())
    assert (len(tokens), [token for token in tokens if token in kept], "channel_offered" in kept) == (3, [], True)


def test_test_message_that_does_not_come_is_a_red_cross_after_five_minutes(
    bea: Administrator, accounts: dict[str, Account], street: Street
) -> None:
    street.fault("facebook", "drop")
    send_test(street, bea, accounts["facebook"], "facebook")
    bea.get(f"/setup/channels/{accounts['facebook'].pk}/check/")
    assert bea.checks()["trial"] == "busy"
    clock.shift(301)
    assert bad(bea, accounts["facebook"]) == ["trial"]


def test_test_answer_that_is_refused_is_a_red_cross(
    bea: Administrator, accounts: dict[str, Account], street: Street, kicks_stay_here: list[str]
) -> None:
    send_test(street, bea, accounts["whatsapp"], "whatsapp")
    until(lambda: PlatformApp.objects.get(kind="whatsapp").verified_at)
    ingest.drain()
    bea.post(f"/setup/channels/{accounts['whatsapp'].pk}/check/test/", {"answer": "1"})
    bea.post(f"/setup/channels/{accounts['whatsapp'].pk}/check/test/", {"answer": "1"})
    message = Message.objects.get(direction="out")  # pressed twice, queued once
    clock.shift(25 * 3600)  # the window of 24 hours is over
    outbox.send_one(message.pk)
    message.refresh_from_db()
    clock.shift(-25 * 3600)
    assert (message.state, bad(bea, accounts["whatsapp"])) == ("failed", ["trial"])


def test_platform_that_does_not_answer_is_told_apart_from_a_refusal(
    bea: Administrator, accounts: dict[str, Account], street: Street, asked: Any
) -> None:
    street.fault("facebook", "server_error", count=0)
    bea.post(f"/setup/channels/{accounts['facebook'].pk}/check/check/")
    work(asked)
    assert (bad(bea, accounts["facebook"]), Account.objects.get(kind="facebook").state) == (["access"], "active")


# -- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "outsider"])
def test_pages_are_for_administrators(who: str, accounts: dict[str, Account], request: pytest.FixtureRequest) -> None:
    other = Administrator(request.getfixturevalue(who)).client
    app, account = accounts["x"].app_id, accounts["x"].pk
    paths = ["", "new/", "new/x/", "signed-in/?state=a", f"apps/{app}/", f"apps/{app}/keys/", f"apps/{app}/accounts/"]
    paths += [f"apps/{app}/sign-in/", f"{account}/", f"{account}/sign-in/", f"{account}/check/", f"{account}/pause/"]
    assert [other.get(f"/setup/channels/{path}").status_code for path in paths] == [403] * len(paths)
    posts = ["check/test/", "check/check/", "pause/", "resume/", "disconnect/"]
    assert [other.post(f"/setup/channels/{account}/{path}").status_code for path in posts] == [403] * len(posts)


def test_overview_takes_the_same_queries_for_one_channel_and_for_many(
    bea: Administrator, accounts: dict[str, Account], webcare: Department
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            bea.get("/setup/channels/")
        return len(captured)

    before = queries()
    for number in range(20):
        made = Account.objects.create(
            app=accounts["facebook"].app, kind="facebook", external_id=f"77{number}", name=f"Pagina {number}"
        )
        AccountSettings.objects.create(account=made, department=webcare)
    assert (queries(), before) == (before, before)
    assert before <= 12


def test_check_is_a_fragment_for_htmx(bea: Administrator, accounts: dict[str, Account]) -> None:
    text = bea.get(f"/setup/channels/{accounts['x'].pk}/check/", **{"HX-Request": "true"})
    assert (text.count("<main"), text.count('id="checks"')) == (0, 1)


def test_press_is_asked_once(bea: Administrator, accounts: dict[str, Account], asked: Any) -> None:
    for _press in range(2):
        bea.post(f"/setup/channels/{accounts['x'].pk}/check/check/")
    assert asked == [(nothing_lost_asked.TASKS["check"][1], (accounts["x"].pk,))]


def test_broken_channel_is_told_in_the_overview(bea: Administrator, accounts: dict[str, Account]) -> None:
    Account.objects.filter(pk=accounts["x"].pk).update(state=AccountState.BROKEN, error_reason="token")
    text = bea.get("/setup/channels/")
    assert (text.count('class="how bad"'), text.count('class="how good"')) == (1, 2)
