"""X's HTTP API as the simulated X answers it: posts, direct messages and media, with X's own refusals."""

import base64
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.x import simulated_wire as wire
from channels.connectors.x.length import DM_LIMIT, LIMIT, weighted_length
from channels.simulator.platform import Json
from channels.simulator.town import CITIZENS, DemoAccount, app

if TYPE_CHECKING:
    from channels.connectors.x.simulator import SimulatedX

PROBLEMS = "https://api.x.com/2/problems/"
RATE_LIMIT = 100
WINDOW = timedelta(minutes=15)
MENTIONS_KEPT = 800
SEARCHED = timedelta(days=7)  # how far back recent search looks
DM_DAYS = timedelta(days=30)
DUPLICATE_WITHIN = timedelta(days=1)
POST_KEYS = {"text", "reply", "media", "quote_tweet_id", "reply_settings"}
MEDIA_CATEGORIES = ("tweet_image", "tweet_gif", "dm_image", "dm_gif")
MAX_IMAGE, MAX_GIF = 5 * 1024 * 1024, 15 * 1024 * 1024

DELETED = "You attempted to reply to a Tweet that is deleted or not visible to you."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to."
)
NOT_TO_THEM = "You do not have permission to DM one or more participants."


class Refused(Exception):
    """X says no; ``response`` is what it says."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def problem(
    status: int, title: str, detail: str, kind: str = "about:blank", headers: Mapping[str, str] | None = None
) -> Response:
    """An error as X writes it: problem+json."""
    body = {"title": title, "detail": detail, "type": kind, "status": status}
    return JSONResponse(body, status, dict(headers or {}), "application/problem+json")


def limit_headers(reset: int, remaining: int) -> dict[str, str]:
    """X's rate limit headers; ``reset`` in epoch seconds."""
    return {
        "x-rate-limit-limit": str(RATE_LIMIT),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(reset),
    }


def invalid(detail: str) -> Refused:
    """A 400 with X's sentence."""
    body = {
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{PROBLEMS}invalid-request",
        "errors": [{"message": detail}],
    }
    return Refused(JSONResponse(body, 400, media_type="application/problem+json"))


def _forbidden(detail: str) -> Refused:
    return Refused(problem(403, "Forbidden", detail))


def signed_by(request: Request, platform: "SimulatedX") -> DemoAccount | None:
    """The account a call is signed for, by OAuth 1.0a (the signature is checked) or an OAuth 2.0 user token."""
    header = request.headers.get("authorization", "")
    accounts = app("x").accounts
    if header.startswith("Bearer "):
        known = next((one for one in accounts if header == f"Bearer {user_token(one)}"), None)
        return known or platform.sign_in.account_of(header.removeprefix("Bearer "))
    given = {name: unquote(value) for name, value in re.findall(r'(\w+)="([^"]*)"', header)}
    for account in accounts:
        if given.get("oauth_token") == account.secrets["access_token"] and hmac.compare_digest(
            _oauth1(request, given, account), given.get("oauth_signature", "")
        ):
            return account
    return None


def user_token(account: DemoAccount) -> str:
    """The OAuth 2.0 user token that the simulated X accepts for an account."""
    return f"{account.external_id}-oauth2"


def _oauth1(request: Request, given: Mapping[str, str], account: DemoAccount) -> str:
    """The signature by RFC 5849; JSON and multipart bodies are no part of it."""

    def enc(value: str) -> str:
        return quote(value, safe="~")

    fields = [(name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")]
    fields += parse_qsl(request.url.query, keep_blank_values=True)
    normal = "&".join(f"{name}={value}" for name, value in sorted((enc(n), enc(v)) for n, v in fields))
    url = str(request.url.replace(query="", fragment=""))
    base = "&".join(enc(part) for part in (request.method, url, normal))
    key = f"{enc(app('x').secrets['consumer_secret'])}&{enc(account.secrets['access_token_secret'])}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()).decode()


class Api:
    """The endpoints of one simulated X."""

    def __init__(self, platform: "SimulatedX") -> None:
        self.platform = platform

    def routes(self) -> list[BaseRoute]:
        """Longer paths first."""

        def at(path: str, method: str, run: Callable[[Request, DemoAccount], Awaitable[Response]]) -> Route:
            return Route(path, self._signed(run), methods=[method])

        return [
            at("/2/tweets", "POST", self.create_post),
            at("/2/tweets/search/recent", "GET", self.search),
            at("/2/tweets/{id}", "GET", self.get_post),
            at("/2/tweets/{id}", "DELETE", self.delete_post),
            at("/2/tweets/{id}/hidden", "PUT", self.hide_post),
            at("/2/users/me", "GET", self.get_me),
            at("/2/users/{id}/mentions", "GET", self.list_mentions),
            at("/2/users/{id}/tweets", "GET", self.list_posts),
            at("/2/dm_conversations/with/{id}/messages", "POST", self.create_dm),
            at("/2/dm_conversations/with/{id}/dm_events", "GET", self.list_dms),
            at("/2/dm_events", "GET", self.list_dms),
            at("/2/media/upload", "POST", self.upload),
            at("/2/media/metadata", "POST", self.describe),
        ]

    def _signed(
        self, run: Callable[[Request, DemoAccount], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            account = signed_by(request, self.platform)
            if account is None:
                return problem(401, "Unauthorized", "Unauthorized")
            try:
                response = await run(request, account)
            except Refused as refused:
                response = refused.response
            reset = int((self.platform.world.now() + WINDOW).timestamp())
            for name, value in limit_headers(reset, RATE_LIMIT - 1).items():
                response.headers.setdefault(name, value)
            return response

        return endpoint

    # -- posts

    async def create_post(self, request: Request, account: DemoAccount) -> Response:
        """POST /2/tweets."""
        body = await json_body(request)
        if unknown := set(body) - POST_KEYS:
            raise invalid(f"property '{sorted(unknown)[0]}' is not defined in the schema")
        text = body.get("text") or ""
        media = self._attached((body.get("media") or {}).get("media_ids") or [])
        if not isinstance(text, str) or not (text.strip() or media):
            raise invalid("At least one of text or media is required.")
        parent = self._parent(str((body.get("reply") or {}).get("in_reply_to_tweet_id") or ""), account)
        post = self.platform.new_post(account.external_id, text, media, parent)
        post["quote_of"] = str(body.get("quote_tweet_id") or "")
        if weighted_length(text, reply=parent is not None) > LIMIT:
            raise _forbidden("Your Tweet text is too long.")
        since = self.platform.world.now() - DUPLICATE_WITHIN
        for other in self.platform.state["posts"].values():
            same = all(other[name] == post[name] for name in ("author", "text", "auto")) and not other["deleted"]
            if same and datetime.fromisoformat(other["at"]) > since:
                raise _forbidden(DUPLICATE)
        self.platform.add_post(post)
        self.platform.world.record(
            "x", "answered", post["id"], text=text, to=post["reply_to"], media=len(post["media"])
        )
        self.platform.world.changed()
        self.platform.later(self.platform.tell_post, post)
        made = wire.v2_post(post)
        return JSONResponse({"data": {name: made[name] for name in ("id", "text", "edit_history_tweet_ids")}}, 201)

    def _parent(self, post_id: str, account: DemoAccount) -> Json | None:
        """The post to answer. Self-serve: only our own, or one whose author named us or quoted us."""
        if not post_id:
            return None
        parent = self.platform.post(post_id)
        if parent is None:
            raise _forbidden(DELETED)
        quoted = self.platform.post(parent["quote_of"])
        summoned = (
            parent["author"] == account.external_id
            or account.external_id in wire.mentioned(wire.full_text(parent))
            or (quoted is not None and quoted["author"] == account.external_id)
        )
        if not summoned:
            raise _forbidden(NOT_SUMMONED)
        return parent

    async def get_post(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/tweets/:id: 200 with a partial error when it is not there."""
        key = request.path_params["id"]
        post = self.platform.post(key)
        if post is None:
            return JSONResponse({"errors": [_not_found("tweet", key)]})
        return JSONResponse({"data": wire.v2_post(post), "includes": wire.includes([post], self.platform.around(post))})

    async def delete_post(self, request: Request, account: DemoAccount) -> Response:
        """DELETE /2/tweets/:id."""
        post = self.platform.post(request.path_params["id"])
        if post is None:
            raise Refused(problem(404, "Not Found Error", "Not Found", f"{PROBLEMS}resource-not-found"))
        if post["author"] != account.external_id:
            raise _forbidden("You are not authorized to delete this Tweet.")
        self.platform.delete(post)
        return JSONResponse({"data": {"deleted": True}})

    async def hide_post(self, request: Request, account: DemoAccount) -> Response:
        """PUT /2/tweets/:id/hidden: only a reply in a conversation that we began."""
        post = self.platform.post(request.path_params["id"])
        hidden = (await json_body(request)).get("hidden")
        if not isinstance(hidden, bool):
            raise invalid("hidden must be a boolean.")
        if post is None:
            raise Refused(problem(404, "Not Found Error", "Not Found", f"{PROBLEMS}resource-not-found"))
        top = self.platform.post(post["conversation"])
        if not post["reply_to"] or top is None or top["author"] != account.external_id:
            raise _forbidden("You are not allowed to hide this reply.")
        post["hidden"] = hidden
        self.platform.world.record("x", "hidden" if hidden else "shown", post["id"])
        self.platform.world.changed()
        return JSONResponse({"data": {"hidden": hidden}})

    # -- lists

    async def get_me(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/users/me."""
        return JSONResponse({"data": wire.users()[account.external_id]})

    async def list_mentions(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/users/:id/mentions: newest first, the mentions X put in front of a reply too."""
        key = request.path_params["id"]
        found = [
            post for post in self._visible() if post["author"] != key and key in wire.mentioned(wire.full_text(post))
        ]
        return self._page(request, found[:MENTIONS_KEPT], wire.v2_post, self._includes, least=5)

    async def search(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/tweets/search/recent: ``conversation_id:`` alone, of the last seven days, newest first."""
        word, _, key = request.query_params.get("query", "").partition(":")
        if word != "conversation_id" or not key.isdecimal():
            raise invalid("This street searches by conversation_id only.")
        since = self.platform.world.now() - SEARCHED
        found = [
            post
            for post in self._visible()
            if post["conversation"] == key and datetime.fromisoformat(post["at"]) >= since
        ]
        return self._page(request, found, wire.v2_post, self._includes, least=10)

    async def list_posts(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/users/:id/tweets: newest first."""
        key = request.path_params["id"]
        found = [post for post in self._visible() if post["author"] == key]
        return self._page(request, found, wire.v2_post, self._includes, least=5)

    def _visible(self) -> list[Json]:
        posts = [post for post in self.platform.state["posts"].values() if not post["deleted"]]
        return sorted(posts, key=lambda post: (str(post["at"]), int(post["id"])), reverse=True)

    def _includes(self, posts: list[Json]) -> Json:
        around = {found["id"]: found for post in posts for found in self.platform.around(post)}
        return wire.includes(posts, around.values())

    def _page(
        self,
        request: Request,
        found: list[Json],
        shape: Callable[[Json], Json],
        includes: Callable[[list[Json]], Json],
        least: int = 1,
    ) -> Response:
        query = request.query_params
        size = _number(query.get("max_results", "10" if least > 1 else "100"))
        if not least <= size <= 100:
            raise invalid(f"The `max_results` query parameter value is not between {least} and 100.")
        if since_id := query.get("since_id"):
            found = [item for item in found if int(item["id"]) > _number(since_id)]
        if start := query.get("start_time"):
            found = [item for item in found if datetime.fromisoformat(item["at"]) >= _moment(start)]
        offset = _number(query.get("pagination_token", "0").removeprefix("page"))
        page = found[offset : offset + size]
        meta: Json = {"result_count": len(page)}
        if page:
            meta.update(newest_id=page[0]["id"], oldest_id=page[-1]["id"])
        if offset + size < len(found):
            meta["next_token"] = f"page{offset + size}"
        if not page:
            return JSONResponse({"meta": meta})
        return JSONResponse({"data": [shape(item) for item in page], "includes": includes(page), "meta": meta})

    # -- direct messages

    async def create_dm(self, request: Request, account: DemoAccount) -> Response:
        """POST /2/dm_conversations/with/:id/messages."""
        body = await json_body(request)
        who = next((one for one in CITIZENS if one.x_id == request.path_params["id"]), None)
        text = body.get("text") or ""
        media = self._attached([item.get("media_id") for item in body.get("attachments") or []])
        if not isinstance(text, str) or not (text or media) or len(text) > DM_LIMIT or len(media) > 1:
            raise invalid("text or one attachment is required.")
        if who is None or who.x_id in self.platform.state.get("no_dms", []):
            raise _forbidden(NOT_TO_THEM)
        dm = self.platform.add_dm(who, text, media, from_us=True)
        self.platform.world.record("x", "answered", dm["id"], text=text, to=who.key, media=len(media))
        self.platform.world.changed()
        self.platform.later(self.platform.tell_dm, dm)
        conversation = wire.dm_conversation(account.external_id, who.x_id)
        return JSONResponse({"data": {"dm_conversation_id": conversation, "dm_event_id": dm["id"]}}, 201)

    async def list_dms(self, request: Request, account: DemoAccount) -> Response:
        """GET /2/dm_events and /2/dm_conversations/with/:id/dm_events: newest first, 30 days back."""
        other = request.path_params.get("id")
        oldest = self.platform.world.now() - DM_DAYS
        found = [
            dm
            for dm in reversed(self.platform.state["dms"].values())
            if other in (None, dm["citizen_id"]) and datetime.fromisoformat(dm["at"]) >= oldest
        ]

        def includes(page: list[Json]) -> Json:
            parties = dict.fromkeys(key for dm in page for key in wire.dm_parties(dm))
            media = [wire.v2_media(file) for dm in page for file in dm["media"]]
            return {"users": [wire.users()[key] for key in parties], "media": media}

        return self._page(request, found, wire.v2_dm, includes)

    # -- media

    async def upload(self, request: Request, account: DemoAccount) -> Response:
        """POST /2/media/upload, multipart."""
        async with request.form() as form:
            file, category = form.get("media"), str(form.get("media_category", ""))
            if not isinstance(file, UploadFile) or category not in MEDIA_CATEGORIES:
                raise invalid("media and media_category are required.")
            content, kind, name = await file.read(), file.content_type, file.filename
        if len(content) > (MAX_GIF if category.endswith("gif") else MAX_IMAGE):
            raise invalid("The media is too large.")
        kept = self.platform.keep_photo(content, kind or "image/jpeg", name or "foto")
        media_id = kept["key"].partition("_")[2]
        self.platform.state["media"][media_id] = kept
        self.platform.world.changed()
        data = {"id": media_id, "media_key": kept["key"], "size": len(content), "expires_after_secs": 86400}
        return JSONResponse({"data": data})

    async def describe(self, request: Request, account: DemoAccount) -> Response:
        """POST /2/media/metadata: the text for who cannot see the picture."""
        body = await json_body(request)
        kept = self.platform.state["media"].get(str(body.get("id", "")))
        if kept is None:
            raise invalid("id is not a valid media id.")
        kept["alt_text"] = str((body.get("metadata") or {}).get("alt_text", {}).get("text", ""))
        return JSONResponse({"data": {"id": body["id"], "associated_metadata": body["metadata"]}})

    def _attached(self, media_ids: list[Any]) -> list[Json]:
        known = self.platform.state["media"]
        if any(str(key) not in known for key in media_ids) or len(media_ids) > 4:
            raise invalid("Your media IDs are invalid.")
        return [known[str(key)] for key in media_ids]


async def json_body(request: Request) -> Json:
    """The object in the body; Refused as X does for anything else."""
    try:
        body = await request.json()
    except ValueError:
        raise invalid("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body is not an object.")
    return body


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 25):
        raise invalid("A number is not a number.")
    return int(value)


def _moment(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise invalid("A time is not a time.") from None
    if moment.tzinfo is None:
        raise invalid("A time has no zone.")
    return moment


def _not_found(what: str, key: str) -> Json:
    return {
        "resource_id": key,
        "resource_type": what,
        "title": "Not Found Error",
        "detail": f"Could not find {what} with id: [{key}].",
        "type": f"{PROBLEMS}resource-not-found",
    }
