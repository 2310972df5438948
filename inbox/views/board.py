"""Het bord: for team leads what is open, due, late and unclaimed, by department and by colleague; with the first cards
of each, to be given to somebody by dragging or by ticking and choosing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from inbox.actions import assign as assigning
from inbox.actions import claim
from inbox.actions.many import MOST
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Department, Role, User
from inbox.office_hours import AMSTERDAM, local
from inbox.views import listed, listing, places, rows, team
from inbox.views.acts import number
from inbox.views.conversation import SignedIn
from inbox.views.listed import Listed
from inbox.views.listing import CAP, Cursor

CARDS = 6  # in a column, and with each "more"
NOBODY = "nobody"

# Each count stops at the cap, over an index that holds what is open.
_COUNTS = """
    SELECT here.id,
        (SELECT count(*) FROM (SELECT FROM inbox_conversation c
            WHERE c.department_id = here.id AND c.status = 'open' LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT FROM inbox_conversation c
            WHERE c.department_id = here.id AND c.status = 'open' AND c.due_at IS NOT NULL
            AND c.due_at > %(now)s AND c.due_at < %(tomorrow)s LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT FROM inbox_conversation c
            WHERE c.department_id = here.id AND c.status = 'open' AND c.due_at IS NOT NULL
            AND c.due_at <= %(now)s LIMIT %(most)s) AS found),
        (SELECT count(*) FROM (SELECT FROM inbox_conversation c
            WHERE c.department_id = here.id AND c.status = 'open' AND c.assignee_id IS NULL LIMIT %(most)s) AS found)
    FROM unnest(%(departments)s::bigint[]) AS here (id)
"""
# A stretch of what each holds, by the index of that; only where who looks may look.
_HELD = """
    SELECT here.id, slice.id FROM unnest(%(people)s::bigint[]) AS here (id), LATERAL (
        SELECT c.id, c.rank_at FROM inbox_conversation c
        WHERE c.assignee_id = here.id AND c.status = 'open' AND c.department_id = ANY(%(departments)s::bigint[]) {after}
        ORDER BY c.rank_at, c.id LIMIT %(size)s
    ) AS slice (id, at) ORDER BY here.id, slice.at, slice.id
"""
_AFTER = "AND c.rank_at >= %(at)s AND (c.rank_at > %(at)s OR c.id > %(pk)s)"


@dataclass(frozen=True, slots=True)
class Line:
    """One department in the table above. Counts as the menu tells them: "99+" past the cap."""

    department: Department
    open: str
    today: str
    late: str
    unclaimed: str


@dataclass(frozen=True, slots=True)
class Column:
    """What one colleague holds, or (``person`` None) what nobody has; ``more``: the address of the next cards."""

    key: str
    person: team.Person | None
    cards: list[rows.Row]
    more: str


def leading(request: SignedIn) -> None:
    """Team leads and administrators only. Raises PermissionDenied."""
    if request.user.role not in (Role.LEAD, Role.ADMIN):
        raise PermissionDenied


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """The board; for htmx the part that changes, or with ``column`` and ``after`` the next cards of one column. The
    number of queries does not depend on how much there is. ``id``: cards that are ticked, and stay so."""
    leading(request)
    if request.htmx and (request.htmx.target or "").startswith("more-"):
        after = Cursor.read(request.GET.get("after", ""))
        column = _columns(request.user, *_place(request), only=request.GET.get("column", ""), after=after)
        return render(request, "inbox/board/cards.html", {"column": column[0] if column else None})
    return _answer(request, _ids(request.GET.getlist("id")))


@require_POST
@login_required
def assign(request: SignedIn) -> HttpResponse:
    """What was ticked, or dragged, goes to a colleague, or back to the department (``to`` = "nobody")."""
    leading(request)
    ids = _ids(request.POST.getlist("id"))
    to = request.POST.get("to", "")
    person = None if to == NOBODY else team.colleagues_of(request.user).filter(pk=number(to) or 0).first()
    if not ids or (person is None and to != NOBODY):
        return _answer(request, ids, problems=[_("Tick at least one conversation, and choose a colleague.")])
    done, problems, left, may_anyway = 0, [], [], False
    for pk in ids:
        try:
            if person is None:
                claim.release(pk, by=request.user)
            else:
                assigning.assign(pk, by=request.user, to=person, anyway="anyway" in request.POST)
            done += 1
        except Refused as refusal:
            left.append(pk)
            may_anyway = may_anyway or bool(refusal.data.get("may_anyway"))
            problems.append(str(refusal))
        except NotVisible:
            problems.append(_("A conversation went elsewhere meanwhile."))
    told = _told(done, person)
    if not problems and not request.htmx:
        messages.success(request, told)
        return redirect(_address(request))
    return _answer(
        request, left, said=told if done else "", problems=problems, to=to if left else "", anyway=may_anyway
    )


def _told(done: int, person: User | None) -> str:
    if person is None:
        words = ngettext("%(count)s conversation given back.", "%(count)s conversations given back.", done)
    else:
        words = ngettext(
            "%(count)s conversation assigned to %(name)s.", "%(count)s conversations assigned to %(name)s.", done
        )
    return words % {"count": done, "name": person}


def _answer(
    request: SignedIn,
    ticked: list[int],
    *,
    said: str = "",
    problems: Iterable[str] = (),
    to: str = "",
    anyway: bool = False,
) -> HttpResponse:
    user = request.user
    departments, people = _place(request)
    after = Cursor.read(request.GET.get("after", ""))
    context: dict[str, Any] = {
        "title": _("Board"),
        "at_board": True,
        "lines": _lines(tuple(user.departments.all())),
        "chosen": request.GET.get("department", ""),
        "columns": _columns(user, departments, people, expanded=request.GET.get("column", ""), after=after),
        "people": people,
        "ticked": set(ticked),
        "said": said,
        "problems": list(dict.fromkeys(problems)),
        "to": to,
        "anyway": anyway,
        "address": _address(request),
        "query": f"?department={request.GET['department']}" if request.GET.get("department") else "",
    }
    if request.htmx:
        return render(request, "inbox/board/page.html#board", context)
    return render(request, "inbox/board/page.html", context | places.navigation(user))


def _address(request: SignedIn) -> str:
    slug = request.GET.get("department", "")
    return reverse("board") + (f"?department={slug}" if slug.replace("-", "").replace("_", "").isalnum() else "")


def _place(request: SignedIn) -> tuple[tuple[Department, ...], list[team.Person]]:
    """The departments on the board, and who works there with what they hold. Five queries."""
    mine = tuple(request.user.departments.all())
    slug = request.GET.get("department", "")
    here = tuple(department for department in mine if department.slug == slug) or mine
    people = team.people(request.user)
    if here != mine:
        names = {department.pk for department in here}
        people = [each for each in people if names & {department.pk for department in each.user.departments.all()}]
    return here, people


def _ids(given: Iterable[str]) -> list[int]:
    found = [number(text) for text in given]
    return list(dict.fromkeys(pk for pk in found if pk is not None))[:MOST]


def _lines(departments: tuple[Department, ...]) -> list[Line]:
    """One query."""
    moment = now()
    values: dict[str, Any] = {
        "departments": [department.pk for department in departments],
        "now": moment,
        "tomorrow": datetime.combine(local(moment).date() + timedelta(days=1), time(0), AMSTERDAM),
        "most": CAP + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, values)
        counted = {row[0]: [places.capped(count) or "0" for count in row[1:]] for row in cursor.fetchall()}
    return [Line(department, *counted[department.pk]) for department in departments]


def _columns(
    user: User,
    departments: tuple[Department, ...],
    people: list[team.Person],
    *,
    only: str = "",
    expanded: str = "",
    after: Cursor | None = None,
) -> list[Column]:
    """What nobody has, then each colleague's, in the order of ``people``; the column named by ``only`` alone, or the
    one named by ``expanded``, goes on behind ``after``. Four queries."""
    moving = only or expanded
    found: list[tuple[str, team.Person | None, list[Listed], bool]] = []
    if only in ("", NOBODY):
        place = listing.Place(listing.VIEWS["unclaimed"], user, departments)
        page = listing.page(place, after if moving == NOBODY else None, CARDS)
        found.append((NOBODY, None, page.conversations, page.after is not None))
    shown = [each for each in people if only in ("", f"person-{each.user.pk}")]
    held = _held(user, shown, departments, moving, after)
    for each in shown:
        theirs = held.get(each.user.pk, [])
        found.append((f"person-{each.user.pk}", each, theirs[:CARDS], len(theirs) > CARDS))
    made = iter(
        rows.make([card for _key, _person, cards, _more in found for card in cards], user, prefix="/conversations/")
    )
    return [
        Column(key, person, [next(made) for _card in cards], _more(departments, user, key, cards[-1]) if more else "")
        for key, person, cards, more in found
    ]


def _held(
    user: User, people: list[team.Person], departments: tuple[Department, ...], moving: str, after: Cursor | None
) -> dict[int, list[Listed]]:
    """By colleague their first open conversations and one more. Two queries, three when one goes on."""
    ids = [each.user.pk for each in people]
    mover = next((pk for pk in ids if after and moving == f"person-{pk}"), None)
    within: dict[str, Any] = {"departments": [department.pk for department in departments], "size": CARDS + 1}
    pairs: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        cursor.execute(_HELD.format(after=""), within | {"people": [pk for pk in ids if pk != mover]})
        pairs += cursor.fetchall()
        if mover is not None and after is not None:
            values = within | {"people": [mover], "at": after.at, "pk": after.pk}
            cursor.execute(_HELD.format(after=_AFTER), values)
            pairs += cursor.fetchall()
    shown = {found.pk: found for found in listed.by_id(user, [pk for _who, pk in pairs])}
    held: dict[int, list[Listed]] = {}
    for who, pk in pairs:
        if pk in shown:
            held.setdefault(who, []).append(shown[pk])
    return held


def _more(departments: tuple[Department, ...], user: User, key: str, last: Listed) -> str:
    address = f"{reverse('board')}?column={key}&after={Cursor(last.rank_at, last.pk)}"
    return address + (f"&department={departments[0].slug}" if len(departments) == 1 else "")
