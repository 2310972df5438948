"""What a run prints: the counts, the verdict of each law, and on failure the ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.chaos import verdict
from tests.chaos.storm import PLATFORMS

if TYPE_CHECKING:
    from tests.chaos.run import Outcome

SHOWN = 25  # violations of one law


def tell(outcome: Outcome) -> None:
    """All of it, on standard output."""
    print("\nWhat happened".ljust(62) + "".join(f"{name:>10}" for name in PLATFORMS))
    for words, numbers in _table(outcome):
        print(f"  {words:<59}" + "".join(f"{number:>10}" for number in numbers))
    print()
    for words, number in _lines(outcome):
        print(f"  {words:<59} {number}")
    print("\nVerdict")
    for law in verdict.LAWS:
        found = outcome.violations[law.__name__]
        print(f"  {'holds' if not found else f'BROKEN {len(found)}×':<12}{(law.__doc__ or '').splitlines()[0]}")
        for line in found[:SHOWN]:
            print(f"      {line}")
        if len(found) > SHOWN:
            print(f"      and {len(found) - SHOWN} more")
    print("\nNot judged")
    for line in verdict.EXEMPT:
        print(f"  - {line}")
    held = not any(outcome.violations.values())
    print(f"\nseed {outcome.seed}: {'every law held' if held else 'BROKEN'}, in {outcome.took:.0f} s", flush=True)


def _table(outcome: Outcome) -> Iterable[tuple[str, list[int]]]:
    books, played = outcome.case.books, outcome.citizens
    actions = sorted({action for _, action in played.counts} - {"edit", "delete", "read"})
    yield "messages posted", [books.counts[kind, "posted"] for kind in PLATFORMS]
    for action in actions:
        yield f"  {action}", [played.counts[kind, action] for kind in PLATFORMS]
    for what, words in (("edited", "edits"), ("deleted", "deletes")):
        yield words, [books.counts[kind, what] for kind in PLATFORMS]
    yield "times citizens read", [played.counts[kind, "read"] for kind in PLATFORMS]
    yield "receipts the platform recorded", [books.counts[kind, "receipt"] for kind in PLATFORMS]
    yield "our messages standing there", [books.counts[kind, "answered"] for kind in PLATFORMS]
    kinds = sorted({what for _, what in books.counts if what.startswith(("webhook", "fault"))})
    for what in kinds:
        yield what, [books.counts[kind, what] for kind in PLATFORMS]


def _lines(outcome: Outcome) -> Iterable[tuple[str, int | str]]:
    case, office = outcome.case, outcome.office
    yield from ((f"{name} killed", number) for name, number in sorted(outcome.town.killed.items()))
    yield from ((f"{name} started again", number) for name, number in sorted(outcome.town.started_again.items()))
    for name in ("Redis stopped, started empty", "PostgreSQL restarted", "token expires"):
        yield name, outcome.storm.counts[name]
    ours = [row for row in case.inbox.messages if row["kind"] == "answer"]
    states = Counter(row["state"] for row in ours)
    yield "answers submitted", len(office.answers)
    yield "  twice in the same breath", sum(answer.at_once for answer in office.answers)
    yield "  asked about more than once before the inbox told", sum(answer.tries > 1 for answer in office.answers)
    yield "  acknowledged", sum(bool(answer.messages) for answer in office.answers)
    refused = Counter(answer.refused for answer in office.answers if answer.refused)
    yield "  refused, with the reason", f"{sum(refused.values())} {dict(refused) or ''}"
    yield "  sent", sum(states[state] for state in verdict.ARRIVED)
    yield "  sent in more than one attempt", sum(r["state"] in verdict.ARRIVED and r["attempts"] > 1 for r in ours)
    reasons = Counter(row["error_reason"] for row in ours if row["state"] in ("unknown", "failed"))
    yield "  before a person, with the reason", f"{verdict.before_a_person(case)} {dict(reasons) or ''}"
    yield "other deeds acknowledged (claimed, noted, routed, closed)", len(office.deeds)
    yield "calls of agents that broke", f"{sum(office.met.values())} {dict(office.met)}"
    yield "automatic replies", len(case.inbox.auto_replies)
    yield "conversations", len(case.inbox.conversations)
    yield "clocks", len(case.inbox.clocks)
    yield "audit entries", len(case.inbox.audit)
    yield "WhatsApp messages before an earlier one (not judged)", verdict.whatsapp_out_of_order(case)
    yield "seconds to settle", f"{outcome.settled_in:.0f}"
