"""Twilio's REST API as its library calls it, on the state of the simulated WhatsApp."""

import base64
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from channels.connectors.whatsapp import simulated_templates
from channels.connectors.whatsapp.signature import Form
from channels.connectors.whatsapp.simulated_templates import GONE, TEMPLATES, status_of
from channels.simulator.platform import Endpoint, Json
from channels.simulator.town import TWILIO_KEY

if TYPE_CHECKING:
    from channels.connectors.whatsapp.simulator import SimulatedWhatsApp

BASE = "/2010-04-01/Accounts"
MAX_BODY = 1600

Handler = Callable[["SimulatedWhatsApp", Request], Awaitable[Response]]


def routes(platform: "SimulatedWhatsApp") -> list[BaseRoute]:
    """The paths, each behind Basic authentication."""

    def endpoint(handler: Handler) -> Endpoint:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            platform.resume()
            if not let_in(platform, request):
                return refusal("token")
            if request.path_params["account"] != platform.account_sid:
                return _missing(request)
            return await handler(platform, request)

        return guarded

    def let_in_only(handler: Endpoint) -> Endpoint:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            return await handler(request) if let_in(platform, request) else refusal("token")

        return guarded

    messages = f"{BASE}/{{account}}/Messages"
    return [
        simulated_templates.route(let_in_only, platform),
        Route(f"{messages}.json", endpoint(_create), methods=["POST"]),
        Route(f"{messages}.json", endpoint(_list), methods=["GET"]),
        Route(f"{messages}/{{sid}}/Media.json", endpoint(_media_list), methods=["GET"]),
        Route(f"{messages}/{{sid}}/Media/{{media}}", endpoint(_media), methods=["GET", "DELETE"]),
        Route(f"{messages}/{{sid}}.json", endpoint(_message), methods=["GET", "DELETE"]),
        Route(f"{BASE}/{{account}}.json", endpoint(_account), methods=["GET"]),
    ]


def refusal(fault: str) -> Response:
    """Twilio's answer when it sends too fast, does not let us in, or is broken."""
    if fault == "rate_limit":
        return error(429, 20429, "Too Many Requests", {"Retry-After": "2"})
    if fault == "token":
        return error(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
    return error(503, 20503, "Service unavailable")


def error(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error in the shape of the 2010 API."""
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return JSONResponse(body, status, headers)


async def _create(platform: "SimulatedWhatsApp", request: Request) -> Response:
    form = Form(await request.body())
    given = {name: form.getlist(name)[0] for name in form}
    sender = given.get("From") or (platform.number if given.get("MessagingServiceSid") else "")
    to, body, template = given.get("To", ""), given.get("Body", ""), given.get("ContentSid", "")
    media = form.getlist("MediaUrl") if "MediaUrl" in form.values else []
    refused = _refused(platform, sender, to, body, template, media)
    if refused is not None:
        return refused
    buttons: list[Json] = []
    if template:
        try:
            body = simulated_templates.filled(template, _variables(given.get("ContentVariables", "")))
        except ValueError:
            return error(400, 21656, "The ContentVariables parameter is invalid.")
        buttons, media = TEMPLATES[template]["buttons"], []
    citizen = platform.citizen_at(to)
    message = platform.keep(
        **{"from": sender, "to": to, "body": body, "buttons": buttons, "template": template},
        direction="outbound-api",
        citizen=citizen.key if citizen else "",
        in_window=bool(citizen and platform.window_open(citizen.key)),
        status="accepted" if given.get("MessagingServiceSid") else "queued",
        callback=given.get("StatusCallback", ""),
        service=given.get("MessagingServiceSid", ""),
        media=[{"sid": platform.new_sid("ME"), "content_type": _type(url), "url": url} for url in media],
    )
    platform.world.record(platform.kind, "answered", message["sid"], to=message["citizen"], text=body)
    platform.set_moving(message)
    return JSONResponse(_shown(platform, message), 201)


def _refused(
    platform: "SimulatedWhatsApp", sender: str, to: str, body: str, template: str, media: list[str]
) -> Response | None:
    if not to:
        return error(400, 21604, "A 'To' phone number is required.")
    if not re.fullmatch(r"whatsapp:(\+[0-9]{6,15}|[A-Z]{2}\.[A-Za-z0-9]+)", to):
        return error(400, 21211, f"Invalid 'To' Phone Number: {to}")
    if sender != platform.number:
        return error(400, 63007, "Twilio could not find a Channel with the specified From address")
    if template:
        if status_of(platform, template) == GONE:
            return error(400, 21655, "The ContentSid is Invalid")
        return None
    if not body and not media:
        return error(400, 21619, "A text message body or media urls must be specified.")
    if len(body) > MAX_BODY:
        return error(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
    return None


async def _list(platform: "SimulatedWhatsApp", request: Request) -> Response:
    query = request.query_params
    try:
        size = min(max(int(query.get("PageSize", "50")), 1), 1000)
        filters = [(name, _moments(query[name])) for name in ("DateSent", "DateSent>", "DateSent<") if name in query]
    except ValueError:
        return error(400, 20001, "Invalid parameter")
    found = [
        message
        for message in reversed(platform.state["messages"].values())
        if not message["purged"]
        and query.get("To", message["to"]) == message["to"]
        and query.get("From", message["from"]) == message["from"]
        and all(_sent_within(message, name, moments) for name, moments in filters)
    ]
    token = query.get("PageToken", "").removeprefix("PA")
    start = next((at + 1 for at, message in enumerate(found) if message["sid"] == token), 0)
    page = found[start : start + size]
    number = int(query.get("Page", "0")) if query.get("Page", "0").isdigit() else 0
    following = None
    if start + size < len(found):
        asked = {name: query[name] for name in ("To", "From", "DateSent", "DateSent>", "DateSent<") if name in query}
        asked |= {"PageSize": str(size), "Page": str(number + 1), "PageToken": f"PA{page[-1]['sid']}"}
        following = f"{request.url.path}?{urlencode(asked)}"
    return JSONResponse(
        {
            "first_page_uri": f"{request.url.path}?PageSize={size}&Page=0",
            "end": start + len(page) - 1,
            "previous_page_uri": None,
            "messages": [_shown(platform, message) for message in page],
            "uri": f"{request.url.path}?{request.url.query}",
            "page_size": size,
            "start": start,
            "next_page_uri": following,
            "page": number,
        }
    )


async def _message(platform: "SimulatedWhatsApp", request: Request) -> Response:
    message = _found(platform, request)
    if message is None:
        return _missing(request)
    if request.method == "DELETE":
        # Gone from Twilio, not from the citizen's phone.
        message["purged"] = True
        platform.world.changed()
        return Response(status_code=204)
    return JSONResponse(_shown(platform, message))


async def _media_list(platform: "SimulatedWhatsApp", request: Request) -> Response:
    message = _found(platform, request)
    if message is None:
        return _missing(request)
    files = _kept(message)
    size = len(files)
    return JSONResponse(
        {
            "media_list": [_shown_file(platform, message, file) for file in files],
            "uri": request.url.path,
            "first_page_uri": request.url.path,
            "previous_page_uri": None,
            "next_page_uri": None,
            "page": 0,
            "page_size": 50,
            "start": 0,
            "end": max(size - 1, 0),
        }
    )


async def _media(platform: "SimulatedWhatsApp", request: Request) -> Response:
    message = _found(platform, request)
    sid = request.path_params["media"]
    files = _kept(message) if message else []
    file = next((item for item in files if item["sid"] == sid.removesuffix(".json")), None)
    if message is None or file is None:
        return _missing(request)
    if request.method == "DELETE":
        # Gone from Twilio, not from the citizen's phone; the message goes on saying that it came with files.
        file["deleted"] = True
        platform.world.record(platform.kind, "media_deleted", file["sid"], message=message["sid"])
        platform.world.changed()
        return Response(status_code=204)
    if sid.endswith(".json"):
        return JSONResponse(_shown_file(platform, message, file))
    return RedirectResponse(file["url"], 307)


async def _account(platform: "SimulatedWhatsApp", request: Request) -> Response:
    return JSONResponse(
        {
            "sid": platform.account_sid,
            "owner_account_sid": platform.account_sid,
            "friendly_name": platform.app.name,
            "status": "active",
            "type": "Full",
            "auth_token": "",
            "date_created": "Mon, 05 Jan 2026 09:00:00 +0000",
            "date_updated": "Mon, 05 Jan 2026 09:00:00 +0000",
            "subresource_uris": {},
            "uri": request.url.path,
        }
    )


def let_in(platform: "SimulatedWhatsApp", request: Request) -> bool:
    """Whether user and password are ours."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True) if scheme.lower() == "basic" else b""
    except ValueError:  # binascii.Error, or letters outside ASCII
        return False
    ours = (f"{platform.account_sid}:{platform.auth_token}", ":".join(TWILIO_KEY))
    return any(hmac.compare_digest(given, one.encode()) for one in ours)


def _found(platform: "SimulatedWhatsApp", request: Request) -> Json | None:
    message = platform.find(request.path_params["sid"])
    return None if message is None or message["purged"] else message


def _kept(message: Json) -> list[Json]:
    return [file for file in message["media"] if not file.get("deleted")]


def _missing(request: Request) -> Response:
    return error(404, 20404, f"The requested resource {request.url.path} was not found")


def _shown(platform: "SimulatedWhatsApp", message: Json) -> Json:
    uri = f"{BASE}/{platform.account_sid}/Messages/{message['sid']}"
    return {
        "sid": message["sid"],
        "account_sid": platform.account_sid,
        "messaging_service_sid": message["service"] or None,
        "from": message["from"],
        "to": message["to"],
        "body": message["body"],
        "num_media": str(len(message["media"])),
        "num_segments": "1",
        "direction": message["direction"],
        "status": message["status"],
        "error_code": message["error_code"],
        "error_message": None,
        "date_created": _rfc2822(message["created"]),
        "date_sent": _rfc2822(message["sent"]) if message["sent"] else None,
        "date_updated": _rfc2822(message["sent"] or message["created"]),
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "uri": f"{uri}.json",
    }


def _shown_file(platform: "SimulatedWhatsApp", message: Json, file: Json) -> Json:
    return {
        "sid": file["sid"],
        "account_sid": platform.account_sid,
        "parent_sid": message["sid"],
        "content_type": file["content_type"],
        "date_created": _rfc2822(message["created"]),
        "date_updated": _rfc2822(message["created"]),
        "uri": f"{platform.media_path(message, file)}.json",
    }


def _variables(text: str) -> Json:
    """What was given for them. Raises ValueError for what is no object."""
    given = json.loads(text) if text else {}
    if not isinstance(given, dict):
        raise ValueError("no object")  # noqa: TRY004 - as unusable as broken JSON
    return given


def _type(url: str) -> str:
    """Twilio looks at the file itself; here the name must do."""
    name = url.partition("?")[0].lower()
    if name.endswith(".pdf"):
        return "application/pdf"
    return "image/png" if name.endswith(".png") else "image/jpeg"


def _rfc2822(moment: str) -> str:
    return format_datetime(datetime.fromisoformat(moment).astimezone(UTC))


def _moments(text: str) -> tuple[datetime, datetime]:
    """First and last moment meant by a day or a second in GMT. Raises ValueError."""
    if len(text) == 10:
        first = datetime.combine(date.fromisoformat(text), time(), UTC)
        return first, first + timedelta(days=1)
    first = datetime.fromisoformat(text).astimezone(UTC)
    return first, first + timedelta(seconds=1)


def _sent_within(message: Json, name: str, moments: tuple[datetime, datetime]) -> bool:
    """Twilio's filters take the day or second named along; a message not sent yet is on no day."""
    if not message["sent"]:
        return False
    sent = datetime.fromisoformat(message["sent"])
    first, after = moments
    if name == "DateSent>":
        return sent >= first
    return sent < after if name == "DateSent<" else first <= sent < after
