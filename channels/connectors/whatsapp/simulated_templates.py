"""The templates of Gemeente Waterkant at the simulated Twilio, and the Content API that tells of them."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from channels.simulator.platform import Endpoint, Json

if TYPE_CHECKING:
    from channels.connectors.whatsapp.simulator import SimulatedWhatsApp

PATH = "/v1/ContentAndApprovals"
APPROVED, PENDING, REJECTED = "approved", "pending", "rejected"
GONE = "gone"  # taken out of the account


def _made(
    name: str,
    body: str,
    examples: dict[str, str],
    status: str = APPROVED,
    buttons: tuple[tuple[str, str], ...] = (),
    reason: str = "",
) -> Json:
    return {
        "name": name,
        "body": body,
        "examples": examples,
        "status": status,
        "buttons": [{"payload": payload, "label": label} for payload, label in buttons],
        "reason": reason,
    }


# Content sid -> template.
TEMPLATES: dict[str, Json] = {
    "HX00000000000000000000000000000001": _made(
        "antwoord_klaar",
        "Beste {{1}}, wij hebben een antwoord op uw vraag. Wilt u het nu ontvangen?",
        {"1": "Aïsha"},
        buttons=(("JA", "Ja, graag"), ("NEE", "Nee, dank u")),
    ),
    "HX00000000000000000000000000000002": _made(
        "gesprek_hervatten",
        "Beste {{naam}}, u stuurde ons een bericht over {{onderwerp}}. {{afdeling}} van {{gemeente}} heeft daar nog "
        "een vraag over. Antwoord op dit bericht, dan praten wij verder.",
        {
            "naam": "mevrouw Benali",
            "onderwerp": "uw verhuizing",
            "afdeling": "Burgerzaken",
            "gemeente": "Gemeente Waterkant",
        },
    ),
    "HX00000000000000000000000000000003": _made(
        "afspraak_herinnering",
        "Beste {{1}}, u heeft een afspraak bij {{2}} op {{3}}. Neem uw paspoort of identiteitskaart mee. "
        "Kunt u niet? Laat het ons weten.",
        {"1": "meneer De Wit", "2": "Burgerzaken", "3": "dinsdag 24 november om 10.00 uur"},
        buttons=(("KOMT", "Ik kom"), ("ANDERS", "Andere dag")),
    ),
    "HX00000000000000000000000000000004": _made(
        "melding_opgelost",
        "Beste {{naam}}, uw melding {{zaaknummer}} is opgelost. Is er toch nog iets mis? Antwoord dan op dit bericht.\n"
        "Met vriendelijke groet, {{gemeente}}",
        {"naam": "Sofie", "zaaknummer": "W-2026-0412", "gemeente": "Gemeente Waterkant"},
    ),
    "HX00000000000000000000000000000005": _made(
        "afval_storing",
        "Beste inwoner, vandaag halen wij het afval later op. Laat uw container staan tot wij zijn geweest.",
        {},
    ),
    "HX00000000000000000000000000000006": _made(
        "paspoort_klaar",
        "Beste {{1}}, uw paspoort ligt klaar. U kunt het ophalen op {{2}}.",
        {"1": "Mehmet", "2": "het stadhuis"},
        PENDING,
    ),
    "HX00000000000000000000000000000007": _made(
        "enquete_dienstverlening",
        "Hallo {{1}}! Doe mee aan onze enquête en win een cadeaubon!",
        {"1": "Lot"},
        REJECTED,
        reason="The message has promotional content in a utility template.",
    ),
}


def status_of(platform: "SimulatedWhatsApp", sid: str) -> str:
    """approved, pending, rejected; GONE for one that is not there (any more)."""
    changed: dict[str, str] = platform.state.get("templates", {})
    return changed.get(sid) or (TEMPLATES[sid]["status"] if sid in TEMPLATES else GONE)


def judge(platform: "SimulatedWhatsApp", data: Json) -> Json:
    """WhatsApp thinks differently of a template: ``sid`` and ``status``. Raises ValueError with a Dutch sentence."""
    sid, status = str(data.get("sid", "")), str(data.get("status", ""))
    if sid not in TEMPLATES or status not in (APPROVED, PENDING, REJECTED, GONE):
        raise ValueError("Kies een sjabloon en approved, pending, rejected of gone.")
    platform.state.setdefault("templates", {})[sid] = status
    platform.world.record(platform.kind, "template", sid, status=status)
    platform.world.changed()
    return {"id": sid, "status": status}


def filled(sid: str, given: Json) -> str:
    """The text of a template. Raises ValueError for a variable that is missing, empty or unusable."""
    template = TEMPLATES[sid]
    wanted = dict.fromkeys([*re.findall(r"\{\{(\w+)\}\}", template["body"])])
    values = {name: given.get(name) for name in wanted}
    if any(
        not isinstance(value, str) or not value.strip() or re.search(r"[\n\t]| {5}", value) for value in values.values()
    ):
        raise ValueError("a variable is missing or unusable")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: str(values[match[1]]), template["body"])


def route(guarded: Callable[[Endpoint], Endpoint], platform: "SimulatedWhatsApp") -> BaseRoute:
    """GET /v1/ContentAndApprovals of content.twilio.com, behind Basic authentication."""

    async def listed(request: Request) -> Response:
        query = request.query_params
        size = min(max(int(query.get("PageSize", "50")), 1), 500)
        page = int(query.get("Page", "0"))
        sids = [sid for sid in TEMPLATES if status_of(platform, sid) != GONE]
        shown = sids[page * size : (page + 1) * size]
        following = None
        if (page + 1) * size < len(sids):
            asked = urlencode({"PageSize": size, "Page": page + 1, "PageToken": f"PT{shown[-1]}"})
            following = f"https://content.twilio.com{PATH}?{asked}"
        meta = {"key": "contents", "page": page, "page_size": size, "next_page_url": following}
        return JSONResponse({"contents": [_shown(platform, sid) for sid in shown], "meta": meta})

    return Route(PATH, guarded(listed), methods=["GET"])


def _shown(platform: "SimulatedWhatsApp", sid: str) -> Json:
    template = TEMPLATES[sid]
    kind = "twilio/quick-reply" if template["buttons"] else "twilio/text"
    content: Json = {"body": template["body"]}
    if template["buttons"]:
        content["actions"] = [{"id": one["payload"], "title": one["label"]} for one in template["buttons"]]
    return {
        "sid": sid,
        "account_sid": platform.account_sid,
        "friendly_name": template["name"],
        "language": "nl",
        "variables": template["examples"],
        "types": {kind: content},
        "approval_requests": {
            "type": "whatsapp",
            "name": template["name"],
            "category": "UTILITY",
            "content_type": kind,
            "status": status_of(platform, sid),
            "rejection_reason": template["reason"],
            "allow_category_change": False,
        },
        "date_created": "2026-01-05T09:00:00Z",
        "date_updated": "2026-01-05T09:00:00Z",
    }
