"""The simulator's ASGI app: the platforms' APIs with faults on request, and "de straat". Run under uvicorn."""

import os
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from channels.simulator.endpoints import endpoints
from channels.simulator.faults import FaultyApp
from channels.simulator.platform import Platform
from channels.simulator.world import Town

# As channels.registry: by name, so that the simulator knows no connector and no connector the others.
PLATFORMS = {
    "x": "channels.connectors.x.simulator.SimulatedX",
    "facebook": "channels.connectors.facebook.simulator.SimulatedFacebook",
    "whatsapp": "channels.connectors.whatsapp.simulator.SimulatedWhatsApp",
}
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
DEFAULT_STATE = ".data/simulator.json"

PlatformClass = Callable[[Town], Platform]


def platform_classes() -> dict[str, PlatformClass]:
    """The three platforms, loaded by name."""
    found: dict[str, PlatformClass] = {}
    for kind, dotted in PLATFORMS.items():
        module, _, name = dotted.rpartition(".")
        found[kind] = getattr(import_module(module), name)
    return found


def build(base_url: str, public_url: str, state_path: Path, platforms: Mapping[str, PlatformClass]) -> Starlette:
    """An app for one town. The town itself is ``app.state.town``."""
    town = Town(base_url, public_url, state_path, platforms)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await town.start()
        _end_streams_on_signals(town)
        try:
            yield
        finally:
            await town.stop()

    routes: list[BaseRoute] = list(endpoints(town))
    for platform in town.platforms.values():
        routes += [_faulty(route, platform, town) for route in platform.routes()]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.town = town
    return app


def _end_streams_on_signals(town: Town) -> None:
    """Open streams would keep a stopping server waiting: uvicorn tells an app that it stops only after them.

    Goes before the server's own handlers, which it puts back itself when it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        servers_own = signal.getsignal(number)
        if not callable(servers_own):
            continue

        def stop(got: int, frame: FrameType | None, then: Callable[..., object] = servers_own) -> None:
            town.end_streams()
            then(got, frame)

        signal.signal(number, stop)


def _faulty(route: BaseRoute, platform: Platform, town: Town) -> BaseRoute:
    """The same route, failing on request. Only routes that hold an app (Route, Mount) can."""
    inner = getattr(route, "app", None)
    if inner is None:
        raise TypeError(f"{platform.kind}: {route!r} cannot be made to fail; use Route or Mount")
    wrapped = FaultyApp(inner, platform, town.faults, town.fault_used, town.pause)
    if isinstance(route, Mount):
        return Mount(route.path, app=wrapped, name=route.name)
    route.app = wrapped  # type: ignore[attr-defined]
    return route


def from_environment(environ: Mapping[str, str]) -> Starlette:
    """The app as the environment describes it. Raises SystemExit with a sentence when it may not run."""
    base_url = environ.get("SIMULATOR_URL", "")
    if not base_url:
        raise SystemExit(
            "De simulator start niet: SIMULATOR_URL is niet gezet. Hij hoort alleen bij de demo en bij tests, "
            "nooit bij een echte gemeente."
        )
    public_url = environ.get("PUBLIC_URL") or DEFAULT_PUBLIC_URL
    for name, url in (("SIMULATOR_URL", base_url), ("PUBLIC_URL", public_url)):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise SystemExit(f"De simulator start niet: {name} is geen webadres ({url}).")
    state = Path(environ.get("SIMULATOR_STATE") or DEFAULT_STATE)
    return build(base_url, public_url, state, platform_classes())


def __getattr__(name: str) -> Any:
    # Made when the server asks for it: importing this module (a test, a linter) opens no town and ends no process.
    if name == "app":
        return from_environment(os.environ)
    raise AttributeError(name)
