"""Meldingen: the list behind the bell, how one wants to be told, and the browsers that may be pushed to."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from inbox import audit, live, notice_words, sla
from inbox.actions import clocks
from inbox.actions.notify import mark_seen
from inbox.models import Notice, NoticeKind, PushSubscription, User, Way
from inbox.views import lists
from inbox.views.conversation import SignedIn
from inbox.views.listing import Cursor
from inbox.views.places import capped
from inbox.webpush import public_key

PAGE = 50
MOST_UNSEEN = 100  # that are counted
FRESH = 120.0  # seconds in which a notice may still be heard
MOST_BROWSERS = 10  # of one colleague
ICONS = {
    NoticeKind.ASSIGNED: "assign",
    NoticeKind.MENTIONED: "note",
    NoticeKind.ALMOST_LATE: "soon",
    NoticeKind.LATE: "late",
    NoticeKind.ANSWERED: "reply",
    NoticeKind.TAKEN_OVER: "claim",
    NoticeKind.ADVICE_ASKED: "comment",
    NoticeKind.ADVICE_GIVEN: "comment",
    NoticeKind.BOUNCED: "retry",
    NoticeKind.HANDED_OVER: "share",
    NoticeKind.ESCALATED: "up",
    NoticeKind.APPROVAL_ASKED: "show",
    NoticeKind.APPROVED: "check",
    NoticeKind.NOT_APPROVED: "dismiss",
    NoticeKind.FOLLOWED: "bell",
    NoticeKind.RULED: "filter",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One notice of the list."""

    pk: int
    icon: str
    words: str
    who: str
    subject: str
    at: datetime
    moment: str
    unseen: bool


@dataclass(frozen=True, slots=True)
class Unseen:
    """For the bell and the title; ``sound``: the newest that may be heard, 0 for none."""

    count: str
    title: str
    sound: int


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """What one was told, newest first, a page at a time."""
    moment = now()
    found = Notice.objects.of(request.user).select_related("by", "conversation__identity").order_by("-at", "-id")
    if before := Cursor.read(request.GET.get("before", "")):
        found = found.filter(at__lte=before.at).exclude(at=before.at, pk__gte=before.pk)
    page = list(found[: PAGE + 1])
    last = page[PAGE - 1] if len(page) > PAGE else None
    context = {
        "notices": [_line(notice, moment) for notice in page[:PAGE]],
        "unseen": any(notice.seen_at is None for notice in page[:PAGE]),
        "more": Cursor(last.at, last.pk) if last else None,
        "title": _("Notices"),
    }
    return render(request, "inbox/notices.html", context | lists.navigation(request.user))


@require_POST
@login_required
def seen(request: SignedIn) -> HttpResponse:
    """Alles gezien."""
    mark_seen(Notice.objects.filter(user=request.user))
    return redirect("notices")


@require_safe
@never_cache
@login_required
def follow_link(request: SignedIn, pk: int) -> HttpResponse:
    """From a push message or a mail to the conversation; to the list when it is not theirs to see any more."""
    notice = get_object_or_404(Notice, pk=pk, user=request.user)
    if not Notice.objects.of(request.user).filter(pk=pk).exists():
        return redirect("notices")
    return redirect("conversation", pk=notice.conversation_id)


@require_POST
@login_required
def choose(request: SignedIn) -> HttpResponse:
    """How one wants to be told of what."""
    user = request.user
    user.notice_ways = {
        kind: [way for way in Way.values if way in request.POST.getlist(f"ways-{kind}")] for kind in NoticeKind.values
    }
    user.notices_outside_hours = "outside_hours" in request.POST
    user.daily_summary = "daily_summary" in request.POST
    fields = ["notice_ways", "notices_outside_hours", "daily_summary"]
    with transaction.atomic():
        user.save(update_fields=fields)
        audit.record(None, "preferences", user, fields=fields)
    messages.success(request, _("Saved."))
    return redirect("preferences")


def choices(user: User) -> dict[str, Any]:
    """What templates/inbox/preferences_notices.html shows, under "telling"."""
    return {
        "ways": [(way.value, str(way.label)) for way in Way],
        "kinds": [
            (kind.value, str(kind.label), [(way.value, str(way.label), user.wants(kind, way)) for way in Way])
            for kind in NoticeKind
        ],
        "key": public_key(),
        "mails": bool(user.email),
    }


def unseen(user: User) -> Unseen:
    """One query; three more when there is something to be heard outside whose hours it may be."""
    moment = now()
    found = list(
        Notice.objects.of(user)
        .filter(seen_at__isnull=True)
        .order_by("-at")
        .values_list("pk", "kind", "at", "conversation__account")[: MOST_UNSEEN + 1]
    )
    count = capped(len(found))
    fresh = [
        (pk, account)
        for pk, kind, at, account in found
        if (moment - at).total_seconds() < FRESH and user.wants(kind, Way.SOUND)
    ]
    if fresh and not user.notices_outside_hours:
        closed = clocks.closed_now({account for _pk, account in fresh}, moment)
        fresh = [(pk, account) for pk, account in fresh if account not in closed]
    words = ngettext("%(count)s notice", "%(count)s notices", len(found)) % {"count": count} if found else ""
    return Unseen(count, words, max((pk for pk, _account in fresh), default=0))


@require_POST
@login_required
def subscribe(request: SignedIn) -> HttpResponse:
    """This browser may be pushed to; JSON as PushSubscription.toJSON() gives it. With {"endpoint", "stop": true}: no
    more."""
    try:
        given = json.loads(request.body)
        endpoint = str(given["endpoint"])
        if given.get("stop"):
            PushSubscription.objects.filter(user=request.user, endpoint=endpoint).delete()
            return HttpResponse(status=204)
        p256dh, auth = str(given["keys"]["p256dh"]), str(given["keys"]["auth"])
        URLValidator(schemes=["https", "http"] if settings.SIMULATOR_URL else ["https"])(endpoint)
    except (ValueError, KeyError, TypeError, ValidationError):
        return HttpResponse(status=400)
    if not public_key() or len(endpoint) > 1000 or len(p256dh) > 100 or len(auth) > 40:
        return HttpResponse(status=400)
    PushSubscription.objects.update_or_create(
        endpoint=endpoint,
        defaults={
            "user": request.user,
            "p256dh": p256dh,
            "auth": auth,
            "session": live.session_digest(request.session.session_key or ""),
            "created_at": now(),
        },
    )
    mine = PushSubscription.objects.filter(user=request.user).order_by("-created_at", "-id")
    PushSubscription.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST_BROWSERS:])).delete()
    return HttpResponse(status=204)


@require_safe
def service_worker(request: SignedIn) -> HttpResponse:
    """The script that shows push messages, from the root so that it may serve every page; with the sentences, for a
    push message itself carries only a kind and a number."""
    words = {kind: notice_words.short(kind) for kind in NoticeKind.values}
    context = {"words": json.dumps(words), "other": json.dumps(_("There is a notice for you"))}
    response = render(request, "inbox/service_worker.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def _line(notice: Notice, moment: datetime) -> Line:
    return Line(
        pk=notice.conversation_id,
        icon=ICONS[NoticeKind(notice.kind)],
        words=notice_words.sentence(notice),
        who=notice.conversation.identity.display_name,
        subject=notice.conversation.subject,
        at=notice.at,
        moment=sla.format_moment(notice.at, moment, with_time=True),
        unseen=notice.seen_at is None,
    )
