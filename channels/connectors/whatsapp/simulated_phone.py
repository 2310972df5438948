"""WhatsApp on the citizens' phones: what they see of the chat with the municipality, and what they can do."""

import base64
import math
from typing import TYPE_CHECKING

from channels.connectors.whatsapp.parse import CHANNEL
from channels.simulator import town
from channels.simulator.platform import Json

if TYPE_CHECKING:
    from channels.connectors.whatsapp.simulator import SimulatedWhatsApp

SHOWN = 400  # messages on the phones; the books know the rest
MAX_BODY = 1600
MAX_PHOTO = 5 * 1024 * 1024
MESSAGE_TYPES = {"image": "image", "video": "video", "audio": "audio"}
# What a citizen shares when the page names no place or person.
PLACE: Json = {"label": "Markt", "address": "Markt 1, Waterkant", "latitude": 52.09083, "longitude": 5.12222}
NEIGHBOUR = {"name": "Joop van der Berg", "phone": "+31600000099"}


def street(platform: "SimulatedWhatsApp") -> Json:
    """The phone: one room with a chat per citizen, in the shape of channels/simulator/README.md."""
    messages = [message for message in platform.state["messages"].values() if _visible(message)]
    return {
        "kind": platform.kind,
        "title": "WhatsApp",
        "rooms": [
            {
                "id": "chat",
                "title": platform.app.accounts[0].name,
                "public": False,
                "per_citizen": True,
                "composer": {
                    "action": "message",
                    "placeholder": "Typ een bericht",
                    "photo": True,
                    "data": {},
                },
                "actions": [
                    {"action": "location", "label": "Locatie delen", "data": {}, "asks": ""},
                    {"action": "contact", "label": "Contact delen", "data": {}, "asks": ""},
                ],
                "items": [_item(platform, message) for message in messages[-SHOWN:]],
            }
        ],
    }


def play(platform: "SimulatedWhatsApp", action: str, data: Json) -> Json:
    """A citizen does something. Returns ``{"id": sid}``. Raises ValueError with a Dutch sentence."""
    try:
        person = town.citizen(str(data.get("citizen", "")))
    except KeyError:
        raise ValueError("Deze inwoner woont niet in Waterkant.") from None
    if action == "message":
        return _write(platform, person, data)
    if action == "location":
        return _share_place(platform, person, data)
    if action == "contact":
        return _share_contact(platform, person, data)
    if action == "button":
        return _press(platform, person, data)
    if action == "read":
        return _read(platform, person)
    raise ValueError("Dit kan niet op WhatsApp.")


def _write(platform: "SimulatedWhatsApp", person: town.Citizen, data: Json) -> Json:
    text = str(data.get("text") or "").strip()
    photo = data.get("photo")
    if not text and not photo:
        raise ValueError("Typ eerst een bericht of kies een foto.")
    if len(text) > MAX_BODY:
        raise ValueError("Een bericht kan hooguit 1.600 tekens lang zijn.")
    quote = str(data.get("quote") or "")
    if quote and platform.find(quote) is None:
        raise ValueError("Het bericht waarop u reageert, bestaat niet meer.")
    media = [_file(platform, photo)] if photo else []
    family = media[0]["content_type"].partition("/")[0] if media else ""
    kind = MESSAGE_TYPES.get(family, "document") if media else "text"
    return _said(platform, person, {"MessageType": kind}, body=text, media=media, quote=quote)


def _share_place(platform: "SimulatedWhatsApp", person: town.Citizen, data: Json) -> Json:
    place = PLACE | {name: data[name] for name in PLACE if data.get(name) not in (None, "")}
    try:
        place["latitude"], place["longitude"] = float(place["latitude"]), float(place["longitude"])
    except (TypeError, ValueError):
        raise ValueError("Deze plek is niet te vinden op de kaart.") from None
    if not (math.isfinite(place["latitude"]) and math.isfinite(place["longitude"])):
        raise ValueError("Deze plek is niet te vinden op de kaart.")
    extra = {
        "MessageType": "location",
        "Latitude": str(place["latitude"]),
        "Longitude": str(place["longitude"]),
        "Label": str(place["label"]),
        "Address": str(place["address"]),
    }
    return _said(platform, person, extra, location=place)


def _share_contact(platform: "SimulatedWhatsApp", person: town.Citizen, data: Json) -> Json:
    contact = {name: str(data.get(name) or default) for name, default in NEIGHBOUR.items()}
    card = "\r\n".join(
        (
            "BEGIN:VCARD",
            "VERSION:3.0",
            f"N:;{contact['name']};;;",
            f"FN:{contact['name']}",
            f"TEL;TYPE=CELL:{contact['phone']}",
            "END:VCARD",
            "",
        )
    )
    url = platform.world.media(card.encode(), "text/vcard", "contact.vcf")
    file = {"sid": platform.new_sid("ME"), "content_type": "text/vcard", "url": url}
    return _said(platform, person, {"MessageType": "contacts"}, media=[file], contact=contact)


def _press(platform: "SimulatedWhatsApp", person: town.Citizen, data: Json) -> Json:
    payload = str(data.get("payload") or "")
    if not payload:
        raise ValueError("Kies eerst een knop.")
    ours = [
        message
        for message in platform.state["messages"].values()
        if message["citizen"] == person.key and any(item["payload"] == payload for item in message["buttons"])
    ]
    asked = next((message for message in ours if message["sid"] == data.get("to")), ours[-1] if ours else None)
    if asked is None:
        raise ValueError("Bij deze inwoner staat geen bericht met deze knop.")
    label = next(item["label"] for item in asked["buttons"] if item["payload"] == payload)
    extra = {
        "MessageType": "button",
        "ButtonText": label,
        "ButtonPayload": payload,
        "ButtonType": "QUICK_REPLY",
    }
    return _said(platform, person, extra, body=label, quote=asked["sid"])


def _read(platform: "SimulatedWhatsApp", person: town.Citizen) -> Json:
    unread = [
        message
        for message in platform.state["messages"].values()
        if message["citizen"] == person.key
        and message["direction"] != "inbound"
        and message["status"] in {"sent", "delivered"}
    ]
    for message in unread:
        platform.advance(message, "read")
    return {"id": unread[-1]["sid"] if unread else "", "read": len(unread)}


def _said(platform: "SimulatedWhatsApp", person: town.Citizen, extra: dict[str, str], **fields: object) -> Json:
    message = platform.keep(
        **{"from": CHANNEL + (person.phone or person.bsuid), "to": platform.number},
        direction="inbound",
        citizen=person.key,
        status="received",
        sent=platform.world.now().isoformat(),
        **fields,
    )
    platform.heard_from(person.key)
    platform.world.record(platform.kind, "posted", message["sid"], citizen=person.key, text=message["body"])
    platform.tell(message, extra)
    return {"id": message["sid"]}


def _file(platform: "SimulatedWhatsApp", photo: object) -> Json:
    if not isinstance(photo, dict):
        raise ValueError("Deze foto is niet te lezen.")  # noqa: TRY004 - the street shows the sentence of a ValueError
    try:
        content = base64.b64decode(str(photo.get("content") or ""), validate=True)
    except ValueError:  # binascii.Error, or letters outside ASCII
        raise ValueError("Deze foto is niet te lezen.") from None
    if not content:
        raise ValueError("Deze foto is leeg.")
    if len(content) > MAX_PHOTO:
        raise ValueError("Deze foto is groter dan 5 MB. Kies een kleinere.")
    content_type = str(photo.get("content_type") or "image/jpeg")
    url = platform.world.media(content, content_type, str(photo.get("name") or "foto.jpg"))
    return {"sid": platform.new_sid("ME"), "content_type": content_type, "url": url}


def _visible(message: Json) -> bool:
    """What WhatsApp put on a phone: never what is still queued or was refused."""
    return bool(message["citizen"]) and message["status"] in {"received", "sent", "delivered", "read"}


def _item(platform: "SimulatedWhatsApp", message: Json) -> Json:
    from_us = message["direction"] != "inbound"
    person = town.citizen(message["citizen"])
    contact, place = message["contact"], message["location"]
    return {
        "id": message["sid"],
        "citizen": person.key,
        "from_us": from_us,
        "name": platform.app.accounts[0].name if from_us else person.name,
        "handle": platform.app.accounts[0].handle if from_us else person.phone,
        "text": f"Contact: {contact['name']}" if contact else message["body"],
        "at": message["created"],
        "photos": [file["url"] for file in message["media"] if file["content_type"].startswith("image/")],
        "location": {name: place[name] for name in ("label", "latitude", "longitude")} if place else None,
        "edited": False,
        "deleted": False,
        "hidden": False,
        "state": message["status"] if from_us else "",
        "replies": [],
        "actions": _actions(message) if from_us else [],
    }


def _actions(message: Json) -> list[Json]:
    sid = message["sid"]
    actions = [
        {
            "action": "button",
            "label": item["label"],
            "data": {"payload": item["payload"], "to": sid},
            "asks": "",
        }
        for item in message["buttons"]
    ]
    actions.append({"action": "message", "label": "Beantwoorden", "data": {"quote": sid}, "asks": "text"})
    if message["status"] != "read":
        actions.append({"action": "read", "label": "Lezen", "data": {}, "asks": ""})
    return actions
