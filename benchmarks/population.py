"""A municipality after years of webcare: conversations, messages and citizens by COPY, as many as asked for."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db import connection, transaction

from channels.clock import now
from inbox.models import AccountSettings, Department, User

PER_CONVERSATION = 3  # messages
CITIZENS = 4  # conversations a citizen
YEARS = 3
# Of a thousand conversations: what is not closed.
OPEN, WAITING, SNOOZED = 20, 10, 5
SENTENCES = 20_000
# Said in one message in ten or so; in one in hundreds; in a handful of all.
COMMON, FEWER, RARE = "container", "paspoort", "kruidentuin"
WORDS = (
    "de het een van en in op is dat te voor niet met er aan ik u we bij ook als maar om dan nog wel wat naar mijn onze "
    "kan wordt heeft zijn al weer waar wanneer waarom graag goedemorgen bedankt vandaag morgen gisteren straat buurt "
    f"wijk plein huis school fiets auto {COMMON} afval papier glas lantaarn boom tak stoep kapot vol geleegd gemeente "
    "loket afspraak melding vergunning parkeren overlast geluid water riool gladheid sneeuw strooien markt feest vuur "
    f"werk wegdek tegel drempel bord snelheid hond park speeltuin zwembad bibliotheek {FEWER} rijbewijs verhuizing "
    "trouwen geboorte aangifte belasting aanslag bezwaar uitkering bijstand zorg jeugd wmo scootmobiel taxi bus halte"
).split()
NAMES = (
    *("Aïsha", "Henk", "Maria", "Youssef", "Sanne", "Piet", "Fleur", "Mohamed", "Truus", "Daan", "Nazli", "Kees"),
    *("Lotte", "Ahmed", "Willemijn", "Jan", "Eva"),
)
SURNAMES = (
    *("de Vries", "Bakker", "el Idrissi", "van Dijk", "Jansen", "Yılmaz", "Smit", "de Groot", "Mulder", "Bouzid"),
    *("Visser", "van den Berg"),
)


def populate(conversations: int, seed: int = 1) -> None:
    """Add so many conversations with their messages, clocks and audit entries, over the accounts there are; the same
    every time for a seed but for the moments, which end now. Secondary indexes are made afterwards, in one go."""
    chance = random.Random(seed)
    with transaction.atomic(), connection.cursor() as cursor, _without_indexes(cursor):
        first = {table: _next_id(cursor, table) for table in ("contact", "identity", "conversation", "message")}
        town = _Town(chance, conversations, first)
        _copy(cursor, "contact", "id, name, created_at", town.contacts())
        _copy(
            cursor,
            "identity",
            "id, contact_id, kind, external_id, aliases, name, handle, phone, avatar_url, created_at",
            town.identities(),
        )
        _copy(cursor, "conversation", CONVERSATION, town.conversations())
        _copy(cursor, "message", MESSAGE, town.messages())
        _copy(
            cursor,
            "clock",
            "conversation_id, kind, target_minutes, started_at, warn_at, due_at, stopped_by",
            town.clocks(),
        )
        _copy(cursor, "auditentry", "conversation_id, verb, data, at", town.entries())
        for table in first:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('inbox_{table}', 'id'), max(id)) FROM inbox_{table}")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


CONVERSATION = (
    "id, account_id, identity_id, thread_id, public, subject, context, department_id, assignee_id, status, result, "
    "snoozed_until, closed_at, sensitive, answerable, opened_at, last_message_at, last_message_text, last_message_out, "
    "last_inbound_at, inbound_count, has_attachment, failed_count, first_answered_at, clock_kind, clock_started_at, "
    "warn_at, due_at, rank_at, version"
)
MESSAGE = (
    "id, conversation_id, account_id, external_id, direction, kind, public, text, author_id, in_reply_to, url, "
    "sent_at, created_at, state, error_code, error_reason, attempts"
)


class _Town:
    """Rows for each table; one conversation's facts are drawn once and told to several."""

    def __init__(self, chance: random.Random, number: int, first: dict[str, int]) -> None:
        self.chance = chance
        self.number = number
        self.first = first
        self.moment = now()
        self.homes = list(AccountSettings.objects.values_list("account_id", "account__kind", "department_id"))
        self.departments = list(Department.objects.values_list("pk", flat=True))
        self.colleagues = list(User.objects.filter(role__in=["agent", "expert", "lead"]).values_list("pk", flat=True))
        self.citizens = max(1, number // CITIZENS)
        self.sentences = self._sentences()
        # In order of time, as they would have come in: what is of one month lies together on the disk.
        self.drawn = sorted((self._draw(place) for place in range(number)), key=lambda drawn: drawn[4])

    def _sentences(self) -> list[str]:
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(WORDS))))
        made = [
            " ".join(self.chance.choices(WORDS, cum_weights=weights, k=self.chance.randint(6, 26)))
            for _ in range(SENTENCES)
        ]
        made[7] += f" {RARE}"
        return [text[0].upper() + text[1:] + "." for text in made]

    def _draw(self, place: int) -> tuple[Any, ...]:
        chance = self.chance
        account, kind, home = chance.choice(self.homes)
        where = home if chance.random() < 0.7 else chance.choice(self.departments)
        fate = chance.randrange(1000)
        status = "closed"
        if fate < OPEN:
            status = "open"
        elif fate < OPEN + WAITING:
            status = "waiting"
        elif fate < OPEN + WAITING + SNOOZED:
            status = "snoozed"
        age = timedelta(days=YEARS * 365 * chance.random() if status == "closed" else 10 * chance.random())
        opened = self.moment - age - timedelta(hours=3)
        public = kind != "whatsapp" and chance.random() < 0.6
        claimer = chance.choice(self.colleagues) if chance.random() < 0.6 else None
        return account, kind, where, status, opened, public, claimer, place % self.citizens

    def contacts(self) -> Iterator[tuple[Any, ...]]:
        for place in range(self.citizens):
            yield self.first["contact"] + place, self._name(place), self.moment

    def identities(self) -> Iterator[tuple[Any, ...]]:
        kinds = sorted({kind for _account, kind, _home in self.homes})
        for place in range(self.citizens):
            kind = kinds[place % len(kinds)]
            name = self._name(place)
            handle = f"{name.split()[0].lower()}{place}" if kind == "x" else ""
            phone = f"+3160{place:07}" if kind == "whatsapp" else ""
            pk = self.first["identity"] + place
            external = f"bench-{pk}"
            yield pk, self.first["contact"] + place, kind, external, "[]", name, handle, phone, "", self.moment

    def _name(self, place: int) -> str:
        return f"{NAMES[place % len(NAMES)]} {SURNAMES[place // 7 % len(SURNAMES)]}"

    def _text(self, place: int, turn: int) -> str:
        return f"{self.sentences[(place * 31 + turn * 7919) % SENTENCES]} {place}"

    def conversations(self) -> Iterator[tuple[Any, ...]]:
        for place, (account, _kind, where, status, opened, public, claimer, citizen) in enumerate(self.drawn):
            pk = self.first["conversation"] + place
            last = opened + timedelta(hours=2)
            due = opened + timedelta(hours=26) if status == "open" else None
            ours = status in ("waiting", "closed")
            yield (
                *(
                    pk,
                    account,
                    self.first["identity"] + citizen,
                    f"bench-{pk}",
                    public,
                    self._text(place, 0)[:200],
                    "{}",
                ),
                *(where, claimer, status, "answered" if status == "closed" else ""),
                self.moment + timedelta(hours=place % 90) if status == "snoozed" else None,
                last + timedelta(minutes=5) if status == "closed" else None,
                *(place % 200 == 0, True, opened, last, self._text(place, PER_CONVERSATION - 1)[:200], ours),
                *(last if not ours else opened, 2, place % 9 == 0, int(place % 500 == 0 and status != "closed")),
                None if status == "open" else last,
                *(("first", opened, due - timedelta(hours=5), due) if due else ("", None, None, None)),
                *(due or last, 1 + place % 5),
            )

    def messages(self) -> Iterator[tuple[Any, ...]]:
        pk = self.first["message"]
        for place, (account, _kind, _where, status, opened, public, claimer, _citizen) in enumerate(self.drawn):
            for turn in range(PER_CONVERSATION):
                last = turn == PER_CONVERSATION - 1
                ours = last and status in ("waiting", "closed")
                at = opened + timedelta(minutes=60 * turn)
                yield (
                    *(pk, self.first["conversation"] + place, account, f"bench-{pk}", "out" if ours else "in"),
                    *(
                        "answer" if ours else "message",
                        public,
                        self._text(place, turn),
                        claimer if ours else None,
                        "",
                        "",
                    ),
                    *(at, at, "sent" if ours else "received", "", "", int(ours)),
                )
                pk += 1

    def clocks(self) -> Iterator[tuple[Any, ...]]:
        for place, (_account, _kind, _where, status, opened, *_rest) in enumerate(self.drawn):
            if status == "open":
                due = opened + timedelta(hours=26)
                yield self.first["conversation"] + place, "first", 120, opened, due - timedelta(hours=5), due, ""

    def entries(self) -> Iterator[tuple[Any, ...]]:
        for place, (_account, _kind, _where, _status, opened, *_rest) in enumerate(self.drawn):
            yield self.first["conversation"] + place, "received", '{"messages": []}', opened


def _copy(cursor: Any, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY inbox_{table} ({columns}) FROM STDIN") as copy:
        lines: list[str] = []
        for row in rows:
            lines.append("\t".join(map(_plain, row)))
            if len(lines) == 5_000:
                copy.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            copy.write("\n".join(lines) + "\n")


def _plain(value: Any) -> str:
    # None of our texts holds a tab, a line end or a backslash.
    if value is None:
        return r"\N"
    if value is True or value is False:
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def _next_id(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM inbox_{table}")
    return int(cursor.fetchone()[0])


@contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Those no constraint needs; a million rows into a trigram index one by one takes many times as long."""
    cursor.execute(
        """
        SELECT indexname, indexdef FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename IN ('inbox_conversation', 'inbox_message', 'inbox_contact',
            'inbox_identity', 'inbox_auditentry')
          AND indexname NOT IN (SELECT conname FROM pg_constraint)
        """
    )
    dropped = [(name, definition) for name, definition in cursor.fetchall() if " UNIQUE " not in definition]
    for name, _definition in dropped:
        cursor.execute(f'DROP INDEX "{name}"')
    cursor.execute("SET LOCAL session_replication_role = replica")  # no look-up of each foreign key: they are right
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
    for _name, definition in dropped:
        cursor.execute(definition)
