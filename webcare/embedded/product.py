"""The processes that make up Webcare in the demo, and their ports; for production see docker-compose.yml."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from webcare.embedded.errors import CannotStart
from webcare.embedded.ports import is_free


@dataclass(frozen=True)
class Part:
    """One process of the demo. `ready`: an address that answers 200 once it can be used; None: none such.

    again: killed by a signal, it is started anew. The other workers have a parent process that does so.
    """

    name: str
    command: tuple[str, ...]
    ready: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    again: bool = False


@dataclass(frozen=True)
class Ports:
    """Where the demo listens on 127.0.0.1; each by a variable of its own."""

    web: int = 8000
    simulator: int = 8001
    live: int = 8002

    VARIABLES: ClassVar = {"web": "PORT", "simulator": "SIM_PORT", "live": "LIVE_PORT"}

    @classmethod
    def from_environment(cls) -> Self:
        """PORT, SIM_PORT and LIVE_PORT, or 8000, 8001 and 8002. Raises CannotStart for what is no port."""
        chosen: dict[str, int] = {}
        for name, variable in cls.VARIABLES.items():
            given = os.environ.get(variable, "")
            if given:
                if not given.isdecimal() or not 0 < int(given) < 65536:
                    raise CannotStart(f"{variable}={given} is geen poort; geef een getal van 1 tot en met 65535.")
                chosen[name] = int(given)
        ports = cls(**chosen)
        if len({ports.web, ports.simulator, ports.live}) < 3:
            raise CannotStart("PORT, SIM_PORT en LIVE_PORT moeten drie verschillende poorten zijn.")
        return ports

    def check_free(self) -> None:
        """Raises CannotStart for the first port that something else listens on."""
        for name, variable in self.VARIABLES.items():
            port = getattr(self, name)
            if not is_free(port):
                raise CannotStart(
                    f"Poort {port} is al in gebruik. Stop wat daar draait, of kies een andere: "
                    f"{variable}={port + 100} make demo"
                )


def product(ports: Ports, data: Path) -> list[Part]:
    """Pages under WSGI, the stream and the simulator under ASGI, the workers and the scheduler."""
    local = "http://127.0.0.1:"
    asgi = "--host 127.0.0.1 --no-access-log --timeout-graceful-shutdown 2 --port"
    # Without room for them, idle kept-alive connections beyond 1,024 make granian fall silent.
    granian = (
        "granian --interface wsgi --workers 2 --blocking-threads 2 --backlog 4096 --backpressure 2048 "
        f"--workers-kill-timeout 4 --host 127.0.0.1 --port {ports.web} webcare.wsgi:application"
    )
    worker = "celery -A webcare worker --without-gossip --without-mingle --loglevel INFO"
    schedule = str(data / "celerybeat-schedule")
    # A pool of connections is for threads; Celery's processes each do one thing at a time.
    no_pool = (("DATABASE_POOL", "0"),)
    return [
        Part("web", module(granian), f"{local}{ports.web}/readyz"),
        Part(
            "simulator",
            module(f"uvicorn channels.simulator.app:app {asgi} {ports.simulator}"),
            f"{local}{ports.simulator}/healthz",
        ),
        Part(
            "live", module(f"uvicorn webcare.live:app {asgi} {ports.live}"), f"{local}{ports.live}/healthz", again=True
        ),
        Part("worker", module(f"{worker} -Q celery,incoming --concurrency 2 --hostname demo@%h"), env=no_pool),
        # What comes in never waits for a platform that is slow to take what goes out.
        Part("intake", module(f"{worker} -Q incoming --concurrency 1 --hostname intake@%h"), env=no_pool),
        # Threads, for all it does is wait for platforms; see docs/adr/0007.
        Part(
            "sender",
            module(f"{worker} -Q sending --pool threads --concurrency 32 --hostname sender@%h"),
            env=(("DATABASE_CONNECTIONS", "32"),),
            again=True,
        ),
        # Files from strangers are opened here: in a process that may be killed over one.
        Part("media", module(f"{worker} -Q media --concurrency 1 --hostname media@%h"), env=no_pool),
        Part(
            "scheduler",
            module("celery -A webcare beat --loglevel INFO --pidfile= --schedule", schedule),
            env=no_pool,
        ),
    ]


def module(words: str, *more: str) -> tuple[str, ...]:
    """The command that runs a module under this Python; `more` may hold spaces."""
    return (sys.executable, "-m", *words.split(), *more)
