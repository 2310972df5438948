"""Who wrote: a citizen as the platform knows them, found by any of their ids, or made."""

from channels.clock import now
from channels.events import clean
from channels.gateway import asks_profiles
from channels.messages import Person
from channels.models import Account
from inbox.incoming.batch import Batch, nameless
from inbox.models import Contact, Identity


def identity_of(batch: Batch, account: Account, person: Person, thread_id: str) -> Identity:
    """The identity of ``person``, with what is new about them. Two at once make one: the batch holds their names."""
    name = person.external_id[:200] or nameless(thread_id)
    known = next(
        (
            found
            for key in (name, *person.aliases)
            if key and (found := batch.identities.get((account.kind, key))) is not None
        ),
        None,
    )
    if known is None:
        return _make(batch, account, person, name, thread_id)
    _update(batch, known, person, name)
    for key in (name, *person.aliases):
        batch.identities.setdefault((account.kind, key), known)
    return known


def _make(batch: Batch, account: Account, person: Person, name: str, thread_id: str) -> Identity:
    contact = Contact(name=clean(person.name)[:200])
    identity = Identity(
        contact=contact,
        kind=account.kind,
        external_id=name,
        aliases=[alias for alias in person.aliases if alias != name],
        **told(person),
    )
    private = bool(person.external_id) and person.external_id == thread_id
    if private and not identity.name and asks_profiles(account.kind):
        identity.profile_due_at = now()
    batch.new_contacts.append(contact)
    batch.new_identities.append(identity)
    for key in (name, *person.aliases):
        batch.identities[(account.kind, key)] = identity
    return identity


def _update(batch: Batch, identity: Identity, person: Person, name: str) -> None:
    """A platform may leave out what it told before; only what it tells now counts."""
    changed = False
    for field, value in told(person).items():
        if value and getattr(identity, field) != value:
            if field == "name" and not identity.contact.name:
                identity.contact.name = value
                batch.changed_contacts.append(identity.contact)
            setattr(identity, field, value)
            changed = True
    known = {identity.external_id, *identity.aliases}
    new = [alias for alias in dict.fromkeys((name, *person.aliases)) if alias not in known]
    if new:
        identity.aliases = [*identity.aliases, *new]
        changed = True
    if changed:
        batch.changed_identities.append(identity)


def told(person: Person) -> dict[str, str]:
    """What the platform says of them, as the columns of an Identity; "" where it says nothing."""
    return {
        "name": clean(person.name)[:200],
        "handle": clean(person.handle)[:100],
        "phone": person.phone[:20],
        "avatar_url": person.avatar_url if len(person.avatar_url) <= 1000 else "",
    }
