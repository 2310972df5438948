"""The real connectors against the simulated platforms, through the real worker, with everything going wrong.

One storm for all platforms side by side (fixture ``storm``); the tests then look at what became of each message.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from channels.simulator.town import APPS
from tests.e2e.hands import Colleague, books, fault, met, quiet, until, worded
from tests.e2e.town import Town

pytestmark = pytest.mark.xdist_group("town")

TOWN_PAGE, FARM_PAGE = (page.external_id for page in APPS[1].accounts)
POST = f"{TOWN_PAGE}_100000000000002"
# What citizens do at each platform to ask something.
ASKS: dict[str, tuple[str, dict[str, str]]] = {
    "x mention": ("mention", {}),
    "x dm": ("dm", {}),
    "facebook comment": ("comment", {"page": TOWN_PAGE, "to": POST}),
    "facebook message": ("message", {"page": TOWN_PAGE}),
    "whatsapp message": ("message", {}),
}
DELETABLE = ("x mention", "facebook comment")
PLATFORMS = ("x", "facebook", "whatsapp")
HELD = ("duplicate", "delay", "reverse", "batch")
ON_SENDING = {"slow": 1.5, "timeout_after": 1.0, "rate_limit": 0.0, "server_error": 0.0}
CITIZENS = ("aisha", "henk")  # the others are played by test_main_job
ARRIVED = {"sent", "delivered", "read"}
UNDER_WAY = {"queued", "sending", "unknown"}
BROKEN = "De verbinding met {} is verbroken. Een beheerder moet die herstellen."


@dataclass
class Storm:
    """What was said in it, by (way of asking, fault)."""

    asked: dict[tuple[str, str], Future[list[str]]] = field(default_factory=dict)
    answered: dict[tuple[str, str], Future[tuple[str, int]]] = field(default_factory=dict)
    refused: dict[str, Future[dict[str, Any]]] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)


def kept[T](work: Callable[[], T]) -> Future[T]:
    """The outcome, or the failure, for the test that asks for it."""
    found: Future[T] = Future()
    try:
        found.set_result(work())
    except Exception as error:  # noqa: BLE001
        found.set_exception(error)
    return found


class Enemy:
    """Plays citizens and Fatima at once, with a fault in between."""

    def __init__(self, town: Town, fatima: Colleague) -> None:
        self.town = town
        self.fatima = fatima
        self.storm = Storm()

    def ask(self, way: str, citizen: str = "aisha", text: str = "Wie helpt mij?", **more: str) -> tuple[str, str]:
        """A citizen asks; the text and its id at the platform."""
        action, data = ASKS[way]
        said = worded(text)
        made = self.town.call(f"/street/{way.split()[0]}/{action}", {"citizen": citizen, "text": said, **data, **more})
        return said, str(made["id"])

    def asked(self, way: str, name: str) -> list[str]:
        """Questions whose webhook meets a fault."""
        kind, seconds = way.split()[0], {"delay": 1.0}.get(name, 5.0)
        fault(self.town, kind, name, count=2 if name in ("reverse", "batch") else 1, seconds=seconds)
        return [self.ask(way)[0] for _ in range(2 if name in ("reverse", "batch") else 1)]

    def claimed(self, way: str, citizen: str = "aisha", **more: str) -> tuple[str, int]:
        """A question that Fatima took: its id at the platform, its conversation."""
        began = time.monotonic()
        said, made = self.ask(way, citizen, **more)
        conversation = self.fatima.waits_for(said)["id"]
        self.storm.latencies.append(time.monotonic() - began)
        self.fatima.claims(conversation)
        return made, conversation

    def answer(self, way: str, name: str) -> tuple[str, int]:
        """An answer whose call meets a fault: the words and the message."""
        kind = way.split()[0]
        # A private thread sends its answers in order: one that waits holds up those behind it.
        citizen = CITIZENS[list(ON_SENDING).index(name) % 2] if name in ON_SENDING else "aisha"
        _, conversation = self.claimed(way, citizen)
        number = fault(self.town, kind, name, operation="send", seconds=ON_SENDING.get(name, 6.0))
        text = worded("Wij komen kijken.")
        message = self.fatima.answers(conversation, text)["id"]
        met(self.town, number, 40)
        return text, message

    def weather(self, kind: str) -> None:
        """All faults of one platform, one after the other."""
        ways = [way for way in ASKS if way.split()[0] == kind]
        for way in ways:
            for name in (*HELD, "drop"):
                self.storm.asked[way, name] = kept(lambda way=way, name=name: self.asked(way, name))
        for name in ON_SENDING:
            for way in ways:
                self.storm.answered[way, name] = kept(lambda way=way, name=name: self.answer(way, name))
        for way in ways:
            if way in DELETABLE:
                self.storm.answered[way, "gone"] = kept(lambda way=way: self.gone_meanwhile(way))
            self.storm.answered[way, "twice"] = kept(lambda way=way: self.said_before(way))

    def gone_meanwhile(self, way: str) -> tuple[str, int]:
        """The citizen takes the question back while the answer waits for its turn."""
        kind = way.split()[0]
        made, conversation = self.claimed(way)
        number = fault(self.town, kind, "rate_limit", operation="send")
        text = worded("Wij komen eraan.")
        message = self.fatima.answers(conversation, text)["id"]
        met(self.town, number)
        self.town.call(f"/street/{kind}/delete", {"citizen": "aisha", "id": made})
        return text, message

    def said_before(self, way: str) -> tuple[str, int]:
        """The same words to the same citizen twice: X takes them once, the others each time."""
        text = worded("Dat kan.")
        for _ in range(2):
            _, conversation = self.claimed(way, "lot")  # to whom nothing waits
            message = self.fatima.answers(conversation, text, key=worded("key"))["id"]
            until(lambda: books(self.town, "answered", text), what="the first of two")
        return text, message

    def lightning(self) -> None:
        """The worker that sends is killed in the middle of its calls: of these two only. An earlier answer that was at
        its retry just then would wait for 90 seconds, and rightly hold up whatever follows it to the same citizen."""
        for earlier in self.storm.answered.values():
            if earlier.exception() is None:
                message = earlier.result()[1]
                until(lambda message=message: self.fatima.delivery(message) not in UNDER_WAY, 60, what="settled")
        ways = ("facebook comment", "whatsapp message")
        calls = []
        for way in ways:
            _, conversation = self.claimed(way, "lot" if way.startswith("whatsapp") else "aisha")
            calls.append((way, conversation, worded("Dit overleeft een stroomstoring.")))
        numbers = [fault(self.town, way.split()[0], "timeout_after", operation="send", seconds=15) for way in ways]
        for way, conversation, text in calls:
            message = self.fatima.answers(conversation, text)["id"]
            self.storm.answered[way, "kill"] = kept(lambda text=text, message=message: (text, message))
        for number in numbers:
            met(self.town, number, 40)
        self.town.sender().kill()

    def expired(self, kind: str) -> None:
        """The access of an account ends; a second answer is refused with a sentence."""
        way = next(way for way in ASKS if way.split()[0] == kind)
        _, other = self.claimed(way, "henk")
        self.storm.answered[way, "token"] = kept(lambda: self.answer(way, "token"))
        until(lambda: self.account(kind)["state"] == "broken", what=f"{kind} broken")
        reply = self.fatima.call("POST", f"conversations/{other}/reply/", key=worded("k"), json={"text": "Hallo"})
        self.storm.refused[kind] = kept(lambda: {"status": reply.status_code, **reply.json()})

    def account(self, kind: str) -> Any:
        """The first account of a platform as the API shows it."""
        return next(row for row in self.fatima.get("accounts/")["results"] if row["platform"] == kind)


@pytest.fixture(scope="module")
def fatima(town: Town) -> Colleague:
    """The agent."""
    return Colleague(town, "fatima")


@pytest.fixture(scope="module")
def ingrid(town: Town) -> Colleague:
    """The team lead: sees everything."""
    return Colleague(town, "ingrid")


@pytest.fixture(scope="module")
def enemy(town: Town, fatima: Colleague) -> Enemy:
    """Who plays."""
    quiet(town)
    return Enemy(town, fatima)


@pytest.fixture(scope="module")
def storm(town: Town, enemy: Enemy) -> Iterator[Storm]:
    """Everything went wrong; then the platforms were asked again and three minutes went by."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(enemy.weather, PLATFORMS))
    enemy.lightning()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(enemy.expired, PLATFORMS))
    town.call("/street/clock", {"shift": 180})
    town.manage("shell", "--no-imports", "-c", MEND)
    yield enemy.storm
    print(f"\nwebhook to API: median {1000 * statistics.median(enemy.storm.latencies):.0f} ms", end=" ")


MEND = """
from channels.account_state import check_accounts
from channels.polling import repair_gaps
check_accounts()
repair_gaps()
repair_gaps()
"""


def times(colleague: Colleague, conversation: int, text: str, direction: str) -> int:
    """How often a conversation holds this text."""
    return sum(
        text in message["text"] and message["direction"] == direction for message in colleague.messages(conversation)
    )


@pytest.mark.parametrize("name", [*HELD, "drop"])
@pytest.mark.parametrize("way", ASKS)
def test_a_question_is_shown_once_whatever_became_of_its_webhook(
    storm: Storm, ingrid: Colleague, way: str, name: str
) -> None:
    for text in storm.asked[way, name].result():
        conversation = until(lambda text=text: holder(ingrid, text), 20, what=f"{text!r} in the inbox")
        assert times(ingrid, conversation, text, "in") == 1


def holder(colleague: Colleague, text: str) -> int | None:
    """The conversation that holds a text anywhere."""
    row = colleague.seen(text)
    if row is not None:
        return int(row["id"])
    rows = colleague.all("conversations/")
    return next((row["id"] for row in rows if times(colleague, row["id"], text, "in")), None)


@pytest.mark.parametrize(
    ("way", "name"),
    [(way, name) for name in ON_SENDING for way in ASKS]
    + [("facebook comment", "kill"), ("whatsapp message", "kill")]
    + [("x mention", "token"), ("facebook comment", "token"), ("whatsapp message", "token")],
)
def test_an_answer_stands_at_the_platform_once_whatever_its_call_met(
    storm: Storm, town: Town, ingrid: Colleague, way: str, name: str
) -> None:
    text, message = storm.answered[way, name].result()
    until(
        lambda: ingrid.delivery(message) in ARRIVED,
        60,
        what=f"{way} after {name} sent",
        instead=lambda: (ingrid.get(f"messages/{message}/"), ingrid.call("GET", "accounts/").json()),
    )
    assert len(books(town, "answered", text)) == 1
    shown = ingrid.get(f"messages/{message}/")
    assert times(ingrid, shown["conversation"], text, "out") == 1
    assert (shown["error_code"], shown["error_reason"]) == ("", "")


@pytest.mark.parametrize("way", DELETABLE)
def test_an_answer_to_what_was_deleted_while_it_waited_never_goes_out(
    storm: Storm, town: Town, ingrid: Colleague, way: str
) -> None:
    text, message = storm.answered[way, "gone"].result()
    until(lambda: ingrid.delivery(message) == "failed", 60, what=f"{way} given up")
    shown = ingrid.get(f"messages/{message}/")
    assert (shown["error_reason"], shown["text"], books(town, "answered", text)) == ("gone", text, [])
    assert ingrid.get(f"conversations/{shown['conversation']}/")["failed_count"] == 1


@pytest.mark.parametrize("way", ASKS)
def test_the_same_words_twice_go_out_twice_but_for_x_which_says_so(
    storm: Storm, town: Town, ingrid: Colleague, way: str
) -> None:
    text, message = storm.answered[way, "twice"].result()
    refused = way == "x mention"
    until(lambda: ingrid.delivery(message) in ({"failed"} if refused else ARRIVED), 60, what=f"{way} settled")
    assert ingrid.get(f"messages/{message}/")["error_reason"] == ("duplicate" if refused else "")
    assert len(books(town, "answered", text)) == (1 if refused else 2)


@pytest.mark.parametrize("kind", PLATFORMS)
def test_a_broken_account_says_so_and_works_again_once_asked(storm: Storm, enemy: Enemy, kind: str) -> None:
    refused = storm.refused[kind].result()
    assert (refused["status"], refused["code"]) == (409, "account")
    account = enemy.account(kind)
    assert refused["detail"] == BROKEN.format(account["name"])
    assert (account["state"], account["error_reason"], account["error_code"]) == ("active", "", "")


def test_a_platform_that_hangs_holds_up_no_answer_on_another(
    storm: Storm, enemy: Enemy, town: Town, fatima: Colleague
) -> None:
    """Also none that is to be asked after: with two processes for everything, three hanging calls held up both."""
    quiet(town)
    hanging = [enemy.claimed("x mention", citizen)[1] for citizen in ("aisha", "henk", "lot")]
    _, plain = enemy.claimed("whatsapp message", "aisha")
    _, lost = enemy.claimed("whatsapp message", "henk")
    slow = fault(town, "x", "slow", operation="send", count=3, seconds=18.0)
    late = [fatima.answers(conversation, worded("Dit duurt even."))["id"] for conversation in hanging]
    met(town, slow)
    began = time.monotonic()
    said = fatima.answers(plain, worded("Dit gaat meteen."))["id"]
    until(lambda: fatima.delivery(said) in ARRIVED, 8, what="an answer beside hanging ones sent")
    at_once = time.monotonic() - began
    number = fault(town, "whatsapp", "timeout_after", operation="send", seconds=1.0)
    asked_after = fatima.answers(lost, worded("Is dit er?"))["id"]
    met(town, number)
    assert {fatima.delivery(message) for message in late} == {"sending"}
    until(lambda: fatima.delivery(asked_after) in ARRIVED, 30, what="an answer beside hanging ones found")
    for message in late:
        until(lambda message=message: fatima.delivery(message) in ARRIVED, 60, what="an answer that hung sent")
        assert [attempt["outcome"] for attempt in fatima.get(f"messages/{message}/")["attempts"]] == ["sent"]
    print(f"\nbeside three hanging calls: an answer sent in {at_once:.1f} s", end=" ")


def test_in_the_end_the_inbox_holds_what_the_platforms_hold(storm: Storm, town: Town, ingrid: Colleague) -> None:
    quiet(town)
    lines = town.call("/books", method="GET")
    asked = [line["text"].split()[-1] for line in lines if line["what"] == "posted" and line["text"].endswith("q")]
    answered = [line["text"].split()[-1] for line in lines if line["what"] == "answered" and line["text"].endswith("q")]
    conversations = ingrid.all("conversations/")
    messages = [message for row in conversations for message in ingrid.messages(row["id"])]
    held: dict[str, list[str]] = {"in": [], "out": []}
    for message in messages:
        if message["delivery"] == "failed":
            continue
        # Also what was edited or taken back: its first words are kept.
        versions = sorted(message["versions"], key=lambda old: str(old["until"]))
        texts = [*(old["text"] for old in versions), message["text"]]
        first = next((text for text in texts if text), "")
        held[message["direction"]] += [first.split()[-1]] if first.endswith("q") else []
    assert sorted(held["in"]) == sorted(asked)
    assert sorted(held["out"]) == sorted(answered)
    assert [line["what"] for line in lines if line["what"] in ("webhook refused", "webhook undelivered")] == []
    logs = "".join(log.read_text(errors="replace") for log in (town.data / "logs").glob("*.log"))
    secret = [*(text for text in asked + answered if text in logs), *(n for n in ("+3160000", "-token") if n in logs)]
    assert secret == []
