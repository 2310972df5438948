"""Collega's: who is at work in my departments, and how much each holds; for a team lead also how much they may."""

from dataclasses import dataclass
from datetime import timedelta

from babel import Locale
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels.clock import now
from channels.models import Account
from inbox import audit, forms, permissions, sla, workload
from inbox.actions import available
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Handover, Role, User
from inbox.views import places
from inbox.views.conversation import SignedIn

RECENT = timedelta(days=3)
MOST_HANDOVERS = 5


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the screen."""

    user: User
    mine: bool
    availability: str  # available | away | off | ""
    words: str
    since: str
    departments: str
    skills: str  # "": everything
    load: workload.Load
    full: bool
    leads: bool  # whether who looks may change it


def colleagues_of(user: User) -> QuerySet[User]:
    """Who works in a department of this colleague, themselves included, by name."""
    found = User.objects.filter(departments__in=user.departments.all(), is_active=True, role__in=permissions.WORKERS)
    return found.distinct().order_by("first_name", "last_name", "username")


@require_safe
@never_cache
@login_required
def show(request: SignedIn) -> HttpResponse:
    """The screen; for htmx the table alone, drawn anew when somebody comes or goes. Four queries and the menu's."""
    context = {"title": _("Colleagues"), "at_team": True, "people": people(request.user)}
    if request.htmx:
        return render(request, "inbox/team.html#table", context)
    context |= {"handovers": handovers(request.user)}
    return render(request, "inbox/team.html", context | places.navigation(request.user))


def people(user: User) -> list[Person]:
    """Everybody with what they hold. Four queries, however many there are: them, departments, accounts, load."""
    moment = now()
    # Without the secrets: each would be decrypted.
    accounts = Prefetch("accounts", Account.objects.defer("secrets"))
    found = list(colleagues_of(user).prefetch_related("departments", accounts))
    held = workload.loads([each.pk for each in found], moment)
    leads = user.role in (Role.LEAD, Role.ADMIN)
    made = []
    for each in found:
        load = held.get(each.pk, workload.Load())
        made.append(
            Person(
                user=each,
                mine=each.pk == user.pk,
                availability=each.availability,
                words=str(each.get_availability_display()) if each.availability else _("not logged in yet"),
                since=sla.format_moment(each.availability_at, moment, with_time=True) if each.availability_at else "",
                departments=", ".join(department.name for department in each.departments.all()),
                skills=skills(each),
                load=load,
                full=each.most_open is not None and load.open >= each.most_open,
                leads=leads,
            )
        )
    return made


def skills(user: User) -> str:
    """On which channels and in which languages they work; "" for all."""
    dutch = Locale("nl")
    names = [account.name for account in user.accounts.all()]
    names += [dutch.languages.get(code, code) for code in user.languages]
    return ", ".join(names)


def handovers(user: User) -> list[Handover]:
    """The newest shifts that were handed over to this colleague, or to a department of theirs. One query."""
    shared = User.departments.through.objects.filter(department__in=user.departments.all()).values("user")
    found = Handover.objects.filter(Q(to=user) | Q(to=None, of__in=shared), at__gte=now() - RECENT)
    found = found.filter(change__undone_at=None, change__items__isnull=False).distinct()
    return list(found.select_related("of", "to").order_by("-at")[:MOST_HANDOVERS])


def colleague(request: SignedIn, pk: int) -> User:
    """Raises Http404 for who works in no department of this colleague's."""
    found: User = get_object_or_404(colleagues_of(request.user), pk=pk)
    return found


@require_POST
@login_required
def availability(request: SignedIn) -> HttpResponse:
    """Beschikbaar or even weg, from the menu: one's own, or (``of``) a colleague's by their team lead."""
    of = request.user
    if (given := request.POST.get("of", "")).isdecimal() and len(given) < 19:
        of = colleague(request, int(given))
    try:
        available.say(of, by=request.user, availability=request.POST.get("availability", ""))
    except (NotVisible, Refused):
        raise Http404 from None  # no page of ours sends that
    if request.htmx:
        return render(request, "inbox/availability.html", {"user": request.user})
    return redirect("team")


@require_POST
@login_required
def cap(request: SignedIn, pk: int) -> HttpResponse:
    """How much a colleague may hold, by their team lead."""
    found = colleague(request, pk)
    if request.user.role not in (Role.LEAD, Role.ADMIN):
        raise Http404
    form = forms.CapForm(request.POST)
    if form.is_valid() and found.most_open != form.cleaned_data["most_open"]:
        with transaction.atomic():
            before, found.most_open = found.most_open, form.cleaned_data["most_open"]
            User.objects.filter(pk=found.pk).update(most_open=found.most_open)
            audit.record(None, "cap", request.user, of=found.pk, was=before, to=found.most_open)
            available.tell(found)
    if request.htmx:
        return render(request, "inbox/team.html#table", {"people": people(request.user)})
    return redirect("team")
