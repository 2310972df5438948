"""The simulated Facebook's log-in: which Pages and permissions a colleague gives the app, and the tokens for them."""

import hmac
import secrets
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.facebook.graph import VERSION
from channels.connectors.facebook.sign_in import PERMISSIONS
from channels.connectors.facebook.simulated_graph import error
from channels.simulator import consent
from channels.simulator.town import accounts, app

if TYPE_CHECKING:
    from channels.connectors.facebook.simulator import SimulatedFacebook

LONG = 60 * 24 * 3600  # seconds a long-lived user token lasts
PAGE_SIZE = 2  # small, so that whoever reads one page of a list only is found out


def routes(platform: "SimulatedFacebook") -> list[BaseRoute]:
    """The first is of www.facebook.com, the others of its API."""
    desk = _Desk(platform)
    return [
        Route(f"/{VERSION}/dialog/oauth", desk.dialog, methods=["GET", "POST"]),
        Route(f"/{VERSION}/oauth/access_token", desk.token, methods=["POST"]),
        Route(f"/{VERSION}/me/accounts", desk.pages, methods=["GET"]),
    ]


class _Desk:
    """``state["logins"]``: a code, a short and a long user token each stand for what the colleague gave."""

    def __init__(self, platform: "SimulatedFacebook") -> None:
        self.platform = platform

    async def dialog(self, request: Request) -> Response:
        """GET /dialog/oauth: the page; POST: what was pressed on it."""
        asked = request.query_params
        if asked.get("client_id") != app("facebook").secrets["app_id"]:
            return consent.broken("Deze app bestaat niet bij Meta.")
        if not asked.get("redirect_uri", "").startswith(f"{self.platform.world.public_url}/setup/channels/"):
            return consent.broken("Dit adres staat niet bij de app: vul het in bij Valid OAuth Redirect URIs.")
        wanted = [name for name in asked.get("scope", "").split(",") if name in PERMISSIONS]
        if request.method == "GET":
            return consent.page(
                request,
                title="Facebook (simulator)",
                asks=f"{app('facebook').name} wil toegang tot de pagina's die je beheert.",
                who=[consent.Choice(one.external_id, one.name) for one in accounts("facebook")],
                several=True,
                permissions=[consent.Choice(name, name) for name in wanted],
            )
        async with request.form() as form:
            answer = form.get("answer")
            pages, given = [str(one) for one in form.getlist("who")], {str(one) for one in form.getlist("permission")}
        state = "een-andere-state" if self.platform.world.fault("facebook", "wrong_state") else asked.get("state", "")
        if answer != consent.ALLOW:
            said = {"error": "access_denied", "error_reason": "user_denied", "error_description": "Permissions error"}
            return consent.back(request, **said, state=state)
        if self.platform.world.fault("facebook", "fewer_permissions"):
            given.discard("pages_messaging")
        scopes = [name for name in wanted if name in given]
        code = self._kept({"pages": pages, "scopes": scopes, "redirect_uri": asked["redirect_uri"]})
        return consent.back(request, code=code, state=state)

    async def token(self, request: Request) -> Response:
        """POST /oauth/access_token: a code for a user token, once; a user token for one that lasts sixty days."""
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        keys = app("facebook").secrets
        if given.get("client_id") != keys["app_id"] or not hmac.compare_digest(
            given.get("client_secret", "").encode(), keys["app_secret"].encode()
        ):
            return error(101, "Error validating client secret.")
        logins = self.platform.state["logins"]
        if given.get("grant_type") == "fb_exchange_token":
            known = logins.get(given.get("fb_exchange_token", ""))
            if known is None:
                return error(190, "Invalid OAuth access token.", status=401)
            return JSONResponse({"access_token": self._kept(known), "token_type": "bearer", "expires_in": LONG})
        agreed = logins.pop(given.get("code", ""), None)
        if agreed is None or agreed.get("redirect_uri") != given.get("redirect_uri"):
            return error(100, "This authorization code has been used.", 36009)
        login = {"pages": agreed["pages"], "scopes": agreed["scopes"]}
        return JSONResponse({"access_token": self._kept(login), "token_type": "bearer", "expires_in": 3600})

    async def pages(self, request: Request) -> Response:
        """GET /me/accounts: the Pages of a user token, each with a new token."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        login = self.platform.state["logins"].get(token)
        if login is None or "redirect_uri" in login:
            return error(190, "Invalid OAuth access token.", status=401)
        found = [one for one in accounts("facebook") if one.external_id in login["pages"]]
        if "pages_show_list" not in login["scopes"]:
            found = []
        after = request.query_params.get("after", "")
        start = int(after) if after.isdecimal() else 0
        end = start + PAGE_SIZE
        listed = []
        for one in found[start:end]:
            made = secrets.token_urlsafe(24)
            self.platform.state["page_tokens"][made] = {"page": one.external_id, "scopes": login["scopes"]}
            listed.append({"id": one.external_id, "name": one.name, "username": one.handle, "access_token": made})
        self.platform.world.changed()
        paging = {"cursors": {"before": str(start), "after": str(end)}}
        more = {"next": "https://graph.facebook.com/?access_token=never-follow-this"} if end < len(found) else {}
        return JSONResponse({"data": listed, "paging": paging | more})

    def _kept(self, login: dict[str, object]) -> str:
        made = secrets.token_urlsafe(24)
        self.platform.state["logins"][made] = login
        self.platform.world.changed()
        return made
