"""The simulated Twilio: what citizens can do, what we are told of it, what the phone shows, what its API does."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from channels import clock
from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.send import twilio_client
from channels.connectors.whatsapp.simulated_templates import TEMPLATES
from channels.http import PlatformSession
from channels.messages import AccountCredentials, AppCredentials, Attachment, IncomingMessage, OutgoingMessage
from tests.channels.connectors.whatsapp.conftest import PUBLIC_URL, WEBHOOK, Town

AISHA = "whatsapp:+31600000001"
TEMPLATE = next(iter(TEMPLATES))
PHOTO = {"content": "iVBORw==", "content_type": "image/png", "name": "bak.png"}


def told(twilio: Town, connector: WhatsAppConnector) -> IncomingMessage:
    """The message in the next webhook, signed for the public address."""
    request = twilio.world.webhook()
    connector.verify(request)
    assert request.url == WEBHOOK
    assert request.headers["i-twilio-idempotency-token"]
    (item,) = connector.parse(request.body, clock.now())
    assert isinstance(item, IncomingMessage)
    return item


def items(twilio: Town) -> list[dict[str, Any]]:
    street = twilio.platform.street()
    json.dumps(street)
    (room,) = street["rooms"]
    found: list[dict[str, Any]] = room["items"]
    return found


def sent(connector: WhatsAppConnector, account: AccountCredentials, text: str = "Dag", **fields: Any) -> str:
    message = OutgoingMessage(text=text, public=False, thread_id=AISHA, to=AISHA, **fields)
    return connector.send(account, message).external_id


def test_play_message(twilio: Town, connector: WhatsAppConnector) -> None:
    made = twilio.platform.play("message", {"citizen": "aisha", "text": " De glasbak is vol "})
    message = told(twilio, connector)
    assert (message.external_id, message.text, message.account_id) == (
        made["id"],
        "De glasbak is vol",
        "whatsapp:+31140140",
    )
    assert (message.author.external_id, message.author.phone, message.author.name) == (
        "whatsapp:NL.1000000000000001",
        "+31600000001",
        "Aïsha Benali",
    )
    assert twilio.world.books == [("posted", made["id"], {"citizen": "aisha", "text": "De glasbak is vol"})]
    (item,) = items(twilio)
    assert (item["citizen"], item["from_us"], item["text"], item["state"]) == (
        "aisha",
        False,
        "De glasbak is vol",
        "",
    )


def test_play_message_by_citizen_without_phone_number(twilio: Town, connector: WhatsAppConnector) -> None:
    twilio.platform.play("message", {"citizen": "lot", "text": "Hoi"})
    message = told(twilio, connector)
    assert (message.author.external_id, message.author.phone, message.author.aliases) == (
        "whatsapp:NL.1000000000000005",
        "",
        (),
    )


def test_play_message_with_photo(twilio: Town, connector: WhatsAppConnector) -> None:
    made = twilio.platform.play("message", {"citizen": "aisha", "text": "Kijk", "photo": PHOTO})
    (photo,) = told(twilio, connector).attachments
    assert (photo.kind, photo.content_type) == ("image", "image/png")
    (item,) = items(twilio)
    (shown,) = item["photos"]
    assert requests.get(shown, timeout=5).content == b"\x89PNG"
    assert made["id"].startswith("MM")


def test_play_message_quoting_ours(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    ours = sent(connector, account)
    twilio.platform.play("message", {"citizen": "aisha", "text": "Deze bedoel ik", "quote": ours})
    assert told(twilio, connector).in_reply_to == ours


def test_play_location(twilio: Town, connector: WhatsAppConnector) -> None:
    twilio.platform.play("location", {"citizen": "aisha", "label": "Speeltuin", "latitude": 52.5})
    assert told(twilio, connector).attachments == (
        Attachment(kind="location", latitude=52.5, longitude=5.12222, name="Speeltuin", text="Markt 1, Waterkant"),
    )
    (item,) = items(twilio)
    assert item["location"] == {"label": "Speeltuin", "latitude": 52.5, "longitude": 5.12222}


def test_play_contact(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    twilio.platform.play("contact", {"citizen": "aisha"})
    (card,) = told(twilio, connector).attachments
    assert (card.kind, card.content_type) == ("contact", "text/vcard")
    fetched = requests.get(card.url, auth=connector.media_auth(account, card.url), timeout=5)
    assert fetched.text.splitlines()[:4] == [
        "BEGIN:VCARD",
        "VERSION:3.0",
        "N:;Joop van der Berg;;;",
        "FN:Joop van der Berg",
    ]
    (item,) = items(twilio)
    assert item["text"] == "Contact: Joop van der Berg"


def test_play_button_of_a_template(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    ours = sent(connector, account, "", template_id=TEMPLATE, template_variables={"1": "Aïsha"})
    twilio.world.webhook()  # sent: it is on the phone
    (item,) = items(twilio)
    press = item["actions"][0]
    assert press == {"action": "button", "label": "Ja, graag", "data": {"payload": "JA", "to": ours}, "asks": ""}
    twilio.platform.play("button", {"citizen": "aisha", **press["data"]})
    while not isinstance(message := connector.parse(twilio.world.webhook().body, clock.now())[0], IncomingMessage):
        pass
    assert (message.kind, message.text, message.in_reply_to) == ("postback", "Ja, graag", ours)


def test_play_read_twice(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    twilio.platform.play("message", {"citizen": "aisha", "text": "Hoi"})
    ours = sent(connector, account)
    for _ in range(3):  # the citizen's message, sent, delivered
        twilio.world.webhook()
    assert twilio.platform.play("read", {"citizen": "henk"}) == {"id": "", "read": 0}
    assert twilio.platform.play("read", {"citizen": "aisha"}) == {"id": ours, "read": 1}
    assert twilio.platform.play("read", {"citizen": "aisha"}) == {"id": "", "read": 0}
    assert [item["state"] for item in items(twilio)] == ["", "read"]
    states = [details["state"] for what, _, details in twilio.world.books if what == "receipt"]
    assert states == ["sent", "delivered", "read"]


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("message", {"citizen": "niemand", "text": "x"}, "Deze inwoner woont niet in Waterkant."),
        ("message", {"text": "x"}, "Deze inwoner woont niet in Waterkant."),
        ("message", {"citizen": "aisha", "text": " "}, "Typ eerst een bericht of kies een foto."),
        ("message", {"citizen": "aisha"}, "Typ eerst een bericht of kies een foto."),
        (
            "message",
            {"citizen": "aisha", "text": "x" * 1601},
            "Een bericht kan hooguit 1.600 tekens lang zijn.",
        ),
        (
            "message",
            {"citizen": "aisha", "text": "x", "quote": "SM404"},
            "Het bericht waarop u reageert, bestaat niet meer.",
        ),
        ("message", {"citizen": "aisha", "photo": {"content": "?"}}, "Deze foto is niet te lezen."),
        ("message", {"citizen": "aisha", "photo": {"content": "é"}}, "Deze foto is niet te lezen."),
        ("message", {"citizen": "aisha", "photo": {"name": "x"}}, "Deze foto is leeg."),
        ("message", {"citizen": "aisha", "photo": "x"}, "Deze foto is niet te lezen."),
        ("location", {"citizen": "aisha", "latitude": "noord"}, "Deze plek is niet te vinden op de kaart."),
        ("location", {"citizen": "aisha", "latitude": "nan"}, "Deze plek is niet te vinden op de kaart."),
        ("location", {"citizen": "aisha", "longitude": [5]}, "Deze plek is niet te vinden op de kaart."),
        ("button", {"citizen": "aisha"}, "Kies eerst een knop."),
        (
            "button",
            {"citizen": "aisha", "payload": "JA"},
            "Bij deze inwoner staat geen bericht met deze knop.",
        ),
        ("delete", {"citizen": "aisha"}, "Dit kan niet op WhatsApp."),
    ],
)
def test_play_what_cannot_be_done(twilio: Town, action: str, data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        twilio.platform.play(action, data)
    assert twilio.platform.state == twilio.platform.empty()


def test_street_shows_only_what_arrived(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    twilio.platform.play("message", {"citizen": "aisha", "text": "Hoi"})
    twilio.world.webhook()
    twilio.world.ahead = timedelta(hours=25)
    sent(connector, account, "Te laat")
    twilio.world.webhook()  # undelivered
    assert [item["text"] for item in items(twilio)] == ["Hoi"]
    street = twilio.platform.street()
    assert (street["kind"], street["title"], len(street["rooms"])) == ("whatsapp", "WhatsApp", 1)


def test_state_is_plain_json_and_goes_on_after_a_restart(
    twilio: Town, connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    twilio.platform.play("message", {"citizen": "aisha", "text": "Kijk", "photo": PHOTO})
    twilio.world.webhook()
    message = twilio.platform.keep(
        **{"from": twilio.platform.number, "to": AISHA, "body": "Onderweg", "callback": WEBHOOK},
        direction="outbound-api",
        citizen="aisha",
        status="queued",
    )
    twilio.platform.state = json.loads(json.dumps(twilio.platform.state))
    twilio.platform._resumed = False  # as in a new process
    connector.check(account)
    for expected in ("sent", "delivered"):
        (receipt,) = connector.parse(twilio.world.webhook().body, clock.now())
        assert (receipt.external_id, receipt.state) == (message["sid"], expected)


def test_api_message_can_be_fetched_and_deleted(
    twilio: Town, app: AppCredentials, session: PlatformSession, connector: WhatsAppConnector
) -> None:
    sid = twilio.platform.play("message", {"citizen": "aisha", "text": "Hoi", "photo": PHOTO})["id"]
    client, _ = twilio_client(app, session)
    fetched = client.messages(sid).fetch()
    assert (fetched.sid, fetched.body, fetched.direction, fetched.num_media) == (sid, "Hoi", "inbound", "1")
    (file,) = client.messages(sid).media.list()
    assert client.messages(sid).media(file.sid).fetch().content_type == "image/png"
    assert client.messages(sid).media(file.sid).delete() is True
    assert client.messages(sid).media.list() == []
    assert client.messages(sid).delete() is True
    assert client.messages.list() == []
    assert [item["id"] for item in items(twilio)] == [sid]  # the citizen still has it


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("AC00000000000000000000000000000001/Messages/SM404.json", 404, 20404),
        ("AC00000000000000000000000000000001/Messages/SM404/Media.json", 404, 20404),
        ("AC00000000000000000000000000000001/Messages/SM404/Media/ME1", 404, 20404),
        ("AC2.json", 404, 20404),
        ("AC00000000000000000000000000000001/Messages.json?DateSent=gisteren", 400, 20001),
        ("AC00000000000000000000000000000001/Messages.json?PageSize=veel", 400, 20001),
    ],
)
def test_api_errors(twilio: Town, path: str, status: int, code: int) -> None:
    auth = ("AC00000000000000000000000000000001", "waterkant-auth-token")
    answer = requests.get(f"{twilio.world.base_url}/2010-04-01/Accounts/{path}", auth=auth, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic ?", "Basic QUMxOng=", "Basic"])
def test_api_lets_nobody_else_in(twilio: Town, header: str) -> None:
    url = f"{twilio.world.base_url}/2010-04-01/Accounts/AC00000000000000000000000000000001.json"
    answer = requests.get(url, headers={"Authorization": header}, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_api_lists_by_day_and_second(twilio: Town, app: AppCredentials, session: PlatformSession) -> None:
    sid = twilio.platform.play("message", {"citizen": "aisha", "text": "Hoi"})["id"]
    message = twilio.platform.find(sid)
    assert message is not None
    message["sent"] = "2026-11-20T16:05:09.500000+00:00"
    auth = ("AC00000000000000000000000000000001", "waterkant-auth-token")
    url = f"{twilio.world.base_url}/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"
    for query, count in {
        "DateSent=2026-11-20": 1,
        "DateSent=2026-11-21": 0,
        "DateSent>=2026-11-20": 1,
        "DateSent>=2026-11-20T16:05:09Z": 1,
        "DateSent>=2026-11-20T16:05:10Z": 0,
        "DateSent<=2026-11-20T16:05:09Z": 1,
        "DateSent<=2026-11-20T16:05:08Z": 0,
        "DateSent<=2026-11-19": 0,
    }.items():
        assert len(requests.get(f"{url}?{query}", auth=auth, timeout=5).json()["messages"]) == count


def test_public_photo_of_ours_is_shown(twilio: Town, connector: WhatsAppConnector, account: AccountCredentials) -> None:
    message = {"direction": "outbound-api", "citizen": "aisha", "status": "sent", "from": "x", "to": AISHA}
    url = f"{PUBLIC_URL}/files/1/kaart.png"
    twilio.platform.keep(**message, media=[{"sid": "ME1", "content_type": "image/png", "url": url}])
    assert [item["photos"] for item in items(twilio)] == [[url]]
