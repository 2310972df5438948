"""Search by what was said and by who said it: newest first, no ranking, no counting, so a common word stays cheap."""

import re
from dataclasses import dataclass, replace
from typing import Any

import phonenumbers
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.search import SearchHeadline, SearchQuery
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.models import Contact, Conversation, Identity, Message, User
from inbox.views import listing, lists, rows
from inbox.views.listed import Listed

FEW = 5  # citizens' conversations above the messages
MOST_CITIZENS = 200  # identities that one search looks behind
SHORTEST_NAME = 3  # trigrams need three letters
LONGEST = 200
START, STOP = "\ue000", "\ue001"  # marks of PostgreSQL's headline; no text of a citizen is ever taken for them
MARKS = re.compile(f"({START}[^{STOP}]*{STOP})")

type Snippets = dict[int, tuple[tuple[str, bool], ...]]


@dataclass(frozen=True, slots=True)
class Found:
    """Conversations in order, with what to show of each, and where to go on."""

    conversations: list[Listed]
    snippets: Snippets
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
    citizens = Found([], {}, None)
    messages = Found([], {}, None)
    if what in ("", "citizens"):
        citizens = by_citizen(user, text, after, listing.PAGE if what == "citizens" else FEW)
    if what in ("", "messages"):
        messages = by_message(user, text, after)
    if what == "subject" or (what != "citizens" and after is None and not messages.conversations):
        what = "subject"
        messages = by_subject(user, text, after)
    # A row stands on a page once.
    above = {conversation.pk for conversation in citizens.conversations}
    messages = replace(messages, conversations=[found for found in messages.conversations if found.pk not in above])
    return {
        "more_what": "subject" if what == "subject" else "messages",
        "citizens": _drawn(user, citizens),
        "more_citizens": citizens.after,
        "messages": _drawn(user, messages),
        "more_messages": messages.after,
        "nothing": not citizens.conversations and not messages.conversations,
    }


def by_message(user: User, text: str, after: listing.Cursor | None, size: int = listing.PAGE) -> Found:
    """Conversations with a message that holds these words, in Dutch stems; ``"a phrase"``, ``or`` and ``-not`` work.

    A page is ``size`` messages, newest first; a conversation shows once, with its newest message found. Three queries.
    """
    query = SearchQuery(text, config="dutch", search_type="websearch")
    visible = Conversation.objects.visible_to(user).values("pk")
    messages = Message.objects.filter(search=query, conversation__in=visible)
    if after is not None:
        older = Q(sent_at__lt=after.at) | Q(pk__lt=after.pk)
        messages = messages.filter(Q(sent_at__lte=after.at) & older)
    hits = list(messages.order_by("-sent_at", "-pk").values_list("sent_at", "pk", "conversation_id")[: size + 1])
    cursor = listing.Cursor(*hits[size - 1][:2]) if len(hits) > size else None
    newest: dict[int, int] = {}
    for _at, pk, conversation_id in hits[:size]:
        newest.setdefault(conversation_id, pk)
    headline = SearchHeadline("text", query, config="dutch", start_sel=START, stop_sel=STOP, max_words=24, min_words=12)
    # Only for the messages shown: a headline reads the whole text.
    shown = Message.objects.filter(pk__in=newest.values()).annotate(headline=headline)
    snippets = {conversation: pieces(text) for conversation, text in shown.values_list("conversation_id", "headline")}
    return Found(listing.rows_of(user, list(newest)), snippets, cursor)


def by_citizen(user: User, text: str, after: listing.Cursor | None, size: int) -> Found:
    """Conversations of citizens by part of a name or handle, or by phone number; the latest first."""
    behind = identities(text.removeprefix("@"))
    return _latest(user, Q(identity__in=behind), after, size) if behind else Found([], {}, None)


def by_subject(user: User, text: str, after: listing.Cursor | None) -> Found:
    """Conversations by part of a word in how they began: what no stem finds ("restaf"); the latest first."""
    if len(text) < SHORTEST_NAME:
        return Found([], {}, None)
    return _latest(user, Q(subject__icontains=text), after, listing.PAGE)


def _latest(user: User, wanted: Q, after: listing.Cursor | None, size: int) -> Found:
    found = Conversation.objects.visible_to(user).filter(wanted)
    if after is not None:
        older = Q(last_message_at__lt=after.at) | Q(pk__lt=after.pk)
        found = found.filter(Q(last_message_at__lte=after.at) & older)
    hits = list(
        found.order_by(F("last_message_at").desc(), F("pk").desc()).values_list("last_message_at", "pk")[: size + 1]
    )
    cursor = listing.Cursor(*hits[size - 1]) if len(hits) > size else None
    return Found(listing.rows_of(user, [pk for _at, pk in hits[:size]]), {}, cursor)


def identities(text: str) -> list[int]:
    """Ids of the profiles that a text may mean: by name and handle (three letters or more), or by phone number."""
    matching = Q(pk__in=[])
    if len(text) >= SHORTEST_NAME:
        contacts = Contact.objects.filter(name__icontains=text).values_list("pk", flat=True)[:MOST_CITIZENS]
        matching |= Q(name__icontains=text) | Q(handle__icontains=text) | Q(contact__in=list(contacts))
    if number := phone(text):
        address = f"whatsapp:{number}"
        matching |= Q(phone=number) | Q(external_id=address) | Q(aliases__contains=[address])
    return list(Identity.objects.filter(matching).values_list("pk", flat=True)[:MOST_CITIZENS])


def phone(text: str) -> str:
    """A Dutch or international number as E.164; "" for what is none."""
    if sum(letter.isdigit() for letter in text) < 8:
        return ""
    try:
        return phonenumbers.format_number(phonenumbers.parse(text, "NL"), phonenumbers.PhoneNumberFormat.E164)
    except phonenumbers.NumberParseException:
        return ""


def pieces(headline: str) -> tuple[tuple[str, bool], ...]:
    """A headline as (text, found) pieces, so that the template escapes each and marks by itself."""
    parts = []
    for part in MARKS.split(headline):
        found = part.startswith(START) and part.endswith(STOP)
        plain = part.replace(START, "").replace(STOP, "")
        if plain:
            parts.append((plain, found))
    return tuple(parts)


def _drawn(user: User, found: Found) -> str:
    made = rows.make(found.conversations, user, prefix="/conversations/", snippets=found.snippets)
    return rows.draw(made)
