"""One run: bring the town up, let the storm come down while people work, wait until all is settled, judge."""

import random
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos import agents, books, inbox, report, settling, verdict
from tests.chaos.citizens import MORE_CITIZENS, Citizens, agenda
from tests.chaos.processes import ROOT, Town, running
from tests.chaos.storm import Storm
from tests.chaos.street import Street

CLOSING = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)  # Friday 17:00 in Amsterdam
CHECK = "channels.tasks.check_account"  # what the administrator's button does
KEPT = ROOT / "build" / "chaos"


@dataclass(frozen=True)
class Size:
    """How large a run is. ``times``: how often every process dies and every service is restarted, at least."""

    seconds: float
    posts: int
    times: int
    settle: float


LONG = Size(seconds=225.0, posts=3300, times=2, settle=120.0)
SHORT = Size(seconds=30.0, posts=350, times=1, settle=120.0)


@dataclass
class Outcome:
    """What came of it."""

    seed: int
    size: Size
    took: float
    settled_in: float
    case: verdict.Case
    citizens: Citizens
    storm: Storm
    office: agents.Office
    town: Town
    violations: dict[str, list[str]] = field(default_factory=dict)


def run(seed: int, size: Size) -> bool:
    """Whether every law held. Prints all of it; what failed is kept in build/chaos/<seed>."""
    began = time.monotonic()
    print(f"\nseed {seed}: a storm of {size.seconds:g} s, about {size.posts} messages", flush=True)
    # The office closes two fifths into the storm: what comes after that is told that we are closed.
    moment = CLOSING - timedelta(seconds=size.seconds * 0.4)
    # Three minutes between rounds would be most of the storm.
    with running(
        moment,
        lambda line: _say(f"{time.monotonic() - began:6.1f} s  {line}"),
        SIMULATOR_CITIZENS=str(MORE_CITIZENS),
        GAPS_EVERY="45",
    ) as town:
        outcome = _weather(seed, size, town, began)
        for law in verdict.LAWS:
            outcome.violations[law.__name__] = list(law(outcome.case))
        report.tell(outcome)
        if any(outcome.violations.values()):
            _keep(outcome)
            return False
    return True


def _weather(seed: int, size: Size, town: Town, began: float) -> Outcome:
    street = Street(town.street)
    acts = agenda(random.Random(f"{seed}/agenda"), size.seconds, size.posts)
    citizens = Citizens(street, acts)
    storm = Storm(town, street, random.Random(f"{seed}/storm"), size.seconds, size.times)
    tokens = town.tokens([*agents.NAMES, agents.ADMINISTRATOR])
    office = agents.Office(town.inbox, tokens, seed, lambda account: town.ask(CHECK, account))
    start = time.monotonic()

    def elapsed() -> float:
        return time.monotonic() - start

    print("The storm", flush=True)
    broken: list[BaseException] = []
    weather = threading.Thread(target=_caught, args=(lambda: storm.come_down(elapsed, _say), broken), name="storm")
    weather.start()
    office.open()
    citizens.play(elapsed)
    weather.join()
    if broken:
        raise broken[0]
    time.sleep(max(0.0, size.seconds - elapsed()))
    _say(f"{elapsed():6.1f} s  the storm is over")
    street.calm()
    town.wait_ready()
    office.close()
    took, left = settling.settle(town, street, size.settle, lambda line: _say(f"{elapsed():6.1f} s  {line}"))
    held = inbox.load(town.database_url)  # before the books: what did not settle may still be sent
    case = verdict.Case(books.read(street.books()), held, office.answers, office.deeds, left)
    return Outcome(seed, size, time.monotonic() - began, took, case, citizens, storm, office, town)


def _caught(work: object, broken: list[BaseException]) -> None:
    try:
        work()  # type: ignore[operator]
    except BaseException as error:  # noqa: BLE001  (told by the thread that waits for this one)
        broken.append(error)


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def _keep(outcome: Outcome) -> None:
    """Logs, books and database of a run that failed, for whoever looks for the cause."""
    folder = KEPT / str(outcome.seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(outcome.town.data / "logs", folder / "logs")
    shutil.copy(outcome.town.data / "simulator.json.books", folder / "books.jsonl")
    dump = outcome.town.postgres.bin / "pg_dump"
    done = subprocess.run(
        [str(dump), "--file", str(folder / "database.sql"), outcome.town.database_url], capture_output=True, check=False
    )
    print(f"kept for a look: {_shown(folder)}" + ("" if done.returncode == 0 else " (without the database)"))


def _shown(folder: Path) -> str:
    return str(folder.relative_to(ROOT)) if folder.is_relative_to(ROOT) else str(folder)


def run_all(seeds: list[int], size: Size) -> int:
    """Exit status: 0 when every run held."""
    failed = [seed for seed in seeds if not run(seed, size)]
    if failed:
        print(f"\nFAILED. Again: make chaos SEED={failed[0]}", file=sys.stderr)
    return 1 if failed else 0
