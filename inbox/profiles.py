"""Who wrote, where webhooks carry a bare id (Messenger): asked by a job of its own; no text waits for a name."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from channels import account_state
from channels.clock import now
from channels.errors import PermanentFailure, SendError, TemporaryFailure
from channels.gateway import connector_of
from channels.messages import Person
from channels.models import Account, AccountState
from inbox import kick, live
from inbox.incoming import keys
from inbox.incoming.batch import person_key
from inbox.incoming.citizens import told
from inbox.models import Contact, Conversation, Identity, Status

LEASE = timedelta(minutes=3)  # longer than asking may take: who took it and is silent since then has died
FIRST_WAIT, TIMES_LONGER = timedelta(seconds=15), 4
MAX_ATTEMPTS = 6  # the last an hour and a half after the first
ACCOUNT_WAIT = timedelta(minutes=5)
# The account's trouble, not the citizen's. A missing permission is not among them: without the one for profiles all
# else works, and the account must not be called broken for it.
OF_THE_ACCOUNT = frozenset({"token", "blocked_for_policy", "configuration"})
ONE_AT_A_TIME = 0x5765626361726501  # an advisory lock
FILLED = ("name", "handle", "avatar_url")

log = structlog.get_logger()


def fetch_due(limit: int = 100, seconds: float = 10.0) -> int:
    """Ask who they are for those that are due, oldest first; how many were asked after.

    One call at a time in the whole house does this, and not for long: a platform that is slow to tell names never
    keeps all workers from the texts. What is left then gets a kick.
    """
    end = time.monotonic() + seconds
    asked = 0
    with _alone() as alone:
        while alone and asked < limit and time.monotonic() < end:
            taken = _take()
            if taken is None:
                break
            _ask(*taken)
            asked += 1
    if alone and _due().exists():
        kick.kick_profiles()
    return asked


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else is at it. Ends with the connection, so that one who died holds up nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


def _due(of: Account | None = None) -> QuerySet[Identity]:
    """Those to ask after, with the account to ask: the one they wrote to last, for only that one knows the id."""
    wrote_to = Conversation.objects.filter(identity=OuterRef("pk"), public=False, account__state=AccountState.ACTIVE)
    account = Subquery(wrote_to.order_by("-last_message_at", "-id").values("account_id")[:1])
    due = Identity.objects.filter(profile_due_at__lte=now()).annotate(account_id=account)
    return due.filter(account_id__isnull=False) if of is None else due.filter(account_id=of.pk)


def _take() -> tuple[Identity, Account] | None:
    with transaction.atomic():
        due = _due().select_for_update(skip_locked=True, of=("self",))
        identity = due.order_by("profile_due_at", "id").first()
        if identity is None:
            return None
        Identity.objects.filter(pk=identity.pk).update(
            profile_due_at=now() + LEASE, profile_attempts=F("profile_attempts") + 1
        )
        identity.profile_attempts += 1
        return identity, Account.objects.select_related("app").get(pk=identity.account_id)  # type: ignore[attr-defined]


def _ask(identity: Identity, account: Account) -> None:
    try:
        person = connector_of(account).profile(account.credentials(), identity.external_id)
    except SendError as failure:
        _failed(identity, account, failure)
    except Exception as error:  # noqa: BLE001  (one never holds up the others)
        account_state.log_crash("profile_crashed", account, error)
        _again(identity, now())
    else:
        _answered(identity, person)


def _answered(identity: Identity, person: Person | None) -> None:
    """Fills what is empty, never what a colleague or a webhook filled meanwhile; then whoever looks sees the name."""
    if person is None:
        _settle(identity, "not_told")
        return
    values = told(person)
    with transaction.atomic():
        # The lock ingest takes for this citizen: it does not write back what it read before.
        keys.hold([person_key(identity.kind, identity.external_id)])
        current = Identity.objects.select_for_update(of=("self",)).get(pk=identity.pk)
        empty = {name: values[name] for name in FILLED if values[name] and not getattr(current, name)}
        Identity.objects.filter(pk=current.pk).update(**empty, profile_due_at=None)
        nameless = Contact.objects.filter(pk=current.contact_id, name="")
        named = bool(values["name"]) and bool(nameless.update(name=values["name"]))
        if empty or named:
            _announce(current, of_contact=named)
    log.info("profile", identity=identity.pk, filled=sorted(empty))


def _announce(identity: Identity, *, of_contact: bool) -> None:
    shown = Conversation.objects.exclude(status=Status.CLOSED)
    shown = shown.filter(identity__contact=identity.contact_id) if of_contact else shown.filter(identity=identity)
    for conversation_id, department_id in shown.values_list("pk", "department_id"):
        live.announce(conversation_id, {department_id}, "profile")


def _failed(identity: Identity, account: Account, failure: SendError) -> None:
    if failure.reason in OF_THE_ACCOUNT:
        account_state.note_failure(account, failure.reason, failure.code)
        Identity.objects.filter(pk=identity.pk).update(
            profile_due_at=now() + ACCOUNT_WAIT, profile_attempts=F("profile_attempts") - 1
        )
        _put_off(account, now() + ACCOUNT_WAIT)
    elif isinstance(failure, PermanentFailure):
        _settle(identity, failure.reason)
    else:
        retry_at = failure.retry_at if isinstance(failure, TemporaryFailure) else None
        _again(identity, retry_at or now())
        _put_off(account, max(retry_at or now(), now() + FIRST_WAIT))  # a platform in trouble is left alone


def _again(identity: Identity, not_before: datetime) -> None:
    if identity.profile_attempts >= MAX_ATTEMPTS:
        _settle(identity, "gave_up")
        return
    wait = FIRST_WAIT * TIMES_LONGER ** (identity.profile_attempts - 1)
    Identity.objects.filter(pk=identity.pk).update(profile_due_at=max(not_before, now() + wait))


def _settle(identity: Identity, outcome: str) -> None:
    """Nothing more to ask; they stay without a name."""
    Identity.objects.filter(pk=identity.pk).update(profile_due_at=None)
    log.info("profile_not_known", identity=identity.pk, outcome=outcome)


def _put_off(account: Account, until: datetime) -> None:
    """The others on this account wait along; it costs them no try."""
    Identity.objects.filter(pk__in=_due(account).values("pk")).update(profile_due_at=until)
