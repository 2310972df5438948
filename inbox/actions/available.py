"""Beschikbaar of even weg: what a colleague says of themselves, live for the others. "Klaar" is actions.end_shift."""

from django.db import transaction
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import audit, live, permissions
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Availability, User

CHOSEN = (Availability.AVAILABLE, Availability.AWAY)


def say(of: User, *, by: User, availability: str) -> None:
    """One's own, or as team lead that of a colleague. Again changes nothing.

    Raises NotVisible when they share no department, Refused "not_allowed", "no_choice" (also for "off")."""
    if by.pk != of.pk and not permissions.shares_department(by, of):
        raise NotVisible
    if not permissions.can_lead(by, of) and by.pk != of.pk:
        raise Refused("not_allowed", _("Only a team lead does this for a colleague."))
    if availability not in CHOSEN:
        raise Refused("no_choice", _("Choose available or away."))
    _put(of, by, availability)


def at_work(user: User) -> None:
    """They take something up, so they are at work, whatever they said before. Outside the transaction of a
    conversation: nobody waits for a conversation and a colleague at once. No query for who is available."""
    if user.availability in (Availability.AWAY, Availability.OFF):
        _put(user, user, Availability.AVAILABLE)


def logged_in(user: User) -> None:
    """A log-in begins a shift. No audit entry: the log-in itself tells it."""
    if user.role in permissions.WORKERS:
        User.objects.filter(pk=user.pk).update(availability=Availability.AVAILABLE, availability_at=now())
        tell(user)


def _put(of: User, by: User, availability: str) -> None:
    with transaction.atomic():
        changed = User.objects.filter(pk=of.pk).exclude(availability=availability)
        if not changed.update(availability=availability, availability_at=now()):
            return
        audit.record(None, "availability", by, of=of.pk, to=availability)
        tell(of)
    of.availability = availability


def tell(user: User) -> None:
    """On commit: who sees their departments draws them anew."""
    live.colleagues_changed(user.departments.values_list("pk", flat=True))
