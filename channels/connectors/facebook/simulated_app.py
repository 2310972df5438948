"""The simulated Graph API for the app itself: which address Meta calls, and what it knows of a token."""

import hmac
import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.facebook.graph import VERSION
from channels.connectors.facebook.sign_in import PERMISSIONS
from channels.connectors.facebook.simulated_graph import error
from channels.connectors.facebook.simulated_webhooks import APP_ID
from channels.simulator.platform import Json
from channels.simulator.town import app

if TYPE_CHECKING:
    from channels.connectors.facebook.simulator import SimulatedFacebook

CHALLENGE_TIMEOUT = aiohttp.ClientTimeout(total=10)


def routes(platform: "SimulatedFacebook") -> list[BaseRoute]:
    """To be placed before those of the objects, whose paths fit everything."""
    desk = _Desk(platform)
    return [
        Route(f"/{VERSION}/app", desk.app, methods=["GET"]),
        Route(f"/{VERSION}/", desk.batch, methods=["POST"]),
        Route(f"/{VERSION}/{APP_ID}/subscriptions", desk.subscriptions, methods=["GET", "POST"]),
    ]


class _Desk:
    def __init__(self, platform: "SimulatedFacebook") -> None:
        self.platform = platform

    async def app(self, request: Request) -> Response:
        """Whose the token is."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.platform.page_of_token(token) is None and not self._is_app(token):
            return error(190, "Invalid OAuth access token.", status=401)
        return JSONResponse({"id": str(APP_ID), "name": app("facebook").name})

    async def batch(self, request: Request) -> Response:
        """Several calls in one, their parameters in the body; of which the simulator knows debug_token."""
        async with request.form() as form:
            parts = json.loads(str(form.get("batch", "[]")))
            by_app = self._is_app(str(form.get("access_token", "")))
        answers = []
        for part in parts:
            path, _, query = str(part.get("relative_url", "")).partition("?")
            if part.get("method") != "GET" or path != "debug_token":
                answer: Response = error(2500, "Unknown path components")
            elif not by_app:
                answer = error(190, "Invalid OAuth access token.", status=401)
            else:
                answer = self._debug_token(parse_qs(query).get("input_token", [""])[0])
            answers.append({"code": answer.status_code, "body": bytes(answer.body).decode()})
        return JSONResponse(answers)

    def _debug_token(self, token: str) -> Response:
        page = self.platform.page_of_token(token)
        login = self.platform.state["logins"].get(token) or self.platform.state["page_tokens"].get(token)
        if page is None and login is None:
            wrong = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
            return JSONResponse({"data": {"error": wrong, "is_valid": False, "scopes": []}})
        ends = self.platform.state["token_ends"].get(page.external_id) if page else None
        told: Json = {
            "app_id": str(APP_ID),
            "type": "PAGE" if page else "USER",
            "application": app("facebook").name,
            "data_access_expires_at": 0,
            "expires_at": int(datetime.fromisoformat(ends).timestamp()) if ends else 0,
            "is_valid": True,
            "scopes": login["scopes"] if login else [*PERMISSIONS],
        } | ({"profile_id": page.external_id} if page else {})
        return JSONResponse({"data": told})

    async def subscriptions(self, request: Request) -> Response:
        """Which address Meta calls for all Pages of the app; setting it anew."""
        if request.method == "GET":
            if not self._is_app(request.headers.get("authorization", "").removeprefix("Bearer ")):
                return error(15, "This method must be called with an app access_token.")
            known = self.platform.subscription()
            fields = [{"name": name, "version": VERSION} for name in known["fields"]]
            return JSONResponse({"data": [known | {"object": "page", "fields": fields}]})
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        if not self._is_app(given.get("access_token", "")):
            return error(15, "This method must be called with an app access_token.")
        if given.get("object") != "page" or not given.get("callback_url") or not given.get("fields"):
            return error(100, "Invalid parameter")
        if not await self._challenged(given["callback_url"], given.get("verify_token", "")):
            return error(2200, "Callback verification failed")
        self.platform.state["subscription"] = {
            "callback_url": given["callback_url"],
            "active": True,
            "fields": given["fields"].split(","),
        }
        self.platform.world.record("facebook", "subscribed", str(APP_ID), fields=json.dumps(given["fields"]))
        self.platform.world.changed()
        return JSONResponse({"success": True})

    async def _challenged(self, url: str, verify_token: str) -> bool:
        """Whether whoever answers there knows the verify token; a real call."""
        if self.platform.world.fault("facebook", "wrong_verify_token"):
            verify_token = verify_token[::-1] + "x"
        word = secrets.token_urlsafe(12)
        query = {"hub.mode": "subscribe", "hub.challenge": word, "hub.verify_token": verify_token}
        try:
            async with (
                aiohttp.ClientSession(timeout=CHALLENGE_TIMEOUT) as session,
                session.get(url, params=query, allow_redirects=False) as answer,
            ):
                return answer.status == 200 and await answer.text() == word
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
            return False

    def _is_app(self, token: str) -> bool:
        wanted = f"{APP_ID}|{app('facebook').secrets['app_secret']}"
        return hmac.compare_digest(token.encode("utf-8", "replace"), wanted.encode())
