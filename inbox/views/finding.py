"""Which conversations a text finds, the latest first, at a cost that does not grow with how common the text is.

Two ways to the same answer. Walking back from the latest conversation until a page is full is quick for what many hold;
asking the index for all that hold it, and putting those in order, is quick for what few hold (for a common word in
3,000,000 messages it takes a second). PostgreSQL knows too little of beginnings and parts of words to choose well, so
we look: a short walk either fills the page, or tells how rare the text is. What is found is the same, whichever way.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from django.db.models import Q

from inbox.kept import Asked, named
from inbox.models import Identity, Status, User
from inbox.views.listing import Cursor
from inbox.views.words import Words

# Conversations that the first walk passes for each that is wanted, and the second at most: some 1 and 16 ms for a page.
NEAR, FAR = 10, 12_000
SHORTEST_PART = 3  # the index of parts is one of three letters together
SHORTEST_NAME = 2  # walking needs no index: "Li", "Bo"
# What a walk compares with is worked out once, and its plan is the same whatever is looked for (see kept.unseen). The
# index on the other hand is asked with a plan for the very words: it depends on them whether it is of use.
_PART = "(SELECT upper(%(part)s))"

type Hits = list[tuple[datetime, int]]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, in SQL with named parameters: ``passes`` is the condition on a conversation ``n`` (at, id)
    that a walk comes by, ``hits`` the ids of all that meet it, by index ("": no index knows them)."""

    passes: str
    hits: str
    parameters: dict[str, Any]


def by_words(text: str) -> Sought:
    """What was said in a conversation, by stem and by the beginning of the last word; or any part of its subject."""
    words = Words.of(text)
    said = f"search @@ {words.query}"
    walked = f"m.search @@ (SELECT {words.query})"
    passes = f"(SELECT true FROM inbox_message m WHERE m.conversation_id = n.id AND {walked} LIMIT 1)"  # noqa: S608 - ours
    hits = f"SELECT conversation_id AS id FROM inbox_message WHERE {said}"  # noqa: S608 - ours
    if len(text) >= SHORTEST_PART:
        passes += f" OR (SELECT upper(c.subject) LIKE {_PART} FROM inbox_conversation c WHERE c.id = n.id)"  # noqa: S608 - ours
        hits += " UNION SELECT id FROM inbox_conversation WHERE upper(subject) LIKE upper(%(part)s)"
    return Sought(passes, hits, words.parameters | {"part": _containing(text)})


def by_citizen(text: str) -> Sought | None:
    """Any part of a name or handle, or a phone number. None when the text can be neither."""
    text = text.removeprefix("@")
    known = _with_number(phone(text))
    if len(text) < SHORTEST_NAME and not known:
        return None
    ways = (
        "SELECT unnest(%(known)s::bigint[]) AS id",
        "SELECT id FROM inbox_identity WHERE upper(name) LIKE upper(%(part)s)",
        "SELECT id FROM inbox_identity WHERE upper(handle) LIKE upper(%(part)s)",
        "SELECT i.id FROM inbox_contact k JOIN inbox_identity i ON i.contact_id = k.id "
        "WHERE upper(k.name) LIKE upper(%(part)s)",
    )
    ids = " UNION ".join(ways)
    return Sought(
        passes=f"(SELECT upper(i.name) LIKE {_PART} OR upper(i.handle) LIKE {_PART} "  # noqa: S608 - ours
        f"OR upper(k.name) LIKE {_PART} OR i.id = ANY(%(known)s::bigint[]) FROM inbox_conversation c "
        "JOIN inbox_identity i ON i.id = c.identity_id JOIN inbox_contact k ON k.id = i.contact_id WHERE c.id = n.id)",
        hits=f"SELECT c.id FROM ({ids}) i JOIN inbox_conversation c ON c.identity_id = i.id"  # noqa: S608 - ours
        if len(text) >= SHORTEST_PART
        else "",
        parameters={"part": _containing(text), "known": known},
    )


@dataclass(frozen=True, slots=True)
class Search:
    """At most ``size`` conversations that a colleague may see, under way. ``near``: the short walk, to be asked in one
    round trip with others."""

    sought: Sought
    departments: int
    edge: str
    values: dict[str, Any]
    size: int
    near: Asked[tuple[Any, ...]]

    def hits(self) -> Hits:
        """(last message at, id), the latest first. None to two queries more than ``near``."""
        if not self.departments:
            return []
        found, size = self.near.rows(), self.size
        # At this rate the page is full before the end of the second.
        if NEAR * size / FAR <= len(found) / size < 1 or (not self.sought.hits and len(found) < size):
            found = named(_walk(self.sought, self.departments, self.edge, FAR, size)).rows(**self.values)
        if len(found) < size and self.sought.hits:
            found = named(_ask(self.sought, self.edge, size)).rows(**self.values)
        return [(at, pk) for at, pk in found]


def find(user: User, sought: Sought | None, after: Cursor | None, size: int) -> Search:
    """A search for ``size`` conversations from behind ``after``; of nothing when nothing is sought. One query when the
    departments are not known yet."""
    departments = sorted(department.pk for department in user.departments.all()) if user.is_active and sought else []
    if sought is None or not departments:
        return Search(sought or Sought("", "", {}), 0, "", {}, size, Asked.nothing())
    values = sought.parameters | {"departments": departments}
    values |= {f"department_{number}": pk for number, pk in enumerate(departments)}
    if after is not None:
        values |= {"at": after.at, "pk": after.pk}
    edge = "AND (last_message_at, id) < (%(at)s, %(pk)s)" if after else ""
    near = named(_walk(sought, len(departments), edge, NEAR * size, size)).asked(**values)
    return Search(sought, len(departments), edge, values, size, near)


def _walk(sought: Sought, departments: int, edge: str, far: int, size: int) -> str:
    # A stretch of the index for each department and status, merged. With IN, or without the inner limits, PostgreSQL
    # sorts everything first.
    slices = " UNION ALL ".join(
        "(SELECT last_message_at, id FROM inbox_conversation "  # noqa: S608 - ours
        f"WHERE department_id = %(department_{number})s AND status = '{status.value}' {edge} "
        f"ORDER BY last_message_at DESC, id DESC LIMIT {far})"
        for number in range(departments)
        for status in Status
    )
    return (
        f"SELECT n.at, n.id FROM ({slices} ORDER BY last_message_at DESC, id DESC LIMIT {far}) AS n (at, id) "  # noqa: S608
        f"WHERE {sought.passes} ORDER BY n.at DESC, n.id DESC LIMIT {size}"
    )


def _ask(sought: Sought, edge: str, size: int) -> str:
    # OFFSET 0: one conversation looked up for each hit, however many PostgreSQL thinks there will be.
    return (
        f"WITH hits AS MATERIALIZED ({sought.hits}) "  # noqa: S608 - ours
        "SELECT c.last_message_at, c.id FROM hits, LATERAL (SELECT last_message_at, id FROM inbox_conversation "
        f"WHERE id = hits.id AND department_id = ANY(%(departments)s) {edge} OFFSET 0) AS c "
        f"ORDER BY c.last_message_at DESC, c.id DESC LIMIT {size}"
    )


def _containing(text: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def _with_number(number: str) -> list[int]:
    if not number:
        return []
    address = f"whatsapp:{number}"
    by_id = Q(kind="whatsapp", external_id=address) | Q(aliases__contains=[address])
    return list(Identity.objects.filter(Q(phone=number) | by_id).values_list("pk", flat=True))


def phone(text: str) -> str:
    """A Dutch or international number as E.164; "" for what is none."""
    if sum(letter.isdigit() for letter in text) < 8:
        return ""
    try:
        return phonenumbers.format_number(phonenumbers.parse(text, "NL"), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return ""
