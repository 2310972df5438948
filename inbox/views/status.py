"""Small answers for every page: is all well behind the screens, and the municipality's colour as a stylesheet."""

import re
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_POST, require_safe

from channels import clock, liveness
from channels.models import Account, AccountState
from inbox import permissions
from inbox.actions import approval
from inbox.models import AdviceRequest, Conversation, Status, User
from inbox.views import notices
from inbox.views.listing import CAP
from inbox.views.lists import SignedIn
from inbox.views.places import capped

COLOUR = re.compile(r"#([0-9a-fA-F]{6})")
WHITE, NIGHT = (255, 255, 255), (22, 27, 36)  # the two surfaces text stands on: tokens.css
ENOUGH = 4.5  # WCAG 1.4.3

type Colour = tuple[int, ...]

SOON = 15 * 60  # seconds before its end that a session says so: WCAG 2.2.1 asks for 20
FRESH = 10.0  # seconds in which one look serves all who poll this process
_seen: dict[str, tuple[float, bool]] = {}


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """The banners: sending stands still; an account one answers on is disconnected, or its platform does not call us;
    advice that was asked for is late. And how many wait for one's own, and for one's approval. Polled every 30 s.

    One query for the accounts, one for advice and two for approvals; the probe of Redis and worker is shared by all
    who ask within FRESH seconds.
    """
    return banners(request)


@require_POST
@never_cache
@login_required
def stay(request: SignedIn) -> HttpResponse:
    """Another whole session from now on; the banners for htmx, else back to the inbox."""
    request.session["ends_at"] = int(time.time()) + settings.SESSION_COOKIE_AGE
    return banners(request) if request.htmx else redirect("inbox")


def banners(request: SignedIn) -> HttpResponse:
    """What ``show`` answers."""
    troubled = list(troubled_accounts(request.user))
    context = {
        "advice": advice_waits(request.user),
        "approvals": capped(len(approval.waiting(request.user).values_list("pk")[: CAP + 1])),
        "ends_at": ends_soon(request.session.get("ends_at", 0)),
        "stands_still": not _background_works(),
        "broken": [account for account in troubled if account.state == AccountState.BROKEN],
        "notices": notices.unseen(request.user),
        "unheard": [account for account in troubled if account.state == AccountState.ACTIVE],
    }
    response = render(request, "inbox/status.html", context)
    # After logging in again the page asks whether it is still the same colleague's.
    response["X-Webcare-User"] = str(request.user.pk)
    return response


def advice_waits(user: User) -> dict[str, int]:
    """How many wait for this colleague's advice, and how much of what they asked is late, or nearly. One query; there
    are never many open questions."""
    of_me = AdviceRequest.objects.asked_of(user).values("pk")
    nearly = Q(asked_by=user, warn_at__lte=clock.now())
    return AdviceRequest.objects.open().aggregate(
        of_me=Count("pk", filter=Q(pk__in=of_me)), late=Count("pk", filter=nearly)
    )


def ends_soon(ends_at: int) -> datetime | None:
    """When the session ends (seconds since the epoch, the machine's clock), as the town's clock tells it; None when
    that is not soon, or not known."""
    left = ends_at - time.time()
    return clock.now() + timedelta(seconds=left) if 0 < left < SOON else None


@require_safe
@cache_control(public=True, max_age=3600)
def theme(request: HttpRequest) -> HttpResponse:
    """PRIMARY_COLOUR as tokens, made darker or lighter until text in it and on it can be read; a stylesheet because
    the content security policy allows no inline style."""
    return HttpResponse(stylesheet(settings.PRIMARY_COLOUR), content_type="text/css; charset=utf-8")


def troubled_accounts(user: User) -> QuerySet[Account]:
    """Accounts that are broken or not heard, on which this colleague answers: of a department of theirs, or with a
    conversation there that waits for an answer; all for administrators. One query; almost always it finds none and
    looks at no conversation."""
    troubled = Account.objects.filter(
        Q(state=AccountState.BROKEN) | Q(state=AccountState.ACTIVE) & ~Q(webhook_problem="")
    ).only("name", "kind", "state")
    if permissions.can_administer(user):
        return troubled
    waiting = Conversation.objects.visible_to(user).filter(account=OuterRef("pk"), status=Status.OPEN)
    return troubled.filter(Q(inbox_settings__department__in=user.departments.values("pk")) | Exists(waiting))


def _background_works() -> bool:
    at, works = _seen.get("background", (0.0, True))
    if not at or time.monotonic() - at > FRESH:
        works = liveness.background_works()
        _seen["background"] = (time.monotonic(), works)
    return works


def stylesheet(value: str) -> str:
    """The tokens for a colour such as "#00568b"; "" for what is no such colour."""
    match = COLOUR.fullmatch(value.strip())
    if match is None:
        return ""
    colour = tuple(bytes.fromhex(match[1]))
    light = readable(colour, WHITE, (0, 0, 0))
    dark = readable(colour, NIGHT, WHITE)
    return (
        f":root {{ {_tokens(light, 'black')} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {_tokens(dark, 'white')} }} }}\n"
    )


def readable(colour: Colour, surface: Colour, towards: Colour) -> Colour:
    """The colour, moved towards another in steps of 4 % until it has contrast enough with the surface."""
    for step in range(26):
        moved = tuple(round(a + (b - a) * step / 25) for a, b in zip(colour, towards, strict=True))
        if contrast(moved, surface) >= ENOUGH:
            return moved
    return towards


def contrast(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [c / 12.92 if (c := part / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _tokens(colour: Colour, hover: str) -> str:
    shade = f"#{bytes(colour).hex()}"
    on = "#ffffff" if contrast(colour, WHITE) >= contrast(colour, (0, 0, 0)) else "#000000"
    return (
        f"--webcare-brand: {shade}; --webcare-brand-hover: color-mix(in srgb, {shade} 82%, {hover}); "
        f"--webcare-on-brand: {on};"
    )
