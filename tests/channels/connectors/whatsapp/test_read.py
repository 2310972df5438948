"""Asking Twilio back: is it there, what did we miss, may we come in, whose file is this."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from channels import clock
from channels.connector import Found, Health
from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.read import RECENT
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.http import PlatformSession
from channels.messages import (
    AccountCredentials,
    AppCredentials,
    Attachment,
    IncomingMessage,
    OutgoingFile,
    OutgoingMessage,
    Person,
)
from tests.channels.connectors.whatsapp.conftest import Refusal, Town

AISHA = "whatsapp:+31600000001"
LOT = "whatsapp:NL.1000000000000005"
BASE = "/2010-04-01/Accounts/AC00000000000000000000000000000001"
MINUTE = timedelta(minutes=1)


def answer(text: str = "Wij legen hem morgen.", to: str = AISHA, **fields: Any) -> OutgoingMessage:
    return OutgoingMessage(text=text, public=False, thread_id=to, to=to, **fields)


def at_twilio(twilio: Town, text: str, at: datetime, to: str = AISHA, **fields: Any) -> str:
    """A message of ours that Twilio has since ``at``."""
    defaults: dict[str, Any] = {
        "direction": "outbound-api",
        "status": "delivered",
        "created": at.isoformat(),
        "sent": at.isoformat(),
        "from": twilio.platform.number,
        "to": to,
    }
    sid: str = twilio.platform.keep(**{**defaults, "body": text, **fields})["sid"]
    return sid


def found(connector: WhatsAppConnector, account: AccountCredentials, message: OutgoingMessage) -> str | bool:
    """The sid found, True for surely absent, False for cannot tell. Handed over a minute ago."""
    result = connector.find_sent(account, message, clock.now() - MINUTE)
    if result.sent is not None:
        assert not result.surely_absent
        assert result.sent.sent_at is not None
        return result.sent.external_id
    return result.surely_absent


def test_find_sent_there(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    sid = at_twilio(twilio, "Wij legen hem morgen.", clock.now())
    at_twilio(twilio, "Wij legen hem morgen.", clock.now(), to="whatsapp:+31600000002")
    at_twilio(twilio, "Iets anders", clock.now())
    assert found(connector, account, answer()) == sid


def test_find_sent_with_the_text_as_transport_leaves_it(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    sid = at_twilio(twilio, "Beste Ai\u0308sha,\n\nTot morgen", clock.now())
    assert found(connector, account, answer("Beste Aïsha,\r\n\r\nTot  morgen ")) == sid


def test_find_sent_still_queued_without_a_sending_time(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    sid = at_twilio(twilio, "Wij legen hem morgen.", clock.now(), status="queued", sent=None)
    assert found(connector, account, answer()) == sid


def test_find_sent_surely_absent(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    at_twilio(twilio, "Wij legen hem morgen.", clock.now() - timedelta(hours=1))
    at_twilio(twilio, "Iets anders", clock.now())
    twilio.platform.play("message", {"citizen": "aisha", "text": "Wij legen hem morgen."})
    assert found(connector, account, answer()) is True


def test_find_sent_equal_text_just_before_may_be_it(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    # Clocks differ: from a second earlier it may be ours, and may be the one before.
    at_twilio(twilio, "Wij legen hem morgen.", clock.now() - MINUTE - timedelta(seconds=5))
    assert found(connector, account, answer()) is False


def test_find_sent_in_the_same_second(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    since = clock.now().replace(microsecond=900_000)
    sid = at_twilio(twilio, "Wij legen hem morgen.", since.replace(microsecond=950_000))
    sent = connector.find_sent(account, answer(), since).sent
    assert sent is not None
    assert sent.external_id == sid  # Twilio writes whole seconds: it looks earlier than it was


def test_find_sent_takes_the_first_of_two(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    first = at_twilio(twilio, "Ja", clock.now() - timedelta(seconds=30))
    at_twilio(twilio, "Ja", clock.now())
    assert found(connector, account, answer("Ja")) == first


def test_find_sent_to_a_user_id_listed_under_the_number(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    at_twilio(twilio, "Dag Lot", clock.now(), to="whatsapp:+31600000077")
    assert found(connector, account, answer("Dag Lot", to=LOT)) is False
    sid = at_twilio(twilio, "Dag Lot", clock.now(), to=LOT)
    assert found(connector, account, answer("Dag Lot", to=LOT)) == sid


def test_find_sent_photo_without_text(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    photo = OutgoingFile(path="/x", content_type="image/png", name="x.png", public_url="https://x.example/x.png")
    message = answer("", files=(photo,))
    assert found(connector, account, message) is True
    media = [{"sid": "ME1", "content_type": "image/png", "url": "https://x.example/x.png"}]
    sid = at_twilio(twilio, "", clock.now(), media=media)
    assert found(connector, account, message) == sid


def test_find_sent_template_of_unknown_text(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    message = answer("", template_id="HX1")
    assert found(connector, account, message) is True
    at_twilio(twilio, "Beste Aïsha, wij hebben een antwoord.", clock.now())
    assert found(connector, account, message) is False


def test_find_sent_over_several_pages(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    sid = at_twilio(twilio, "Wij legen hem morgen.", clock.now() - timedelta(seconds=30))
    for number in range(130):
        at_twilio(twilio, f"Bericht {number}", clock.now())
    assert found(connector, account, answer()) == sid
    assert f"GET {BASE}/Messages.json" == twilio.world.asked[0]
    assert len(twilio.world.asked) == 4  # two lists of two pages


def test_find_sent_cannot_tell_when_too_much_is_under_way(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    at_twilio(twilio, "Wij legen hem morgen.", clock.now(), status="queued", sent=None)
    for number in range(RECENT):
        at_twilio(twilio, f"Bericht {number}", clock.now(), status="queued", sent=None)
    assert found(connector, account, answer()) is False
    assert connector.find_sent(account, answer("Iets anders"), clock.now() + 5 * MINUTE) == Found(surely_absent=True)


def test_fetch_since_oldest_first_with_files(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    since = clock.now()
    twilio.world.ahead = timedelta(hours=-1)
    twilio.platform.play("message", {"citizen": "aisha", "text": "Lang geleden"})
    twilio.world.ahead = timedelta(seconds=10)
    photo = {"content": "iVBORw==", "content_type": "image/png", "name": "bak.png"}
    second = twilio.platform.play("message", {"citizen": "henk", "text": "Kijk", "photo": photo})
    twilio.world.ahead = timedelta(seconds=5)
    first = twilio.platform.play("message", {"citizen": "lot", "text": "Hallo?"})
    at_twilio(twilio, "Van ons", clock.now() + timedelta(seconds=7))

    lot, henk = list(connector.fetch_since(account, since))
    assert lot == IncomingMessage(
        account_id=account.external_id,
        external_id=first["id"],
        thread_id=LOT,
        public=False,
        author=Person(external_id=LOT),
        peer=Person(external_id=LOT),
        text="Hallo?",
        sent_at=lot.sent_at,
    )
    assert abs(lot.sent_at - clock.now() - timedelta(seconds=5)) < timedelta(seconds=5)
    message = twilio.platform.find(second["id"])
    assert message is not None
    file = message["media"][0]["sid"]
    assert (henk.external_id, henk.author) == (
        second["id"],
        Person(external_id="whatsapp:+31600000002", phone="+31600000002"),
    )
    assert henk.attachments == (
        Attachment(
            kind="image",
            url=f"{twilio.world.base_url}{BASE}/Messages/{second['id']}/Media/{file}",
            content_type="image/png",
            external_id=file,
        ),
    )


def test_fetch_since_names_messages_as_the_webhook_does(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    since = clock.now()
    twilio.platform.play("message", {"citizen": "aisha", "text": "Hoi"})
    (told,) = connector.parse(twilio.world.webhook().body, clock.now())
    (listed,) = connector.fetch_since(account, since)
    assert isinstance(told, IncomingMessage)
    assert (listed.external_id, listed.account_id, listed.text) == (told.external_id, told.account_id, told.text)
    # The list knows no user id: the inbox finds the citizen by the alias.
    assert listed.author.external_id in told.author.aliases


def test_fetch_since_over_several_pages(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    since = clock.now()
    sids = [twilio.platform.play("message", {"citizen": "sofie", "text": str(n)})["id"] for n in range(230)]
    assert [item.external_id for item in connector.fetch_since(account, since)] == sids


def test_fetch_since_survives_files_taken_away(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    since = clock.now()
    photo = {"content": "iVBORw==", "content_type": "image/png", "name": "bak.png"}
    twilio.platform.play("message", {"citizen": "aisha", "text": "Kijk", "photo": photo})
    items = connector.fetch_since(account, since)
    listing = Refusal(404, {"code": 20404, "message": "x", "status": 404})
    twilio.world.script[:] = ["pass", listing]
    (message,) = items
    assert (message.text, message.attachments) == ("Kijk", ())


Asked = Callable[[WhatsAppConnector, AccountCredentials], object]
READS: dict[str, Asked] = {
    "find_sent": lambda connector, account: connector.find_sent(account, answer(), clock.now()),
    "fetch_since": lambda connector, account: list(connector.fetch_since(account, clock.now())),
}


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(
    ("refusal", "kind", "code", "reason"),
    [
        (Refusal(401, {"code": 20003, "message": "Authenticate"}), PermanentFailure, "20003", "token"),
        (Refusal(429, {"code": 20429, "message": "x"}, {"Retry-After": "9"}), TemporaryFailure, "20429", "rate_limit"),
        (Refusal(500, "<html>"), TemporaryFailure, "500", "busy"),
        (Refusal(200, "<html>"), TemporaryFailure, "", "busy"),
        (Refusal(200, {"meta": 1, "x": 2, "y": 3}), TemporaryFailure, "", "busy"),
        (Refusal(200, "[]"), TemporaryFailure, "", "busy"),
    ],
)
def test_reading_refused(
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    read: str,
    refusal: Refusal,
    kind: type[SendError],
    code: str,
    reason: str,
) -> None:
    twilio.world.script.append(refusal)
    with pytest.raises(SendError) as caught:
        READS[read](connector, account)
    assert (type(caught.value), caught.value.code, caught.value.reason) == (kind, code, reason)
    if isinstance(caught.value, TemporaryFailure):
        assert (caught.value.retry_at is not None) is (code == "20429")


@pytest.mark.parametrize("read", [*READS, "check"])
def test_reading_without_an_answer(twilio: Town, app: AppCredentials, account: AccountCredentials, read: str) -> None:
    twilio.world.script.append("silent")
    with PlatformSession(twilio.world.base_url, timeout=(2.0, 0.1)) as impatient:
        connector = WhatsAppConnector(app, impatient)
        with pytest.raises(TemporaryFailure) as caught:
            {**READS, "check": lambda c, a: c.check(a)}[read](connector, account)
    assert caught.value.reason == "busy"


def test_check_connected(connector: WhatsAppConnector, account: AccountCredentials) -> None:
    assert connector.check(account) == Health(ok=True, name="Twilio-account van Gemeente Waterkant")


@pytest.mark.parametrize(
    ("refusal", "health"),
    [
        (Refusal(401, {"code": 20003, "message": "x"}), Health(ok=False, reason="token", code="20003")),
        (Refusal(401, "<html>"), Health(ok=False, reason="token", code="401")),
        (Refusal(404, {"code": 20404, "message": "x"}), Health(ok=False, reason="configuration", code="20404")),
        (
            Refusal(200, {"sid": "AC1", "status": "suspended", "friendly_name": "W"}),
            Health(ok=False, reason="blocked_for_policy", code="suspended", name="W"),
        ),
    ],
)
def test_check_refused(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials, refusal: Refusal, health: Health
) -> None:
    twilio.world.script.append(refusal)
    assert connector.check(account) == health


def test_check_without_secrets(session: PlatformSession, account: AccountCredentials) -> None:
    connector = WhatsAppConnector(AppCredentials(kind="whatsapp", key="k", secrets={}), session)
    assert connector.check(account) == Health(ok=False, reason="token")


def test_check_by_api_key_asks_what_a_key_may_read(
    twilio: Town, app: AppCredentials, session: PlatformSession, account: AccountCredentials
) -> None:
    with_key = replace(app, secrets={**app.secrets, "api_key": "SK1", "api_secret": "geheim"})
    connector = WhatsAppConnector(with_key, session)
    assert connector.check(account) == Health(ok=False, reason="token", code="20003")
    assert twilio.world.asked == [f"GET {BASE}/Messages.json"]
    twilio.world.script.append(Refusal(200, {"messages": [], "page": 0}))
    assert connector.check(account) == Health(ok=True, name=account.name)


def test_media_auth_only_for_our_own_files(app: AppCredentials, account: AccountCredentials) -> None:
    ours = ("AC00000000000000000000000000000001", "waterkant-auth-token")
    file = f"{BASE}/Messages/MM1/Media/ME1"
    with PlatformSession() as session:
        connector = WhatsAppConnector(app, session)
        assert connector.media_auth(account, f"https://api.twilio.com{file}") == ours
        for url in (
            f"http://api.twilio.com{file}",
            f"https://api.twilio.com:8443{file}",
            f"https://api.twilio.com.evil.example{file}",
            f"https://evil@api.twilio.com{file}",
            f"https://mms.twiliocdn.com{file}",
            "https://api.twilio.com/2010-04-01/Accounts/AC2/Messages/MM1/Media/ME1",
            f"https://api.twilio.com{BASE}/../AC2/Media/ME1",
            "https://api.twilio.com:poort/",
            "https://[",
            "",
        ):
            assert connector.media_auth(account, url) is None
    with PlatformSession("http://127.0.0.1:8001") as session:
        connector = WhatsAppConnector(app, session)
        assert connector.media_auth(account, f"http://127.0.0.1:8001{file}") == ours
        assert connector.media_auth(account, f"https://api.twilio.com{file}") is None


def test_media_auth_by_api_key(app: AppCredentials, account: AccountCredentials) -> None:
    with_key = replace(app, secrets={**app.secrets, "api_key": "SK1", "api_secret": "geheim"})
    with PlatformSession() as session:
        connector = WhatsAppConnector(with_key, session)
        url = f"https://api.twilio.com{BASE}/Messages/MM1/Media/ME1"
        assert connector.media_auth(account, url) == ("SK1", "geheim")


def test_file_of_a_message_with_and_without_credentials(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    photo = {"content": "iVBORw==", "content_type": "image/png", "name": "bak.png"}
    twilio.platform.play("message", {"citizen": "aisha", "photo": photo})
    (message,) = connector.parse(twilio.world.webhook().body, clock.now())
    assert isinstance(message, IncomingMessage)
    url = message.attachments[0].url
    with requests.get(url, timeout=5) as refused:
        assert refused.status_code == 401
    with requests.get(url, auth=connector.media_auth(account, url), timeout=5) as fetched:
        assert (fetched.content, fetched.headers["content-type"]) == (b"\x89PNG", "image/png")
        (redirect,) = fetched.history
        assert redirect.status_code == 307
        assert connector.media_auth(account, fetched.url) is None
