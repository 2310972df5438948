"""Open questions that are alike, among the newest of one's departments: PostgreSQL gives stems and likeness of letters,
``inbox.likeness`` decides.

Bounded, so that it costs the same however many conversations there are, and asked for by a person only: nothing of
this is on a page that shows itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from channels.clock import now
from inbox import likeness
from inbox.likeness import Alike, Question, Stems
from inbox.models import User

LOOKED_AT = 2_000  # conversations
HOURS = (6, 24, 72)  # to choose from; the second unless another is chosen
MOST = 500  # in one group

# Without whom it is said to; a question in a word or two ("En?") is read with what the conversation began with.
WORDS = (
    "regexp_replace(CASE WHEN length(last_message_text) < 25 THEN subject || ' ' ELSE '' END || last_message_text, "
    r"'@\w+', ' ', 'g')"
)
# By the index list_by_message, department by department. Who was answered, or is about to be, asks nothing now.
WINDOW = f"""
    SELECT recent.* FROM unnest(%(departments)s::bigint[]) AS here (id), LATERAL (
        SELECT id, last_message_at, {WORDS} AS words FROM inbox_conversation
        WHERE department_id = here.id AND status = 'open' AND last_message_at >= %(since)s AND NOT last_message_out
            AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
        ORDER BY last_message_at DESC, id DESC LIMIT %(most)s
    ) AS recent ORDER BY last_message_at DESC, id DESC LIMIT %(most)s
"""  # noqa: S608 - ours
QUESTIONS = f"""
    SELECT id, tsvector_to_array(to_tsvector('dutch', words)),
        CASE WHEN %(text)s = '' THEN 0 ELSE similarity(words, %(text)s) END
    FROM ({WINDOW}) AS recent ORDER BY last_message_at DESC, id DESC
"""  # noqa: S608 - ours
STEMS = "SELECT tsvector_to_array(to_tsvector('dutch', %(text)s)), tsvector_to_array(to_tsvector('dutch', %(common)s))"


@dataclass(frozen=True, slots=True)
class Window:
    """Which questions are looked at: of the last ``hours``, on one account or on all."""

    hours: int = HOURS[1]
    account: int | None = None

    def since(self) -> datetime:
        """Aware UTC."""
        return now() - timedelta(hours=self.hours)


def like_text(user: User, text: str, window: Window, *, sought: bool = True) -> list[Alike]:
    """Open questions with these words (not ``sought``: like this question), most alike first, at most MOST. Three
    queries."""
    text = text.replace("\0", " ")  # PostgreSQL takes none
    stems, common = _stems(text)
    return likeness.like(stems, _questions(user, window, text, common), sought=sought)[:MOST]


def like_conversation(user: User, pk: int, window: Window) -> list[Alike] | None:
    """The same for the newest words of a conversation, itself included when it waits for an answer; None when it is
    not theirs to see. Five queries."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {WORDS} FROM inbox_conversation WHERE id = %s AND department_id = ANY(%s::bigint[])",  # noqa: S608
            [pk, _departments(user)],
        )
        row = cursor.fetchone()
    return None if row is None else like_text(user, row[0], window, sought=False)


def proposed(user: User, window: Window) -> list[list[int]]:
    """Groups of open questions that are alike, largest first; the first of each is the newest. Three queries."""
    _none, common = _stems("")
    return likeness.groups(_questions(user, window, "", common))


def _stems(text: str) -> tuple[Stems, Stems]:
    """Of the text, and those that tell nothing."""
    with connection.cursor() as cursor:
        cursor.execute(STEMS, {"text": text, "common": likeness.COMMON})
        stems, common = cursor.fetchone()
    return likeness.telling(stems, frozenset(common)), frozenset(common)


def _questions(user: User, window: Window, text: str, common: Stems) -> list[Question]:
    parameters: dict[str, Any] = {
        "departments": _departments(user),
        "since": window.since(),
        "account": window.account,
        "most": LOOKED_AT,
        "text": text,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUESTIONS, parameters)
        rows: Sequence[tuple[int, list[str], float]] = cursor.fetchall()
    return [Question(pk, likeness.telling(stems, common), letters) for pk, stems, letters in rows]


def _departments(user: User) -> list[int]:
    return list(user.departments.values_list("pk", flat=True)) if user.is_active else []
