"""The files that came along: fetched by a job of their own, so that no text ever waits for one."""

import time
from datetime import timedelta

import structlog
from django.core.files import File
from django.db import transaction
from django.db.models import F

from channels import media
from channels.account_state import log_crash
from channels.clock import now
from inbox import live
from inbox.models import Attachment, AttachmentState

LEASE = timedelta(minutes=3)  # longer than media.MAX_SECONDS: who took it and is silent since then has died
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
MAX_ATTEMPTS = 8

log = structlog.get_logger()


def fetch_due(limit: int = 100, seconds: float = 60.0) -> int:
    """Fetch what is due, oldest first; how many were tried. Any number may run at once: each file is taken by one."""
    end = time.monotonic() + seconds
    tried = 0
    while tried < limit and time.monotonic() < end:
        attachment = _take()
        if attachment is None:
            break
        _fetch(attachment)
        tried += 1
    return tried


def retry(attachment_id: int) -> bool:
    """Try a failed one again from the start; whether there was one."""
    failed = Attachment.objects.filter(pk=attachment_id, state=AttachmentState.FAILED).exclude(source_url="")
    return bool(failed.update(state=AttachmentState.PENDING, attempts=0, error="", fetch_at=now()))


def _take() -> Attachment | None:
    with transaction.atomic():
        due = Attachment.objects.select_for_update(skip_locked=True, of=("self",))
        due = due.filter(state=AttachmentState.PENDING, fetch_at__lte=now())
        found = due.select_related("message__account__app", "message__conversation").defer("message__search")
        attachment = found.order_by("fetch_at", "id").first()
        if attachment is not None:
            Attachment.objects.filter(pk=attachment.pk).update(fetch_at=now() + LEASE, attempts=F("attempts") + 1)
            attachment.attempts += 1
    return attachment


def _fetch(attachment: Attachment) -> None:
    account = attachment.message.account
    try:
        fetched = media.fetch(account, attachment.source_url, attachment.kind)
    except media.MediaFailed as failure:
        _failed(attachment, failure.code, permanent=failure.permanent)
        return
    except Exception as error:  # noqa: BLE001  (one file never holds up the others)
        log_crash("media_crashed", account, error)
        _failed(attachment, "crashed", permanent=False)
        return
    with fetched.content as content:
        attachment.file.save(attachment.name or "file", File(content), save=False)
    attachment.content_type, attachment.size = fetched.content_type[:100], fetched.size
    _became(attachment, AttachmentState.READY, "")


def _failed(attachment: Attachment, code: str, *, permanent: bool) -> None:
    if permanent or attachment.attempts >= MAX_ATTEMPTS:
        _became(attachment, AttachmentState.FAILED, code)
        return
    wait = min(FIRST_WAIT * 2 ** (attachment.attempts - 1), LONGEST_WAIT)
    Attachment.objects.filter(pk=attachment.pk).update(fetch_at=now() + wait, error=code[:60])


def _became(attachment: Attachment, state: AttachmentState, error: str) -> None:
    attachment.state, attachment.error, attachment.fetch_at = state, error[:60], None
    conversation = attachment.message.conversation
    with transaction.atomic():
        attachment.save(update_fields=["state", "error", "fetch_at", "file", "content_type", "size"])
        live.announce(conversation.pk, {conversation.department_id}, f"attachment_{state}")
    log.info("attachment", attachment=attachment.pk, state=str(state), error=error)
