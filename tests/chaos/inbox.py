"""The inbox as its database holds it, loaded once for the comparison."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

type Row = dict[str, Any]

MESSAGES = """
    SELECT m.id, m.conversation_id, m.external_id, m.direction, m.kind, m.public, m.text, m.sent_at, m.created_at,
           m.edited_at, m.deleted_at, m.state, m.send_at, m.taken_at, m.error_code, m.error_reason, m.attempts,
           m.author_id, a.kind AS platform, a.external_id AS account
    FROM inbox_message AS m JOIN channels_account AS a ON a.id = m.account_id ORDER BY m.id
"""
CONVERSATIONS = """
    SELECT c.*, a.kind AS platform, i.external_id AS citizen, i.aliases
    FROM inbox_conversation AS c
    JOIN channels_account AS a ON a.id = c.account_id JOIN inbox_identity AS i ON i.id = c.identity_id ORDER BY c.id
"""
CLOCKS = "SELECT * FROM inbox_clock ORDER BY id"
AUDIT = """
    SELECT e.id, e.conversation_id, e.verb, e.data, e.at, u.username AS actor
    FROM inbox_auditentry AS e LEFT JOIN inbox_user AS u ON u.id = e.actor_id ORDER BY e.id
"""
AUTO_REPLIES = "SELECT * FROM inbox_autoreply ORDER BY id"
ATTACHMENTS = "SELECT id, message_id, kind, state, error FROM inbox_attachment ORDER BY id"
EVENTS = "SELECT id, state, reason FROM channels_inboundevent WHERE state IN ('stored', 'failed') ORDER BY id"
USERS = "SELECT id, username FROM inbox_user"


@dataclass
class Inbox:
    """Every row that the laws speak of."""

    messages: list[Row]
    conversations: dict[int, Row]
    clocks: list[Row]
    audit: list[Row]
    auto_replies: list[Row]
    attachments: list[Row]
    events: list[Row]
    users: dict[int, str]

    def __post_init__(self) -> None:
        self.by_name: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.of_conversation: dict[int, list[Row]] = defaultdict(list)
        self.by_id: dict[int, Row] = {}
        for message in self.messages:
            self.by_id[message["id"]] = message
            self.of_conversation[message["conversation_id"]].append(message)
            if message["external_id"]:
                self.by_name[message["platform"], message["external_id"]].append(message)
        self.audit_of: dict[int, list[Row]] = defaultdict(list)
        self.told_of: dict[tuple[str, int], list[Row]] = defaultdict(list)  # verb, message: the entries that name it
        for entry in self.audit:
            if entry["conversation_id"] is not None:
                self.audit_of[entry["conversation_id"]].append(entry)
            for message_id in _named(entry["data"]):
                self.told_of[entry["verb"], message_id].append(entry)


def _named(data: Row) -> Iterable[int]:
    if isinstance(data.get("message"), int):
        yield data["message"]
    yield from data.get("messages") or ()


def load(url: str) -> Inbox:
    """In one transaction: one moment."""
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

        def rows(query: str) -> list[Row]:
            return connection.execute(query.encode()).fetchall()

        return Inbox(
            messages=rows(MESSAGES),
            conversations={row["id"]: row for row in rows(CONVERSATIONS)},
            clocks=rows(CLOCKS),
            audit=rows(AUDIT),
            auto_replies=rows(AUTO_REPLIES),
            attachments=rows(ATTACHMENTS),
            events=rows(EVENTS),
            users={row["id"]: row["username"] for row in rows(USERS)},
        )
