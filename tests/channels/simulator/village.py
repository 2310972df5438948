"""A small platform of our own, to try the simulator's core without any real platform's rules."""

import base64
import hashlib
import hmac
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.simulator.platform import Json, Platform, Webhook, World

SECRET = b"village"


def signature(url: str, body: bytes) -> str:
    """Over address and body, so that a test sees which address was signed."""
    return hmac.new(SECRET, url.encode() + body, hashlib.sha256).hexdigest()


class Village(Platform):
    """A square where everybody hears everything, and a private line to the town hall."""

    kind = "x"
    batches = True

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.kept: list[bytes] = []  # webhooks that were not brought

    def missed(self, body: bytes) -> bool:
        self.kept.append(body)
        return True

    def empty(self) -> Json:
        return {"posts": [], "chats": []}

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"/{self.kind}/answers", self.answer, methods=["POST"]),
            Route(f"/{self.kind}/answers", self.answers, methods=["GET"]),
        ]

    async def answer(self, request: Request) -> Response:
        data = await request.json()
        said = self.make("", data["text"], from_us=True)
        if data.get("to"):
            self.find(data["to"])["replies"].append(said)
        else:
            said |= {"citizen": data["citizen"], "state": "delivered"}
            self.state["chats"].append(said)
        self.world.record(self.kind, "answered", said["id"])
        self.world.changed()
        return JSONResponse({"id": said["id"]})

    async def answers(self, request: Request) -> Response:
        said = [item for item in self.state["chats"] if item["from_us"]]
        said += [reply for post in self.state["posts"] for reply in post["replies"] if reply["from_us"]]
        return JSONResponse([item["id"] for item in said])

    def refusal(self, fault: str, request: Request) -> Response:
        status = {"rate_limit": 429, "server_error": 503, "token": 401}[fault]
        headers = {"x-rate-limit-remaining": "0"} if fault == "rate_limit" else {}
        return JSONResponse({"title": fault}, status_code=status, headers=headers)

    def street(self) -> Json:
        square = {
            "id": "square",
            "title": "Plein",
            "public": True,
            "per_citizen": False,
            "composer": {"action": "mention", "placeholder": "Wat gebeurt er?", "photo": True, "data": {}},
            "items": self.state["posts"],
        }
        line = {
            "id": "line",
            "title": "Berichten",
            "public": False,
            "per_citizen": True,
            "composer": {
                "action": "dm",
                "placeholder": "Bericht",
                "photo": True,
                "data": {},
            },
            "actions": [{"action": "location", "label": "Locatie delen", "data": {}, "asks": ""}],
            "items": self.state["chats"],
        }
        return {"kind": self.kind, "title": self.kind.capitalize(), "rooms": [square, line]}

    def play(self, action: str, data: Json) -> Json:
        citizen = data["citizen"]
        if action == "read":
            for item in self.state["chats"]:
                if item["citizen"] == citizen and item["from_us"]:
                    item["state"] = "read"
            self.world.changed()
            return {"id": ""}
        if action in ("edit", "delete"):
            item = self.find(data["id"])
            item |= {"edited": True, "text": data["text"]} if action == "edit" else {"deleted": True}
            self.send(action, item)
            return {"id": item["id"]}
        if action not in ("mention", "dm", "reply", "location"):
            raise KeyError(f"Op het plein kan niemand dit doen: {action}.")
        said = self.make(citizen, data.get("text", ""))
        if photo := data.get("photo"):
            content = base64.b64decode(photo["content"])
            said["photos"] = [self.world.media(content, photo["content_type"], photo["name"])]
        if action == "location":
            said["location"] = {"label": "Molenstraat 12", "latitude": 52.1, "longitude": 4.3}
        if action == "mention":
            self.state["posts"].append(said)
        elif action == "reply":
            self.find(data["to"])["replies"].append(said)
        else:
            self.state["chats"].append(said)
        self.send(action, said)
        return {"id": said["id"]}

    def batch(self, webhooks: list[Webhook]) -> Webhook | None:
        if not self.batches:
            return None
        return self.webhook([event for webhook in webhooks for event in json.loads(webhook.body)])

    # -- inside ---------------------------------------------------------------------------------------

    def make(self, citizen: str, text: str, from_us: bool = False) -> Json:
        number = str(self.world.new_id())
        post = [{"action": "reply", "label": "Beantwoorden", "data": {"to": number}, "asks": "text"}]
        own = [
            {"action": "edit", "label": "Bewerken", "data": {"id": number}, "asks": "text"},
            {"action": "delete", "label": "Verwijderen", "data": {"id": number}, "asks": ""},
        ]
        return {
            "id": number,
            "citizen": citizen,
            "from_us": from_us,
            "name": "Gemeente Waterkant" if from_us else citizen.capitalize(),
            "handle": "gemwaterkant" if from_us else citizen,
            "text": text,
            "at": self.world.now().isoformat(),
            "photos": [],
            "location": None,
            "edited": False,
            "deleted": False,
            "hidden": False,
            "state": "",
            "replies": [],
            "actions": post + ([] if from_us else own),
        }

    def find(self, number: str) -> Json:
        def search(items: list[Json]) -> Json | None:
            for item in items:
                if item["id"] == number or (item := search(item["replies"]) or {}):
                    return item
            return None

        found = search(self.state["posts"]) or search(self.state["chats"])
        if found is None:
            raise KeyError("Dit bericht is er niet meer.")
        return found

    def webhook(self, events: list[Any]) -> Webhook:
        body = json.dumps(events).encode()
        return Webhook(
            f"/webhooks/{self.kind}/village/",
            body,
            "application/json",
            lambda url: {"X-Village-Signature": signature(url, body)},
        )

    def send(self, action: str, item: Json) -> None:
        self.world.record(self.kind, action, item["id"], citizen=item["citizen"])
        self.world.deliver(self.kind, self.webhook([{"action": action, "id": item["id"], "text": item["text"]}]))
        self.world.changed()


class FacebookVillage(Village):
    kind = "facebook"


class WhatsAppVillage(Village):
    """Never batches, as Twilio."""

    kind = "whatsapp"
    batches = False
