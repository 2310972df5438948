"""What was done, told in one sentence each; what tells a colleague nothing is left out."""

import re
from pathlib import Path

from inbox import audit
from inbox.actions import assign, claim, close, note, prioritise, route, snooze, wait
from inbox.models import AuditEntry, Conversation, User
from inbox.views import story
from tests.conftest import MONDAY_10

ROOT = Path(__file__).resolve().parents[3]
# Told by the state of the message, or of no use to a reader.
SILENT = {"sent", "message_sent", "message_delivered", "message_read", "send_postponed", "send_requeued"}


def told(conversation: Conversation) -> list[str]:
    entries = reversed(story.entries_of(conversation.pk, 100))
    return [event.words for event in story.events(entries, MONDAY_10)]


def test_a_day_of_work(agent: User, colleague, lead, burgerzaken, make_conversation, standing_clock):
    conversation = make_conversation()
    pk = conversation.pk
    claim.claim(pk, by=agent)
    claim.take_over(pk, by=colleague, expected_assignee_id=agent.pk)
    claim.release(pk, by=colleague)
    assign.assign(pk, by=lead, to=agent)
    note.add(pk, by=agent, text="geheim")
    snooze.snooze(pk, by=agent, until=standing_clock().replace(hour=14))
    snooze.wake(pk, by=None)
    wait.wait(pk, by=agent)
    wait.resume(pk, by=agent)
    route.route(pk, by=agent, department=burgerzaken)
    close.close(pk, by=lead, result="referred")
    close.reopen(pk, by=lead)
    assert told(conversation) == [
        "Fatima Amrani pakte dit op",
        "Joris Smit nam dit over van Fatima Amrani",
        "Joris Smit gaf dit terug",
        "Ingrid de Boer wees dit toe aan Fatima Amrani",
        "Fatima Amrani schreef een notitie",
        "Fatima Amrani stelde dit uit tot vandaag 15:30",
        "Terug in de lijst: het moment is daar",
        "Fatima Amrani laat dit wachten op de inwoner",
        "Fatima Amrani zette dit weer op open",
        "Fatima Amrani zette dit door naar Burgerzaken",
        "Ingrid de Boer sloot dit af: doorverwezen",
        "Ingrid de Boer heropende dit",
    ]


def test_why_no_reply_went_out_is_told(make_conversation):
    conversation = make_conversation()
    audit.record(conversation, "auto_reply_not_sent", None, reason="sensitive")
    assert told(conversation) == ["Geen automatisch antwoord: dit gesprek is gevoelig"]


def test_escalation_names_who_was_told_beside_a_routing_that_told_the_citizen(lead, make_conversation):
    conversation = make_conversation()
    audit.record(conversation, "routed", lead, to_name="Burgerzaken", told=True)
    audit.record(conversation, "escalated", None, step="late", told=[lead.pk])
    assert told(conversation)[1] == "Te laat: gemeld aan Ingrid de Boer"


def test_priority_and_a_moved_timer_are_told(agent, make_conversation, standing_clock):
    conversation = make_conversation()
    prioritise.set_priority(conversation.pk, by=agent, priority=2)
    prioritise.set_priority(conversation.pk, by=None, priority=1)
    audit.record(conversation, "clock_moved", None, due=["2026-11-23T11:00:00+00:00", "2026-11-24T10:00:00+00:00"])
    audit.record(conversation, "auto_reply_sent", None, reason="sent", kind="acknowledgement")
    audit.record(conversation, "auto_reply_not_sent", None, reason="answered_first", kind="acknowledgement")
    assert told(conversation) == [
        "Fatima Amrani zette de prioriteit op dringend",
        "De prioriteit werd hoog",
        "Te beantwoorden voor morgen 11:00: de openingstijden of doelen zijn gewijzigd",
        "Ontvangstbevestiging verstuurd",
        "Geen ontvangstbevestiging: een collega schreef hier al",
    ]


def test_an_unknown_verb_and_strange_data_break_nothing(agent, make_conversation):
    conversation = make_conversation()
    audit.record(conversation, "something_new", agent)
    audit.record(conversation, "assigned", agent, to=999_999)
    audit.record(conversation, "taken_over", agent)
    audit.record(conversation, "closed", agent)
    audit.record(conversation, "snoozed", agent, changes={"snoozed_until": [None, "x"]})
    assert [words.split()[0] for words in told(conversation)] == ["Fatima"] * 4


def test_every_verb_in_the_source_is_told_or_silent_on_purpose(make_conversation):
    before = r"(?:changing\(\s*[\w.]+,|\.note\(\s*\w+(?:\(\w+\))?,|_deciding\(\w+,|found\.record\(|verb=)"
    pattern = re.compile(before + r"\s*\"(\w+)\"")
    paths = [*ROOT.glob("inbox/actions/*.py"), *ROOT.glob("inbox/incoming/*.py"), ROOT / "inbox" / "outbox.py"]
    verbs = {verb for path in paths for verb in pattern.findall(path.read_text())}
    assert {"claimed", "received", "send_failed", "send_retried", "merged", "blocked"} <= verbs
    conversation = make_conversation()
    silent = {
        verb
        for verb in verbs
        if story.sentence(AuditEntry(conversation=conversation, verb=verb, data={}), {}, MONDAY_10) is None
    }
    assert silent - SILENT == set()
