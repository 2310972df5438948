"""The simulated X's log-in: OAuth 2.0 with PKCE, tokens that end, refresh tokens that are taken once."""

import base64
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.x.sign_in import SCOPES, challenge
from channels.simulator import consent
from channels.simulator.platform import Json
from channels.simulator.town import DemoAccount, accounts, app

if TYPE_CHECKING:
    from channels.connectors.x.simulator import SimulatedX

CODE_LASTS = timedelta(seconds=30)
LASTS = 7200  # seconds


class SignIn:
    """``state["codes"]``: what was agreed, by code; ``state["tokens"]``: access, by refresh token."""

    def __init__(self, platform: "SimulatedX") -> None:
        self.platform = platform

    def routes(self) -> list[BaseRoute]:
        """X's paths; the first is of x.com, the others of its API."""
        return [
            Route("/i/oauth2/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/2/oauth2/token", self.token, methods=["POST"]),
            Route("/2/oauth2/revoke", self.revoke, methods=["POST"]),
        ]

    def account_of(self, token: str) -> DemoAccount | None:
        """Whose access token this is, while it lasts."""
        now = self.platform.world.now()
        for one in self.platform.state["tokens"].values():
            if hmac.compare_digest(one["access"], token) and datetime.fromisoformat(one["ends"]) > now:
                return next(found for found in accounts("x") if found.external_id == one["account"])
        return None

    async def authorize(self, request: Request) -> Response:
        """GET /i/oauth2/authorize: the page; POST: what was pressed on it."""
        asked = request.query_params
        if asked.get("client_id") != app("x").secrets["client_id"]:
            return consent.broken("Deze app bestaat niet bij X.")
        if not asked.get("redirect_uri", "").startswith(f"{self.platform.world.public_url}/setup/channels/"):
            return consent.broken("Dit adres staat niet bij de app: vul het in bij Callback URI.")
        if asked.get("code_challenge_method") != "S256" or not (asked.get("code_challenge") and asked.get("state")):
            return consent.broken("Het verzoek van de app klopt niet.")
        if request.method == "GET":
            return consent.page(
                request,
                title="X (simulator)",
                asks=f"{app('x').name} wil toegang tot je account.",
                who=[
                    consent.Choice(one.external_id, f"@{one.handle}", number == 0)
                    for number, one in enumerate(accounts("x"))
                ],
                several=False,
                fixed_permissions=asked.get("scope", "").split(),
            )
        async with request.form() as form:
            answer, who = form.get("answer"), str(form.get("who", ""))
        state = "een-andere-state" if self.platform.world.fault("x", "wrong_state") else asked["state"]
        if answer != consent.ALLOW:
            return consent.back(request, error="access_denied", state=state)
        scopes = [name for name in asked.get("scope", "").split() if name in SCOPES]
        if self.platform.world.fault("x", "fewer_permissions"):
            scopes.remove("dm.write")
        code = secrets.token_urlsafe(24)
        self.platform.state["codes"][code] = {
            "account": who,
            "scopes": scopes,
            "challenge": asked["code_challenge"],
            "redirect_uri": asked["redirect_uri"],
            "at": self.platform.world.now().isoformat(),
        }
        return consent.back(request, code=code, state=state)

    async def token(self, request: Request) -> Response:
        """POST /2/oauth2/token: for a code, once and with its verifier; for a refresh token, once."""
        if not _by_client(request):
            return _refused(401, "invalid_client")
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items()}
        now, state = self.platform.world.now(), self.platform.state
        if given.get("grant_type") == "refresh_token":
            old = state["tokens"].pop(given.get("refresh_token", ""), None)
            if old is None:
                return _refused(400, "invalid_request")
            return self._given(old["account"], old["scopes"])
        agreed = state["codes"].pop(given.get("code", ""), None)
        if (
            agreed is None
            or datetime.fromisoformat(agreed["at"]) < now - CODE_LASTS
            or agreed["redirect_uri"] != given.get("redirect_uri")
            or challenge(given.get("code_verifier", "")) != agreed["challenge"]
        ):
            return _refused(400, "invalid_grant")
        return self._given(agreed["account"], agreed["scopes"])

    async def revoke(self, request: Request) -> Response:
        """POST /2/oauth2/revoke, for either token."""
        if not _by_client(request):
            return _refused(401, "invalid_client")
        async with request.form() as form:
            token = str(form.get("token", ""))
        kept = self.platform.state["tokens"]
        self.platform.state["tokens"] = {
            refresh: one for refresh, one in kept.items() if token not in (refresh, one["access"])
        }
        self.platform.world.changed()
        return JSONResponse({"revoked": True})

    def _given(self, account: str, scopes: list[str]) -> Response:
        refresh, access = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        ends = self.platform.world.now() + timedelta(seconds=LASTS)
        made: Json = {"access": access, "account": account, "scopes": scopes, "ends": ends.isoformat()}
        self.platform.state["tokens"][refresh] = made
        self.platform.world.record("x", "token given", account)
        self.platform.world.changed()
        told = {"token_type": "bearer", "expires_in": LASTS, "access_token": access, "scope": " ".join(scopes)}
        return JSONResponse(told | ({"refresh_token": refresh} if "offline.access" in scopes else {}))


def _by_client(request: Request) -> bool:
    keys = app("x").secrets
    wanted = base64.b64encode(f"{keys['client_id']}:{keys['client_secret']}".encode()).decode()
    return hmac.compare_digest(request.headers.get("authorization", ""), f"Basic {wanted}")


def _refused(status: int, word: str) -> Response:
    return JSONResponse({"error": word, "error_description": "Value passed was invalid."}, status)
