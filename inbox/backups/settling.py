"""What was on its way out when the backup was made may have gone since: it is asked after, never sent blindly."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from channels.clock import now
from inbox.models import Delivery, Message

# Of what was handed over longer ago a person decides: by now the citizen may have been helped in another way.
TOO_OLD = timedelta(days=1)
MARK = "restored"  # Message.error_code until the platform has said what became of it


@dataclass(frozen=True, slots=True)
class Settled:
    """Answers that were waiting or on their way: how many the platform is asked after, how many a person sees."""

    asked_after: int = 0
    before_a_person: int = 0


def statements() -> Iterator[str]:
    """SQL, for the transaction that puts the database back: a worker never sees these messages as waiting.

    An answer of the last day becomes uncertain since the moment it was written, so that ``find_sent`` looks from
    there: found it is sent, surely absent it goes. An older one lies before a person at once, as
    ``record.before_a_person`` does it; an automatic reply that old need not go any more. So with what waited for
    approval, which may have been given since: surely absent it waits again (actions.held).
    """
    moment = f"'{now().isoformat()}'::timestamptz"
    recent = f"coalesce(taken_at, sent_at) > {moment} - interval '{int(TOO_OLD.total_seconds())} seconds'"
    waiting = "direction = 'out' AND state IN ('queued', 'sending', 'approval')"
    # Queued: not handed over before it was written. Taken_at may be of an attempt that was refused.
    since = "CASE state WHEN 'sending' THEN coalesce(taken_at, sent_at) ELSE sent_at END"
    why = f"error_code = '{MARK}', error_reason = 'no_answer', state_at = {moment}"
    yield "SET LOCAL search_path = public;"
    yield (
        f"UPDATE inbox_message SET state = 'unknown', taken_at = {since}, send_at = {moment}, {why} "  # noqa: S608
        f"WHERE {waiting} AND {recent};"
    )
    yield (
        "WITH old AS (UPDATE inbox_message SET "  # noqa: S608
        "state = CASE WHEN kind IN ('answer', 'routed') THEN 'unknown' ELSE 'failed' END, "
        f"taken_at = {since}, send_at = NULL, {why} WHERE {waiting} RETURNING conversation_id, kind), "
        "counted AS (SELECT conversation_id, count(*) AS answers FROM old WHERE kind IN ('answer', 'routed') "
        "GROUP BY 1) "
        "UPDATE inbox_conversation SET failed_count = failed_count + answers, version = version + 1, "
        "status = CASE status WHEN 'waiting' THEN 'open' ELSE status END "
        "FROM counted WHERE inbox_conversation.id = counted.conversation_id;"
    )

    # What waited in a group of alike questions may have been answered since as well: a person looks and tries again.
    # An archive of before there were groups has no such table.
    yield (
        "DO $$ BEGIN IF to_regclass('public.inbox_groupitem') IS NOT NULL THEN "  # noqa: S608
        f"UPDATE inbox_groupitem SET state = 'skipped', code = '{MARK}', at = {moment} WHERE state = 'pending'; "
        "END IF; END $$;"
    )
    # What waited for approval is asked after by now; an archive of before there was approval has no such table.
    yield (
        "DO $$ BEGIN IF to_regclass('public.inbox_approval') IS NOT NULL THEN "  # noqa: S608
        f"UPDATE inbox_approval SET state = 'withdrawn', decided_by_id = author_id, decided_at = {moment} "
        "WHERE state = 'pending'; END IF; END $$;"
    )


def outcome() -> Settled:
    """How many of each there now are, of those that the backup held as waiting or on their way."""
    marked = Message.objects.filter(state=Delivery.UNKNOWN, error_code=MARK)
    return Settled(
        asked_after=marked.filter(send_at__isnull=False).count(),
        before_a_person=marked.filter(send_at__isnull=True).count(),
    )
