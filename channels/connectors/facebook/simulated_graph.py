"""The simulated Graph API, as facebook-sdk calls it: objects and edges under /v26.0/, tokens, proofs,
errors."""

import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.facebook.graph import VERSION
from channels.connectors.facebook.signature import appsecret_proof
from channels.connectors.facebook.simulated_webhooks import APP_ID
from channels.connectors.facebook.values import UNREADABLE
from channels.connectors.facebook.webhooks import FIELDS
from channels.simulator.platform import Json
from channels.simulator.town import CITIZENS, Citizen, DemoAccount, app

if TYPE_CHECKING:
    from channels.connectors.facebook.simulator import SimulatedFacebook

Form = dict[str, Any]
DAY, WEEK = timedelta(hours=24), timedelta(days=7)


class Refused(Exception):
    """Meta says no."""

    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.answer = error(code, message, subcode, status)


def error(
    code: int, message: str, subcode: int = 0, status: int = 400, headers: dict[str, str] | None = None
) -> JSONResponse:
    """An error as the Graph API writes it."""
    body: Json = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "is_transient": code in (1, 2),
        "fbtrace_id": "AbCdEfGhIjKlMnOpQrStUv",
    }
    if subcode:
        body["error_subcode"] = subcode
    return JSONResponse({"error": body}, status_code=status, headers=headers)


def refusal(fault: str) -> Response:
    """Meta's own answer for a fault on request."""
    if fault == "rate_limit":
        line = {
            "type": "messenger",
            "call_count": 100,
            "total_cputime": 25,
            "total_time": 25,
            "estimated_time_to_regain_access": 1,
        }
        usage = {page.external_id: [line] for page in app("facebook").accounts}
        headers = {"X-Business-Use-Case-Usage": json.dumps(usage), "X-App-Usage": '{"call_count":100}'}
        return error(613, "Calls to this api have exceeded the rate limit.", 1996, 400, headers)
    if fault == "token":
        return error(190, "Error validating access token: Session has expired.", 463, 401)
    return error(2, "An unexpected error has occurred. Please retry your request later.", status=500)


def routes(platform: "SimulatedFacebook") -> list[BaseRoute]:
    """Objects and their edges. More specific paths are told apart inside."""
    api = _Graph(platform)
    return [
        Route(f"/{VERSION}/{{node}}", api.node, methods=["GET", "POST", "DELETE"]),
        Route(f"/{VERSION}/{{node}}/{{edge}}", api.edge, methods=["GET", "POST", "DELETE"]),
    ]


@dataclass(frozen=True, slots=True)
class _Call:
    """One checked call: the Page of its token, and its parameters from query and form."""

    page: DemoAccount
    method: str
    node: str
    form: Form

    def text(self, name: str) -> str:
        value = self.form.get(name, "")
        return value if isinstance(value, str) else ""

    def object(self, name: str) -> Json:
        """A parameter that holds JSON, as Meta wants nested values."""
        try:
            found = json.loads(self.text(name))
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(100, f"param {name} must be an object")
        return found


class _Graph:
    def __init__(self, platform: "SimulatedFacebook") -> None:
        self.platform = platform

    async def node(self, request: Request) -> Response:
        """GET, POST (is_hidden) and DELETE on an object."""
        return await self._answer(
            request, {"GET": self._show, "POST": self._update, "DELETE": self._delete}[request.method]
        )

    async def edge(self, request: Request) -> Response:
        """The lists of an object, and posting to them."""
        edges: dict[tuple[str, str], Callable[[_Call], Awaitable[Json]]] = {
            ("GET", "comments"): self._comments,
            ("GET", "feed"): self._feed,
            ("GET", "conversations"): self._conversations,
            ("GET", "messages"): self._conversation,
            ("GET", "subscribed_apps"): self._subscribed,
            ("POST", "comments"): self._comment,
            ("POST", "messages"): self._message,
            ("POST", "message_attachments"): self._upload,
            ("POST", "likes"): self._like,
            ("DELETE", "likes"): self._like,
            ("POST", "subscribed_apps"): self._subscribe,
            ("DELETE", "subscribed_apps"): self._unsubscribe,
        }
        act = edges.get((request.method, request.path_params["edge"]))
        if act is None:
            return error(2500, "Unknown path components")
        return await self._answer(request, act)

    async def _answer(self, request: Request, act: Callable[[_Call], Awaitable[Json]]) -> Response:
        try:
            if request.method != "POST":
                return JSONResponse(await act(self._checked(request, {})))
            async with request.form() as form:  # closes the uploads
                return JSONResponse(await act(self._checked(request, form)))
        except Refused as refused:
            return refused.answer
        except UNREADABLE:
            # A parameter of another shape than Meta takes: its plain "Invalid parameter".
            return error(100, "Invalid parameter")

    def _checked(self, request: Request, posted: Mapping[str, Any]) -> _Call:
        form: Form = {**request.query_params, **posted}
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = bearer or form.get("access_token")
        if not token:
            raise Refused(104, "An access token is required to request this resource.", status=401)
        page = self.platform.page_of_token(str(token))
        if page is None:
            raise Refused(190, "Invalid OAuth access token.", status=401)
        proof = form.get("appsecret_proof")
        wanted = appsecret_proof(app("facebook").secrets["app_secret"], str(token))
        if proof is not None and not hmac.compare_digest(str(proof), wanted):
            raise Refused(100, "Invalid appsecret_proof provided in the API argument")
        node = request.path_params["node"]
        return _Call(page, request.method, page.external_id if node == "me" else node, form)

    # -- objects ---------------------------------------------------------------------------------------------

    async def _show(self, call: _Call) -> Json:
        if call.node == call.page.external_id:
            return {"id": call.page.external_id, "name": call.page.name}
        who = next((found for found in CITIZENS if found.psid == call.node), None)
        if who is not None and self._talk(call.page.external_id, who):
            return {"id": who.psid, "name": who.name}
        item = self._item(call)
        shown = self._post(item) if item["id"] in self.platform.state["posts"] else self._reply(item)
        return shown | (self._answered_privately(item) if "can_reply_privately" in call.text("fields") else {})

    async def _update(self, call: _Call) -> Json:
        item = self._item(call)
        if call.text("is_hidden") not in ("true", "false"):
            raise Refused(100, "Param is_hidden must be a boolean")
        if not item["citizen"]:
            raise Refused(100, "The Page's own content cannot be hidden")
        self.platform.hide(item, call.text("is_hidden") == "true")
        return {"success": True}

    async def _delete(self, call: _Call) -> Json:
        self.platform.remove(self._item(call), by_us=True)
        return {"success": True}

    def _item(self, call: _Call) -> Json:
        """The post or comment of this call, when it is there and stands on the token's Page."""
        item = self.platform.public(call.node)
        if item is None:
            raise Refused(100, f"Unsupported request. Object with ID '{call.node}' does not exist", 33)
        if item["page"] != call.page.external_id:
            raise Refused(200, "Permissions error", status=403)
        return item

    # -- public ----------------------------------------------------------------------------------------------

    async def _comment(self, call: _Call) -> Json:
        target, text = self._item(call), call.text("message")
        photos = [address async for address in self._files(call, "source")]
        if not text and not photos:
            raise Refused(100, "A comment needs a message or an attachment")
        if len(text) > 8000:
            raise Refused(100, "The message is too long")
        return {"id": self.platform.add_comment(target, "", text, photos)["id"]}

    async def _like(self, call: _Call) -> Json:
        item = self._item(call)
        item["liked"] = call.method == "POST"
        self.platform.world.record("facebook", "liked" if item["liked"] else "unliked", item["id"])
        self.platform.world.changed()
        return {"success": True}

    async def _comments(self, call: _Call) -> Json:
        item = self._item(call)
        top = item["id"] in self.platform.state["posts"]
        found = [
            comment
            for comment in self.platform.state["comments"].values()
            if not comment["deleted"]
            and (
                (comment["post"] == item["id"] and (call.text("filter") == "stream" or not comment["parent"]))
                if top
                else comment["parent"] == item["id"]
            )
        ]
        if call.text("order") == "reverse_chronological":
            found.reverse()
        return _paged(call, [self._reply(comment) for comment in found])

    async def _feed(self, call: _Call) -> Json:
        self._own_page(call)
        posts = [
            self._post(post)
            for post in self.platform.state["posts"].values()
            if post["page"] == call.node and not post["deleted"]
        ]
        posts.sort(key=lambda post: str(post["created_time"]), reverse=True)
        return _paged(call, posts)

    def _post(self, post: Json) -> Json:
        comments = self.platform.state["comments"].values()
        times = [post["at"], *(found["at"] for found in comments if found["post"] == post["id"])]
        shown = {
            "id": post["id"],
            "from": self.platform.author(post),
            "created_time": _written(post["at"]),
            "updated_time": _written(max(times)),
            "permalink_url": self.platform.permalink(post["id"]),
            **({"message": post["text"]} if post["text"] else {}),
        }
        if post["photos"]:
            shown["attachments"] = {"data": [_photo(address) for address in post["photos"]]}
        return shown

    def _reply(self, comment: Json) -> Json:
        shown = {
            "id": comment["id"],
            "from": self.platform.author(comment),
            "message": comment["text"],
            "created_time": _written(comment["at"]),
            "permalink_url": self.platform.permalink(comment["id"]),
            "is_hidden": comment["hidden"],
        }
        if comment["parent"]:
            shown["parent"] = {"id": comment["parent"]}
        if comment["photos"]:
            shown["attachment"] = _photo(comment["photos"][0])
        return shown

    # -- Messenger -------------------------------------------------------------------------------------------

    async def _message(self, call: _Call) -> Json:
        self._own_page(call)
        who = self._recipient(call)
        message = call.object("message")
        text = str(message.get("text") or "")
        if len(text) > 2000:
            raise Refused(100, "Length of param message[text] must be less than or equal to 2000")
        photos, files = await self._carried(call, message)
        if bool(text) == bool(photos or files):
            raise Refused(100, "A message holds either a text or an attachment")
        page = call.page.external_id
        made = self.platform.add_message(page, who, text, photos, from_us=True, files=tuple(files))
        return {"recipient_id": who.psid, "message_id": made["id"]}

    async def _upload(self, call: _Call) -> Json:
        self._own_page(call)
        photos, files = await self._carried(call, call.object("message"))
        if not photos and not files:
            raise Refused(100, "Upload attachment failure.", 2018047)
        identifier = str(self.platform.world.new_id())
        self.platform.state["uploads"][identifier] = {"photos": photos, "files": files}
        self.platform.world.changed()
        return {"attachment_id": identifier}

    async def _carried(self, call: _Call, message: Json) -> tuple[list[str], list[str]]:
        """Addresses of the pictures and of the other files that go along."""
        attachment = message.get("attachment")
        if not isinstance(attachment, dict):
            return [], []
        payload = attachment.get("payload") or {}
        upload = self.platform.state["uploads"].get(str(payload.get("attachment_id", "")))
        if upload is not None:
            return list(upload["photos"]), list(upload["files"])
        found = [address async for address in self._files(call, "filedata")]
        if not found:
            raise Refused(100, "Upload attachment failure.", 2018047)
        return (found, []) if attachment.get("type") == "image" else ([], found)

    async def _files(self, call: _Call, name: str) -> Any:
        upload = call.form.get(name)
        if isinstance(upload, UploadFile):
            content = await upload.read()
            kind = upload.content_type or "application/octet-stream"
            yield self.platform.world.media(content, kind, upload.filename or "bestand")

    def _recipient(self, call: _Call) -> Citizen:
        recipient = call.object("recipient")
        for which, known in (("comment_id", "comments"), ("post_id", "posts")):
            if which in recipient:
                return self._private_reply(self.platform.state[known], str(recipient[which]), call)
        who = next((found for found in CITIZENS if found.psid == recipient.get("id")), None)
        if who is None:
            raise Refused(100, "No matching user found", 2018001)
        times = [
            message["at"]
            for message in self.platform.state["messages"].values()
            if message["page"] == call.node and message["citizen"] == who.key and not message["from_us"]
        ]
        age = self.platform.world.now() - datetime.fromisoformat(max(times)) if times else WEEK * 52
        human = (call.text("messaging_type"), call.text("tag")) == ("MESSAGE_TAG", "HUMAN_AGENT")
        if age > (WEEK if human else DAY):
            raise Refused(10, "This message is sent outside of allowed window.", 2018278)
        return who

    def _private_reply(self, known: Json, identifier: str, call: _Call) -> Citizen:
        item = known.get(identifier)
        if item is None or item["deleted"] or not item["citizen"] or item["page"] != call.node:
            raise Refused(100, f"Object with ID '{identifier}' does not exist", 33)
        used = self.platform.state["private_replies"]
        if identifier in used:
            raise Refused(10900, "Activity already replied to")
        if not self._can_reply_privately(item):
            raise Refused(10903, "This user cant reply to this activity")
        used.append(identifier)
        return next(found for found in CITIZENS if found.key == item["citizen"])

    def _can_reply_privately(self, item: Json) -> bool:
        """Once for each, within seven days, to a citizen."""
        young = self.platform.world.now() - datetime.fromisoformat(item["at"]) <= WEEK
        return bool(item["citizen"]) and young and item["id"] not in self.platform.state["private_replies"]

    def _answered_privately(self, item: Json) -> Json:
        """What Meta tells of it when asked."""
        told: Json = {"can_reply_privately": self._can_reply_privately(item)}
        if item["id"] in self.platform.state["private_replies"]:
            who = next(found for found in CITIZENS if found.key == item["citizen"])
            told["private_reply_conversation"] = {"id": f"t_{item['page']}-{who.psid}"}
        return told

    async def _conversations(self, call: _Call) -> Json:
        self._own_page(call)
        wanted = call.text("user_id")
        found = []
        for who in CITIZENS:
            times = [message["at"] for message in self._talk(call.node, who)]
            if times and wanted in ("", who.psid):
                people = [
                    {"id": who.psid, "name": who.name},
                    {"id": call.node, "name": call.page.name},
                ]
                found.append(
                    {
                        "id": f"t_{call.node}-{who.psid}",
                        "updated_time": _written(max(times)),
                        "participants": {"data": people},
                    }
                )
        found.sort(key=lambda conversation: str(conversation["updated_time"]), reverse=True)
        return _paged(call, found)

    async def _conversation(self, call: _Call) -> Json:
        match = re.fullmatch(r"t_(\d+)-(\d+)", call.node)
        who = next((found for found in CITIZENS if match and found.psid == match[2]), None)
        if match is None or who is None or match[1] != call.page.external_id:
            raise Refused(100, f"Object with ID '{call.node}' does not exist", 33)
        talk = self._talk(match[1], who)
        talk.reverse()
        return _paged(call, [self._written_message(message, who, call.page) for message in talk])

    def _talk(self, page: str, who: Citizen) -> list[Json]:
        return [
            message
            for message in self.platform.state["messages"].values()
            if message["page"] == page and message["citizen"] == who.key
        ]

    def _written_message(self, message: Json, who: Citizen, page: DemoAccount) -> Json:
        ends = [{"id": who.psid, "name": who.name}, {"id": page.external_id, "name": page.name}]
        if message["from_us"]:
            ends.reverse()
        shown: Json = {
            "id": message["id"],
            "message": message["text"],
            "from": ends[0],
            "to": {"data": [ends[1]]},
            "created_time": _written(message["at"]),
        }
        files = [{"id": url, "image_data": {"url": url}} for url in message["photos"]]
        files += [{"id": url, "file_url": url} for url in message["files"]]
        if files:
            shown["attachments"] = {"data": files}
        return shown

    # -- the Page --------------------------------------------------------------------------------------------

    async def _subscribed(self, call: _Call) -> Json:
        self._own_page(call)
        if not self.platform.subscribed(call.node):  # as after an hour of failing calls: the app is unsubscribed
            return {"data": []}
        return {"data": [{"id": str(APP_ID), "name": app("facebook").name, "subscribed_fields": [*FIELDS]}]}

    async def _subscribe(self, call: _Call) -> Json:
        self._own_page(call)
        if not call.text("subscribed_fields"):
            raise Refused(100, "The parameter subscribed_fields is required.")
        self.platform.subscribe(call.node, True)
        return {"success": True}

    async def _unsubscribe(self, call: _Call) -> Json:
        self._own_page(call)
        self.platform.subscribe(call.node, False)
        return {"success": True}

    def _own_page(self, call: _Call) -> None:
        if call.node != call.page.external_id:
            raise Refused(200, "Permissions error", status=403)


def _paged(call: _Call, found: list[Json]) -> Json:
    """One page of a list, with a cursor and, while there is more, a "next"."""
    start = int(call.text("after") or 0)
    end = start + min(int(call.text("limit") or 25), 100)
    paging: Json = {"cursors": {"before": str(start), "after": str(end)}}
    if end < len(found):
        paging["next"] = "https://graph.facebook.com/?access_token=never-follow-this"
    return {"data": found[start:end], "paging": paging} if found else {"data": []}


def _written(at: str) -> str:
    """A time as the Graph API writes it: seconds, UTC, no colon in the offset."""
    return datetime.fromisoformat(at).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _photo(address: str) -> Json:
    return {"type": "photo", "url": address, "media": {"image": {"src": address}}}
