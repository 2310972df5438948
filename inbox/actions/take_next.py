"""Volgende: the next conversation by due time that is for this colleague, claimed in the same breath.

However many press it at once, a conversation goes to one of them: who looks takes the first row that nobody holds
(SKIP LOCKED over the index of what is unclaimed), and claims it in the same transaction.
"""

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions, workload
from inbox.actions import available
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Conversation, User

AT_ONCE = 64  # candidates looked at: more than press at the same instant

# A stretch of the index in each department, as inbox.views.listed takes them; then the first that nobody holds.
_CANDIDATES = """
    SELECT slice.at, slice.id FROM unnest(%(departments)s::bigint[]) AS here (id), LATERAL (
        SELECT c.rank_at, c.id FROM inbox_conversation c
        WHERE c.department_id = here.id AND c.status = 'open' AND c.assignee_id IS NULL {skills}
        ORDER BY c.rank_at, c.id LIMIT {most}
    ) AS slice (at, id) ORDER BY slice.at, slice.id LIMIT {most}"""
_LOCK = """
    WITH candidate AS MATERIALIZED ({candidates})
    SELECT c.id FROM candidate JOIN inbox_conversation c ON c.id = candidate.id
    WHERE c.status = 'open' AND c.assignee_id IS NULL AND c.department_id = ANY(%(departments)s::bigint[])
    ORDER BY candidate.at, candidate.id LIMIT 1 FOR UPDATE OF c {waiting}"""


def take_next(*, by: User) -> Conversation | None:
    """The conversation, theirs now; None when there is nothing for them.

    Raises Refused "not_allowed" for who only reads along, "cap_reached" when they hold as many as they may.
    """
    if by.role not in permissions.WORKERS or not by.is_active:
        raise not_allowed()
    available.at_work(by)
    wanted = _wanted(by)
    patient = False
    while True:
        try:
            with transaction.atomic():
                _one_at_a_time(by)
                found = _lock(wanted, most=1 if patient else AT_ONCE, waiting="" if patient else "SKIP LOCKED")
                if found is not None:
                    with changing(found, "claimed", by=by, how="next") as conversation:
                        conversation.assignee = by
                    return conversation
        except NotVisible:
            wanted = _wanted(by)  # their departments changed meanwhile
            continue
        # What others hold just now they may let go: of those wait for the first, and look again.
        patient = True
        if not _there(wanted):
            return None


def more_for_others(by: User) -> bool:
    """Whether something waits in their departments that is on no account or in no language of theirs. One query."""
    return Conversation.objects.visible_to(by).in_view("unclaimed", by, now()).exists()


def _one_at_a_time(by: User) -> None:
    """Two presses of one colleague after one another: so that the cap holds. Other colleagues never wait for it; what
    refers to the row (audit, assignee) does not either. Raises Refused "cap_reached"."""
    most = User.objects.select_for_update(no_key=True).filter(pk=by.pk).values_list("most_open", flat=True).get()
    if most is not None and (held := workload.open_of(by)) >= most:
        raise Refused(
            "cap_reached",
            _("You have %(held)s open conversations, and your maximum is %(most)s. Answer or give back one first.")
            % {"held": held, "most": most},
            held=held,
            most=most,
        )


def _wanted(by: User) -> dict[str, Any]:
    """What this colleague may be given: two queries."""
    return {
        "departments": list(by.departments.values_list("pk", flat=True)),
        "accounts": list(by.accounts.values_list("pk", flat=True)),
        "languages": list(by.languages),
    }


def _candidates(wanted: dict[str, Any], most: int) -> str:
    skills = ""
    if wanted["accounts"]:
        skills += " AND c.account_id = ANY(%(accounts)s::bigint[])"
    if wanted["languages"]:
        # Of many conversations no language is known: those are for everybody.
        skills += " AND (c.language = '' OR c.language = ANY(%(languages)s::text[]))"
    return _CANDIDATES.format(skills=skills, most=most)


def _lock(wanted: dict[str, Any], *, most: int, waiting: str) -> int | None:
    return _first(_LOCK.format(candidates=_candidates(wanted, most), waiting=waiting), wanted)


def _there(wanted: dict[str, Any]) -> bool:
    return _first(f"SELECT 1 FROM ({_candidates(wanted, 1)}) AS found", wanted) is not None  # noqa: S608 - constants


def _first(sql: str, wanted: dict[str, Any]) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, wanted)
        row = cursor.fetchone()
    return row[0] if row else None
