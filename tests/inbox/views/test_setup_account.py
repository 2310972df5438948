"""One channel's page: new access without loss, pause, resume, disconnect and back; and sub-accounts with their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels import clock, tasks
from channels.account_state import check_account
from channels.models import Account, PlatformApp
from channels.simulator import town
from inbox import ingest, lanes
from inbox.actions import try_account
from inbox.models import (
    AccountSettings,
    AuditEntry,
    Conversation,
    Department,
    Message,
    Role,
    StandardReply,
    User,
)
from tests.channels.simulator.servers import Street, until
from tests.conftest import make_user
from tests.inbox.connecting import Administrator, street_of

pytestmark = pytest.mark.django_db(transaction=True)
FARM = town.app("facebook").accounts[1]


@pytest.fixture
def street(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    with street_of(live_server, settings, tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def bea(admin: User) -> Administrator:
    return Administrator(admin)


@pytest.fixture(autouse=True)
def done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued is done before the page is shown."""

    def do(task: str, *arguments: object) -> bool:
        getattr(tasks, task.rpartition(".")[2])(*arguments)
        return True

    for module in ("nothing_lost_asked", "setup_sign_in", "setup_channels", "setup_account"):
        monkeypatch.setattr(f"inbox.views.{module}.queue", do)


def queued(conversation: Conversation, by: User, text: str) -> Message:
    moment = clock.now()
    return Message.objects.create(
        conversation=conversation, account=conversation.account, direction="out", kind="answer", public=False,
        text=text, author=by, sent_at=moment, state="queued", state_at=moment, send_at=moment,
    )  # fmt: skip


def asks(street: Street, text: str, page: str = town.app("facebook").accounts[0].external_id) -> Conversation:
    street.play("facebook", "message", text=text, page=page)

    def there() -> Conversation | None:
        ingest.drain()
        return Conversation.objects.filter(subject=text).first()

    found: Conversation = until(there)
    return found


def test_log_in_again_loses_nothing(
    bea: Administrator, agent: User, accounts: dict[str, Account], street: Street, kicks_stay_here: list[str]
) -> None:
    account = accounts["facebook"]
    conversation = asks(street, "Is de balie open?")
    Account.objects.filter(pk=account.pk).update(secrets={"page_token": "verlopen"})
    account.refresh_from_db()
    assert not check_account(account)
    message = queued(conversation, agent, "Ja, tot vijf uur.")
    lanes.send_due()
    message.refresh_from_db()
    assert (message.state, message.error_reason) == ("queued", "token")
    bea.sign_in(f"/setup/channels/{account.pk}/sign-in/")
    account.refresh_from_db()
    assert (bea.said()[0][0], account.state, bea.path) == ("good", "active", f"/setup/channels/{account.pk}/check/")
    clock.shift(61)
    lanes.send_due()
    message.refresh_from_db()
    conversation.refresh_from_db()
    assert (message.state in ("sent", "delivered"), conversation.account_id, Account.objects.count()) == (
        True,
        account.pk,
        3,
    )


def test_one_log_in_mends_every_broken_page_of_the_app(
    bea: Administrator, accounts: dict[str, Account], street: Street
) -> None:
    farm = Account.objects.create(
        app=accounts["facebook"].app, kind="facebook", external_id=FARM.external_id, name=FARM.name, state="broken"
    )
    bea.sign_in(f"/setup/channels/{accounts['facebook'].pk}/sign-in/")
    farm.refresh_from_db()
    assert (farm.state, bool(farm.secrets["page_token"])) == ("active", True)


@pytest.mark.parametrize(("kind", "who"), [("x", "2244994945002"), ("facebook", "104000000000003")])
def test_log_in_as_another_account_changes_nothing_and_says_so(
    kind: str, who: str, bea: Administrator, accounts: dict[str, Account], street: Street
) -> None:
    account = accounts[kind]
    bea.sign_in(f"/setup/channels/{account.pk}/sign-in/", who=who)
    tone, words = bea.said()[0]
    account.refresh_from_db()
    assert (tone, "Zwembad Waterkant" in words, account.secrets) == ("bad", True, accounts[kind].secrets)
    assert AuditEntry.objects.filter(verb="account_renewed").count() == 0


def test_page_says_what_happens_before_it_does(
    bea: Administrator, agent: User, accounts: dict[str, Account], make_conversation: Callable[..., Conversation]
) -> None:
    account = accounts["whatsapp"]
    queued(make_conversation(), agent, "Morgen")
    make_conversation()
    make_conversation(kind="x")
    for deed in ("pause", "disconnect"):
        text = bea.get(f"/setup/channels/{account.pk}/{deed}/")
        assert ("2 gesprekken zijn niet afgesloten" in text, "1 antwoord op versturen" in text) == (True, True)
    account.refresh_from_db()
    assert (account.state, AuditEntry.objects.count()) == ("active", 0)


def test_pause_and_resume_by_the_buttons(bea: Administrator, accounts: dict[str, Account], street: Street) -> None:
    account = accounts["facebook"]
    bea.post(f"/setup/channels/{account.pk}/pause/")
    street.fault("facebook", "drop")
    street.play("facebook", "message", text="Zijn jullie er?")
    paused = Account.objects.get(pk=account.pk).state
    clock.shift(60)
    bea.post(f"/setup/channels/{account.pk}/resume/")
    ingest.drain()
    account.refresh_from_db()
    # What its webhook lost meanwhile is fetched on resuming.
    assert (paused, account.state, Conversation.objects.get().subject) == ("paused", "active", "Zijn jullie er?")


@pytest.mark.parametrize("kind", ["x", "facebook", "whatsapp"])
def test_disconnected_channel_keeps_its_conversations_and_comes_back(
    kind: str, bea: Administrator, accounts: dict[str, Account], street: Street,
    make_conversation: Callable[..., Conversation],
) -> None:  # fmt: skip
    account = accounts[kind]
    conversation = make_conversation(kind=kind)
    bea.post(f"/setup/channels/{account.pk}/disconnect/")
    account.refresh_from_db()
    assert (bea.said()[0][0], account.state, account.secrets) == ("good", "disconnected", {})
    street.play(kind, {"x": "dm"}.get(kind, "message"), text="Hoort iemand dit?")
    until(lambda: [line for line in street.books("webhook withheld") if line["kind"] == kind])
    assert bea.get(f"/conversations/{conversation.pk}/").count("restafval") >= 1
    if kind == "whatsapp":
        bea.post(f"/setup/channels/apps/{account.app_id}/accounts/", {f"again-{account.pk}": "on"})
    else:
        bea.sign_in(f"/setup/channels/{account.pk}/sign-in/")
    account.refresh_from_db()
    assert (account.state, account.webhook_problem) == ("active", "")
    assert Conversation.objects.get(pk=conversation.pk).account == account


def test_platform_that_refuses_to_disconnect_is_said(
    bea: Administrator, accounts: dict[str, Account], street: Street
) -> None:
    street.fault("facebook", "token", count=0)
    bea.post(f"/setup/channels/{accounts['facebook'].pk}/disconnect/")
    assert (bea.said()[0][0], Account.objects.get(kind="facebook").state) == ("bad", "disconnected")


def test_name_and_home_department_are_changed_with_an_entry(
    bea: Administrator, admin: User, accounts: dict[str, Account], burgerzaken: Department
) -> None:
    account = accounts["x"]
    bea.post(f"/setup/channels/{account.pk}/", {"name": "X van de gemeente", "department": burgerzaken.pk})
    account.refresh_from_db()
    entry = AuditEntry.objects.get()
    assert (account.name, AccountSettings.objects.get(account=account).department) == ("X van de gemeente", burgerzaken)
    assert (entry.verb, entry.actor, entry.data["fields"]) == ("account_changed", admin, ["name", "department"])


# -- sub-accounts ---------------------------------------------------------------------------------------------------


def test_sub_account_has_its_own_people_and_the_central_team_sees_all(
    bea: Administrator, webcare: Department, accounts: dict[str, Account], street: Street
) -> None:
    farm = Department.objects.create(name="Stadsboerderij", slug="stadsboerderij")
    mine = Account.objects.create(
        app=accounts["facebook"].app,
        kind="facebook",
        external_id=FARM.external_id,
        name=FARM.name,
        secrets=FARM.secrets,
    )
    AccountSettings.objects.create(
        account=mine, department=farm, addressing="je", house_style="De boerderij mag grappig zijn."
    )
    StandardReply.objects.create(name="Lammetjes", text="Ja, er zijn lammetjes.", account=mine, changed_at=clock.now())
    farmer = make_user("boer", "Bo", "Boer", Role.AGENT, farm)
    central = make_user("centraal", "Cas", "Centraal", Role.LEAD, webcare, farm)
    town_only = make_user("stad", "Sam", "Stad", Role.AGENT, webcare)
    asks(street, "Zijn er lammetjes?", FARM.external_id)
    asks(street, "Is de balie open?")

    def sees(user: User) -> list[str]:
        return sorted(Conversation.objects.visible_to(user).values_list("subject", flat=True))

    assert sees(farmer) == ["Zijn er lammetjes?"]
    assert sees(town_only) == ["Is de balie open?"]
    assert sees(central) == ["Is de balie open?", "Zijn er lammetjes?"]
    text = bea.get(f"/setup/channels/{mine.pk}/")
    own = [f"/setup/hours/{mine.pk}/", "/standard-replies/", "De boerderij mag grappig zijn."]
    assert [part in text for part in own] == [True] * len(own)
    people = ["Bo Boer · webcaremedewerker · alleen hier", "Cas Centraal · teamleider · ook Webcare"]
    assert ([line in text for line in people], "Sam Stad" in text) == ([True, True], False)


def test_pages_take_the_same_queries_for_one_conversation_and_for_many(
    bea: Administrator, admin: User, accounts: dict[str, Account], make_conversation: Callable[..., Conversation]
) -> None:
    account = accounts["whatsapp"]
    try_account.start(account.pk, admin)

    def queries() -> list[int]:
        found = []
        for page in ("", "check/", "pause/"):
            with CaptureQueriesContext(connection) as captured:
                bea.get(f"/setup/channels/{account.pk}/{page}")
            found.append(len(captured))
        return found

    make_conversation()
    before = queries()
    for _each in range(20):
        make_conversation()
    assert (queries(), max(before) <= 18) == (before, True)


def test_app_without_channels_is_in_the_overview(bea: Administrator, apps: dict[str, PlatformApp]) -> None:
    text = bea.get("/setup/channels/")
    assert text.count(f'href="/setup/channels/apps/{apps["x"].pk}/"') == 1
