"""Reactions under messages as chips: a symbol, how many, and who."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.models import Conversation, Reaction
from inbox.views.pane_rows import MOST_UNDER_POST

NAMES = 5

type Chips = tuple[Chip, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """One symbol under one message. ``count``: "3", or "200+"; ``who``: names in words, for hover and screen reader."""

    symbol: str
    count: str
    who: str


def chips_of(conversation: Conversation, reactions: Iterable[Reaction]) -> dict[str, Chips]:
    """By id at the platform of what they stand under; the newest reaction first."""
    found: dict[str, dict[str, list[Reaction]]] = defaultdict(lambda: defaultdict(list))
    for row in reactions:
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
