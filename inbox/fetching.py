"""The files that came along: fetched by a job of their own, so that no text ever waits for one; then deleted there."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.db.models import F, QuerySet

from channels import account_state, gateway, media, sniffing
from channels.account_state import log_crash, note_failure
from channels.clock import now
from channels.errors import SendError
from channels.models import AccountState
from inbox import kick, live
from inbox.models import Attachment, AttachmentState

LEASE = timedelta(minutes=3)  # longer than media.MAX_SECONDS: who took it and is silent since then has died
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
MAX_ATTEMPTS = 8
NOT_LET_IN = "http_401"
# Deleting at the platform: asked for about four days, then said aloud and left there.
DELETE_FIRST_WAIT, DELETE_LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=12)
MAX_DELETE_ATTEMPTS = 17
NOT_DELETED = "not_deleted_there"  # Attachment.error of a file that is here, and at the platform still

log = structlog.get_logger()


# -- fetching ---------------------------------------------------------------------------------------------------


def fetch_due(limit: int = 100, seconds: float = 60.0) -> int:
    """Fetch what is due, oldest first; how many were tried. Any number may run at once: each file is taken by one.

    Then what is here and need not stay at the platform is deleted there, in the time that is left.
    """
    end = time.monotonic() + seconds
    tried = _each(_take, _fetch, limit, end)
    delete_due(limit, end - time.monotonic())
    return tried


def retry_failed(limit: int = 500) -> int:
    """Try failed files again from the start, the newest first; how many. One that is fetched meanwhile is left alone.

    For the screen of an administrator, who writes it into the audit log; a colleague's own retry of one file is
    ``inbox.actions.refetch``.
    """
    with transaction.atomic():
        rows = Attachment.objects.select_for_update(skip_locked=True, of=("self",)).filter(state=AttachmentState.FAILED)
        found = rows.exclude(source_url="").order_by("-id").select_related("message__conversation")
        failed = list(found.defer("message__search")[:limit])
        Attachment.objects.filter(pk__in=[attachment.pk for attachment in failed]).update(
            state=AttachmentState.PENDING, attempts=0, error="", fetch_at=now()
        )
        for conversation in {attachment.message.conversation for attachment in failed}:
            live.announce(conversation.pk, {conversation.department_id}, "attachment_pending")
        if failed:
            transaction.on_commit(kick.kick_media)
    return len(failed)


def _each(take: Callable[[], Attachment | None], handle: Callable[[Attachment], object], limit: int, end: float) -> int:
    done = 0
    while done < limit and time.monotonic() < end:
        attachment = take()
        if attachment is None:
            break
        handle(attachment)
        done += 1
    return done


def _take() -> Attachment | None:
    with transaction.atomic():
        due = Attachment.objects.filter(state=AttachmentState.PENDING, fetch_at__lte=now())
        attachment = _first(due, "fetch_at")
        if attachment is not None:
            Attachment.objects.filter(pk=attachment.pk).update(fetch_at=now() + LEASE, attempts=F("attempts") + 1)
            attachment.attempts += 1
    return attachment


def _first(due: QuerySet[Attachment], order: str) -> Attachment | None:
    free = due.select_for_update(skip_locked=True, of=("self",))
    found = free.select_related("message__account__app", "message__conversation").defer("message__search")
    return found.order_by(order, "id").first()


def _fetch(attachment: Attachment) -> None:
    account = attachment.message.account
    if attachment.attempts > MAX_ATTEMPTS:  # its fetcher died every time: it may be what kills them
        _failed(attachment, "crashed", permanent=True)
        return
    try:
        fetched = media.fetch(account, attachment.source_url, attachment.kind)
    except media.MediaFailed as failure:
        if failure.code == NOT_LET_IN:
            note_failure(account, "other", failure.code)  # the platform is asked soon whether our access works
        _failed(attachment, failure.code, permanent=failure.permanent)
        return
    except Exception as error:  # noqa: BLE001  (one file never holds up the others)
        log_crash("media_crashed", account, error)
        _failed(attachment, "crashed", permanent=False)
        return
    with fetched.content as content:
        attachment.file.save(attachment.name or "file", File(content), save=False)
    attachment.content_type, attachment.size = fetched.content_type[:100], fetched.size
    try:
        kept = _on_disk(Path(attachment.file.path), fetched.size)
        if attachment.content_type in sniffing.PICTURES.values() and not media.keep_preview(Path(attachment.file.path)):
            attachment.content_type = sniffing.UNKNOWN  # not one that can be opened safely: a download
    except OSError as error:
        log_crash("media_not_kept", account, error)
        kept = False
    if not kept:
        _forget(attachment)
        _failed(attachment, "disk", permanent=False)
        return
    there = gateway.deletes_media(account.kind) and bool(attachment.source_url)
    attachment.source_delete_at = now() + timedelta(hours=settings.MEDIA_KEPT_THERE_HOURS) if there else None
    if not _became(attachment, AttachmentState.READY, ""):
        _forget(attachment)  # taken for dead, and fetched by another meanwhile


def _on_disk(path: Path, size: int) -> bool:
    """Whether all of it is there, after the disk itself has said so: soon the platform's may be the only other copy,
    and then not even that."""
    for place in (path, path.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return path.stat().st_size == size


def _forget(attachment: Attachment) -> None:
    """Take away a file that no row will name."""
    path = Path(attachment.file.path)
    with suppress(OSError):
        media.preview_path(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    attachment.file, attachment.size = "", None


def _failed(attachment: Attachment, code: str, *, permanent: bool) -> None:
    if permanent or attachment.attempts >= MAX_ATTEMPTS:
        _became(attachment, AttachmentState.FAILED, code)
        return
    wait = min(FIRST_WAIT * 2 ** (attachment.attempts - 1), LONGEST_WAIT)
    _mine(attachment).update(fetch_at=now() + wait, error=code[:60])


def _mine(attachment: Attachment) -> QuerySet[Attachment]:
    """The row, while nobody else took it since."""
    return Attachment.objects.filter(pk=attachment.pk, state=AttachmentState.PENDING, attempts=attachment.attempts)


def _became(attachment: Attachment, state: AttachmentState, error: str) -> bool:
    conversation = attachment.message.conversation
    values = {"state": state, "error": error[:60], "fetch_at": None}
    if state == AttachmentState.READY:
        copied = ("file", "content_type", "size", "source_delete_at")
        values |= {name: getattr(attachment, name) for name in copied} | {"attempts": 0}
    with transaction.atomic():
        if attachment.source_delete_at is not None:
            # Where commits may come to the disk later (the demo), this one may not: the original goes after it.
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = on")
        if not _mine(attachment).update(**values):
            return False
        live.announce(conversation.pk, {conversation.department_id}, f"attachment_{state}")
    log.info("attachment", attachment=attachment.pk, state=str(state), error=error)
    return True


# -- deleting there -----------------------------------------------------------------------------------------------


def delete_due(limit: int = 100, seconds: float = 60.0) -> int:
    """Delete at the platform what is here and committed, oldest first; how many were tried. Any number may run at once.

    Killed half-way, it is asked again after the lease; gone already counts as done.
    """
    return _each(_take_there, _delete_there, limit, time.monotonic() + seconds)


def _take_there() -> Attachment | None:
    with transaction.atomic():
        # A broken account is waited for, so that its files are not given up while nobody could be asked.
        due = Attachment.objects.filter(
            state=AttachmentState.READY, source_delete_at__lte=now(), message__account__state=AccountState.ACTIVE
        )
        attachment = _first(due, "source_delete_at")
        if attachment is not None:
            Attachment.objects.filter(pk=attachment.pk).update(
                source_delete_at=now() + LEASE, attempts=F("attempts") + 1
            )
            attachment.attempts += 1
    return attachment


def _delete_there(attachment: Attachment) -> None:
    account = attachment.message.account
    row = Attachment.objects.filter(pk=attachment.pk, state=AttachmentState.READY)
    if not _still_here(attachment):
        # Ours was lost (a disk, a restored backup without its files): theirs is the only one left.
        log.error("media_lost_here", attachment=attachment.pk)
        row.update(source_delete_at=None, state=AttachmentState.PENDING, attempts=0, file="", fetch_at=now())
        return
    retry_at = None
    try:
        deleted = gateway.connector_of(account).delete_media(account.credentials(), attachment.source_url)
    except SendError as failure:
        if failure.reason in account_state.BREAKING:
            account_state.note_failure(account, failure.reason, failure.code)
        code, retry_at = f"{failure.reason} {failure.code}".strip(), getattr(failure, "retry_at", None)
    except Exception as error:  # noqa: BLE001  (one file never holds up the others)
        log_crash("media_delete_crashed", account, error)
        code = "crashed"
    else:
        # What was deleted cannot be fetched again; what was never theirs to delete keeps its address.
        row.update(source_delete_at=None, error="", **({"source_url": ""} if deleted else {}))
        return
    if attachment.attempts >= MAX_DELETE_ATTEMPTS:
        row.update(source_delete_at=None, error=NOT_DELETED)
        log.error("media_not_deleted_there", attachment=attachment.pk, account=account.pk, code=code)
        return
    at = now() + min(DELETE_FIRST_WAIT * 2 ** (attachment.attempts - 1), DELETE_LONGEST_WAIT)
    row.update(source_delete_at=max(at, retry_at) if retry_at else at)


def _still_here(attachment: Attachment) -> bool:
    try:
        return bool(attachment.file) and Path(attachment.file.path).stat().st_size == attachment.size
    except FileNotFoundError:
        return False
