"""Push messages to browsers: what is pending, one call each, outside any transaction. They carry a kind and a number.

A push service that says a browser is gone (404, 410) is believed: we forget that browser. One that is busy is asked
again a little later, for as long as the news is news.
"""

import time
from datetime import timedelta

import requests
import structlog
from django.conf import settings
from django.db.models import F

from channels.clock import now
from channels.http import PlatformSession, PublicOnlyAdapter
from inbox import webpush
from inbox.models import PendingPush

MOST, LONGEST = 100, 60.0  # at a time, and seconds for all of them: slow push services hold up nobody else
CALL = (3.0, 5.0)  # seconds to connect, and without a byte
TAKEN = timedelta(minutes=2)  # longer than a call may take: whoever took it and is silent since then has died
KEEP = 4 * 3600  # seconds that a push service keeps it for a browser that is not there
NEWS = timedelta(hours=1)  # older than this it is found in the list
PAUSES = (30, 120, 600)  # seconds until it is tried again
GONE = (404, 410)
log = structlog.get_logger()


def send_due() -> int:
    """Push what is due; how many went. Any number may run at once."""
    if not webpush.public_key():
        return 0
    moment = now()
    due = PendingPush.objects.filter(send_at__lte=moment).select_related("notice", "subscription").order_by("send_at")
    sent, end = 0, time.monotonic() + LONGEST
    with _session() as session:
        for push in due[:MOST]:
            if time.monotonic() > end:
                break
            # Nothing got updated: another worker has it.
            if PendingPush.objects.filter(pk=push.pk, send_at=push.send_at, attempts=push.attempts).update(
                send_at=moment + TAKEN, attempts=F("attempts") + 1
            ):
                sent += _send(session, push)
    return sent


def _send(session: PlatformSession, push: PendingPush) -> bool:
    notice, browser = push.notice, push.subscription
    row = PendingPush.objects.filter(pk=push.pk)
    if (notice.seen_at is not None and notice.seen_at != notice.at) or now() - notice.at > NEWS:
        row.delete()
        return False
    try:
        body = webpush.encrypted({"id": notice.pk, "kind": notice.kind}, browser.p256dh, browser.auth)
        status = session.post(browser.endpoint, data=body, headers=webpush.headers(browser.endpoint, KEEP)).status_code
    except ValueError as error:  # keys that are none; requests' own InvalidURL is one too
        log.warning("push_browser_unusable", subscription=browser.pk, error=type(error).__name__)
        browser.delete()
        return False
    except requests.RequestException as error:
        return _later(push, type(error).__name__)
    if status in GONE:
        browser.delete()
        return False
    if status == 429 or status >= 500:
        return _later(push, str(status))
    row.delete()
    if status >= 300:
        log.warning("push_refused", subscription=browser.pk, status=status)
        return False
    return True


def _later(push: PendingPush, why: str) -> bool:
    row = PendingPush.objects.filter(pk=push.pk)
    if push.attempts >= len(PAUSES):
        log.warning("push_given_up", subscription=push.subscription_id, why=why)
        row.delete()
    else:
        row.update(send_at=now() + timedelta(seconds=PAUSES[push.attempts]))
    return False


def _session() -> PlatformSession:
    # A browser's push address is what a colleague's browser told us: only the public internet, but in the demo.
    session = PlatformSession(timeout=CALL)
    session.trust_env = not settings.SIMULATOR_URL
    if not settings.SIMULATOR_URL:
        session.mount("https://", PublicOnlyAdapter())
        session.mount("http://", PublicOnlyAdapter())
    return session
