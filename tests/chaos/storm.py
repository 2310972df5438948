"""The disasters: which, when and to whom, drawn from the seed; and the thread that lets them come down."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.processes import Town
from tests.chaos.street import Street

PLATFORMS = ("x", "facebook", "whatsapp")
# Fault, how often in a row, seconds that the fault takes.
ON_CALLS = {
    "slow": ((1, 4), (0.5, 5.0)),
    "rate_limit": ((1, 3), (0.0, 0.0)),
    "server_error": ((1, 4), (0.0, 0.0)),
    "timeout_after": ((1, 2), (0.3, 3.0)),
}
ON_WEBHOOKS = {
    "duplicate": ((3, 15), (0.0, 0.0)),
    "delay": ((3, 10), (0.5, 6.0)),
    "reverse": ((3, 10), (3.0, 6.0)),
    "batch": ((3, 10), (3.0, 6.0)),
}
LONGER_THAN_WE_WAIT = 25.0  # seconds; channels.http.READ_TIMEOUT is 20


@dataclass(frozen=True)
class Disaster:
    """``do`` says what it did."""

    at: float
    name: str
    do: Callable[[], str]


class Storm:
    """Made from a seed: the same disasters at the same moments. What the processes do in between is their own."""

    def __init__(self, town: Town, street: Street, rng: random.Random, seconds: float, times: int) -> None:
        """times: how often each process dies and each service is restarted."""
        self.town, self.street, self.rng, self.seconds, self.times = town, street, rng, seconds, times
        self.counts: Counter[str] = Counter()
        self.said: list[str] = []
        self.disasters = sorted(
            [*self._deaths(), *self._outages(), *self._faults(), *self._tokens(), *self._envelopes()],
            key=lambda found: found.at,
        )

    def come_down(self, elapsed: Callable[[], float], say: Callable[[str], None]) -> None:
        """Each at its moment; one that takes long (a restart) makes the next one late, as it is said."""
        for disaster in self.disasters:
            time.sleep(max(0.0, disaster.at - elapsed()))
            began = elapsed()
            line = f"{began:6.1f} s  {disaster.do()}"
            self.counts[disaster.name] += 1
            self.said.append(line)
            say(line)

    # -- what there is

    def _moment(self, first: float = 0.03, last: float = 0.97) -> float:
        return self.rng.uniform(self.seconds * first, self.seconds * last)

    def _spread(self, number: int) -> list[float]:
        """So many moments, one in each equal part of the storm."""
        part = self.seconds * 0.9 / number
        return [self.seconds * 0.05 + part * (index + self.rng.random()) for index in range(number)]

    def _deaths(self) -> list[Disaster]:
        found = []
        for name in self.town.names:
            for at in self._spread(self.times):
                down, seed = self.rng.uniform(0.2, 3.0), self.rng.random()
                found.append(Disaster(at, f"kill -9 {name}", self._death(name, down, seed)))
        return found

    def _death(self, name: str, down: float, seed: float) -> Callable[[], str]:
        return lambda: f"kill -9 {self.town.kill(name, down=down, rng=random.Random(seed))}"

    def _outages(self) -> list[Disaster]:
        found = [
            Disaster(at, "Redis stopped, started empty", self._redis(self.rng.uniform(1.0, 6.0)))
            for at in self._spread(self.times)
        ]
        for number, at in enumerate(self._spread(self.times)):
            immediate = (number + self.rng.randint(0, 1)) % 2 == 0 if self.times < 2 else number % 2 == 1
            found.append(Disaster(at, "PostgreSQL restarted", self._postgres(self.rng.uniform(0.0, 2.0), immediate)))
        return found

    def _redis(self, down: float) -> Callable[[], str]:
        def do() -> str:
            self.town.restart_redis(down=down)
            return f"Redis killed, {down:.1f} s gone, started empty"

        return do

    def _postgres(self, down: float, immediate: bool) -> Callable[[], str]:
        def do() -> str:
            self.town.restart_postgres(down=down, immediate=immediate)
            how = "immediate: a crash" if immediate else "fast"
            return f"PostgreSQL restarted ({how}, {down:.1f} s gone)"

        return do

    def _faults(self) -> list[Disaster]:
        found = []
        orders = max(1, round(self.seconds / 60)) if self.times > 1 else 1
        for kind in PLATFORMS:
            for name, (counts, seconds) in {**ON_CALLS, **ON_WEBHOOKS}.items():
                number = orders if name in ON_CALLS else 2 * orders
                for at in self._spread(number):
                    order = {"count": self.rng.randint(*counts), "seconds": round(self.rng.uniform(*seconds), 2)}
                    if name in ON_CALLS:
                        order["operation"] = self.rng.choices(("send", "read", ""), (6, 1, 2))[0]
                    found.append(Disaster(at, f"fault {name}", self._fault(kind, name, order)))
            order = {"count": 1, "seconds": LONGER_THAN_WE_WAIT, "operation": "send"}
            found.append(
                Disaster(self._moment(0.1, 0.7), "fault timeout_after", self._fault(kind, "timeout_after", order))
            )
        return found

    def _fault(self, kind: str, name: str, order: dict[str, object]) -> Callable[[], str]:
        def do() -> str:
            self.street.fault(kind, name, **order)
            operation = f" on {order['operation']}" if order.get("operation") else ""
            return f"{kind}: {name} × {order['count']}{operation}, {order['seconds']} s"

        return do

    def _tokens(self) -> list[Disaster]:
        """A token expires, and is renewed some time later; the administrator sees to the account (agents.Office)."""
        found = []
        for kind in PLATFORMS:
            at = self._moment(0.1, 0.7)
            faults: list[int] = []
            found.append(Disaster(at, "token expires", self._expire(kind, faults)))
            found.append(Disaster(at + self.seconds * 0.06, "token renewed", self._renew(kind, faults)))
        return found

    def _envelopes(self) -> list[Disaster]:
        """For a third of the storm X speaks the older of its two webhook languages, the one that comes in batches."""
        return [
            Disaster(self.seconds * part, "X changes its webhooks", self._envelope(envelope))
            for part, envelope in ((1 / 3, "aaa"), (2 / 3, "xaa"))
        ]

    def _envelope(self, envelope: str) -> Callable[[], str]:
        def do() -> str:
            self.street.play("x", "envelope", {"citizen": "aisha", "to": envelope})
            return f"x: webhooks are {envelope} from now on"

        return do

    def _expire(self, kind: str, faults: list[int]) -> Callable[[], str]:
        def do() -> str:
            faults.append(self.street.fault(kind, "token", count=0))
            return f"{kind}: token expired"

        return do

    def _renew(self, kind: str, faults: list[int]) -> Callable[[], str]:
        def do() -> str:
            self.street.calm(faults.pop())
            return f"{kind}: token renewed"

        return do
