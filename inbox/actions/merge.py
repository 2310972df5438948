"""Samenvoegen en losmaken: several profiles are one citizen, or are not after all.

A profile moves whole, with its conversations; no conversation changes department, so nobody sees more messages than
before. Each profile remembers the citizen it came from, and goes back there.
"""

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import citizens
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import Contact, Identity, User

BLOCK = ("blocked_at", "blocked_until", "blocked_ground", "blocked_note", "blocked_by_id")


def merge(conversation_id: int, *, by: User, other: int, expected: frozenset[int] | None = None) -> list[int]:
    """The citizen ``other`` (an id) and the one of the conversation are one: their profiles come here. Returns the
    ids of the profiles that moved.

    ``expected``: the profiles of ``other`` as they stood in the preview. A block on either counts for both. Raises
    NotVisible when ``by`` sees no conversation of one of them; Refused "not_allowed", "same", "merged_already" (a
    colleague was first), "changed" (other profiles than in the preview)."""
    with citizens.of_conversation(conversation_id, by, others=[other]) as found:
        if not permissions.can_work(by, found.conversation):
            raise not_allowed()
        into, away = found.contact, found.contacts[other]
        if into.pk == away.pk:
            raise Refused("same", _("This is the same citizen already."))
        moving = found.profiles(away)
        if not moving:
            raise Refused("merged_already", _("A colleague merged this citizen just now. Look again."))
        if expected is not None and expected != {identity.pk for identity in moving}:
            raise Refused("changed", _("The profiles have changed since you looked. Look again."))
        for identity in moving:
            identity.came_from_id = identity.came_from_id or away.pk
            identity.contact = into
        Identity.objects.bulk_update(moving, ["contact", "came_from"])
        if away.blocked(now()) and not into.blocked(now()):
            for name in BLOCK:
                setattr(into, name, getattr(away, name))
        into.name = into.name or away.name
        into.save(update_fields=["name", *BLOCK])
        ids = [identity.pk for identity in moving]
        found.record("merged", by, identities=ids, contact=into.pk, other=away.pk)
    return ids


def split(conversation_id: int, *, by: User, identities: list[int]) -> list[int]:
    """These profiles are another citizen after all: each goes back to the one it came from, else to one of its own.
    Returns the ids of the citizens it or they are now.

    Raises NotVisible; Refused "not_allowed", "not_theirs" (a profile is no longer this citizen's), "last" (one has to
    stay)."""
    with citizens.of_conversation(conversation_id, by) as found:
        if not permissions.can_work(by, found.conversation):
            raise not_allowed()
        contact = found.contact
        held = {one.pk: one for one in found.profiles(contact)}
        leaving = [held[pk] for pk in dict.fromkeys(identities) if pk in held]
        if not leaving or len(leaving) != len(set(identities)):
            raise Refused("not_theirs", _("A colleague changed these profiles just now. Look again."))
        if len(leaving) == len(held):
            raise Refused("last", _("One profile has to stay with this citizen."))
        made: list[int] = []
        for identity in leaving:
            goes_to = identity.came_from_id if identity.came_from_id != contact.pk else None
            if goes_to is None:
                # A citizen of its own; blocked as it was here, until somebody says otherwise.
                fresh = Contact(name=identity.name)
                for name in BLOCK:
                    setattr(fresh, name, getattr(contact, name))
                fresh.save()
                goes_to = fresh.pk
            identity.contact_id, identity.came_from_id = goes_to, None
            made.append(goes_to)
        Identity.objects.bulk_update(leaving, ["contact", "came_from"])
        found.record("split", by, identities=[one.pk for one in leaving], contact=contact.pk, others=made)
    return made
