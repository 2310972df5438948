"""What the inbox does when another part of the house says something. Thin, and waits on nothing."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import m2m_changed, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from channels.signals import event_stored, messages_listed
from inbox import kick, live
from inbox.actions import available
from inbox.models import Message, PushSubscription, User


@receiver(event_stored, dispatch_uid="inbox.wake_the_drainer")
def wake_the_drainer(**_: Any) -> None:
    """An event's row was committed: kick, best effort; the sweeper comes by anyway. Runs in the webhook's request,
    which never waits on Redis."""
    kick.kick_drain_aside()


@receiver(messages_listed, dispatch_uid="inbox.known_messages")
def known_messages(account_id: int, external_ids: list[str], **_: Any) -> set[str]:
    """Of these messages at the platform, those that we have. One query."""
    found = Message.objects.filter(account_id=account_id, external_id__in=external_ids)
    return set(found.values_list("external_id", flat=True))


@receiver(user_logged_in, dispatch_uid="inbox.session_begins")
def session_begins(request: HttpRequest, **_: Any) -> None:
    """Note in the session when it ends (seconds since the epoch), so that the pages can warn before it does: Django
    itself keeps that where only its store looks. By the machine's clock, as Django does; the demo's may be moved."""
    request.session["ends_at"] = int(time.time()) + settings.SESSION_COOKIE_AGE


@receiver(user_logged_in, dispatch_uid="inbox.shift_begins")
def shift_begins(user: User, **_: Any) -> None:
    """Who logs in is at work."""
    available.logged_in(user)


@receiver(user_logged_out, dispatch_uid="inbox.end_the_stream")
def end_the_stream(request: HttpRequest, **_: Any) -> None:
    """The live stream ends with the session, and so do push messages to this browser."""
    if request.session.session_key:
        live.session_ended(request.session.session_key)
        PushSubscription.objects.filter(session=live.session_digest(request.session.session_key)).delete()


@receiver(m2m_changed, sender=User.departments.through, dispatch_uid="inbox.departments_changed")
def departments_changed(instance: Any, action: str, reverse: bool, pk_set: set[int] | None, **_: Any) -> None:
    """Who sees what changed: the streams of those colleagues start again with their new rights."""
    if action in ("post_add", "post_remove"):
        for user_id in (pk_set or set()) if reverse else {instance.pk}:
            live.rights_changed(user_id)
    elif action == "post_clear" and not reverse:
        live.rights_changed(instance.pk)


@receiver(post_save, sender=User, dispatch_uid="inbox.colleague_changed")
def colleague_changed(instance: User, created: bool, update_fields: frozenset[str] | None, **_: Any) -> None:
    """Role or account changed. A log-in alone (last_login) changes no rights."""
    if not created and update_fields != frozenset({"last_login"}):
        live.rights_changed(instance.pk)
