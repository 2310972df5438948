"""What a row of the list needs of a conversation, asked for in one statement: no instances, nothing joined twice.

Fifty instances with four relations each took 9 ms of a page's 22; fifty tuples take a quarter of one.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from channels.clock import now
from inbox.kept import Asked, Statement, slot
from inbox.models import User


class Listed(NamedTuple):
    """A conversation as the list knows it. Moments aware, in UTC; the names are those of the models."""

    pk: int
    account_id: int
    department_id: int
    status: str
    result: str
    public: bool
    sensitive: bool
    nobodys: bool  # nobody wants it: as Conversation.nobodys has it
    has_attachment: bool
    failed_count: int
    inbound_count: int
    last_message_at: datetime
    last_message_text: str
    last_message_out: bool
    snoozed_until: datetime | None
    closed_at: datetime | None
    clock_kind: str
    clock_started_at: datetime | None
    warn_at: datetime | None
    due_at: datetime | None
    rank_at: datetime
    account_kind: str
    account_name: str
    contact_name: str
    identity_name: str
    handle: str
    phone: str
    department: str
    topic: str | None
    topic_id: int | None
    priority: int
    under: bool  # it stands under a post, or quotes one
    assignee_id: int | None
    assignee: tuple[str, str, str] | None  # first name, last name, log-in name
    seen: int  # of the citizen's messages, by the colleague who looks
    draft: bool  # of that colleague, not sent
    blocked: bool  # the citizen, now


# Names from small tables come by sub-selects: eight tables joined take PostgreSQL three times as long to plan as the
# page takes to fetch.
_COLUMNS = """
    c.id, c.account_id, c.department_id, c.status, c.result, c.public, c.sensitive,
    c.nobody_since IS NOT NULL AND c.status = 'open' AND c.assignee_id IS NULL AND c.due_at IS NOT NULL,
    c.has_attachment, c.failed_count,
    c.inbound_count, c.last_message_at, c.last_message_text, c.last_message_out, c.snoozed_until, c.closed_at,
    c.clock_kind, c.clock_started_at, c.warn_at, c.due_at, c.rank_at,
    a.kind, a.name, k.name, i.name, i.handle, i.phone,
    (SELECT d.name FROM inbox_department d WHERE d.id = c.department_id),
    (SELECT t.name FROM inbox_topic t WHERE t.id = c.topic_id), c.topic_id, c.priority,
    c.context <> '{}',
    c.assignee_id,
    (SELECT ARRAY[u.first_name, u.last_name, u.username] FROM inbox_user u WHERE u.id = c.assignee_id),
    coalesce((SELECT r.seen FROM inbox_readmarker r WHERE r.user_id = %s AND r.conversation_id = c.id), 0),
    EXISTS (SELECT FROM inbox_draft w WHERE w.user_id = %s AND w.conversation_id = c.id AND w.sent_at IS NULL),
    k.blocked_at IS NOT NULL AND (k.blocked_until IS NULL OR k.blocked_until > %s)
"""
# ``found`` has the ids, and ``at``: with the id the order. Visible as ConversationQuerySet.visible_to has it.
_ROWS = f"""
    SELECT {_COLUMNS}
    FROM found
    JOIN inbox_conversation c ON c.id = found.id
    JOIN channels_account a ON a.id = c.account_id
    JOIN inbox_identity i ON i.id = c.identity_id
    JOIN inbox_contact k ON k.id = i.contact_id
    WHERE EXISTS (SELECT FROM inbox_user_departments m WHERE m.user_id = %s AND m.department_id = c.department_id)
"""  # noqa: S608 - constants
_GIVEN = "WITH found AS MATERIALIZED (SELECT * FROM unnest(%s::bigint[]) WITH ORDINALITY AS given (id, at))"
# The departments; the plan is for any number of them (see kept.unseen).
HERE = "unnest((SELECT %s::bigint[]))"
_SLICES = """WITH found AS MATERIALIZED (
        SELECT slice.at, slice.id
        FROM {here} AS here (id), LATERAL ({slice}) AS slice (at, id)
        ORDER BY slice.at {way}, slice.id {way} LIMIT %s
    )
"""


# Whose rows they are and at what moment, in the order of _ROWS.
_OF = [slot("user"), slot("user"), slot("now"), slot("user")]
_BY_ID = Statement(f"{_GIVEN} {_ROWS} ORDER BY found.at", [slot("ids"), *_OF])


def by_id(user: User, ids: Sequence[int]) -> Asked[Listed]:
    """Those of these conversations that the colleague may see, in the order given. Nothing is asked without ids."""
    if not ids or not user.is_active:
        return Asked.nothing()
    return Asked(_BY_ID, {"ids": list(ids), "user": user.pk, "now": now()}, _made)


def slices(slice_sql: str, parameters: Sequence[Any], *, newest_first: bool, limit: int) -> Statement:
    """The statement for the first ``limit`` conversations of one order over several departments.

    ``slice_sql`` gives (moment, id) in that order for the department ``here.id``, at most ``limit`` of them: each is a
    stretch of an index. With IN over three departments PostgreSQL sorts everything first (34 ms against 0.4 with a
    million conversations).
    """
    way = "DESC" if newest_first else "ASC"
    sql = f"{_SLICES.format(slice=slice_sql, way=way, here=HERE)} {_ROWS} ORDER BY found.at {way}, found.id {way}"
    return Statement(sql, [slot("departments"), *parameters, limit, *_OF])


def by_slices(user: User, departments: Sequence[int], statement: Statement, **values: Any) -> Asked[Listed]:
    """What a statement of ``slices`` finds with these values in its slots. Nothing is asked without departments."""
    if not departments or not user.is_active:
        return Asked.nothing()
    return Asked(statement, {"departments": list(departments), "user": user.pk, "now": now(), **values}, _made)


def _made(rows: Sequence[tuple[Any, ...]]) -> list[Listed]:
    return [Listed._make(row) for row in rows]
