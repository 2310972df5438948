"""Search by what was said and by who said it: the latest first, no ranking, no counting."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.kept import Asked, Statement, named, slot, together
from inbox.models import User
from inbox.views import finding, listed, listing, lists, rows
from inbox.views.words import Words

FEW = 5  # citizens' conversations above the messages
LONGEST = 200
START, STOP = "\ue000", "\ue001"  # marks of PostgreSQL's headline; no text of a citizen is ever taken for them
MARKS = re.compile(f"({START}[^{STOP}]*{STOP})")
BEFORE, AROUND = 40, 200  # letters of a text shown before what was found, and in all

type Pieces = tuple[tuple[str, bool], ...]  # (text, found)
type Snippets = dict[int, Pieces]


@dataclass(frozen=True, slots=True)
class Found:
    """Conversations in order, by id, and where to go on."""

    pks: list[int]
    after: listing.Cursor | None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def search(request: lists.SignedIn) -> HttpResponse:
    """The search page. By POST only: a name, phone number or text of a message never lands in a URL, and so in no
    log, history or referrer. GET shows the empty form."""
    text = " ".join(request.POST.get("q", "").replace("\0", " ").split())[:LONGEST]
    what = request.POST.get("what", "")
    after = listing.Cursor.read(request.POST.get("after", ""))
    context: dict[str, Any] = {"q": text, "what": what, "title": _("Search")}
    if text:
        context |= results(request.user, text, what, after)
    target = request.htmx.target if request.htmx else None
    if after and target:
        return render(request, "inbox/search.html#more", context)
    if target == "results":
        return render(request, "inbox/search.html#results", context)
    return render(request, "inbox/search.html", context | lists.navigation(request.user))


def results(user: User, text: str, what: str, after: listing.Cursor | None) -> dict[str, Any]:
    """What the page shows for a text: a few of the citizens and the messages, or a page of either."""
    citizens = by_citizen(user, text if what in ("", "citizens") else "", after, listing.PAGE if what else FEW)
    messages = by_message(user, text if what in ("", "messages") else "", after)
    together(citizens.near, messages.near)
    above, below = found(citizens), found(messages)
    first = set(above.pks)
    rest = [pk for pk in below.pks if pk not in first]  # a row stands on a page once
    asked = listed.by_id(user, [*above.pks, *rest])
    told = snippets(text, rest, asked)
    made = rows.make(asked.rows(), user, prefix="/conversations/", snippets=told)
    return {
        "citizens": rows.draw([row for row in made if row.pk in first]),
        "more_citizens": above.after,
        "messages": rows.draw([row for row in made if row.pk not in first]),
        "more_messages": below.after,
        "nothing": not made,
    }


def by_message(user: User, text: str, after: listing.Cursor | None, size: int = listing.PAGE) -> finding.Search:
    """Conversations in which these words were said, by Dutch stem or by the beginning of the last; ``"a phrase"``,
    ``or`` and ``-not`` work. Or that began with any part of a word ("stafval" finds "restafval")."""
    return finding.find(user, finding.by_words(text) if text else None, after, size + 1)


def by_citizen(user: User, text: str, after: listing.Cursor | None, size: int) -> finding.Search:
    """Conversations of citizens by any part of a name or handle, or by phone number."""
    return finding.find(user, finding.by_citizen(text), after, size + 1)


def found(search: finding.Search) -> Found:
    """A page of it: one fewer than was asked for, which tells whether there is more."""
    hits, size = search.hits(), search.size - 1
    cursor = listing.Cursor(*hits[size - 1]) if len(hits) > size else None
    return Found([pk for _at, pk in hits[:size]], cursor)


_HEADLINES = """
    SELECT newest.conversation_id, newest.text, ts_headline('dutch', newest.text, (SELECT {query}), %(marks)s)
    FROM (
        SELECT DISTINCT ON (conversation_id) conversation_id, text FROM inbox_message
        WHERE conversation_id = ANY(%(ids)s::bigint[]) AND search @@ (SELECT {query})
        ORDER BY conversation_id, sent_at DESC, id DESC
    ) newest"""
_SUBJECTS = Statement("SELECT id, subject FROM inbox_conversation WHERE id = ANY(%s::bigint[])", [slot("ids")])


def snippets(text: str, ids: list[int], *beside: Asked[Any]) -> Snippets:
    """Of each of these conversations the newest message that was found, or else how it began, with the words marked.
    At most two queries; the first in one round trip with ``beside``."""
    words = Words.of(text)
    marks = f"StartSel={START}, StopSel={STOP}, MaxWords=24, MinWords=12"
    sql = _HEADLINES.format(query=words.query)
    headlines = named(sql).asked(**words.parameters, ids=ids, marks=marks) if ids else Asked.nothing()
    together(headlines, *beside)
    # The headline knows stems only; what was found by its beginning may have another stem.
    made: Snippets = {
        conversation: pieces(headline) if START in headline else around(said, words.beginning)
        for conversation, said, headline in headlines
    }
    if rest := [pk for pk in ids if pk not in made]:
        made |= {pk: around(subject, text) for pk, subject in _SUBJECTS.rows(ids=rest)}
    return made


def around(text: str, part: str) -> Pieces:
    """The stretch of a text around the first place where the part stands, that place marked. Capitals are equal."""
    place = re.search(re.escape(part), text, re.IGNORECASE) if part else None
    if place is None:
        return ((text[:AROUND], False),) if text else ()
    start = place.start() - BEFORE
    before = "…" + text[start : place.start()].lstrip() if start > 0 else text[: place.start()]
    parts = ((before, False), (place[0], True), (text[place.end() : place.end() + AROUND], False))
    return tuple(piece for piece in parts if piece[0])


def pieces(headline: str) -> Pieces:
    """A headline as (text, found) pieces, so that the template escapes each and marks by itself."""
    parts = []
    for part in MARKS.split(headline):
        found = part.startswith(START) and part.endswith(STOP)
        plain = part.replace(START, "").replace(STOP, "")
        if plain:
            parts.append((plain, found))
    return tuple(parts)
