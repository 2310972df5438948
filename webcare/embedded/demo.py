"""`make demo`: the whole product with a demo municipality, as one group of processes with one life."""

import json
import os
import secrets
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from cryptography.fernet import Fernet

from inbox.management import demo_town
from webcare.embedded import opening
from webcare.embedded.errors import CannotStart, Stopped, explain
from webcare.embedded.homes import system_folder
from webcare.embedded.lock import locked
from webcare.embedded.processes import Child, Group, Signals
from webcare.embedded.product import Part, Ports, product
from webcare.embedded.services import start_services

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 90
ROOM_NEEDED = 300 * 1024 * 1024  # bytes: a new cluster with its first write-ahead log takes about 50 MB
# What the demo makes in its data folder; reset removes these and nothing else, whatever DATA_DIR points at.
OURS = ("services", "logs", "media", "mail", "static", "secrets.json", "clock", "simulator.json")
OURS_PATTERNS = ("celerybeat-schedule*", "simulator.json.*")
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

ROLES = {
    "agent": "webcaremedewerker",
    "expert": "vakspecialist",
    "lead": "teamleider",
    "admin": "beheerder",
    "viewer": "meelezer",
}


@dataclass
class Demo:
    """The demo on one data folder. `parts` is data: tests run other processes by the same rules."""

    data: Path
    ports: Ports = field(default_factory=Ports)
    parts: Sequence[Part] | None = None
    prepare: Sequence[str] | None = (sys.executable, "-m", "webcare.embedded.prepare")

    @classmethod
    def from_environment(cls) -> Self:
        """The data folder from DATA_DIR, or .data in the project."""
        return cls(Path(os.environ.get("DATA_DIR") or ROOT / ".data").absolute(), Ports.from_environment())

    def run(self) -> int:
        """Start everything, say where it is, stay until asked to stop (0) or a part dies (CannotStart)."""
        with Signals() as signals:
            try:
                with locked(self.data):
                    self.ports.check_free()
                    with Group() as group:
                        self._run(group, signals)
                        print("\nStoppen …", flush=True)
                    print("Alles is gestopt; de gegevens blijven bewaard.", flush=True)
            except Stopped:
                print("\nGestopt voordat alles draaide.", flush=True)
            except OSError as error:
                raise explain(error) from error
        return 0

    def reset(self) -> int:
        """Remove what the demo made; never while it runs."""
        try:
            if not self.data.is_dir():
                print("Er zijn geen demogegevens.")
                return 0
            with locked(self.data):
                paths = [self.data / name for name in OURS]
                for pattern in OURS_PATTERNS:
                    paths += self.data.glob(pattern)
                paths.append(system_folder(self.data))
                for path in paths:
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
        except OSError as error:
            raise explain(error) from error
        print("De demogegevens zijn verwijderd; `make demo` begint opnieuw.")
        if os.environ.get("DATABASE_URL"):
            print("De database van DATABASE_URL is niet aangeraakt: die is niet van de demo.")
        return 0

    def _run(self, group: Group, signals: Signals) -> None:
        if shutil.disk_usage(self.data).free < ROOM_NEEDED:
            raise CannotStart(
                f"De schijf van {self.data} is bijna vol: er is minder dan 300 MB vrij. Maak ruimte vrij."
            )
        logs = self.data / "logs"
        for folder in (logs, self.data / "media", self.data / "mail", self.data / "static"):
            folder.mkdir(mode=0o700, exist_ok=True)
        environment = {**os.environ, **self.environment()}
        environment.update(start_services(group, os.environ, self.data))
        if self.prepare is not None:
            self._prepare(group, signals, self.prepare, environment)
        parts = self.parts if self.parts is not None else product(self.ports, self.data)
        first = self.parts is None and not (self.data / "simulator.json").exists()
        for part in parts:
            (logs / f"{part.name}.log").unlink(missing_ok=True)
            self._start(group, part, environment)
        self._await(group, signals, [(part.name, part.ready) for part in parts if part.ready is not None])
        if first:
            opening.play(f"http://127.0.0.1:{self.ports.simulator}")
        print(self.welcome(), flush=True)
        while signals.stop() is None:
            self._start_again(group, parts, environment)
            fail_if_dead(group)
            signals.wait(5)

    def _start(self, group: Group, part: Part, environment: dict[str, str]) -> None:
        log = self.data / "logs" / f"{part.name}.log"
        group.start(part.name, part.command, env={**environment, **dict(part.env)}, log=log, cwd=ROOT)

    def _start_again(self, group: Group, parts: Sequence[Part], environment: dict[str, str]) -> None:
        """What was killed from outside, where that costs nothing but the start; what failed by itself would again."""
        dead = group.dead()
        part = next((part for part in parts if dead is not None and part.again and part.name == dead.name), None)
        if dead is None or part is None or (dead.exit_code() or 0) >= 0:
            return
        group.forget(dead)
        self._start(group, part, environment)
        print(f"'{part.name}' werd gestopt en is opnieuw gestart.", flush=True)

    def _prepare(self, group: Group, signals: Signals, command: Sequence[str], environment: dict[str, str]) -> None:
        """Bring database and files up to date before anything serves them."""
        log = self.data / "logs" / "prepare.log"
        log.unlink(missing_ok=True)
        child = group.start("prepare", command, env=environment, log=log, cwd=ROOT)
        while child.exit_code() is None:
            if signals.stop() is not None:
                raise Stopped
            signals.wait(1)
        if child.exit_code() != 0:
            raise CannotStart(ended(child, "De voorbereiding (migraties en demogegevens) is mislukt"))
        group.children.remove(child)

    def _await(self, group: Group, signals: Signals, waited: list[tuple[str, str]]) -> None:
        """Wait until the address of every part answers 200. Raises CannotStart, with the end of that part's log, when
        one dies or time runs out."""
        deadline = time.monotonic() + READY_SECONDS
        while waited:
            if signals.stop() is not None:
                raise Stopped
            fail_if_dead(group)
            name, address = waited[0]
            ok, said = answers(address)
            if ok:
                waited = waited[1:]
                continue
            if time.monotonic() > deadline:
                child = next(child for child in group.children if child.name == name)
                raise CannotStart(ended(child, f"{address} is na {READY_SECONDS} seconden nog niet gereed: {said}"))
            signals.wait(0.2)

    def environment(self) -> dict[str, str]:
        """What every part of the demo gets, but for the addresses of the services."""
        local = "http://127.0.0.1:"
        return {
            **self._secrets(),
            "DJANGO_SETTINGS_MODULE": "webcare.settings",
            "DEBUG": "0",
            "PUBLIC_URL": f"{local}{self.ports.web}",
            "LIVE_URL": f"{local}{self.ports.live}",
            "SIMULATOR_URL": f"{local}{self.ports.simulator}",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "CLOCK_FILE": str(self.data / "clock"),
            "SIMULATOR_STATE": str(self.data / "simulator.json"),
            "MEDIA_ROOT": str(self.data / "media"),
            # Mail to administrators, to be read in this folder; unless a mail server is named.
            "EMAIL_URL": os.environ.get("EMAIL_URL") or f"filemail:///{quote(str(self.data / 'mail'))}",
            "STATIC_FROM_SOURCE": "1",
            "STATIC_ROOT": str(self.data / "static"),
            "PYTHONUNBUFFERED": "1",
            # Celery's own: each worker would load every page once more, to look at what prepare looked at.
            "SKIP_CHECKS": "1",
        }

    def _secrets(self) -> dict[str, str]:
        """SECRET_KEY and the keys: made at the first start, then kept, readable by us alone."""
        kept = self.data / "secrets.json"
        if not kept.exists():
            made = {
                "SECRET_KEY": secrets.token_urlsafe(50),
                "CREDENTIALS_KEY": Fernet.generate_key().decode(),
                "VAPID_PRIVATE_KEY": secrets.token_urlsafe(32),
            }
            fresh = kept.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                json.dump(made, stream)
            fresh.rename(kept)
        loaded: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
        return loaded

    def welcome(self) -> str:
        """What a person needs to begin."""
        lines = [
            "",
            "Webcare draait, met de gemeente Waterkant.",
            "",
            f"  Inbox        http://127.0.0.1:{self.ports.web}/",
            f"  De straat    http://127.0.0.1:{self.ports.simulator}/   (speel zelf de inwoner)",
            "",
            f"  Inloggen, wachtwoord voor iedereen: {demo_town.PASSWORD}",
            *(colleague(*row) for row in demo_town.COLLEAGUES),
            "",
            f"  Gegevens en logboeken: {self.data}",
            "  Stoppen: Ctrl-C",
        ]
        return "\n".join(lines)


def colleague(username: str, first: str, last: str, role: str, departments: tuple[str, ...]) -> str:
    """One line of the list of log-ins; of an expert also where they work."""
    where = f" {demo_town.DEPARTMENTS[departments[0]]}" if role == "expert" else ""
    return f"    {username:<10} {first} {last}, {ROLES[role]}{where}"


def answers(address: str) -> tuple[bool, str]:
    """Whether `address` answers 200, and otherwise what it said; never through a proxy."""
    try:
        with DIRECT.open(address, timeout=5) as response:
            return response.status == 200, f"antwoord {response.status}"
    except urllib.error.HTTPError as error:
        with error:
            return False, f"antwoord {error.code} {error.read(300).decode(errors='replace')}"
    except (OSError, ValueError) as error:
        return False, f"geen antwoord ({error})"


def ended(child: Child, sentence: str) -> str:
    """A sentence with the end of the child's log under it."""
    tail = child.tail()
    where = f" Het einde van {child.log}:\n{tail}" if tail else f" Het logboek {child.log} is leeg."
    return f"{sentence}.{where}"


def fail_if_dead(group: Group) -> None:
    """Raises CannotStart, with the end of its log, when any process of the group has ended by itself."""
    dead = group.dead()
    if dead is not None:
        code = dead.exit_code()
        how = f"signaal {-code}" if code is not None and code < 0 else f"code {code}"
        raise CannotStart(
            ended(
                dead,
                f"'{dead.name}' is onverwacht gestopt ({how}). Alles is gestopt, de gegevens zijn bewaard",
            )
        )
