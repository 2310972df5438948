"""The simulated Twilio: one account, one WhatsApp number, and what is said on it; its webhooks, signed."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from channels.connectors.whatsapp import simulated_api, simulated_phone, simulated_senders
from channels.connectors.whatsapp.parse import CHANNEL
from channels.connectors.whatsapp.send import WINDOW
from channels.connectors.whatsapp.signature import sign
from channels.connectors.whatsapp.simulated_templates import judge, status_of
from channels.simulator import town
from channels.simulator.platform import Json, Platform, Webhook, World

# A message of ours on its way; it never goes back.
PROGRESS = ("accepted", "queued", "sent", "delivered", "read")
ERRORS = {
    63016: "Failed to send freeform message because you are outside the allowed window.",
    63024: "Invalid message recipient",
    63040: "Template is rejected",
    63041: "Template is paused",
}


class SimulatedWhatsApp(Platform):
    """Twilio's REST API and WhatsApp together, for the one account in channels/simulator/town.py.

    State: ``{"messages": {sid: MESSAGE}, "last_from": {citizen: ISO time}}``. A MESSAGE holds sid,
    direction (inbound | outbound-api), citizen (key, "" for a stranger), from, to, body, created and sent (ISO
    UTC; sent may be None), status, error_code, callback, service, template (content sid), in_window, quote (sid), media
    (list of sid, content_type, url, and deleted: at Twilio, not on the phone), location, contact, buttons (list of
    payload, label) and purged (taken from the API, still on the phone).
    """

    kind: ClassVar[str] = "whatsapp"
    step: ClassVar[float] = 0.3  # seconds between two delivery states

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.app = town.app(self.kind)
        self.account_sid = self.app.secrets["account_sid"]
        self.auth_token = self.app.secrets["auth_token"]
        self.number = self.app.accounts[0].external_id
        self._moving: dict[str, asyncio.Task[None]] = {}
        self._resumed = False

    def empty(self) -> Json:
        """Nobody said anything yet: on WhatsApp the citizen speaks first."""
        return {"messages": {}, "last_from": {}, "callback_url": None, "sender_status": "ONLINE", "templates": {}}

    def routes(self) -> list[BaseRoute]:
        """Twilio's paths under /2010-04-01/Accounts/ and /v2/Channels/Senders."""
        return [*simulated_api.routes(self), *simulated_senders.routes(self)]

    @property
    def path(self) -> str:
        """Of our webhook, from the start."""
        return f"/webhooks/{self.kind}/{self.app.key}/"

    @property
    def callback_url(self) -> str:
        """The address Twilio calls for our number; "" when it was taken away (fault ``webhook_invalid``)."""
        if not self.webhook_valid:
            return ""
        known: str | None = self.state["callback_url"]
        return f"{self.world.public_url}{self.path}" if known is None else known

    def brings(self, body: bytes) -> bool:
        """Twilio calls the address that was filled in."""
        return self.callback_url.startswith(f"{self.world.public_url}/webhooks/{self.kind}/")

    def refusal(self, fault: str, request: Request) -> Response:
        """Twilio's own words for a fault; anything unknown is a server error."""
        return simulated_api.refusal(fault)

    def street(self) -> Json:
        """One room: the chats with the municipality."""
        return simulated_phone.street(self)

    def play(self, action: str, data: Json) -> Json:
        """message, location, contact, button or read; template {sid, status}: WhatsApp's judgement of one changes.

        Raises ValueError with a Dutch sentence."""
        if action == "template":
            return judge(self, data)
        return simulated_phone.play(self, action, data)

    # -- what is said --------------------------------------------------------------------------------------

    def new_sid(self, prefix: str) -> str:
        """An id as Twilio makes them: two letters and 32 hexadecimal digits."""
        return f"{prefix}{self.world.new_id():032x}"

    def find(self, sid: str) -> Json | None:
        """The message with this sid."""
        found: Json | None = self.state["messages"].get(sid)
        return found

    def keep(self, **fields: object) -> Json:
        """A new MESSAGE with these fields, kept."""
        media = fields.get("media")
        message: Json = {
            "sid": self.new_sid("MM" if media else "SM"),
            "citizen": "",
            "body": "",
            "created": self.world.now().isoformat(),
            "sent": None,
            "error_code": None,
            "callback": "",
            "service": "",
            "template": "",
            "in_window": True,
            "quote": "",
            "media": [],
            "location": None,
            "contact": None,
            "buttons": [],
            "purged": False,
        } | fields
        self.state["messages"][message["sid"]] = message
        self.world.changed()
        return message

    def citizen_at(self, address: str) -> town.Citizen | None:
        """Who answers to ``whatsapp:+31…`` or ``whatsapp:NL.…``."""
        plain = address.removeprefix(CHANNEL)
        return next((person for person in town.CITIZENS if plain and plain in {person.phone, person.bsuid}), None)

    def window_open(self, citizen: str) -> bool:
        """Whether this citizen wrote within the last 24 hours."""
        last = self.state["last_from"].get(citizen)
        return last is not None and self.world.now() - datetime.fromisoformat(last) < WINDOW

    def heard_from(self, citizen: str) -> None:
        """The citizen wrote: the window opens anew."""
        self.state["last_from"][citizen] = self.world.now().isoformat()

    # -- how far it came -----------------------------------------------------------------------------------

    def set_moving(self, message: Json) -> None:
        """Let an accepted message become sent and delivered, or undelivered. Needs a running loop."""
        sid = message["sid"]
        task = asyncio.get_running_loop().create_task(self._move(sid))
        self._moving[sid] = task
        task.add_done_callback(lambda _: self._moving.pop(sid, None))

    def resume(self) -> None:
        """After a restart: what was on its way goes on. Cheap from the second call on."""
        if self._resumed:
            return
        self._resumed = True
        for message in self.state["messages"].values():
            on_its_way = message["status"] in {"accepted", "queued", "sent"}
            if message["direction"] != "inbound" and on_its_way and message["sid"] not in self._moving:
                self.set_moving(message)

    def advance(self, message: Json, status: str, error_code: int | None = None) -> None:
        """Write down a new status and tell our side, unless the message was further already."""
        if status in PROGRESS and PROGRESS.index(message["status"]) >= PROGRESS.index(status):
            return
        message["status"] = status
        message["error_code"] = error_code
        if status != "undelivered":
            message["sent"] = message["sent"] or self.world.now().isoformat()
        self.world.record(self.kind, "receipt", message["sid"], state=status)
        if message["callback"]:
            self._post(urlsplit(message["callback"]).path, self._callback(message))
        self.world.changed()

    async def _move(self, sid: str) -> None:
        for status in ("sent", "delivered"):
            await asyncio.sleep(self.step)
            message = self.find(sid)
            if message is None or message["status"] not in PROGRESS:
                return
            error_code = self._refused(message) if message["status"] in {"accepted", "queued"} else None
            if error_code:
                self.advance(message, "undelivered", error_code)
                return
            self.advance(message, status)

    def _refused(self, message: Json) -> int | None:
        """Why WhatsApp will not deliver it, which Twilio only learns after it said yes."""
        if not message["citizen"]:
            return 63024
        if not message["template"] and not message["in_window"]:
            return 63016
        if message["template"] and not message["in_window"]:
            return {"approved": None, "rejected": 63040}.get(status_of(self, message["template"]), 63041)
        return None

    # -- webhooks ------------------------------------------------------------------------------------------

    def tell(self, message: Json, extra: Mapping[str, str]) -> None:
        """The webhook for a citizen's message, as Twilio makes it."""
        person = town.citizen(message["citizen"])
        form = {
            "SmsMessageSid": message["sid"],
            "NumMedia": str(len(message["media"])),
            "ProfileName": person.name,
            "SmsSid": message["sid"],
            "SmsStatus": "received",
            "Body": message["body"],
            "To": message["to"],
            "NumSegments": "1",
            "MessageSid": message["sid"],
            "AccountSid": self.account_sid,
            "From": message["from"],
            "ExternalUserId": CHANNEL + person.bsuid,
            "ApiVersion": "2010-04-01",
        }
        if person.phone:
            form["WaId"] = person.phone.removeprefix("+")
        for index, file in enumerate(message["media"]):
            form[f"MediaUrl{index}"] = f"{self.world.base_url}{self.media_path(message, file)}"
            form[f"MediaContentType{index}"] = file["content_type"]
        if message["quote"]:
            quoted = self.find(message["quote"])
            form["OriginalRepliedMessageSid"] = message["quote"]
            form["OriginalRepliedMessageSender"] = quoted["from"] if quoted else self.number
        self._post(urlsplit(self.callback_url).path or self.path, form | dict(extra))

    def media_path(self, message: Json, file: Json) -> str:
        """Where the API serves a file of a message."""
        base = f"/2010-04-01/Accounts/{self.account_sid}/Messages"
        return f"{base}/{message['sid']}/Media/{file['sid']}"

    def _callback(self, message: Json) -> dict[str, str]:
        status = message["status"]
        form = {
            "ChannelInstallSid": "XE00000000000000000000000000000001",
            "SmsSid": message["sid"],
            "SmsStatus": status,
            "MessageStatus": status,
            "ChannelToAddress": message["to"].removeprefix(CHANNEL),
            "To": message["to"],
            "ChannelPrefix": "whatsapp",
            "MessageSid": message["sid"],
            "AccountSid": self.account_sid,
            "StructuredMessage": "true" if message["template"] else "false",
            "From": message["from"],
            "ApiVersion": "2010-04-01",
        }
        if status in {"delivered", "read", "undelivered"}:
            form["EventType"] = status.upper()
        if message["error_code"]:
            form["ErrorCode"] = str(message["error_code"])
            form["ErrorMessage"] = ERRORS[message["error_code"]]
        return form

    def _post(self, path: str, form: Mapping[str, str]) -> None:
        body = urlencode(form).encode()
        token = str(uuid.uuid4())  # the same when Twilio tries again

        def signed(url: str) -> Mapping[str, str]:
            return {
                "X-Twilio-Signature": sign(url, body, self.auth_token),
                "I-Twilio-Idempotency-Token": token,
            }

        self.world.deliver(self.kind, Webhook(path, body, "application/x-www-form-urlencoded", signed))
