"""The laws: each compares the books with the inbox and gives its violations, with the ids to look for."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from channels.simulator.town import CITIZENS, more_citizens
from tests.chaos.agents import Answer, Deed
from tests.chaos.books import Books, Posted
from tests.chaos.citizens import MORE_CITIZENS
from tests.chaos.inbox import Inbox, Row

PEOPLE = {person.key: person for person in (*CITIZENS, *more_citizens(MORE_CITIZENS))}
ARRIVED = ("sent", "delivered", "read")
FURTHER = {"sent": 1, "delivered": 2, "read": 3}
# What the platforms' own lists say of a time is whole seconds at Facebook; X tells milliseconds.
EXACT = {"x": timedelta(milliseconds=2), "facebook": timedelta(seconds=1.05)}
# Not lost, and not ours to send: the citizen took back what was to be answered before the answer had its turn.
WITHOUT_BLAME = {"gone"}


@dataclass
class Case:
    """All the evidence."""

    books: Books
    inbox: Inbox
    answers: list[Answer]
    deeds: list[Deed]
    unsettled: dict[str, int]


type Law = Callable[[Case], Iterator[str]]


def settled(case: Case) -> Iterator[str]:
    """Within the bound nothing was on its way any more, and no event failed."""
    yield from (f"{number} {name.replace('_', ' ')}" for name, number in case.unsettled.items())
    yield from (f"event {event['id']} {event['state']}: {event['reason']}" for event in case.inbox.events)
    yield from (f"attachment {row['id']} {row['state']} {row['error']}" for row in case.inbox.attachments
                if row["state"] in ("pending", "failed"))  # fmt: skip


def posted_once(case: Case) -> Iterator[str]:
    """Every message the simulator recorded as posted is in exactly one conversation, exactly once, its citizen's."""
    for post in case.books.posted.values():
        held = [row for row in case.inbox.by_name[post.kind, post.id] if row["direction"] == "in"]
        if len(held) != 1:
            yield f"{post.kind} {post.id} ({post.text[-30:]!r}, n {post.n}) is there {len(held)} times"
        elif not _is(case.inbox.conversations[held[0]["conversation_id"]], post):
            yield f"{post.kind} {post.id} lies in conversation {held[0]['conversation_id']}, of another citizen"


def nothing_invented(case: Case) -> Iterator[str]:
    """Nothing is in the inbox that stands in no book."""
    ours = {(found.kind, found.id) for found in case.books.standing}
    for message in case.inbox.messages:
        name = (message["platform"], message["external_id"])
        if message["direction"] == "in" and name not in case.books.posted:
            yield f"message {message['id']} ({name[0]} {name[1]}) was never posted"
        if message["direction"] == "out" and message["state"] in ARRIVED and name not in ours:
            yield f"message {message['id']} is called {message['state']}, and does not stand at {name[0]}"
        if message["kind"] == "echo":
            yield f"message {message['id']} ({name[0]} {name[1]}) is taken for an answer given at the platform itself"


def last_edit(case: Case) -> Iterator[str]:
    """Each is shown with its last text; what was taken back is shown as taken back."""
    for post in case.books.posted.values():
        for row in case.inbox.by_name[post.kind, post.id]:
            if post.deleted != (row["deleted_at"] is not None):
                where = "the platform" if post.deleted else "us"
                yield f"message {row['id']} ({post.kind} {post.id}) is deleted at {where} only"
            elif not post.deleted and not _says(row["text"], post):
                yield f"message {row['id']} ({post.kind} {post.id}) says {row['text'][-30:]!r}, not {post.text[-30:]!r}"


def platforms_order(case: Case) -> Iterator[str]:
    """In each conversation the citizens' messages stand in the platform's order (not WhatsApp: see EXEMPT)."""
    for conversation_id, messages in case.inbox.of_conversation.items():
        posts = _in_order(case, messages)
        for before, after in pairwise(posts):
            if before.kind in EXACT and before.at - after.at > EXACT[before.kind]:
                yield f"conversation {conversation_id}: {before.id} stands before {after.id}, and is younger"


def answered_once(case: Case) -> Iterator[str]:
    """Every answer submitted stands at the platform exactly once, or lies before a person with what is known."""
    standing = _standing_by_code(case)
    for answer in case.answers:
        there = standing[answer.code]
        if not answer.known:
            yield f"answer {answer.code} (conversation {answer.conversation}): never told what became of it"
        elif answer.refused:
            if there:
                yield f"answer {answer.code} was refused ({answer.refused}) and stands at the platform {there} times"
        elif len(answer.messages) != 1:
            yield f"answer {answer.code}: one key made the messages {sorted(answer.messages)}"
        else:
            yield from _one_answer(case, answer, there)


def _one_answer(case: Case, answer: Answer, there: int) -> Iterator[str]:
    message = case.inbox.by_id.get(next(iter(answer.messages)))
    if message is None:
        yield f"answer {answer.code}: message {answer.messages} was acknowledged and is gone"
        return
    known = f"answer {answer.code}, message {message['id']} ({message['platform']})"
    before_a_person = case.inbox.conversations[message["conversation_id"]]["failed_count"] > 0
    state = "cannot tell" if message["state"] == "unknown" and message["send_at"] is None else message["state"]
    if state in ARRIVED and there != 1:
        yield f"{known} is {state} and stands at the platform {there} times"
    elif state == "cannot tell" and (there > 1 or not before_a_person):
        yield f"{known} cannot be told, stands there {there} times, before a person: {before_a_person}"
    elif state == "failed" and (there or message["error_reason"] not in WITHOUT_BLAME or not before_a_person):
        why = f"{message['error_code']} {message['error_reason']}"
        yield f"{known} failed ({why}), stands there {there} times, before a person: {before_a_person}"
    elif state not in (*ARRIVED, "cannot tell", "failed"):
        yield f"{known} is still {state}, stands there {there} times"


def answers_in_order(case: Case) -> Iterator[str]:
    """A citizen reads our answers in the order in which they were given."""
    n_of = {(found.kind, found.id): found.n for found in case.books.standing}
    for conversation_id, messages in case.inbox.of_conversation.items():
        ours = [row for row in messages if row["kind"] == "answer" and row["external_id"]]
        places = [(n_of.get((row["platform"], row["external_id"]), 0), row["id"]) for row in ours]
        if places != sorted(places):
            yield f"conversation {conversation_id}: written {[row['id'] for row in ours]}, sent {sorted(places)}"


def notes_stay_inside(case: Case) -> Iterator[str]:
    """No note reached a citizen."""
    for found in case.books.standing:
        if found.text.startswith("Nagevraagd bij een collega."):
            yield f"{found.kind} {found.id} is a note"


def receipts_kept(case: Case) -> Iterator[str]:
    """Every answer is known to have come at least as far as the platform told."""
    for (kind, identifier), (state, at) in case.books.receipts.items():
        for row in case.inbox.by_name[kind, identifier]:
            if kind == "facebook" and state == "read" and at <= row["sent_at"]:
                continue  # see EXEMPT
            if row["state"] in FURTHER and FURTHER[row["state"]] < FURTHER.get(state, 0):
                yield f"message {row['id']} ({kind} {identifier}) is {row['state']}; the platform said {state}"


def no_conversation_doubled(case: Case) -> Iterator[str]:
    """One conversation for each place, and each citizen's private messages in one."""
    places = Counter(
        (row["account_id"], row["thread_id"], row["identity_id"]) for row in case.inbox.conversations.values()
    )
    yield from (f"{number} conversations at account, thread, identity {place}" for place, number in places.items()
                if number > 1)  # fmt: skip
    private: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for post in case.books.posted.values():
        for row in case.inbox.by_name[post.kind, post.id]:
            if not row["public"]:
                private[post.kind, row["account"], post.citizen].add(row["conversation_id"])
    yield from (f"{who} has conversations {sorted(found)}" for who, found in private.items() if len(found) > 1)


def clocks_begin_after(case: Case) -> Iterator[str]:
    """No clock started before its message."""
    for clock in case.inbox.clocks:
        messages = case.inbox.of_conversation[clock["conversation_id"]]
        posts = [post for row in messages if (post := case.books.posted.get((row["platform"], row["external_id"])))]
        if not any(row["direction"] == "in" and row["sent_at"] <= clock["started_at"] for row in messages):
            yield f"clock {clock['id']} of conversation {clock['conversation_id']} began before any message there"
        elif posts and clock["started_at"] < min(post.at for post in posts) - EXACT["facebook"]:
            yield f"clock {clock['id']} of conversation {clock['conversation_id']} began before the citizen wrote"


def clocks_end_with_the_answer(case: Case) -> Iterator[str]:
    """None runs after its answer, and one runs wherever an answer is owed."""
    running = {clock["conversation_id"]: clock for clock in case.inbox.clocks if clock["stopped_at"] is None}
    for conversation in case.inbox.conversations.values():
        clock, messages = running.get(conversation["id"]), case.inbox.of_conversation[conversation["id"]]
        answers = [row for row in messages if row["kind"] == "answer" and row["state"] in ARRIVED]
        last = max(answers, key=lambda row: row["created_at"], default=None)
        questions = [row for row in messages if row["direction"] == "in"]
        # Owed: what came in after the last answer was written, whenever it was posted.
        owed = [row for row in questions if last is None or row["created_at"] > last["created_at"]]
        if clock is not None and clock["paused_at"] is None and not owed:
            yield f"clock {clock['id']} of conversation {conversation['id']} runs on after answer {last and last['id']}"
        there = [row for row in owed if row["deleted_at"] is None]
        if clock is None and there and conversation["status"] != "closed":
            yield f"conversation {conversation['id']} owes an answer to {there[0]['id']} and no clock runs"
        if (clock is not None and clock["paused_at"] is None) != bool(conversation["clock_kind"]):
            yield f"conversation {conversation['id']} shows clock {conversation['clock_kind']!r}, and holds {clock}"
        if conversation["status"] == "closed":
            yield from _written_after_closing(case, conversation, there)


def _written_after_closing(case: Case, conversation: Row, owed: list[Row]) -> Iterator[str]:
    closed = max(
        (entry["id"] for entry in case.inbox.audit_of[conversation["id"]] if entry["verb"] == "closed"), default=0
    )
    for row in owed:
        if any(entry["id"] > closed for entry in case.inbox.told_of["received", row["id"]]):
            yield f"conversation {conversation['id']} is closed, and {row['id']} came in after that"


def auto_replies_once(case: Case) -> Iterator[str]:
    """No automatic reply went out twice: not to one conversation in one closed period, nor in one public thread."""
    given = Counter((row["conversation_id"], row["closed_since"]) for row in case.inbox.auto_replies)
    yield from (
        f"{number} automatic replies in conversation {where[0]}" for where, number in given.items() if number > 1
    )
    codes = {answer.code for answer in case.answers}
    automatic = [found for found in case.books.standing if found.text.split()[-1] not in codes]
    replies = {row["message_id"] for row in case.inbox.auto_replies}
    sent: Counter[tuple[str, str, str]] = Counter()
    for found in automatic:
        held = case.inbox.by_name[found.kind, found.id]
        if len(held) != 1 or held[0]["id"] not in replies:
            yield f"{found.kind} {found.id} stands there and is no reply of ours: {[row['id'] for row in held]}"
        elif not held[0]["public"]:
            sent[found.kind, found.to, found.text] += 1
    yield from (f"{kind} {to} was told {number} times that we are closed" for (kind, to, _), number in sent.items()
                if number > 1)  # fmt: skip


def all_audited(case: Case) -> Iterator[str]:
    """Every change has its audit entry."""
    told = case.inbox.told_of
    for row in case.inbox.messages:
        if row["direction"] == "in" and (number := len(told["received", row["id"]])) != 1:
            yield f"message {row['id']}: {number} entries that it was received"
        if row["direction"] == "in" and row["edited_at"] and not told["message_edited", row["id"]]:
            yield f"message {row['id']} was edited, and no entry says so"
        if row["deleted_at"] and not told["message_deleted", row["id"]]:
            yield f"message {row['id']} was deleted, and no entry says so"
        if row["kind"] == "answer":
            actors = [entry["actor"] for entry in told["replied", row["id"]]]
            if actors != [case.inbox.users.get(row["author_id"])]:
                yield f"answer {row['id']}: entries by {actors}, written by {case.inbox.users.get(row['author_id'])}"
        if row["kind"] in ("answer", "auto_reply") and row["state"] in ARRIVED and len(told["sent", row["id"]]) != 1:
            yield f"message {row['id']} is {row['state']}: {len(told['sent', row['id']])} entries that it was sent"
    yield from _deeds_audited(case)
    yield from _states_audited(case)


def _deeds_audited(case: Case) -> Iterator[str]:
    """What an agent was told is done has its entry by that agent."""
    entries = Counter((entry["verb"], entry["conversation_id"], entry["actor"]) for entry in case.inbox.audit)
    for (verb, conversation, agent), number in Counter((d.verb, d.conversation, d.agent) for d in case.deeds).items():
        # Claiming what one has changes nothing, and is no change to write down.
        wanted = 1 if verb == "claimed" else number
        found = entries[verb, conversation, agent]
        if found < wanted:
            yield f"conversation {conversation}: {agent} {verb} {number} times, {found} entries"


def _states_audited(case: Case) -> Iterator[str]:
    """Replayed from the first entry to the last, the changes give what the conversation is by now."""
    for conversation in case.inbox.conversations.values():
        for name, column in (("status", "status"), ("assignee", "assignee_id"), ("department", "department_id")):
            steps = [
                entry["data"]["changes"][name]
                for entry in case.inbox.audit_of[conversation["id"]]
                if name in entry["data"].get("changes", {})
            ]
            broken = [later for earlier, later in pairwise(steps) if earlier[1] != later[0]]
            if broken or (steps and steps[-1][1] != conversation[column]):
                yield f"conversation {conversation['id']}: {name} is {conversation[column]}, the entries say {steps}"


LAWS: tuple[Law, ...] = (
    settled,
    posted_once,
    nothing_invented,
    last_edit,
    platforms_order,
    answered_once,
    answers_in_order,
    notes_stay_inside,
    receipts_kept,
    no_conversation_doubled,
    clocks_begin_after,
    clocks_end_with_the_answer,
    auto_replies_once,
    all_audited,
)

EXEMPT = (
    "WhatsApp's order: Twilio's webhook tells no time, so a message stands where it arrived; counted, not judged.",
    "Facebook tells whole seconds: its order is judged to the second, and of two edits in one second either may stand.",
    "Lost for good are only webhooks of new messages and of edits on X: the platforms' lists show these as well. No "
    "list tells of a delete, an edit at Facebook or a receipt: their webhooks are delayed, doubled, reordered, and "
    "refused while the web process is dead. The simulator goes on trying where a real platform gives up in the end.",
    "Facebook tells up to which moment is read, and at sending tells no time: an answer read before its sending was "
    "recorded here stays 'delivered' until the citizen reads again.",
    "Never sent, and before a person: an answer whose question was taken back before its turn (reason gone).",
)


def whatsapp_out_of_order(case: Case) -> int:
    """How many stand before one that the citizen wrote earlier; see EXEMPT."""
    orders = [_in_order(case, messages) for messages in case.inbox.of_conversation.values()]
    pairs = [pair for posts in orders for pair in pairwise(posts)]
    return sum(before.kind == "whatsapp" and before.n > after.n for before, after in pairs)


def before_a_person(case: Case) -> int:
    """Answers that a colleague has to look at."""
    return sum(row["kind"] == "answer" and row["state"] in ("unknown", "failed") for row in case.inbox.messages)


# -- small helpers


def _in_order(case: Case, messages: list[Row]) -> list[Posted]:
    shown = sorted(messages, key=lambda row: (row["sent_at"], row["id"]))
    return [post for row in shown if (post := case.books.posted.get((row["platform"], row["external_id"])))]


def _standing_by_code(case: Case) -> Counter[str]:
    return Counter(found.text.split()[-1] for found in case.books.standing if found.text.strip())


def _says(text: str, post: Posted) -> bool:
    """X puts the names of those answered in front; Facebook's webhooks do not tell two edits in a second apart."""
    if post.kind == "x":
        return text.endswith(post.text)
    return text == post.text or (post.kind == "facebook" and text in post.in_one_second)


def _is(conversation: Row, post: Posted) -> bool:
    person = PEOPLE[post.citizen]
    names = {person.x_id, person.facebook_id, person.psid, person.phone, f"whatsapp:{person.phone}", person.bsuid}
    return bool(names & {conversation["citizen"], *conversation["aliases"]})
