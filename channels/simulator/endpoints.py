"""The simulator's own addresses: the page, what it asks for, media, faults, books and the clock."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from channels import clock
from channels.simulator import town as waterkant
from channels.simulator.moments import PRESETS, ZONE, next_moment
from channels.simulator.platform import Json
from channels.simulator.samples import SAMPLES, sample
from channels.simulator.world import Town

STREET = Path(__file__).parent / "street"
MAX_BODY = 12 * 1024 * 1024  # a photo of 8 MB in base64, and some text
MAX_PHOTO = 8 * 1024 * 1024
MAX_TEXT = 25_000
HEARTBEAT = 15.0  # seconds of silence after which the stream says it is still there

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """Said no, with a Dutch sentence for who asked."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def sentence_of(error: Exception) -> str:
    """What a platform's KeyError or ValueError says, as a sentence a citizen can read."""
    said = str(error.args[0]) if error.args else ""
    if " " in said:
        return said
    if isinstance(error, KeyError):
        return f"Dit bericht of dit gegeven is er niet{f' ({said})' if said else ''}."
    return "Dat kan hier niet."


def _spoken(endpoint: Endpoint) -> Endpoint:
    """Refusals become JSON with a sentence; nothing in the street ends in a bare error page."""

    @wraps(endpoint)
    async def wrapped(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)

    return wrapped


async def _json(request: Request) -> Json:
    if "json" not in request.headers.get("content-type", ""):
        # Also keeps other sites out: a browser asks before it sends JSON across.
        raise Refused("Stuur dit als JSON (Content-Type: application/json).", 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused("Dit is te groot. Een foto mag 8 MB zijn.", 413)
    try:
        found = json.loads(bytes(body) or b"{}")
    except ValueError:
        raise Refused("Dit is geen geldige JSON.") from None
    if not isinstance(found, dict):
        raise Refused("Stuur één JSON-object.")
    return found


def _checked(data: Json) -> Json:
    """What every action needs: someone who lives here, and text and photo that can be read."""
    try:
        waterkant.citizen(str(data.get("citizen", "")))
    except KeyError:
        raise Refused("Deze inwoner woont niet in Waterkant.") from None
    text = data.get("text", "")
    if not isinstance(text, str):
        raise Refused("De tekst van een bericht is tekst.")
    if len(text) > MAX_TEXT:
        raise Refused(f"Dit bericht is te lang: {MAX_TEXT} tekens is het meeste dat past.")
    photo = data.get("photo")
    if photo is None:
        return {key: value for key, value in data.items() if key != "photo"}
    if not isinstance(photo, dict) or not str(photo.get("content_type", "")).startswith("image/"):
        raise Refused("Kies een foto (JPEG, PNG, GIF of WebP).")
    try:
        content = base64.b64decode(str(photo.get("content", "")), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("Deze foto kwam niet heel over. Kies hem opnieuw.") from None
    if not content:
        raise Refused("Deze foto is leeg.")
    if len(content) > MAX_PHOTO:
        raise Refused("Deze foto is groter dan 8 MB.", 413)
    return data


def endpoints(town: Town) -> list[BaseRoute]:
    """The routes of everything that is no platform."""
    desk = Desk(town)
    plain: list[tuple[str, Endpoint, str]] = [
        ("/", desk.page, "GET"),
        ("/healthz", desk.healthz, "GET"),
        ("/media/{number}/{name}", desk.media, "GET"),
        ("/street/state", desk.state, "GET"),
        ("/street/stream", desk.stream, "GET"),
        ("/street/samples/{name}", desk.sample, "GET"),
        ("/street/clock", desk.clock, "GET"),
        ("/street/clock", desk.set_clock, "POST"),
        ("/street/{kind}/{action}", desk.play, "POST"),
        ("/faults", desk.faults, "GET"),
        ("/faults", desk.add_fault, "POST"),
        ("/faults", desk.clear_faults, "DELETE"),
        ("/books", desk.books, "GET"),
    ]
    return [
        *(Route(path, _spoken(endpoint), methods=[method]) for path, endpoint, method in plain),
        Mount("/street", StaticFiles(directory=STREET), name="street"),
    ]


class Desk:
    """The endpoints of one town."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def page(self, request: Request) -> Response:
        """De straat."""
        origins = {
            f"{part.scheme}://{part.netloc}" for part in map(urlsplit, (self.town.base_url, self.town.public_url))
        }
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
            f"form-action 'none'; frame-ancestors 'none'; img-src 'self' data: blob: {' '.join(sorted(origins))}"
        )
        headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }
        return FileResponse(STREET / "index.html", headers=headers)

    async def healthz(self, request: Request) -> Response:
        """Alive."""
        return JSONResponse({"status": "ok", "platforms": list(self.town.platforms)})

    async def media(self, request: Request) -> Response:
        """A file that somebody sent. Only pictures, sound and film are shown by a browser; the rest is saved."""
        path = self.town.media_file(request.path_params["number"], request.path_params["name"])
        if path is None:
            raise Refused("Dit bestand is er niet.", 404)
        response = FileResponse(path, headers={"X-Content-Type-Options": "nosniff"})
        shown = response.media_type or ""
        if not shown.startswith(("image/", "audio/", "video/")) or "svg" in shown:
            response.headers["Content-Disposition"] = "attachment"
        return response

    async def sample(self, request: Request) -> Response:
        """One of the two photos everybody has."""
        try:
            content = await asyncio.to_thread(sample, request.path_params["name"])
        except KeyError:
            raise Refused("Deze foto is er niet.", 404) from None
        return Response(content, media_type="image/jpeg", headers={"Cache-Control": "max-age=86400"})

    async def state(self, request: Request) -> Response:
        """Everything the page shows."""
        return JSONResponse(
            {
                "version": self.town.version,
                "now": self.town.now().isoformat(),
                "clock": self._clock(),
                "town": "Gemeente Waterkant",
                "inbox": self.town.public_url,
                "citizens": [asdict(person) for person in waterkant.CITIZENS],
                "samples": [
                    {"name": name, "label": label, "url": f"/street/samples/{name}"} for name, label in SAMPLES.items()
                ],
                "phones": [platform.street() for platform in self.town.platforms.values()],
                "faults": self.town.faults.as_json(),
                "post": self.town.post.as_json(),
            },
            headers={"Cache-Control": "no-store"},
        )

    async def stream(self, request: Request) -> Response:
        """Server-sent ``changed``, with the version as data; at once on connect, and never two for one look."""
        return StreamingResponse(
            self._changes(),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _changes(self) -> AsyncIterator[str]:
        event = self.town.listen()
        try:
            yield "retry: 1000\n\n"
            while not self.town.closing:
                yield f"event: changed\ndata: {self.town.version}\n\n"
                try:
                    await asyncio.wait_for(event.wait(), HEARTBEAT)
                except TimeoutError:
                    yield ": stil\n\n"
                    continue
                event.clear()
        finally:
            self.town.unlisten(event)

    async def play(self, request: Request) -> Response:
        """A citizen does something at a platform; with ``"lost": true`` none of its webhooks is brought."""
        platform = self.town.platforms.get(request.path_params["kind"])
        if platform is None:
            raise Refused("Dit platform is er niet.", 404)
        data = _checked(await _json(request))
        self.town.post.losing = data.pop("lost", False) is True
        try:
            made = platform.play(request.path_params["action"], data)
        except (KeyError, ValueError) as error:
            raise Refused(sentence_of(error)) from error
        finally:
            self.town.post.losing = False
        return JSONResponse(made)

    # -- faults and books --------------------------------------------------------------------------------

    async def faults(self, request: Request) -> Response:
        """The faults that are on."""
        return JSONResponse(self.town.faults.as_json())

    async def add_fault(self, request: Request) -> Response:
        """Switch one on."""
        order = await _json(request)
        try:
            added = self.town.add_fault(order)
        except ValueError as error:
            raise Refused(str(error)) from error
        return JSONResponse([asdict(item) for item in added], status_code=201)

    async def clear_faults(self, request: Request) -> Response:
        """Switch all off, or the one named by ``?id=``."""
        number = request.query_params.get("id")
        if number is not None and not number.isdigit():
            raise Refused("Deze storing is er niet.")
        self.town.clear_faults(int(number) if number is not None else None)
        return JSONResponse(self.town.faults.as_json())

    async def books(self, request: Request) -> Response:
        """Every line recorded, or those after line ``?after=``."""
        after = request.query_params.get("after", "0")
        if not after.isdigit():
            raise Refused("Het regelnummer is een getal.")
        return JSONResponse(self.town.books[int(after) :])

    # -- the clock ---------------------------------------------------------------------------------------

    def _clock(self) -> Json:
        return {"now": self.town.now().isoformat(), "offset": clock.offset(), "presets": list(PRESETS)}

    async def clock(self, request: Request) -> Response:
        """What time it is in Waterkant, and how far that is from real time (seconds)."""
        return JSONResponse(self._clock())

    async def set_clock(self, request: Request) -> Response:
        """Move the town's clock: to a moment, by seconds, to a preset, or back to now."""
        order = await _json(request)
        try:
            self._move(order)
        except (clock.ClockNotMovable, OSError) as error:
            raise Refused("De klok van Waterkant kan hier niet worden verzet (CLOCK_FILE is niet gezet).") from error
        except (OverflowError, ValueError) as error:
            said = str(error)
            raise Refused(said if said.endswith(".") else "Zo ver kan de klok niet worden verzet.") from error
        self.town.record("town", "clock", "", offset=clock.offset())
        self.town.changed()
        return JSONResponse(self._clock())

    def _move(self, order: Json) -> None:
        if order.get("reset") is True:
            clock.reset()
        elif "preset" in order:
            clock.set_to(next_moment(str(order["preset"]), self.town.now()))
        elif "shift" in order:
            if isinstance(order["shift"], bool) or not isinstance(order["shift"], int | float):
                raise ValueError("Geef in shift een aantal seconden.")
            clock.shift(float(order["shift"]))
        elif "to" in order:
            try:
                moment = datetime.fromisoformat(str(order["to"]))
            except ValueError:
                raise ValueError("Geef in to een moment als 2026-11-20T17:05.") from None
            # Without a zone it is the time on the wall in Waterkant.
            clock.set_to((moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC))
        else:
            raise ValueError("Zeg waarheen de klok moet: to, shift, preset of reset.")
