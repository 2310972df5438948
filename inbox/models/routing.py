"""Each time a conversation went to another department, or back: what a bounce and a suggestion are made of."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models

from channels.models import Account
from inbox.models.conversation import Conversation
from inbox.models.people import Department

MOST_WORDS = 60  # of one citizen's question
MOST_ROUTINGS = 1000  # alike ones that are counted, the newest first
_WORD = re.compile(r"[^\W\d_]{3,30}")  # letters only: no number of a citizen is ever kept
_ADDRESS = re.compile(r"(?:https?://|www\.|@)\S+|\S+@\S+")


class Routing(models.Model):
    """From one department to another. ``back``: it was bounced; ``returned``: it was bounced later, so it was wrong."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="routings")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    from_department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    to_department = models.ForeignKey(Department, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    back = models.BooleanField(default=False)
    returned = models.BooleanField(default=False)
    words = ArrayField(models.CharField(max_length=40), default=list, blank=True)  # stems of what the citizen wrote

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(from_department=models.F("to_department")), name="routed_elsewhere"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "at"], name="routing_of_account", condition=models.Q(back=False)),
            GinIndex(fields=["words"], name="routing_words"),
        ]

    def __str__(self) -> str:
        return f"#{self.conversation_id}: {self.from_department_id} > {self.to_department_id}"


def words_of(texts: Iterable[str]) -> list[str]:
    """The words of some texts in small letters, in order, each once; no addresses, names of accounts or numbers."""
    whole = _ADDRESS.sub(" ", " ".join(texts)).lower()
    return list(dict.fromkeys(_WORD.findall(whole)))[: 4 * MOST_WORDS]


def stems_of(words: Iterable[str]) -> dict[str, str]:
    """Dutch stem by word; words that say nothing ("de", "het") are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, (tsvector_to_array(to_tsvector('dutch', word)))[1] FROM unnest(%s::text[]) AS word",
            [list(words)],
        )
        return {word: stem for word, stem in cursor.fetchall() if stem}


def counts_of(account_id: int, stems: Iterable[str], since: datetime) -> dict[str, dict[int, tuple[int, int]]]:
    """By stem and department: how often a question with it stayed where it was routed to, and how often it went there.
    On one account, since then. One query over at most MOST_ROUTINGS routings."""
    wanted = list(stems)
    found: dict[str, dict[int, tuple[int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT word, recent.to_department_id, count(*) FILTER (WHERE NOT recent.returned), count(*)
            FROM (SELECT words, to_department_id, returned FROM inbox_routing
                  WHERE account_id = %s AND NOT back AND at > %s AND words && %s::varchar[]
                  ORDER BY at DESC LIMIT %s) AS recent, unnest(recent.words) AS word
            WHERE word = ANY(%s::varchar[]) GROUP BY 1, 2
            """,
            [account_id, since, wanted, MOST_ROUTINGS, wanted],
        )
        for stem, department, stayed, went in cursor.fetchall():
            found.setdefault(stem, {})[department] = (stayed, went)
    return found
