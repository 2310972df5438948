"""The conversation pane: everything between the list and the citizen, drawn whole or in parts."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails

from channels.clock import now
from inbox import permissions, presence, sla
from inbox.actions import clocks
from inbox.actions.bounce import routed_here
from inbox.actions.refused import Refused
from inbox.models import Conversation, Role, Status, User
from inbox.views import pane_rows, rows, story, thread, ways
from inbox.views.around import context_of, fetching
from inbox.views.ask_form import ask_form
from inbox.views.citizen import citizen
from inbox.views.composer import Typed, compose, leaving
from inbox.views.deeds import deeds
from inbox.views.listing import Cursor
from inbox.views.pane_rows import MOST_EVENTS
from inbox.views.route_word import word_form

BESIDE = 12  # lines of the timeline in the panel; the rest is asked for


class SignedIn(HttpRequest):
    """A request after ``login_required`` and the htmx middleware, for the type checker."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the composer: why something was not done, or (``calm``) what was. ``moved``: profiles that were
    merged just now, for the button that undoes it."""

    sentence: str
    calm: bool = False
    code: str = ""
    conversation: int | None = None  # the one to go on in
    moved: tuple[int, ...] = ()
    holder: int | None = None  # from whom one may take over all the same


def visible(user: User, pk: int) -> Conversation:
    """The conversation with all the pane needs. Raises Http404 when it is not this colleague's to see."""
    found = pane_rows.conversation_of(user, pk)
    if found is None:
        raise Http404
    return found


def pane_context(
    request: HttpRequest,
    conversation: Conversation,
    *,
    refused: Refused | None = None,
    typed: Typed | None = None,
    notice: Notice | None = None,
) -> dict[str, Any]:
    """What templates/inbox/conversation.html shows, under "conversation" and "pane".

    ``conversation`` as ``ConversationQuerySet.for_list`` gives it. The number of queries does not depend on how much
    there is in it. ``refused`` and ``typed``: an act that could not be done, and what was typed for it.
    ``notice``: what was done.
    """
    user: User = request.user  # type: ignore[assignment]
    moment = now()
    works = permissions.can_work(user, conversation)
    agreed = rows.ask_agreements([conversation.account_id])
    asked = pane_rows.of_conversation(conversation, user, moment, agreed)
    agreement = rows.agreements(agreed).get(conversation.account_id)
    hours = agreement.hours if agreement else None
    plain = not getattr(request, "htmx", None)
    other_form = typed.filled if typed else None
    panel = typed.panel if typed else ""
    answer_refused = refused if other_form is None and not panel else None
    composer = compose(conversation, user, moment, typed, answer_refused, asked, plain=plain) if works else None
    entries = asked.entries.rows()
    done = {entry.verb for entry in entries}
    events = story.events(entries, moment)
    before, since = (Cursor.read(request.GET.get(name, "")) for name in ("before", "since"))
    unread = max(0, conversation.inbound_count - (asked.seen.first() or 0))
    talk = thread.build(
        conversation,
        None if before else events,
        asked=asked,
        user=user,
        works=works,
        decides=works and decides(user, conversation),
        moment=moment,
        before=before,
        since=since,
        first_new=first_new(request, unread),
        advised="advice_asked" in done or len(entries) == MOST_EVENTS,
    )
    pane = {
        "works": works,
        "seen": composer.seen if composer else 0,
        "pass": presence.pass_for(conversation, user),
        "mine": conversation.assignee_id == user.pk,
        "moment": moment,
        "status": status_words(conversation, moment),
        "timer": timer(conversation, agreement, moment),
        "thread": talk,
        "composer": composer,
        "deeds": deeds(
            conversation,
            user,
            asked,
            works=works,
            hours=hours,
            moment=moment,
            # Most were never routed: those cost no query.
            routed=routed_here(conversation) if works and ("routed" in done or len(entries) == MOST_EVENTS) else None,
        ),
        "citizen": citizen(conversation, agreement, moment, asked),
        "events": events[:BESIDE],
        "more_events": len(events) > BESIDE,
        "context": context_of(conversation, talk),
        "fetching": fetching(conversation, talk, moment) if works else None,
        "unread": unread,
        "follows": bool(asked.follows.rows()),
        "told": bool(asked.told.rows()),
        "typed": typed or Typed(),
        "notice": notice or notice_of(refused),
        "ways": ways.ways(
            conversation,
            user,
            moment,
            seen=composer.seen,
            obstructed=composer.state == "obstacle",
            query=request.GET,
            filled=other_form,
            refused=refused,
        )
        if composer is not None
        else None,
        "links": ways.links(conversation, asked),
        "ask": ask_form(conversation, user, moment, typed.panel_form) if typed and panel == "advice" else None,
        "word": word_form(conversation, user, None, typed.panel_form, refused) if typed and panel == "route" else None,
        "leaving": leaving(asked) if works else None,
    }
    return {"conversation": conversation, "pane": pane}


@require_safe
@never_cache
@login_required
def pane(request: SignedIn, pk: int) -> HttpResponse:
    """The inside of #conversation for htmx (with ``before``: an earlier page of messages, for #earlier); the page of
    the conversation for a browser. 404, as a fragment, when it went to a department of others."""
    if not request.htmx:
        return redirect("conversation", pk=pk)
    try:
        conversation = visible(request.user, pk)
    except Http404:
        return gone(request, status=404)
    if request.htmx.target == "earlier" and (before := Cursor.read(request.GET.get("before", ""))):
        works = permissions.can_work(request.user, conversation)
        page = thread.build(
            conversation,
            None,
            user=request.user,
            works=works,
            decides=works and decides(request.user, conversation),
            moment=now(),
            before=before,
        )
        seen = pane_rows.newest_id(conversation)
        context = {"conversation": conversation, "pane": {"thread": page, "works": works, "seen": seen}}
        return render(request, "inbox/conversation/thread.html", context)
    return render(request, "inbox/conversation.html", pane_context(request, conversation))


@require_safe
@never_cache
@login_required
def timeline(request: SignedIn, pk: int) -> HttpResponse:
    """Everything that was done, newest first, at most MOST_EVENTS: the inside of #timeline."""
    conversation = visible(request.user, pk)
    events = story.events(story.entries_of(conversation.pk, MOST_EVENTS), now())
    context = {"conversation": conversation, "pane": {"events": events, "more_events": False}}
    return render(request, "inbox/conversation/timeline.html", context)


def gone(request: HttpRequest, sentence: str = "", status: int = 200) -> HttpResponse:
    """In place of a conversation that this colleague does not see (any more)."""
    calm = bool(sentence)
    sentence = sentence or _("This conversation is not here, or not with your departments any more.")
    return render(request, "inbox/conversation/gone.html", {"sentence": sentence, "calm": calm}, status=status)


def first_new(request: HttpRequest, unread: int) -> int:
    """Where "new since you looked" stands: as ``thread.build`` takes it. Drawn again (``new`` = its message, 0 for
    none), it stays: it tells of the moment the conversation was opened."""
    asked = request.GET.get("new", "")
    return int(asked) if re.fullmatch(r"[0-9]{1,18}", asked) else -unread


def decides(user: User, conversation: Conversation) -> bool:
    """Whether they decide on an answer that did not go: the claimer, or the team lead (as actions.resend has it)."""
    return conversation.assignee_id == user.pk or user.role == Role.LEAD


def timer(conversation: Conversation, agreement: rows.Agreement | None, moment: datetime) -> rows.Timer:
    """As in the list; a clock that stands still tells what is left of it (one query then)."""
    made = rows.timer(conversation, agreement, moment)
    if conversation.status == Status.WAITING:
        clock = clocks.running(conversation)
        if clock is not None and clock.paused_at is not None:
            why = sla.explain_paused("first" if clock.kind == "first" else "next", clock.remaining_minutes or 0)
            return rows.Timer(made.icon, made.words, made.tone, why)
    return made


def status_words(conversation: Conversation, moment: datetime) -> str:
    """The status, for later with until when: the timer is taken by the clock that runs on."""
    words = str(conversation.get_status_display())
    if conversation.snoozed_until is not None:
        until = sla.format_moment(conversation.snoozed_until, moment, with_time=True)
        words += ", " + _("until %(moment)s") % {"moment": until}
    return words


def notice_of(refused: Refused | None) -> Notice | None:
    """The sentence for a refusal, and where to go on when it names a newer conversation."""
    if refused is None:
        return None
    other = refused.data.get("conversation")
    holder = refused.data.get("assignee") if refused.code == "being_written" else None
    return Notice(
        str(refused),
        code=refused.code,
        conversation=other if isinstance(other, int) else None,
        holder=holder if isinstance(holder, int) else None,
    )
