"""A citizen's file is deleted at Twilio, once or twice, and nothing that is not ours there."""

import base64

import pytest

from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.send import twilio_client
from channels.errors import PermanentFailure, TemporaryFailure
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials
from channels.simulator.samples import sample
from tests.channels.connectors.whatsapp.conftest import Refusal, Town

PHOTO = {"content": base64.b64encode(sample("volle-container.jpg")).decode(), "content_type": "image/jpeg"}
TWILIO = "https://api.twilio.com/2010-04-01/Accounts"


@pytest.fixture
def url(twilio: Town) -> str:
    """Of Aïsha's photo, as the webhook told it."""
    sid = twilio.platform.play("message", {"citizen": "aisha", "text": "Kijk", "photo": {**PHOTO, "name": "a.jpg"}})[
        "id"
    ]
    message = twilio.platform.find(sid)
    assert message is not None
    return twilio.world.base_url + twilio.platform.media_path(message, message["media"][0])


def test_file_is_deleted_at_twilio_and_stays_on_the_phone(
    url: str,
    twilio: Town,
    app: AppCredentials,
    connector: WhatsAppConnector,
    account: AccountCredentials,
    session: PlatformSession,
) -> None:
    auth = (app.secrets["account_sid"], app.secrets["auth_token"])
    assert session.get(url, auth=auth).status_code == 307
    assert connector.delete_media(account, url) is True
    assert twilio.world.asked[-1] == f"DELETE {url.removeprefix(twilio.world.base_url)}.json"
    assert session.get(url, auth=auth).status_code == 404
    assert [(what, external_id) for what, external_id, _ in twilio.world.books if what == "media_deleted"] == [
        ("media_deleted", url.rpartition("/")[2])
    ]
    assert str(twilio.platform.street()).count("volle-container") + str(twilio.platform.street()).count("a.jpg") == 1
    # Twilio goes on listing the message, without files.
    client, _ = twilio_client(app, session)
    (message,) = client.messages.list()
    assert (message.num_media, client.messages(message.sid).media.list()) == ("1", [])


def test_what_is_gone_already_counts_as_deleted(
    url: str, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    assert [connector.delete_media(account, url) for _ in range(3)] == [True, True, True]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://scontent.xx.fbcdn.net/v/photo.jpg",
        f"{TWILIO}/AC00000000000000000000000000000099/Messages/MM1/Media/ME1",
        "https://mms.twiliocdn.com/een/bestand",
        "https://[::1/Media/ME1",
    ],
)
def test_what_is_not_our_file_at_twilio_is_never_asked_for(
    url: str, twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    assert (connector.delete_media(account, url), twilio.world.asked) == (False, [])


def test_a_message_is_no_file(
    twilio: Town, app: AppCredentials, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    url = f"{twilio.world.base_url}/2010-04-01/Accounts/{app.secrets['account_sid']}/Messages/MM1"
    assert (connector.delete_media(account, url), twilio.world.asked) == (False, [])


@pytest.mark.parametrize(
    ("refusal", "kind", "reason"),
    [
        (Refusal(503, {"code": 20503, "status": 503}), TemporaryFailure, "busy"),
        (Refusal(500, "<html>"), TemporaryFailure, "busy"),
        (Refusal(429, {"code": 20429, "status": 429}, {"Retry-After": "30"}), TemporaryFailure, "rate_limit"),
        (Refusal(401, {"code": 20003, "status": 401}), PermanentFailure, "token"),
    ],
)
def test_trouble_is_said_in_our_words(
    refusal: Refusal,
    kind: type[TemporaryFailure | PermanentFailure],
    reason: str,
    url: str,
    twilio: Town,
    connector: WhatsAppConnector,
    account: AccountCredentials,
) -> None:
    twilio.world.script = [refusal]
    with pytest.raises(kind) as raised:
        connector.delete_media(account, url)
    assert (raised.value.reason, "MM" in str(raised.value)) == (reason, False)


def test_silence_is_a_reason_to_try_again(
    url: str, twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    twilio.world.script = ["silent"]
    connector.session.default_timeout = (1.0, 0.5)
    with pytest.raises(TemporaryFailure):
        connector.delete_media(account, url)
    assert connector.delete_media(account, url) is True
