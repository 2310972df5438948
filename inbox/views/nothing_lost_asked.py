"""Niets kwijt, the buttons of an account: asked once however many press at once, written down, and how far it is."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

import redis
import structlog
from django.db import transaction
from kombu.exceptions import KombuError

from channels.clock import now
from channels.models import Account, GapCheck
from inbox import audit, kick
from inbox.models import AuditEntry, User
from inbox.views.nothing_lost_facts import Facts, of_accounts

CHECK, GAPS, WEBHOOK = "check", "gaps", "webhook"
# What is pressed -> its verb in the audit log, and the task that does it.
TASKS = {
    CHECK: ("account_check_asked", "channels.tasks.check_account"),
    GAPS: ("gap_repair_asked", "channels.tasks.repair_account"),
    WEBHOOK: ("webhook_restore_asked", "channels.tasks.restore_webhook"),
}
NOT_QUEUED = "mend_not_queued"
SHOWN = timedelta(minutes=10)  # so long the outcome stands on the card
PATIENCE = timedelta(minutes=3)  # after that nobody waits for it, and it may be asked again

log = structlog.get_logger()


class Answer(Enum):
    """What became of a press."""

    ASKED = "asked"
    TOO_SOON = "too_soon"  # the platform said from when it may be asked again
    RUNS = "runs"  # a colleague, or one's own first click, was before
    NO_QUEUE = "no_queue"


@dataclass(frozen=True, slots=True)
class Asked:
    """One press of a button: what, when, by whom."""

    what: str
    at: datetime
    by: str
    round: GapCheck | None = None  # that it set off: later ones by the clock tell nothing of it

    def done(self, facts: Facts) -> bool:
        """Whether the account shows something that came after it."""
        seen = [facts.health.error_at]
        if self.what == GAPS:
            seen += [check.ended_at for check in (self.round, facts.gap_check) if check is not None]
        elif self.what == CHECK:
            seen.append(facts.health.checked_at)
        else:
            seen.append(facts.health.webhook_checked_at)
        return any(moment is not None and moment >= self.at for moment in seen)

    def running(self, facts: Facts, at: datetime | None = None) -> bool:
        """Whether it is waited for."""
        return not self.done(facts) and (at or now()) - self.at < PATIENCE


def lately(at: datetime) -> dict[int, list[Asked]]:
    """By account id the last press of each button, while that is of interest. Two queries, on indexes."""
    entries = AuditEntry.objects.filter(conversation=None, at__gt=at - SHOWN, at__lte=at)
    entries = entries.filter(verb__in=[NOT_QUEUED, *(verb for verb, _ in TASKS.values())])
    last: dict[int, dict[str, Asked | None]] = {}
    of_verb = {verb: what for what, (verb, _) in TASKS.items()}
    for entry in entries.select_related("actor").order_by("at", "pk"):
        of_account = last.setdefault(entry.data["account"], {})
        if entry.verb == NOT_QUEUED:
            of_account[entry.data["what"]] = None
        else:
            what = of_verb[entry.verb]
            of_account[what] = Asked(what, entry.at, str(entry.actor or ""))
    pressed = [(account, one) for account, found in last.items() for one in found.values() if one is not None]
    rounds = GapCheck.objects.filter(account__in=[account for account, one in pressed if one.what == GAPS])
    last_round: dict[int, GapCheck] = {}
    for found_round in rounds.filter(by_hand=True, started_at__gt=at - SHOWN).order_by("started_at"):
        last_round[found_round.account_id] = found_round
    made: dict[int, list[Asked]] = {}
    for account, one in pressed:
        check = last_round.get(account) if one.what == GAPS else None
        made.setdefault(account, []).append(replace(one, round=check) if check and check.started_at >= one.at else one)
    return made


def ask(account_id: int, what: str, by: User) -> Answer:
    """Put the task in the queue and write down who asked; RUNS when it was asked and is not done. Two who press at
    the same moment wait for each other on the account's row, and one of them asks.

    Raises Account.DoesNotExist; KeyError for a button there is not.
    """
    verb, task = TASKS[what]
    with transaction.atomic():
        Account.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=account_id)
        moment = now()
        known = of_accounts(moment, account_id)[0]
        earlier = next((one for one in lately(moment).get(account_id, []) if one.what == what), None)
        if (earlier is not None and earlier.running(known, moment)) or (what == GAPS and known.gap_running):
            return Answer.RUNS
        if what == GAPS and known.not_before(moment) is not None:
            return Answer.TOO_SOON
        audit.record(None, verb, by, account=account_id)
    if queue(task, account_id):
        return Answer.ASKED
    audit.record(None, NOT_QUEUED, by, account=account_id, what=what)
    return Answer.NO_QUEUE


def queue(task: str, *arguments: object) -> bool:
    """Put a task in the queue, within milliseconds; False when Redis does not take it."""
    try:
        kick.producer().send_task(task, args=list(arguments), retry=False)
    except (redis.RedisError, KombuError, OSError) as error:
        log.warning("task_not_queued", task=task, error=type(error).__name__)
        return False
    return True
