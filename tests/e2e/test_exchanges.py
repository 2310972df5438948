"""What citizens do to a conversation while colleagues answer it: through the real connectors and worker."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from channels.simulator.town import APPS
from tests.e2e.hands import Colleague, books, fault, met, quiet, street_items, until, worded
from tests.e2e.town import Town

pytestmark = pytest.mark.xdist_group("town")

TOWN_PAGE, FARM_PAGE = (page.external_id for page in APPS[1].accounts)
TOWN_POST = f"{TOWN_PAGE}_100000000000002"
# kind, action, its data; what a citizen says in private, or in public
PRIVATE = {
    "x": ("x", "dm", {}),
    "facebook": ("facebook", "message", {"page": TOWN_PAGE}),
    "whatsapp": ("whatsapp", "message", {}),
}
PUBLIC = {"x": ("x", "mention", {}), "facebook": ("facebook", "comment", {"page": TOWN_PAGE, "to": TOWN_POST})}
GONE = "De inwoner heeft het bericht verwijderd. Er is niets meer om te beantwoorden."


class Scene:
    """A citizen and Fatima."""

    def __init__(self, town: Town, fatima: Colleague) -> None:
        self.town = town
        self.fatima = fatima

    def play(self, kind: str, action: str, data: dict[str, Any], citizen: str = "aisha") -> str:
        """The id of what was made."""
        return str(self.town.call(f"/street/{kind}/{action}", {"citizen": citizen, **data})["id"])

    def say(self, way: tuple[str, str, dict[str, str]], citizen: str = "aisha", **more: str) -> tuple[str, str]:
        """Say something new; the words and their id."""
        text = worded("Mag ik iets vragen?")
        return text, self.play(way[0], way[1], {"text": text, **way[2], **more}, citizen)

    def claimed(self, text: str) -> int:
        """The conversation with these words, once it is there, in Fatima's hands."""
        conversation: int = self.fatima.waits_for(text)["id"]
        self.fatima.claims(conversation)
        return conversation

    def answered(self, conversation: int, words: str = "Wij zoeken het uit.") -> str:
        """Fatima's answer, once it stands at the platform."""
        text = worded(words)
        message = self.fatima.answers(conversation, text)["id"]
        until(lambda: self.fatima.delivery(message) in {"sent", "delivered", "read"}, what="sent")
        return text

    def message(self, conversation: int, text: str) -> Any:
        """The one message with these words. Fails when there are more."""
        found = [row for row in self.fatima.messages(conversation) if text in row["text"]]
        assert len(found) <= 1, found
        return found[0] if found else None

    def refused(self, conversation: int) -> tuple[int, str, str]:
        """Status, code and sentence of an answer that cannot go."""
        text = worded("Dit komt niet aan.")
        reply = self.fatima.call("POST", f"conversations/{conversation}/reply/", key=text, json={"text": text})
        said = reply.json()
        return reply.status_code, said["code"], said["detail"]


@pytest.fixture(scope="module")
def fatima(town: Town) -> Colleague:
    """The agent."""
    return Colleague(town, "fatima")


@pytest.fixture(scope="module")
def scene(town: Town, fatima: Colleague) -> Scene:
    """A quiet street."""
    quiet(town)
    return Scene(town, fatima)


@pytest.mark.parametrize("kind", PUBLIC)
def test_a_post_edited_before_the_answer_is_one_message_and_the_answer_stands_under_it(scene: Scene, kind: str) -> None:
    text, made = scene.say(PUBLIC[kind])
    conversation = scene.claimed(text)
    newer = worded("@gemwaterkant Ik bedoel iets anders.")
    now_at = scene.play(kind, "edit", {"id": made, "text": newer})
    shown = until(lambda: scene.message(conversation, newer), what="the edit")
    assert (shown["edited_at"] is not None, [old["text"].split()[-1] for old in shown["versions"]]) == (
        True,
        [text.split()[-1]],
    )
    answer = scene.answered(conversation)
    under = next(item for item in street_items(scene.town, kind) if item["id"] == now_at)
    assert [reply["text"].split()[-1] for reply in under["replies"]] == [answer.split()[-1]]
    assert len([row for row in scene.fatima.messages(conversation) if row["direction"] == "in"]) == 1


@pytest.mark.parametrize("kind", PUBLIC)
def test_a_post_deleted_before_the_answer_takes_no_answer(scene: Scene, kind: str) -> None:
    text, made = scene.say(PUBLIC[kind])
    conversation = scene.claimed(text)
    scene.play(kind, "delete", {"id": made})
    until(lambda: scene.fatima.messages(conversation)[0]["deleted_at"], what="the delete")
    assert scene.refused(conversation) == (409, "gone", GONE)
    assert scene.fatima.messages(conversation)[0]["text"] == ""


@pytest.mark.parametrize("kind", PUBLIC)
def test_a_post_edited_and_deleted_after_the_answer_keeps_the_answer(scene: Scene, kind: str) -> None:
    text, made = scene.say(PUBLIC[kind])
    conversation = scene.claimed(text)
    answer = scene.answered(conversation)
    newer = worded("@gemwaterkant Bedankt, gelukt.")
    made = scene.play(kind, "edit", {"id": made, "text": newer})
    until(lambda: scene.message(conversation, newer), what="the edit")
    scene.play(kind, "delete", {"id": made})
    until(lambda: scene.fatima.messages(conversation)[0]["deleted_at"], what="the delete")
    quiet(scene.town)
    shown = [(row["direction"], row["text"].split()[-1:]) for row in scene.fatima.messages(conversation)]
    assert shown == [("in", []), ("out", answer.split()[-1:])]
    # An edit owes no new answer: the ball is still with the citizen.
    assert scene.fatima.get(f"conversations/{conversation}/")["status"] == "waiting"


def test_a_message_edited_in_messenger_is_one_message(scene: Scene) -> None:
    text, made = scene.say(PRIVATE["facebook"])
    conversation = scene.claimed(text)
    newer = worded("Ik bedoel morgen.")
    scene.play("facebook", "edit", {"id": made, "text": newer})
    shown = until(lambda: scene.message(conversation, newer), what="the edit")
    assert [old["text"] for old in shown["versions"]] == [text]
    assert scene.message(conversation, text) is None


def test_two_citizens_in_one_facebook_thread_each_have_their_conversation_and_answer(scene: Scene) -> None:
    first, top = scene.say(PUBLIC["facebook"], "aisha")
    one = scene.claimed(first)
    second, below = scene.say(PUBLIC["facebook"], "henk", to=top)
    other = scene.claimed(second)
    assert one != other
    to_aisha, to_henk = scene.answered(one), scene.answered(other)
    assert [row["text"] for row in scene.fatima.messages(one)] == [first, to_aisha]
    assert [row["text"] for row in scene.fatima.messages(other)] == [second, to_henk]
    assert below != top


def test_an_answer_to_a_neighbour_leaves_the_first_citizen_waiting_though_the_call_was_never_answered(
    scene: Scene,
) -> None:
    first, top = scene.say(PUBLIC["facebook"], "aisha")
    second, _ = scene.say(PUBLIC["facebook"], "henk", to=top)
    other = scene.claimed(second)
    one = scene.fatima.waits_for(first)["id"]
    number = fault(scene.town, "facebook", "timeout_after", operation="send", seconds=2)
    answer = scene.answered(other)  # told by Facebook's echo alone
    met(scene.town, number)
    waits = scene.fatima.get(f"conversations/{one}/")
    assert (waits["status"], waits["clock"]["answer"], waits["first_answered_at"]) == ("open", "first", None)
    assert [row["text"] for row in scene.fatima.messages(one)] == [first]
    assert [row["text"] for row in scene.fatima.messages(other)] == [second, answer]


@pytest.mark.parametrize(
    ("way", "change"),
    [
        (PUBLIC["x"], "edit"),
        (PUBLIC["x"], "delete"),
        (PUBLIC["facebook"], "edit"),
        (PUBLIC["facebook"], "delete"),
        (PRIVATE["facebook"], "edit"),  # of a message taken back Facebook never tells a Page
    ],
    ids=lambda part: part if isinstance(part, str) else " ".join(part[:2]),
)
def test_a_change_that_overtakes_its_message_counts(
    scene: Scene, way: tuple[str, str, dict[str, str]], change: str
) -> None:
    fault(scene.town, way[0], "reverse", count=2, seconds=5)
    text, made = scene.say(way)
    newer = worded("@gemwaterkant Ik bedoelde dit.")
    scene.play(way[0], change, {"id": made, **({"text": newer} if change == "edit" else {})})
    quiet(scene.town)

    def holds() -> Any:
        for row in scene.fatima.get("conversations/", limit=20)["results"]:
            for message in scene.fatima.messages(row["id"]):
                if any(text in words for words in (message["text"], *(old["text"] for old in message["versions"]))):
                    return message
        return None

    shown = until(holds, what="the message")
    if change == "edit":
        assert shown["text"].split()[-1] == newer.split()[-1]
    else:
        assert (shown["text"], shown["deleted_at"] is not None) == ("", True)


@pytest.mark.parametrize("kind", PRIVATE)
def test_a_citizen_who_writes_after_closing_goes_on_in_the_same_conversation(scene: Scene, kind: str) -> None:
    text, _ = scene.say(PRIVATE[kind], "henk")
    conversation = scene.claimed(text)
    scene.answered(conversation)
    scene.fatima.do(f"conversations/{conversation}/close/", result="answered")
    more, _ = scene.say(PRIVATE[kind], "henk")
    again = scene.fatima.waits_for(more)
    assert (again["id"], again["status"], again["result"]) == (conversation, "open", "")
    assert again["clock"]["answer"] == "next"


@pytest.mark.parametrize("kind", PRIVATE)
def test_a_second_message_right_after_the_first_is_the_same_conversation(scene: Scene, kind: str) -> None:
    first, _ = scene.say(PRIVATE[kind], "henk")
    second, _ = scene.say(PRIVATE[kind], "henk")
    conversation = scene.fatima.waits_for(second)["id"]
    until(lambda: scene.message(conversation, first), what="both in one")
    said = [row["text"] for row in scene.fatima.messages(conversation)]
    assert said.index(second) == said.index(first) + 1


def test_a_reply_on_x_that_names_us_comes_in_two_envelopes_and_is_one_message(scene: Scene) -> None:
    text, _ = scene.say(PUBLIC["x"])
    conversation = scene.claimed(text)
    answer = scene.answered(conversation)
    ours = books(scene.town, "answered", answer)[0]["external_id"]
    again = worded("@gemwaterkant En morgen?")
    scene.play("x", "reply", {"to": ours, "text": again})
    until(lambda: scene.message(conversation, again), what="the reply in the same conversation")
    quiet(scene.town)
    assert len([row for row in scene.fatima.messages(conversation) if again in row["text"]]) == 1


def test_the_older_envelope_of_x_brings_mentions_messages_and_our_own_answers_once(scene: Scene) -> None:
    scene.play("x", "envelope", {"to": "aaa"})
    try:
        for way in (PUBLIC["x"], PRIVATE["x"]):
            text, _ = scene.say(way)
            conversation = scene.claimed(text)
            answer = scene.answered(conversation)
            quiet(scene.town)
            said = [row["text"] for row in scene.fatima.messages(conversation)]
            assert (sum(text in row for row in said), sum(answer in row for row in said)) == (1, 1)
        _, made = scene.say(PUBLIC["x"])
        scene.play("x", "delete", {"id": made})
    finally:
        quiet(scene.town)
        scene.play("x", "envelope", {"to": "xaa"})


def test_the_farm_s_page_lands_in_its_own_department_and_no_other_sees_it(scene: Scene, town: Town) -> None:
    text, _ = scene.say(("facebook", "message", {"page": FARM_PAGE}), "lot")
    conversation = scene.fatima.waits_for(text)
    assert conversation["department"]["slug"] == "stadsboerderij"
    bram = Colleague(town, "bram")
    paths = ["", "messages/", "notes/", "timeline/", "reply/"]
    seen = [bram.call("GET", f"conversations/{conversation['id']}/{path}").status_code for path in paths]
    assert seen == [404] * len(paths)
    done = [
        bram.call("POST", f"conversations/{conversation['id']}/{verb}/", key="k", json=body).status_code
        for verb, body in {
            "claim": {},
            "reply": {"text": "Hallo"},
            "note": {"text": "Hallo"},
            "close": {"result": "spam"},
            "route": {"department": "burgerzaken"},
        }.items()
    ]
    assert done == [404] * 5
    message = scene.fatima.messages(conversation["id"])[0]["id"]
    assert bram.call("GET", f"messages/{message}/").status_code == 404


def test_a_whatsapp_user_without_a_number_is_answered(scene: Scene) -> None:
    text, _ = scene.say(PRIVATE["whatsapp"], "lot")
    answer = scene.answered(scene.claimed(text))
    assert [line["to"] for line in books(scene.town, "answered", answer)] == ["lot"]


@pytest.mark.parametrize("kind", PRIVATE)
def test_three_quick_answers_arrive_in_order(scene: Scene, kind: str) -> None:
    text, _ = scene.say(PRIVATE[kind], "henk")
    conversation = scene.claimed(text)
    fault(scene.town, kind, "slow", operation="send", seconds=0.7)  # the first takes longest
    answers = [worded(words) for words in ("Een.", "Twee.", "Drie.")]
    for answer in answers:
        scene.fatima.answers(conversation, answer)
    until(lambda: books(scene.town, "answered", answers[2]), what="the third at the platform")
    lines = [line["text"] for line in town_answers(scene.town) if line["text"] in answers]
    assert lines == answers


def town_answers(town: Town) -> list[Any]:
    """Every answer of ours at a platform, in order."""
    return [line for line in town.call("/books", method="GET") if line["what"] == "answered"]


@pytest.mark.parametrize("kind", PRIVATE)
def test_one_key_five_times_at_once_is_one_answer(scene: Scene, kind: str) -> None:
    text, _ = scene.say(PRIVATE[kind])
    conversation = scene.claimed(text)
    answer = worded("Eenmaal is genoeg.")

    def post(_: int) -> tuple[int, int]:
        reply = scene.fatima.call("POST", f"conversations/{conversation}/reply/", key="the same", json={"text": answer})
        return reply.status_code, reply.json()["messages"][0]["id"]

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(post, range(5)))
    assert sorted(status for status, _ in outcomes) == [200, 200, 200, 200, 201]
    assert len({message for _, message in outcomes}) == 1
    until(lambda: books(scene.town, "answered", answer), what="the answer at the platform")
    quiet(scene.town)
    assert len(books(scene.town, "answered", answer)) == 1


def test_a_thread_on_x_whose_second_post_stumbles_stands_there_once_and_in_order(scene: Scene) -> None:
    text, made = scene.say(PUBLIC["x"], "henk")
    conversation = scene.claimed(text)
    words = [worded("Dit is een lang antwoord, dat in delen komt. " * 5) for _ in range(3)]
    number = fault(scene.town, "x", "timeout_after", count=2, operation="send", seconds=0.5)
    reply = scene.fatima.call(
        "POST", f"conversations/{conversation}/reply/", key=words[0], json={"text": " ".join(words), "as_thread": True}
    )
    assert reply.status_code == 201, reply.text
    parts = reply.json()["messages"]
    assert len(parts) >= 3
    met(scene.town, number, 60)
    until(
        lambda: {scene.fatima.delivery(part["id"]) for part in parts} <= {"sent", "delivered", "read"},
        90,
        what="all parts sent",
    )
    parent = made
    for part in parts:
        lines = books(scene.town, "answered", part["text"])
        assert [line["to"] for line in lines] == [parent]
        parent = lines[0]["external_id"]


def test_a_platform_that_is_slow_to_take_answers_holds_up_no_question(scene: Scene) -> None:
    conversations = [scene.claimed(scene.say(PUBLIC["x"])[0]) for _ in range(4)]
    fault(scene.town, "x", "slow", count=4, operation="send", seconds=6)
    answers = [scene.fatima.answers(conversation, worded("Rustig aan."))["id"] for conversation in conversations]
    until(lambda: scene.fatima.delivery(answers[0]) == "sending", what="the first on its way")
    text, _ = scene.say(PRIVATE["whatsapp"])
    scene.fatima.waits_for(text, 3)
    until(lambda: {scene.fatima.delivery(answer) for answer in answers} <= {"sent"}, 40, what="all answers sent")


def test_a_note_never_leaves_the_house(scene: Scene, town: Town) -> None:
    notes = []
    for way in (*PRIVATE.values(), *PUBLIC.values()):
        text, _ = scene.say(way)
        conversation = scene.claimed(text)
        notes.append(worded("Alleen voor ons."))
        scene.fatima.do(f"conversations/{conversation}/note/", text=notes[-1])
        scene.answered(conversation)
    outside = str(town.call("/street/state", method="GET")) + str(town.call("/books", method="GET"))
    outside += (town.data / "simulator.json").read_text()
    assert [note for note in notes if note in outside] == []
