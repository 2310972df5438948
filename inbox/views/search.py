"""Search by what was said and by who said it: the latest first, no ranking, no counting."""

import re
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.models import User
from inbox.views import finding, listing, lists, rows
from inbox.views.listed import Listed
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
    """Conversations in order, and where to go on."""

    conversations: list[Listed]
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
    citizens = Found([], None)
    messages = Found([], None)
    if what in ("", "citizens"):
        citizens = by_citizen(user, text, after, listing.PAGE if what == "citizens" else FEW)
    if what in ("", "messages"):
        messages = by_message(user, text, after)
    # A row stands on a page once.
    above = {conversation.pk for conversation in citizens.conversations}
    messages = replace(messages, conversations=[found for found in messages.conversations if found.pk not in above])
    told = snippets(text, [found.pk for found in messages.conversations])
    made = rows.make(citizens.conversations + messages.conversations, user, prefix="/conversations/", snippets=told)
    return {
        "citizens": rows.draw(made[: len(above)]),
        "more_citizens": citizens.after,
        "messages": rows.draw(made[len(above) :]),
        "more_messages": messages.after,
        "nothing": not made,
    }


def by_message(user: User, text: str, after: listing.Cursor | None, size: int = listing.PAGE) -> Found:
    """Conversations in which these words were said, by Dutch stem or by the beginning of the last; ``"a phrase"``,
    ``or`` and ``-not`` work. Or that began with any part of a word ("stafval" finds "restafval")."""
    return _page(user, finding.by_words(text), after, size)


def by_citizen(user: User, text: str, after: listing.Cursor | None, size: int) -> Found:
    """Conversations of citizens by any part of a name or handle, or by phone number."""
    sought = finding.by_citizen(text)
    return _page(user, sought, after, size) if sought else Found([], None)


def _page(user: User, sought: finding.Sought, after: listing.Cursor | None, size: int) -> Found:
    hits = finding.find(user, sought, after, size + 1)
    cursor = listing.Cursor(*hits[size - 1]) if len(hits) > size else None
    return Found(listing.rows_of(user, [pk for _at, pk in hits[:size]]), cursor)


_HEADLINES = """SELECT newest.conversation_id, newest.text, ts_headline('dutch', newest.text, {query}, %(marks)s)
    FROM (
        SELECT DISTINCT ON (conversation_id) conversation_id, text FROM inbox_message
        WHERE conversation_id = ANY(%(ids)s::bigint[]) AND search @@ {query}
        ORDER BY conversation_id, sent_at DESC, id DESC
    ) newest"""


def snippets(text: str, ids: list[int]) -> Snippets:
    """Of each of these conversations the newest message that was found, or else how it began, with the words marked.
    At most two queries."""
    if not ids:
        return {}
    words = Words.of(text)
    marks = f"StartSel={START}, StopSel={STOP}, MaxWords=24, MinWords=12"
    made: Snippets = {}
    with connection.cursor() as cursor:
        cursor.execute(_HEADLINES.format(query=words.query), words.parameters | {"ids": ids, "marks": marks})
        for conversation, said, headline in cursor.fetchall():
            # The headline knows stems only; what was found by its beginning may have another stem.
            made[conversation] = pieces(headline) if START in headline else around(said, words.beginning)
        if rest := [pk for pk in ids if pk not in made]:
            cursor.execute("SELECT id, subject FROM inbox_conversation WHERE id = ANY(%s::bigint[])", [rest])
            made |= {pk: around(subject, text) for pk, subject in cursor.fetchall()}
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
