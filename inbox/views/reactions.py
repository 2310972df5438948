"""Reactions under messages as chips: a symbol, how many, and who."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.models import Conversation, Message, Reaction

MOST = 1000  # under the messages of a page
MOST_UNDER_POST = 200  # under the post they stand under; more is said to be more
NAMES = 5

type Chips = tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One symbol under one message. ``count``: "3", or "200+"; ``who``: names in words, for hover and screen reader."""

    symbol: str
    count: str
    who: str


def chips_of(conversation: Conversation, messages: Iterable[Message], post_id: str = "") -> dict[str, Chips]:
    """By id at the platform: under these messages of a conversation and under ``post_id``. One query, or none."""
    ids = [message.external_id for message in messages if message.external_id]
    there = Reaction.objects.filter(account=conversation.account_id, removed=False).order_by("-at", "-id")
    wanted = [there.filter(external_id__in=ids)[:MOST]] if ids else []
    if post_id and post_id not in ids:
        wanted.append(there.filter(external_id=post_id)[: MOST_UNDER_POST + 1])
    if not wanted:
        return {}
    rows = list(wanted[0].union(*wanted[1:], all=True)) if len(wanted) > 1 else list(wanted[0])
    found: dict[str, dict[str, list[Reaction]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row.external_id][row.symbol].append(row)
    return {name: _chips(conversation, by_symbol) for name, by_symbol in found.items()}


def _chips(conversation: Conversation, by_symbol: dict[str, list[Reaction]]) -> Chips:
    full = sum(len(rows) for rows in by_symbol.values()) > MOST_UNDER_POST
    most_first = sorted(by_symbol.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(
        Chip(symbol, f"{len(rows)}+" if full else str(len(rows)), _who(conversation, rows))
        for symbol, rows in most_first
    )


def _who(conversation: Conversation, rows: list[Reaction]) -> str:
    """ "Aïsha Benali", "Aïsha Benali, Jan Smit and 3 more". Messenger names nobody: there it is the citizen."""
    identity = conversation.identity
    known = dict.fromkeys((identity.external_id, *identity.aliases), identity.display_name)
    known[conversation.account.external_id] = conversation.account.name
    names = [known.get(row.person_id) or row.name or _("someone") for row in rows]
    words = ", ".join(names[:NAMES])
    if len(names) > NAMES:
        words = _("%(names)s and %(count)s more") % {"names": words, "count": len(names) - NAMES}
    return words
