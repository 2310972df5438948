"""What the citizens do: an agenda made from the seed, and the threads that carry it out at the simulator."""

import base64
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from channels.simulator.samples import SAMPLES, sample
from channels.simulator.town import APPS
from tests.chaos.street import Street

TOWN_PAGE, FARM_PAGE = (page.external_id for page in APPS[1].accounts)
# The posts of the Pages under which is commented; see channels/connectors/facebook/simulator.py.
UNDER = tuple(
    f"{page}_{100000000000000 + number}"
    for page, number in ((TOWN_PAGE, 1), (TOWN_PAGE, 2), (FARM_PAGE, 3), (FARM_PAGE, 4))
)
AT_ONCE = 6  # citizens at the same instant
PATIENCE = 60.0  # seconds for what an act refers to
MORE_CITIZENS = 40  # besides the five of the demo; SIMULATOR_CITIZENS

# kind, action, share of all that is posted
POSTS = (
    ("x", "mention", 18),
    ("x", "reply", 5),
    ("x", "dm", 12),
    ("facebook", "comment", 22),
    ("facebook", "under", 5),
    ("facebook", "visitor_post", 4),
    ("facebook", "message", 14),
    ("whatsapp", "message", 18),
    ("whatsapp", "location", 2),
)
EDITABLE = {("x", "mention"), ("x", "reply"), ("facebook", "comment"), ("facebook", "under"), ("facebook", "message"),
            ("facebook", "visitor_post")}  # fmt: skip
DELETABLE = EDITABLE - {("facebook", "message")}
# Whose lists show what a lost webhook told: gap repair finds these, and on X also an edit.
FOUND_IN_LISTS = {(kind, action) for kind, action, _ in POSTS if action != "location"}
WORDS = (
    *("paspoort", "container", "lantaarnpaal", "stoeptegel", "afvalpas", "vergunning", "parkeerplaats", "speeltuin"),
    *("lammetjes", "havenpark", "trouwzaal", "grofvuil", "fietspad", "bijstand", "verhuizing", "hondenbelasting"),
)
OPENINGS = ("Wanneer komt er iets met", "Wie gaat er over", "Ik wacht al weken op", "Kunt u mij helpen met", "Waar is")


@dataclass
class Act:
    """One thing a citizen does, ``at`` seconds after the storm began. ``of`` is the earlier act it changes."""

    at: float
    kind: str
    action: str
    citizen: str
    text: str = ""
    of: "Act | None" = None
    page: str = ""
    to: str = ""
    photo: str = ""
    lost: bool = False
    made: Future[str | None] = field(default_factory=Future, repr=False)

    @property
    def sort(self) -> tuple[str, str]:
        """Platform and action."""
        return (self.kind, self.action)

    @property
    def quiet(self) -> bool:
        """A reply on X that names us only where X puts names in front: told by no webhook, only listed."""
        return self.sort == ("x", "reply") and not self.text.startswith("@")


def agenda(rng: random.Random, seconds: float, posts: int) -> list[Act]:
    """Everything that will be done, in order; the same for the same generator."""
    citizens = ["aisha", "henk", "sofie", "mehmet", *(f"inwoner{n:04}" for n in range(1, MORE_CITIZENS + 1))]
    made: list[Act] = []
    times = sorted(rng.uniform(0, seconds * 0.95) for _ in range(posts))
    for number, at in enumerate(times):
        kind, action, _ = rng.choices(POSTS, [share for _, _, share in POSTS])[0]
        act = Act(at, kind, action, rng.choice(citizens), _question(rng, f"p{number:05}"))
        act.page = rng.choice((TOWN_PAGE, TOWN_PAGE, FARM_PAGE)) if kind == "facebook" else ""
        _aim(rng, act, made)
        act.photo = rng.choice(list(SAMPLES)) if rng.random() < 0.01 and action in ("dm", "message", "mention") else ""
        # Of what was answered under, or changed later, the webhook comes: a lost one that was taken back before
        # anybody asked leaves no trace at any platform.
        act.lost = not act.photo and act.sort in FOUND_IN_LISTS and rng.random() < 0.04
        made.append(act)
    changed = _changes(rng, seconds, made)
    reads = [
        Act(
            rng.uniform(seconds / 10, seconds),
            kind,
            "read",
            rng.choice(citizens),
            page=rng.choice((TOWN_PAGE, FARM_PAGE)),
        )
        for kind in ("x", "facebook", "whatsapp")
        for _ in range(posts // 25)
    ]
    return sorted([*made, *changed, *reads], key=lambda act: act.at)


def _question(rng: random.Random, code: str) -> str:
    return f"{rng.choice(OPENINGS)} {rng.choice(WORDS)} en {rng.choice(WORDS)}? {code}"


def _aim(rng: random.Random, act: Act, made: list[Act]) -> None:
    """What a reply stands under. Replies on X that do not name us are told to nobody: gap repair finds them."""
    if act.sort == ("facebook", "comment"):
        act.to = rng.choice(UNDER)
    elif act.sort in (("x", "reply"), ("facebook", "under")):
        wanted = {"reply": ("x", "mention"), "under": ("facebook", "comment")}[act.action]
        before = [other for other in made[-200:] if other.sort == wanted and other.at < act.at - 2 and not other.lost]
        if not before:
            act.action, act.to = wanted[1], "" if act.kind == "x" else rng.choice(UNDER)
        else:
            act.of = rng.choice(before)
        named = act.sort == ("x", "reply") and rng.random() < 0.5
        act.text = f"@gemwaterkant {act.text}" if named else act.text
    if act.sort == ("x", "mention"):
        act.text = f"@gemwaterkant {act.text}"  # also after an edit, or X would tell nobody of it


def _changes(rng: random.Random, seconds: float, made: list[Act]) -> list[Act]:
    """Edits and deletes: at once, while the webhook is still on its way, or later. Some edit twice."""
    changes = []
    for act in made:
        if act.lost or act.sort not in EDITABLE:
            continue
        at = act.at
        for number in range(rng.choices((0, 1, 2), (80, 15, 5))[0]):
            at += rng.choice((0.05, 0.5, rng.uniform(1, 20)))
            # An edit on X is in its list as well, so its webhook may be lost.
            lost = act.kind == "x" and rng.random() < 0.1
            text = f"{act.text} (versie {number + 2})"
            changes.append(Act(at, act.kind, "edit", act.citizen, text, act, lost=lost))
        known = not act.quiet and not any(found.lost for found in changes if found.of is act)
        if act.sort in DELETABLE and known and rng.random() < 0.08:
            changes.append(Act(at + rng.choice((0.1, rng.uniform(1, 25))), act.kind, "delete", act.citizen, of=act))
    return [change for change in changes if change.at < seconds]


class Citizens:
    """Carries an agenda out. ``counts`` is what the platforms took, by (platform, action)."""

    def __init__(self, street: Street, acts: list[Act]) -> None:
        self.street = street
        self.acts = acts
        self.counts: Counter[tuple[str, str]] = Counter()
        self.lost: Counter[str] = Counter()
        self.refused = 0  # changed after it was taken back

    def play(self, elapsed: Callable[[], float]) -> None:
        """All of it, at its time. Raises what a thread ran into: the simulator is never down."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="citizen") as pool:
            futures = []
            for act in self.acts:
                time.sleep(max(0.0, act.at - elapsed()))
                futures.append(pool.submit(partial(self._do, act)))
            for future in futures:
                future.result()

    def _do(self, act: Act) -> None:
        try:
            made = self._play(act)
        except BaseException as error:
            act.made.set_exception(error)
            raise
        act.made.set_result(made)
        if made is None:
            self.refused += 1
            return
        self.counts[act.sort] += 1
        if act.lost:
            self.lost[act.kind] += 1

    def _play(self, act: Act) -> str | None:
        data: dict[str, Any] = {"citizen": act.citizen, "text": act.text, "page": act.page, "lost": act.lost}
        action = "comment" if act.action == "under" else act.action
        if act.of is not None:
            earlier = act.of.made.result(PATIENCE)
            if earlier is None:
                return None
            data["to" if act.action in ("reply", "under") else "id"] = earlier
        elif act.to:
            data["to"] = act.to
        if act.photo:
            data["photo"] = {"content": photo(act.photo), "content_type": "image/jpeg", "name": act.photo}
        return self.street.play(act.kind, action, data)


@cache
def photo(name: str) -> str:
    """One of the two photos everybody has, in base64."""
    return base64.b64encode(sample(name)).decode()
