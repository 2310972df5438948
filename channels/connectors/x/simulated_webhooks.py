"""The simulated X's side of webhooks: which it knows, the CRC, subscriptions, and bringing again what was missed."""

import asyncio
import base64
import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.x import signature
from channels.connectors.x.simulated_api import PROBLEMS, Refused, invalid, json_body, problem, signed_by
from channels.connectors.x.webhooks import DIRECT, POSTS
from channels.simulator.platform import Json
from channels.simulator.town import app

if TYPE_CHECKING:
    from channels.connectors.x.simulator import SimulatedX

WEBHOOK_ID = "1146654567674912769"
KINDS = {*POSTS, *DIRECT}
CRC_TIMEOUT = aiohttp.ClientTimeout(total=10)
REPLAYED = timedelta(hours=24)
KEPT_AT_MOST = 10_000
CREATED = "2026-01-05T09:00:00.000Z"


class Webhooks:
    """The endpoints, all with the app's own bearer but the subscribing. ``state["webhooks"]``: id -> address; of the
    one that stands for all of them ``platform.webhook_valid`` tells whether X calls it."""

    def __init__(self, platform: "SimulatedX") -> None:
        self.platform = platform

    def routes(self) -> list[BaseRoute]:
        """X's paths."""

        def at(path: str, method: str, run: Callable[[Request], Awaitable[Response]]) -> Route:
            return Route(path, _answered(run), methods=[method])

        return [
            at("/2/webhooks/replay", "POST", self.replay),
            at("/2/webhooks/{id}", "PUT", self.validate),
            at("/2/webhooks/{id}", "DELETE", self.delete),
            at("/2/webhooks", "GET", self.show),
            at("/2/webhooks", "POST", self.create),
            at("/2/activity/subscriptions", "GET", self.list_subscriptions),
            at("/2/activity/subscriptions", "POST", self.subscribe),
            at("/2/activity/subscriptions/{id}", "DELETE", self.unsubscribe),
            at("/2/account_activity/webhooks/{id}/subscriptions/all/list", "GET", self.list_older),
        ]

    def empty(self) -> Json:
        """Everything set up, as the municipality's administrator did it."""
        account = self.platform.account.external_id
        return {
            "webhooks": {WEBHOOK_ID: ""},  # "": the address that this simulator calls
            "subscriptions": [
                {"id": str(number), "kind": kind, "user": account, "webhook": WEBHOOK_ID}
                for number, kind in enumerate(sorted(KINDS), start=1)
            ],
            "missed": [],
        }

    @property
    def own_address(self) -> str:
        """Where this simulator brings its webhooks from the start."""
        return f"{self.platform.world.public_url}/webhooks/x/{app('x').key}/"

    @property
    def address(self) -> str:
        """Where it brings them now: the newest address of the inbox that was registered; "" when there is none."""
        ours = f"{self.platform.world.public_url}/webhooks/x/"
        known = [url or self.own_address for url in self.platform.state["webhooks"].values()]
        return next((url for url in reversed(known) if url.startswith(ours)), "")

    def brings(self, body: bytes) -> bool:
        """X calls what is registered, for events that are subscribed to. An X Activity envelope names its event."""
        state = self.platform.state
        here = [key for key, url in state["webhooks"].items() if (url or self.own_address) == self.address]
        event = json.loads(body).get("data")
        kind = event.get("event_type") if isinstance(event, dict) else None
        return bool(here) and (
            kind is None or any(one["webhook"] in here and one["kind"] == kind for one in state["subscriptions"])
        )

    def missed(self, body: bytes) -> bool:
        """Keep what was not brought, for a replay within a day."""
        if "replay_job_status" in json.loads(body):
            return False
        kept = self.platform.state["missed"]
        kept.append({"at": self.platform.world.now().isoformat(), "body": base64.b64encode(body).decode()})
        del kept[:-KEPT_AT_MOST]
        return True

    # -- webhooks

    async def show(self, request: Request) -> Response:
        """GET /2/webhooks."""
        _app_only(request)
        found = [self._shown(key) for key in self.platform.state["webhooks"]]
        return JSONResponse({"data": found, "meta": {"result_count": len(found)}})

    async def create(self, request: Request) -> Response:
        """POST /2/webhooks: asks the CRC at once. X itself takes https without a port only; a demo has neither."""
        _app_only(request)
        url = (await json_body(request)).get("url")
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise invalid("UrlValidationFailed")
        if url in [known or self.own_address for known in self.platform.state["webhooks"].values()]:
            raise invalid("DuplicateUrlFailed")
        if not await self._crc(url):
            raise invalid("CrcValidationFailed")
        key = str(self.platform.world.new_id())
        self.platform.state["webhooks"][key] = "" if url == self.own_address else url
        if url == self.address:
            self.platform.webhook_valid = True
        self.platform.world.record("x", "webhook registered", key)
        self.platform.world.changed()
        return JSONResponse({"data": self._shown(key)})

    async def validate(self, request: Request) -> Response:
        """PUT /2/webhooks/:id: the CRC; X calls it again when the answer is right."""
        _app_only(request)
        key = self._known(request)
        valid = await self._crc(self._shown(key)["url"])
        if not valid:
            self.platform.webhook_valid = False
            raise invalid("CrcValidationFailed")
        self.platform.webhook_valid = True
        self.platform.world.record("x", "webhook validated", key)
        return JSONResponse({"data": {"valid": True}})

    async def delete(self, request: Request) -> Response:
        """DELETE /2/webhooks/:id, with its subscriptions."""
        _app_only(request)
        key = self._known(request)
        state = self.platform.state
        del state["webhooks"][key]
        state["subscriptions"] = [one for one in state["subscriptions"] if one["webhook"] != key]
        self.platform.world.changed()
        return JSONResponse({"data": {"deleted": True}})

    async def replay(self, request: Request) -> Response:
        """POST /2/webhooks/replay: what was missed in that period is brought again, then ``replay_job_status``."""
        _app_only(request)
        body = await json_body(request)
        webhook_id = str(body.get("webhook_id", ""))
        if webhook_id not in self.platform.state["webhooks"]:
            raise _unknown()
        now = self.platform.world.now()
        first, last = _minute(body.get("from_date")), _minute(body.get("to_date"))
        if first < now - REPLAYED or first > last or last > now:
            raise invalid("QueryParamInvalid")
        job = str(self.platform.world.new_id())
        # From inside the event loop and after the answer, as X does it.
        asyncio.get_running_loop().call_soon(self._bring_again, first, last + timedelta(minutes=1), webhook_id, job)
        return JSONResponse({"data": {"job_id": job, "created_at": now.isoformat()}})

    def _bring_again(self, first: datetime, end: datetime, webhook_id: str, job: str) -> None:
        kept = self.platform.state["missed"]
        again = [one for one in kept if first <= datetime.fromisoformat(one["at"]) < end]
        self.platform.state["missed"] = [one for one in kept if one not in again]
        for one in again:
            self.platform.deliver_raw(base64.b64decode(one["body"]))
        self.platform.world.record("x", "replayed", job, number=len(again))
        status = {"webhook_id": webhook_id, "job_state": "Complete", "job_id": job}
        status["job_state_description"] = "Job completed successfully"
        self.platform.deliver_raw(json.dumps({"replay_job_status": status}).encode())
        self.platform.world.changed()

    # -- subscriptions

    async def list_subscriptions(self, request: Request) -> Response:
        """GET /2/activity/subscriptions."""
        _app_only(request)
        found = [
            {
                "subscription_id": one["id"],
                "event_type": one["kind"],
                "filter": {"user_id": one["user"]},
                "webhook_id": one["webhook"],
                "created_at": CREATED,
            }
            for one in self.platform.state["subscriptions"]
        ]
        return JSONResponse({"data": found, "meta": {"total_subscriptions": len(found)}})

    async def subscribe(self, request: Request) -> Response:
        """POST /2/activity/subscriptions, signed by the account whose private events are asked for."""
        body = await json_body(request)
        user = str((body.get("filter") or {}).get("user_id", ""))
        account = signed_by(request, self.platform)
        if account is None or account.external_id != user:
            raise Refused(problem(403, "Forbidden", "This event needs the user's own consent."))
        kind, webhook = body.get("event_type"), str(body.get("webhook_id", ""))
        if kind not in KINDS:
            raise invalid("event_type is not supported")
        if webhook not in self.platform.state["webhooks"]:
            raise _unknown()
        made = {"id": str(self.platform.world.new_id()), "kind": kind, "user": user, "webhook": webhook}
        self.platform.state["subscriptions"].append(made)
        self.platform.world.changed()
        return JSONResponse({"data": {"subscription": {"subscription_id": made["id"], "event_type": kind}}})

    async def unsubscribe(self, request: Request) -> Response:
        """DELETE /2/activity/subscriptions/:id."""
        _app_only(request)
        kept = self.platform.state["subscriptions"]
        left = [one for one in kept if one["id"] != str(request.path_params["id"])]
        if len(left) == len(kept):
            raise Refused(problem(404, "Not Found Error", "Not Found", f"{PROBLEMS}resource-not-found"))
        self.platform.state["subscriptions"] = left
        self.platform.world.changed()
        return JSONResponse({"data": {"deleted": True}})

    async def list_older(self, request: Request) -> Response:
        """GET /2/account_activity/webhooks/:id/subscriptions/all/list: everyone, when X speaks that envelope."""
        _app_only(request)
        key = self._known(request)
        users = [self.platform.account.external_id] if self.platform.state["envelope"] == "aaa" else []
        return JSONResponse({"data": {"webhook_id": key, "subscriptions": [{"user_id": one} for one in users]}})

    # -- inside

    def _known(self, request: Request) -> str:
        key = str(request.path_params["id"])
        if key not in self.platform.state["webhooks"]:
            raise _unknown()
        return key

    def _shown(self, key: str) -> Json:
        url = self.platform.state["webhooks"][key] or self.own_address
        return {"id": key, "url": url, "valid": self.platform.webhook_valid, "created_at": CREATED}

    async def _crc(self, url: str) -> bool:
        """Whether whoever answers there knows our secret; a real call."""
        token = secrets.token_urlsafe(16)
        wanted = json.loads(signature.crc_answer(app("x").secrets["consumer_secret"], token))
        try:
            async with (
                aiohttp.ClientSession(timeout=CRC_TIMEOUT) as session,
                session.get(url, params={"crc_token": token}, allow_redirects=False) as answer,
            ):
                return answer.status == 200 and await answer.json(content_type=None) == wanted
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
            return False


def _answered(run: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await run(request)
        except Refused as refused:
            return refused.response

    return endpoint


def _app_only(request: Request) -> None:
    if request.headers.get("authorization") != f"Bearer {app('x').secrets['bearer_token']}":
        raise Refused(problem(401, "Unauthorized", "Unauthorized"))


def _unknown() -> Refused:
    return Refused(problem(404, "Not Found Error", "WebhookIdInvalid", f"{PROBLEMS}resource-not-found"))


def _minute(value: object) -> datetime:
    try:
        return datetime.strptime(str(value), "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        raise invalid("QueryParamInvalid") from None
