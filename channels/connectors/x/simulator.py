"""The simulated X: its state, what citizens do in the street, and the webhooks that follow from it."""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from channels.connectors.x import signature
from channels.connectors.x import simulated_wire as wire
from channels.connectors.x.length import LIMIT, weighted_length
from channels.connectors.x.simulated_api import Api, limit_headers, problem
from channels.connectors.x.simulated_phone import phone
from channels.connectors.x.simulated_sign_in import SignIn
from channels.connectors.x.simulated_webhooks import Webhooks
from channels.simulator.platform import Json, Platform, Webhook, World
from channels.simulator.town import Citizen, DemoAccount, app, citizen

ECHO_AFTER = 0.3  # seconds: X's own echo of what we post comes after the answer to our call
RESET_AFTER = 10  # seconds a demonstrated rate limit lasts; at X fifteen minutes
PHOTO_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
MAX_PHOTO = 5 * 1024 * 1024
ENVELOPES = ("xaa", "aaa")
FIRST_POSTS = (
    (
        "Het restafval wordt vanaf deze maand om de drie weken opgehaald. Kijk wanneer uw straat aan de beurt is "
        "op https://waterkant.example/afvalkalender. Vragen? Stuur ons een bericht.",
        timedelta(days=2),
    ),
    (
        "Zaterdag is de Stadsboerderij open van 10.00 tot 16.00 uur. De lammetjes zijn er ook. Tot dan!",
        timedelta(hours=5),
    ),
)


class SimulatedX(Platform):
    """X as the municipality and its citizens meet it. ``state["envelope"]`` says which webhooks it speaks: the
    current "xaa" or the older "aaa"; the play action "envelope" switches."""

    kind: ClassVar[str] = "x"

    def __init__(self, world: World) -> None:
        self.webhooks = Webhooks(self)
        super().__init__(world)
        self.api = Api(self)
        self.sign_in = SignIn(self)

    @property
    def account(self) -> DemoAccount:
        """The municipality's own handle."""
        return app("x").accounts[0]

    def empty(self) -> Json:
        """A town where only the municipality has spoken."""
        state: Json = {"envelope": "xaa", "posts": {}, "dms": {}, "media": {}, "versions": {}}
        state |= {"codes": {}, "tokens": {}}
        state |= self.webhooks.empty()
        for text, ago in FIRST_POSTS:
            key = str(self.world.new_id())
            state["posts"][key] = self._post(key, self.account.external_id, text, [])
            state["posts"][key]["at"] = (self.world.now() - ago).isoformat()
        return state

    def routes(self) -> list[BaseRoute]:
        """The paths of X's API that tweepy and the connector call."""
        return [*self.sign_in.routes(), *self.webhooks.routes(), *self.api.routes()]

    def refusal(self, fault: str, request: Request) -> Response:
        """X's own answer for a fault."""
        if fault == "rate_limit":
            reset = int(self.world.now().timestamp()) + RESET_AFTER
            return problem(429, "Too Many Requests", "Too Many Requests", headers=limit_headers(reset, 0))
        if fault == "token":
            return problem(401, "Unauthorized", "Unauthorized")
        return problem(503, "Service Unavailable", "Service Unavailable")

    def batch(self, webhooks: list[Webhook]) -> Webhook | None:
        """Account Activity brings several events of one sort in one call; the X Activity API never does."""
        bodies = [json.loads(webhook.body) for webhook in webhooks]
        merged: Json = {}
        for body in bodies:
            if "for_user_id" not in body or body["for_user_id"] != bodies[0]["for_user_id"]:
                return None
            for name, value in body.items():
                if isinstance(value, list):
                    merged.setdefault(name, []).extend(value)
                elif isinstance(value, dict):
                    merged.setdefault(name, {}).update(value)
                else:
                    merged[name] = value
        return self._webhook(merged) if merged else None

    def brings(self, body: bytes) -> bool:
        """X calls a valid webhook, with what is subscribed to."""
        return super().brings(body) and self.webhooks.brings(body)

    def missed(self, body: bytes) -> bool:
        """Kept a day, for POST /2/webhooks/replay."""
        return self.webhooks.missed(body)

    # -- what citizens do

    def play(self, action: str, data: Json) -> Json:
        """See channels/simulator/README.md; also ``aside`` (a reply that names nobody) and ``envelope`` {to}."""
        if action == "envelope":
            return self._switch(str(data.get("to", "")))
        plays: dict[str, Callable[[Citizen, Json], Json]] = {
            "mention": self._play_mention,
            "reply": self._play_reply,
            "aside": lambda who, given: self._play_reply(who, given, name_them=False),
            "quote": self._play_quote,
            "dm": self._play_dm,
            "no_dms": self._play_no_dms,
            "edit": self._play_edit,
            "delete": self._play_delete,
            "read": self._play_read,
        }
        if action not in plays:
            raise ValueError("Dat kan niet op X.")
        try:
            who = citizen(str(data.get("citizen", "")))
        except KeyError:
            raise ValueError("Kies eerst welke inwoner u speelt.") from None
        made = plays[action](who, data)
        self.world.changed()
        return made

    def _switch(self, envelope: str) -> Json:
        if envelope not in ENVELOPES:
            raise ValueError("Kies xaa of aaa.")
        self.state["envelope"] = envelope
        self.world.changed()
        return {"id": envelope}

    def _play_no_dms(self, who: Citizen, data: Json) -> Json:
        """From now on they take no direct messages of accounts they do not follow (``on``), or do again."""
        closed: list[str] = self.state.setdefault("no_dms", [])
        if who.x_id in closed:
            closed.remove(who.x_id)
        if data.get("on"):
            closed.append(who.x_id)
        return {"id": who.x_id}

    def _play_mention(self, who: Citizen, data: Json) -> Json:
        text = self._written(data)
        if self.account.external_id not in wire.mentioned(text):
            text = f"@{self.account.handle} {text}".strip()
        return self._publish(who, self._post("", who.x_id, text, self._photo(data)))

    def _play_reply(self, who: Citizen, data: Json, *, name_them: bool = True) -> Json:
        parent = self._target(data)
        post = self._post("", who.x_id, self._written(data), self._photo(data), reply_to=parent)
        if not name_them:
            post["auto"] = []
        return self._publish(who, post)

    def _play_quote(self, who: Citizen, data: Json) -> Json:
        quoted = self._target(data)
        post = self._post("", who.x_id, self._written(data), self._photo(data))
        post["quote_of"] = quoted["id"]
        return self._publish(who, post)

    def _publish(self, who: Citizen, post: Json) -> Json:
        self._check_length(post)
        self.add_post(post)
        self.world.record(
            "x", "posted" if self._concerns_us(post) else "aside", post["id"], citizen=who.key, text=post["text"]
        )
        self.tell_post(post)
        return {"id": post["id"]}

    def _play_dm(self, who: Citizen, data: Json) -> Json:
        dm = self.add_dm(who, self._written(data), self._photo(data), from_us=False)
        self.world.record("x", "posted", dm["id"], citizen=who.key, text=dm["text"])
        self.tell_dm(dm)
        return {"id": dm["id"]}

    def _play_edit(self, who: Citizen, data: Json) -> Json:
        old = self._own(who, data)
        text = self._written({**data, "photo": None}, empty=bool(old["media"]))
        post = {**old, "id": str(self.world.new_id()), "text": text, "previous": [*old["previous"], old["id"]]}
        self._check_length(post)
        del self.state["posts"][old["id"]]
        self.state["versions"][old["id"]] = post["id"]
        self.state["posts"][post["id"]] = post
        self.world.record("x", "edited", post["id"], citizen=who.key, previous=old["id"], text=text)
        self.tell_post(post)
        return {"id": post["id"]}

    def _play_delete(self, who: Citizen, data: Json) -> Json:
        post = self._own(who, data)
        self.delete(post)
        return {"id": post["id"]}

    def _play_read(self, who: Citizen, data: Json) -> Json:
        unread = [
            dm
            for dm in self.state["dms"].values()
            if dm["citizen"] == who.key and dm["from_us"] and dm["state"] != "read"
        ]
        if not unread:
            return {"id": "", "read": 0}
        for dm in unread:
            dm["state"] = "read"
            self.world.record("x", "receipt", dm["id"], citizen=who.key, state="read")
        at, last = self.world.now().isoformat(), unread[-1]["id"]
        event = wire.read_event(self.account.external_id, who.x_id, at, last)
        everyone = {key: wire.v11_user(key) for key in (self.account.external_id, who.x_id)}
        if self.state["envelope"] == "aaa":
            body = wire.account_activity(self.account, "direct_message_mark_read_events", [event], users=everyone)
        else:
            body = self._activity(
                "dm.read", {"direct_message_mark_read_events": [event], "users": self._wrapped(who.x_id)}
            )
        self._deliver(body)
        return {"id": last, "read": len(unread)}

    # -- what citizens and our own calls both do

    def post(self, post_id: str) -> Json | None:
        """A post that is there, also by the id of an earlier version; None when there is none or it was deleted."""
        found: Json | None = self.state["posts"].get(self.latest(post_id))
        return None if found is None or found["deleted"] else found

    def latest(self, post_id: str) -> str:
        """The id of the newest version of a post."""
        while post_id in self.state["versions"]:
            post_id = self.state["versions"][post_id]
        return post_id

    def new_post(self, author: str, text: str, media: list[Json], reply_to: Json | None) -> Json:
        """A post that is not there yet: give it to ``add_post``."""
        return self._post("", author, text, media, reply_to=reply_to)

    def add_post(self, post: Json) -> None:
        """Put a new post in the timeline, under an id of its own."""
        post["id"] = str(self.world.new_id())
        post["at"] = self.world.now().isoformat()
        post["conversation"] = post["conversation"] or post["id"]
        self.state["posts"][post["id"]] = post

    def add_dm(self, who: Citizen, text: str, media: list[Json], *, from_us: bool) -> Json:
        """Put a direct message in the conversation with ``who``."""
        dm: Json = {
            "id": str(self.world.new_id()),
            "account": self.account.external_id,
            "citizen": who.key,
            "citizen_id": who.x_id,
            "from_us": from_us,
            "text": text,
            "at": self.world.now().isoformat(),
            "media": media,
            "state": "sent" if from_us else "",
        }
        self.state["dms"][dm["id"]] = dm
        return dm

    def delete(self, post: Json) -> None:
        """A post is gone; replies under it stay. X itself tells only of our own deletes; here of citizens' too."""
        post["deleted"] = True
        by_us = post["author"] == self.account.external_id
        self.world.record("x", "deleted", post["id"], by_us=by_us)
        if self.state["envelope"] == "aaa":
            at = str(int(self.world.now().timestamp() * 1000))
            event = {"status": {"id": post["id"], "user_id": post["author"]}, "timestamp_ms": at}
            body = wire.account_activity(self.account, "tweet_delete_events", [event])
        else:
            body = self._activity("post.delete", {"id": post["id"], "author_id": post["author"]})
        self._deliver(body)
        self.world.changed()

    def around(self, post: Json) -> list[Json]:
        """The parent and the quoted post, where they are still there."""
        return [found for found in (self.post(post["reply_to"]), self.post(post["quote_of"])) if found]

    def tell_post(self, post: Json) -> None:
        """The webhooks that follow from a post: none when X does not think it concerns us."""
        account = self.account.external_id
        if self.state["envelope"] == "aaa":
            if post["author"] == account or self._concerns_us(post):
                tweet = wire.v11_tweet(post, self.post(post["quote_of"]))
                more = {} if post["author"] == account else {"user_has_blocked": "false"}
                self._deliver(wire.account_activity(self.account, "tweet_create_events", [tweet], **more))
            return
        around = self.around(post)
        for kind in self._kinds(post):
            body = wire.activity(self.account, kind, post["id"], wire.v2_post(post), wire.includes([post], around))
            self._deliver(body)

    def tell_dm(self, dm: Json) -> None:
        """The webhook of a direct message, received or sent."""
        parties = wire.dm_parties(dm)
        event = wire.v11_dm(dm)
        if self.state["envelope"] == "aaa":
            everyone = {key: wire.v11_user(key) for key in parties}
            body = wire.account_activity(self.account, "direct_message_events", [event], users=everyone)
        else:
            kind = "dm.sent" if dm["from_us"] else "dm.received"
            body = self._activity(kind, {"direct_message_events": [event], "users": self._wrapped(dm["citizen_id"])})
        self._deliver(body)

    def later(self, call: Callable[..., None], *arguments: Any) -> None:
        """After the answer to the call that is being served."""
        asyncio.get_running_loop().call_later(ECHO_AFTER, call, *arguments)

    # -- inside

    def _kinds(self, post: Json) -> list[str]:
        """X's events for a post: a mention only when written out, a reply or quote only when directly of ours."""
        account = self.account.external_id
        if post["author"] == account:
            return ["post.create"]
        parent, quoted = self.post(post["reply_to"]), self.post(post["quote_of"])
        kinds = ["post.mention.create"] if account in wire.mentioned(post["text"]) else []
        kinds += ["post.reply.create"] if parent and parent["author"] == account else []
        kinds += ["post.quote.create"] if quoted and quoted["author"] == account else []
        return kinds

    def _concerns_us(self, post: Json) -> bool:
        return bool(self._kinds(post)) or self.account.external_id in wire.mentioned(wire.full_text(post))

    def _post(self, key: str, author: str, text: str, media: list[Json], *, reply_to: Json | None = None) -> Json:
        everyone = wire.users()
        named: list[str] = []
        if reply_to is not None:
            # X names the author answered and everyone they named, in front and for free.
            named = [reply_to["author"], *wire.mentioned(wire.full_text(reply_to))]
            named = [one for one in dict.fromkeys(named) if one != author and one not in wire.mentioned(text)]
        return {
            "id": key,
            "author": author,
            "text": text,
            "auto": [everyone[one]["username"] for one in named],
            "at": "",
            "conversation": reply_to["conversation"] if reply_to else key,
            "reply_to": reply_to["id"] if reply_to else "",
            "reply_to_author": reply_to["author"] if reply_to else "",
            "quote_of": "",
            "media": media,
            "previous": [],
            "deleted": False,
            "hidden": False,
        }

    def _activity(self, kind: str, payload: Json) -> Json:
        return wire.activity(self.account, kind, str(self.world.new_id()), payload)

    def _wrapped(self, citizen_id: str) -> Json:
        """The users of a direct message as the X Activity API wraps them."""
        everyone = wire.users()
        return {key: {"data": everyone[key]} for key in (self.account.external_id, citizen_id)}

    def _deliver(self, body: Json) -> None:
        self.world.deliver("x", self._webhook(body))

    def deliver_raw(self, raw: bytes) -> None:
        """Bring a body as it is, signed anew."""
        self.world.deliver("x", self._signed(raw))

    def _webhook(self, body: Json) -> Webhook:
        return self._signed(json.dumps(body, ensure_ascii=False).encode())

    def _signed(self, raw: bytes) -> Webhook:
        secret = app("x").secrets["consumer_secret"]

        def sign(_url: str) -> Mapping[str, str]:
            return {signature.HEADER: signature.sign(secret, raw)}

        path = urlsplit(self.webhooks.address or self.webhooks.own_address).path
        return Webhook(path, raw, "application/json", sign)

    def _written(self, data: Json, *, empty: bool = False) -> str:
        text = str(data.get("text") or "")
        if not text.strip() and not data.get("photo") and not empty:
            raise ValueError("Schrijf eerst een bericht.")
        return text.strip()

    def _check_length(self, post: Json) -> None:
        if weighted_length(wire.full_text(post), reply=bool(post["reply_to"])) > LIMIT:
            raise ValueError(f"Een bericht op X mag hooguit {LIMIT} tekens lang zijn.")

    def _photo(self, data: Json) -> list[Json]:
        photo = data.get("photo")
        if not photo:
            return []
        if not isinstance(photo, dict) or photo.get("content_type") not in PHOTO_TYPES:
            raise ValueError("Kies een foto: jpeg, png, gif of webp.")
        try:
            content = base64.b64decode(str(photo.get("content", "")), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("De foto is niet te lezen.") from None
        if not content or len(content) > MAX_PHOTO:
            raise ValueError("Een foto mag hooguit 5 MB groot zijn.")
        return [self.keep_photo(content, photo["content_type"], str(photo.get("name") or "foto"))]

    def keep_photo(self, content: bytes, content_type: str, name: str) -> Json:
        """A photo as posts and direct messages hold it."""
        url = self.world.media(content, content_type, name)
        url = f"{self.world.base_url}{url}" if url.startswith("/") else url
        return {"key": f"3_{self.world.new_id()}", "url": url, "content_type": content_type, "alt_text": ""}

    def _target(self, data: Json) -> Json:
        found = self.post(str(data.get("to", "")))
        if found is None:
            raise ValueError("Dit bericht bestaat niet meer.")
        return found

    def _own(self, who: Citizen, data: Json) -> Json:
        found = self.post(str(data.get("id", "")))
        if found is None:
            raise ValueError("Dit bericht bestaat niet meer.")
        if found["author"] != who.x_id:
            raise ValueError("U kunt alleen uw eigen berichten veranderen.")
        return found

    # -- the phone

    def street(self) -> Json:
        """What the phone shows; see channels/simulator/README.md."""
        return phone(self.state, self.account)
