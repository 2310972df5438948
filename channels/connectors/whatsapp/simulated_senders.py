"""Twilio's Senders API as its library calls it: our number, and the address Twilio calls for it."""

import json
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.whatsapp.simulated_api import error, let_in, refusal
from channels.simulator.platform import Endpoint, Json

if TYPE_CHECKING:
    from channels.connectors.whatsapp.simulator import SimulatedWhatsApp

BASE = "/v2/Channels/Senders"
SID = "XE00000000000000000000000000000001"

Handler = Callable[["SimulatedWhatsApp", Request], Awaitable[Response]]


def routes(platform: "SimulatedWhatsApp") -> list[BaseRoute]:
    """The paths of messaging.twilio.com, each behind Basic authentication."""

    def endpoint(handler: Handler) -> Endpoint:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            return await handler(platform, request) if let_in(platform, request) else refusal("token")

        return guarded

    return [
        Route(BASE, endpoint(_list), methods=["GET"]),
        Route(f"{BASE}/{{sid}}", endpoint(_sender), methods=["GET", "POST"]),
    ]


async def _list(platform: "SimulatedWhatsApp", request: Request) -> Response:
    if request.query_params.get("Channel") != "whatsapp":
        return error(400, 20001, "Invalid parameter")
    meta = {"page": 0, "page_size": 50, "url": "", "next_page_url": None, "previous_page_url": None, "key": "senders"}
    return JSONResponse({"senders": [_shown(platform)], "meta": meta})


async def _sender(platform: "SimulatedWhatsApp", request: Request) -> Response:
    if request.path_params["sid"] != SID:
        return error(404, 20404, f"The requested resource {request.url.path} was not found")
    if request.method == "POST":
        try:
            given = json.loads(await request.body())["webhook"]
            callback = str(given["callback_url"])
        except (ValueError, LookupError, TypeError):
            return error(400, 20001, "Invalid parameter")
        platform.state["callback_url"] = callback
        platform.webhook_valid = True
        platform.world.record(platform.kind, "subscribed", SID)
    return JSONResponse(_shown(platform), 202 if request.method == "POST" else 200)


def _shown(platform: "SimulatedWhatsApp") -> Json:
    url = platform.callback_url
    return {
        "sid": SID,
        "status": platform.state["sender_status"],
        "sender_id": platform.number,
        "webhook": {
            "callback_url": url,
            "callback_method": "POST",
            "fallback_url": url,
            "fallback_method": "POST",
            "status_callback_url": url,
            "status_callback_method": "POST",
        },
        "profile": {"name": platform.app.accounts[0].name},
        "offline_reasons": None,
        "url": f"https://messaging.twilio.com{BASE}/{SID}",
    }
