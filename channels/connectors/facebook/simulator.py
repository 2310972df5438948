"""The simulated Facebook: two Pages with posts and comments, Messenger, and the phone in the street."""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from channels.connectors.facebook import (
    simulated_app,
    simulated_graph,
    simulated_phone,
    simulated_sign_in,
    simulated_webhooks,
)
from channels.connectors.facebook.webhooks import FIELDS
from channels.simulator.platform import Json, Platform, Webhook
from channels.simulator.town import CITIZENS, Citizen, DemoAccount, accounts, app, citizen

TOWN_PAGE, FARM_PAGE = (page.external_id for page in app("facebook").accounts)
# Page, number, hours ago, text: what the Pages had posted before anyone came.
FIRST_POSTS = (
    (
        TOWN_PAGE,
        "100000000000001",
        30,
        "Goed nieuws: het Havenpark is weer open! 🌳 Er zijn nieuwe bankjes, een waterspeelplaats en "
        "40 extra bomen. Tot ziens in het park!",
    ),
    (
        TOWN_PAGE,
        "100000000000002",
        6,
        "Let op: deze week halen we het oud papier een dag later op. Zet uw container donderdag vóór "
        "7.30 uur aan de weg. Vragen? Stel ze gerust hieronder.",
    ),
    (
        FARM_PAGE,
        "100000000000003",
        50,
        "Er zijn vijf lammetjes geboren! 🐑 Kom ze bewonderen, iedere dag van 10 tot 17 uur. De toegang is gratis.",
    ),
    (
        FARM_PAGE,
        "100000000000004",
        9,
        "Zaterdag is het open dag: brood bakken, schapen scheren en een speurtocht door de moestuin. Wie komt er mee?",
    ),
)
PICTURED = {"100000000000002": "volle-container.jpg"}
ECHO_AFTER, DELIVERED_AFTER = 0.2, 0.5  # seconds of real time
LONGEST_COMMENT, LONGEST_MESSAGE = 8000, 2000


class SimulatedFacebook(Platform):
    """All that is said lies in ``state``: posts, comments and messages by id, in the order they came."""

    kind: ClassVar[str] = "facebook"

    def empty(self) -> Json:
        """Two Pages with their first posts."""
        now = self.world.now()
        posts = {}
        for page, number, hours, text in FIRST_POSTS:
            photos = [f"{self.world.base_url}/street/samples/{PICTURED[number]}"] if number in PICTURED else []
            post = _line(f"{page}_{number}", page, "", text, photos, now - timedelta(hours=hours))
            posts[post["id"]] = post
        return {
            "posts": posts,
            "comments": {},
            "messages": {},
            "uploads": {},
            "private_replies": [],
            "subscription": {},  # the address Meta calls, once it was changed
            "token_ends": {},  # by Page, ISO time; a Page that is not here has a token that never ends
            "logins": {},  # of colleagues: code or user token -> pages, scopes
            "page_tokens": {},  # given by log-ins: token -> page, scopes
            "unsubscribed": [page.external_id for page in accounts("facebook") if page not in app("facebook").accounts],
        }

    def routes(self) -> list[BaseRoute]:
        """The Graph API under /v26.0/."""
        return [*simulated_sign_in.routes(self), *simulated_app.routes(self), *simulated_graph.routes(self)]

    def subscription(self) -> Json:
        """The address Meta calls for all Pages, whether it does, and the fields it calls for."""
        own = f"{self.world.public_url}/webhooks/facebook/{app('facebook').key}/"
        ours: Json = {"callback_url": own, "active": True, "fields": [*FIELDS]}
        ours.update(self.state["subscription"])
        return ours

    @property
    def path(self) -> str:
        """Of the webhook that is called."""
        return urlsplit(self.subscription()["callback_url"]).path

    def brings(self, body: bytes) -> bool:
        """Meta calls the address it knows, for Pages that the app is subscribed to."""
        known = self.subscription()
        here = known["callback_url"].startswith(f"{self.world.public_url}/webhooks/facebook/")
        pages = {str(entry.get("id")) for entry in json.loads(body or b"{}").get("entry", [])}
        return super().brings(body) and known["active"] and here and not pages & {*self.state["unsubscribed"]}

    def subscribed(self, page: str) -> bool:
        """Whether Meta calls us for this Page."""
        return self.webhook_valid and page not in self.state["unsubscribed"]

    def subscribe(self, page: str, on: bool) -> None:
        """From now on, or no longer."""
        if on:
            self.webhook_valid = True
        off = [one for one in self.state["unsubscribed"] if one != page]
        self.state["unsubscribed"] = off if on else [*off, page]
        self.world.record("facebook", "subscribed" if on else "unsubscribed", page)
        self.world.changed()

    def page_of_token(self, token: str) -> DemoAccount | None:
        """The Page a token is for: the one that was there from the start, or one given by a log-in."""
        given = self.state["page_tokens"].get(token, {}).get("page")
        return next(
            (one for one in accounts("facebook") if given == one.external_id or one.secrets["page_token"] == token),
            None,
        )

    def refusal(self, fault: str, request: Request) -> Response:
        """Meta's answers: usage headers with a limit, an error of its own, or an expired token."""
        return simulated_graph.refusal(fault)

    def batch(self, webhooks: list[Webhook]) -> Webhook | None:
        """Meta puts several entries into one call."""
        entries = [entry for webhook in webhooks for entry in simulated_webhooks.entries_of(webhook)]
        return simulated_webhooks.envelope(app("facebook"), entries, self.path)

    # -- the citizen --------------------------------------------------------------------------------------------

    def play(self, action: str, data: Json) -> Json:
        """comment{to}, visitor_post{page}, message{page}, edit{id}, delete{id}, read{page}, react{id, symbol}.

        Raises ValueError with a Dutch sentence for what cannot be done."""
        acts: dict[str, Callable[[Citizen, Json], Json]] = {
            "comment": self._play_comment,
            "visitor_post": self._play_post,
            "message": self._play_message,
            "edit": self._play_edit,
            "delete": self._play_delete,
            "read": self._play_read,
            "react": self._play_react,
        }
        act = acts.get(action)
        if act is None:
            raise ValueError(f"Dit kan niet op Facebook: {action}.")
        who = next((person for person in CITIZENS if person.key == data.get("citizen")), None)
        if who is None:
            raise ValueError("Kies eerst wie u bent.")
        made = act(who, data)
        self.world.changed()
        return made

    def _play_comment(self, who: Citizen, data: Json) -> Json:
        target = self.public(str(data.get("to", "")))
        if target is None:
            raise ValueError("Dit bericht bestaat niet meer. Reageer op een ander bericht.")
        text, photos = self._said(data, LONGEST_COMMENT)
        return self.add_comment(target, who.key, text, photos)

    def _play_post(self, who: Citizen, data: Json) -> Json:
        page, (text, photos) = self._page(data), self._said(data, LONGEST_COMMENT)
        post = _line(
            f"{page.external_id}_{self.world.new_id()}",
            page.external_id,
            who.key,
            text,
            photos,
            self.world.now(),
        )
        self.state["posts"][post["id"]] = post
        self.world.record("facebook", "posted", post["id"], citizen=who.key, text=text)
        self._send_post(post, "add")
        return post

    def _play_message(self, who: Citizen, data: Json) -> Json:
        page, (text, photos) = self._page(data), self._said(data, LONGEST_MESSAGE)
        return self.add_message(page.external_id, who, text, photos, from_us=False)

    def _play_edit(self, who: Citizen, data: Json) -> Json:
        item = self._own(who, data)
        text = str(data.get("text") or "").strip()
        if not text:
            raise ValueError("Schrijf eerst de nieuwe tekst.")
        if len(text) > (LONGEST_MESSAGE if self._is_message(item) else LONGEST_COMMENT):
            raise ValueError("Deze tekst is te lang voor Facebook. Maak hem korter.")
        item.update(text=text, edited=True, edits=item.get("edits", 0) + 1)
        self.world.record("facebook", "edited", item["id"], text=text)
        if self._is_message(item):
            at = self._now()
            event = simulated_webhooks.edit_event(item, who, at)
            self._deliver(simulated_webhooks.messaging_entry(item["page"], event, at))
        else:
            self.tell(item, "edited")
        return item

    def _play_delete(self, who: Citizen, data: Json) -> Json:
        item = self._own(who, data)
        if self._is_message(item):
            raise ValueError("Facebook vertelt een pagina niet dat een Messenger-bericht is verwijderd.")
        return self.remove(item, by_us=False)

    def _play_read(self, who: Citizen, data: Json) -> Json:
        page = self._page(data).external_id
        unread = [
            message
            for message in self.state["messages"].values()
            if message["page"] == page
            and message["citizen"] == who.key
            and message["from_us"]
            and message["state"] != "read"
        ]
        if unread:
            at = self._now()
            for message in unread:
                message["state"] = "read"
                self.world.record("facebook", "receipt", message["id"], state="read")
            event = simulated_webhooks.receipt_event("read", page, who, at)
            self._deliver(simulated_webhooks.messaging_entry(page, event, at))
        return {"id": "", "read": len(unread)}

    def _play_react(self, who: Citizen, data: Json) -> Json:
        """A symbol under what is there, another in its place, or, the same once more, none."""
        identifier, symbol = str(data.get("id", "")), str(data.get("symbol") or "👍")
        item = self.state["messages"].get(identifier) or self.public(identifier)
        if item is None:
            raise ValueError("Dit bericht bestaat niet meer.")
        if symbol not in simulated_webhooks.SYMBOLS:
            raise ValueError("Dit symbool kent Facebook niet.")
        given: Json = item.setdefault("reactions", {})
        before = given.pop(who.key, "")
        if before != symbol:
            given[who.key] = symbol
        verb = "remove" if before == symbol else "edit" if before else "add"
        at = self._now()
        self.world.record("facebook", "reacted", item["id"], citizen=who.key, verb=verb)
        if self._is_message(item):
            event = simulated_webhooks.reaction_event(item, who, symbol, verb, at)
            self._deliver(simulated_webhooks.messaging_entry(item["page"], event, at))
        else:
            post = self.post_of(item)
            value = simulated_webhooks.reaction_value(item, post, who, symbol, verb, at)
            self._deliver(simulated_webhooks.feed_entry(item["page"], value, at))
        found: Json = item
        return found

    # -- what citizens and our own calls both do ----------------------------------------------------------------

    def public(self, identifier: str) -> Json | None:
        """A post or comment that is there; None when it never was or is gone."""
        found: Json | None = self.state["posts"].get(identifier) or self.state["comments"].get(identifier)
        return found if found and not found["deleted"] else None

    def add_comment(self, target: Json, by: str, text: str, photos: list[str]) -> Json:
        """A comment by a citizen (a key), or ("") by the Page. Under a reply it joins the top-level comment."""
        post = self.post_of(target)
        parent = target.get("parent") or (target["id"] if target["id"] != post["id"] else "")
        number = post["id"].rpartition("_")[2]
        comment = _line(f"{number}_{self.world.new_id()}", post["page"], by, text, photos, self.world.now())
        comment |= {"post": post["id"], "parent": parent}
        self.state["comments"][comment["id"]] = comment
        what = "posted" if by else "answered"
        self.world.record("facebook", what, comment["id"], citizen=by, text=text, to=target["id"])
        if by:
            self.tell(comment, "add")
        else:
            self._later(ECHO_AFTER, self.tell, comment, "add")
        self.world.changed()
        return comment

    def add_message(
        self,
        page: str,
        who: Citizen,
        text: str,
        photos: list[str],
        *,
        from_us: bool,
        files: tuple[str, ...] = (),
    ) -> Json:
        """A Messenger message; ours comes back as an echo and is delivered by itself."""
        message = _line(f"m_{self.world.new_id()}", page, who.key, text, photos, self.world.now())
        message |= {"from_us": from_us, "files": list(files), "state": "sent" if from_us else ""}
        self.state["messages"][message["id"]] = message
        what = "answered" if from_us else "posted"
        self.world.record("facebook", what, message["id"], citizen=who.key, text=text)
        entry = simulated_webhooks.messaging_entry(page, simulated_webhooks.message_event(message, who), message["at"])
        if from_us:
            self._later(ECHO_AFTER, self._deliver, entry)
            self._later(DELIVERED_AFTER, self._delivered, message, who)
        else:
            self._deliver(entry)
        self.world.changed()
        return message

    def remove(self, item: Json, *, by_us: bool) -> Json:
        """A post or comment goes, by its author or by the Page."""
        item["deleted"] = True
        self.world.record("facebook", "deleted", item["id"], by_us=by_us)
        self.tell(item, "remove", by_us=by_us)
        self.world.changed()
        return item

    def hide(self, item: Json, hidden: bool) -> None:
        """The Page hides a comment, or shows it again."""
        item["hidden"] = hidden
        self.world.record("facebook", "hidden" if hidden else "shown", item["id"])
        self.tell(item, "hide" if hidden else "unhide", by_us=True)
        self.world.changed()

    def tell(self, item: Json, verb: str, *, by_us: bool = False) -> None:
        """The webhook of a change to a post or comment."""
        if item["id"] in self.state["posts"]:
            self._send_post(item, verb)
            return
        post = self.post_of(item)
        sender = self.author({**item, "citizen": ""} if by_us else item)
        at = self._now()
        value = simulated_webhooks.comment_value(item, post, sender, verb, at, self.permalink(post["id"]))
        self._deliver(simulated_webhooks.feed_entry(item["page"], value, at))

    def post_of(self, item: Json) -> Json:
        """The post itself, or the post a comment stands under."""
        found: Json = self.state["posts"][item.get("post") or item["id"]]
        return found

    def author(self, item: Json) -> Json:
        """``{"id", "name"}`` of who said it, with the id Facebook uses under comments."""
        if item["citizen"]:
            who = citizen(item["citizen"])
            return {"id": who.facebook_id, "name": who.name}
        return {"id": item["page"], "name": page_of(item["page"]).name}

    def permalink(self, identifier: str) -> str:
        """Where a post is to be seen: in the street."""
        return f"{self.world.base_url}/?facebook={identifier}"

    def street(self) -> Json:
        """See simulated_phone.py."""
        return simulated_phone.phone(self.state)

    # -- small helpers ------------------------------------------------------------------------------------------

    def _send_post(self, post: Json, verb: str) -> None:
        at = self._now()
        value = simulated_webhooks.post_value(post, self.author(post), verb, at)
        self._deliver(simulated_webhooks.feed_entry(post["page"], value, at))

    def _delivered(self, message: Json, who: Citizen) -> None:
        if message["state"] == "sent":
            message["state"] = "delivered"
            self.world.record("facebook", "receipt", message["id"], state="delivered")
        at = self._now()
        event = simulated_webhooks.receipt_event("delivery", message["page"], who, at, [message["id"]])
        self._deliver(simulated_webhooks.messaging_entry(message["page"], event, at))
        self.world.changed()

    def _deliver(self, entry: Json) -> None:
        self.world.deliver("facebook", simulated_webhooks.envelope(app("facebook"), [entry], self.path))

    def _later(self, after: float, call: Callable[..., None], *arguments: Any) -> None:
        """After the answer to our call, as a rule: Meta's echo is a call of its own."""
        asyncio.get_running_loop().call_later(after, call, *arguments)

    def _now(self) -> str:
        return self.world.now().isoformat()

    def _is_message(self, item: Json) -> bool:
        return item["id"] in self.state["messages"]

    def _own(self, who: Citizen, data: Json) -> Json:
        identifier = str(data.get("id", ""))
        item = self.state["messages"].get(identifier) or self.public(identifier)
        if item is None:
            raise ValueError("Dit bericht bestaat niet meer.")
        if item["citizen"] != who.key or item.get("from_us"):
            raise ValueError("U kunt alleen uw eigen berichten veranderen.")
        found: Json = item
        return found

    def _page(self, data: Json) -> DemoAccount:
        pages = accounts("facebook")
        wanted = str(data.get("page") or pages[0].external_id)
        found = next((page for page in pages if page.external_id == wanted), None)
        if found is None:
            raise ValueError("Deze pagina bestaat niet.")
        return found

    def _said(self, data: Json, longest: int) -> tuple[str, list[str]]:
        text, photo = str(data.get("text") or "").strip(), data.get("photo")
        if not text and not photo:
            raise ValueError("Schrijf eerst iets, of kies een foto.")
        if len(text) > longest:
            raise ValueError("Deze tekst is te lang voor Facebook. Maak hem korter.")
        if not photo:
            return text, []
        try:
            content = base64.b64decode(photo["content"], validate=True)
            kind, name = str(photo["content_type"]), str(photo["name"])
        except (KeyError, TypeError, binascii.Error):
            raise ValueError("Deze foto is niet te lezen. Kies een andere.") from None
        return text, [self.world.media(content, kind, name)]


def page_of(external_id: str) -> DemoAccount:
    """A Page by id. Raises KeyError."""
    return {page.external_id: page for page in accounts("facebook")}[external_id]


def _line(identifier: str, page: str, by: str, text: str, photos: list[str], at: datetime) -> Json:
    return {
        "id": identifier,
        "page": page,
        "citizen": by,
        "text": text,
        "photos": photos,
        "at": at.astimezone(UTC).isoformat(),
        "edited": False,
        "edits": 0,
        "deleted": False,
        "hidden": False,
    }
