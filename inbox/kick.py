"""Wake the workers: best effort and in milliseconds. PostgreSQL is the truth; a lost kick costs a sweeper's seconds."""

import atexit
import os
import threading
import time
from collections.abc import Sequence
from functools import lru_cache

import redis
import structlog
from celery import Celery
from django.conf import settings
from kombu.exceptions import KombuError
from redis.backoff import NoBackoff
from redis.retry import Retry

DRAIN, SEND_DUE, MEDIA, PROFILES, SEND, DEEDS, LINES, TEMPLATES, PICTURE, PUSHES, GROUPS = (
    "inbox.tasks.drain_events",
    "inbox.tasks.send_due",
    "inbox.tasks.fetch_due_media",
    "inbox.tasks.fetch_due_profiles",
    "inbox.tasks.send_message",
    "inbox.tasks.do_deeds",
    "inbox.tasks.say_lines",
    "inbox.tasks.refresh_templates_of",
    "inbox.tasks.fetch_post_picture",
    "inbox.tasks.send_pushes",
    "inbox.tasks.answer_groups",
)
DEBOUNCE_MS = 1000  # only when a task never starts; one that starts ends it, see ``looking``
TIMEOUT = 0.025  # seconds; the redis of an installation answers in one
REST = 3.0  # seconds in which a dead Redis is left alone, so that it costs one webhook its TIMEOUT and not each

BREATH = 0.02  # seconds between two kicks of the thread aside: a flood costs each process at most fifty a second
STOPPING = 2.0  # seconds; longer than a kick takes when Redis hangs

log = structlog.get_logger()
_rest_until = 0.0


@lru_cache(maxsize=1)
def wire() -> redis.Redis:
    """A client that gives up in milliseconds; one retry, for a connection that Redis closed long ago."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1),
    )


@lru_cache(maxsize=1)
def producer() -> Celery:
    """A sender of its own: the workers' app has no timeouts, for it must wait for work."""
    app = Celery("webcare-kick", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 10 * TIMEOUT, "socket_connect_timeout": 4 * TIMEOUT}
    app.conf.task_ignore_result = True
    app.conf.task_routes = settings.CELERY_TASK_ROUTES
    return app


def kick_drain() -> None:
    """Events were stored and committed: somebody look."""
    _kick("drain", DRAIN)


def kick_drain_aside() -> None:
    """As ``kick_drain``, for who may not wait for Redis: a thread of this process does it, at once.

    Many calls within a BREATH are one kick, which comes after the last of them. Microseconds; never raises."""
    _aside.ask()


def end_aside() -> None:
    """What was asked aside is kicked, then the thread ends; the next call starts another. When a process ends."""
    _aside.end()


def kick_outbox() -> None:
    """Messages are due and committed: somebody look."""
    _kick("outbox", SEND_DUE)


def kick_media() -> None:
    """Attachments are to be fetched, committed: somebody look."""
    _kick("media", MEDIA)


def kick_profiles() -> None:
    """Citizens without a name are to be asked after, committed: somebody look."""
    _kick("profiles", PROFILES)


def kick_send(message_id: int, after: float = 0.0) -> None:
    """This queued message may go, now that its row is committed; ``after`` so many seconds, when it may be taken back
    till then."""
    # A moment later than it is due: a worker that looks too soon would leave it to the sweeper.
    _kick(f"send:{message_id}", SEND, [message_id], after + 0.1 if after else 0.0)


def kick_deeds() -> None:
    """A colleague asked a platform to do something, committed: somebody do it."""
    _kick("deeds", DEEDS)


def kick_lines() -> None:
    """A private answer has arrived of which something is to be said in public, committed."""
    _kick("lines", LINES)


def kick_pushes() -> None:
    """Notices are to be pushed to browsers, committed: somebody look."""
    _kick("pushes", PUSHES)


def kick_groups(after: float = 0.0) -> None:
    """Conversations of a group are to be answered, committed: somebody do it, in ``after`` seconds."""
    _kick("groups", GROUPS, (), after)


def kick_templates(account_id: int) -> None:
    """Somebody is about to choose a template, and what we know of them is old."""
    _kick(f"templates:{account_id}", TEMPLATES, [account_id])


def kick_picture(post_id: int, conversation_id: int) -> None:
    """A thread was fetched for who looks at this conversation, committed: its post has a picture."""
    _kick(f"picture:{post_id}", PICTURE, [post_id, conversation_id])


def looking(name: str) -> None:
    """A worker will now look for ``drain``, ``outbox``, ``media``, ``profiles`` jobs: who commits from now on kicks.

    Before looking, never after: what was committed under a kick that was debounced is then seen by this very look.
    """
    if time.monotonic() < _rest_until:
        return
    try:
        wire().delete(_key(name))
    except redis.RedisError as error:
        _give_rest(error)


def _kick(name: str, task: str, arguments: Sequence[int] = (), after: float = 0.0) -> None:
    if time.monotonic() < _rest_until:
        return
    try:
        if wire().set(_key(name), 1, nx=True, px=DEBOUNCE_MS):
            later = {"countdown": after} if after else {}
            producer().send_task(task, args=list(arguments), retry=False, **later)
    except (redis.RedisError, KombuError, OSError) as error:
        _give_rest(error)


def _give_rest(error: Exception) -> None:
    global _rest_until  # noqa: PLW0603  (one breaker a process; a race costs one more try)
    _rest_until = time.monotonic() + REST
    log.warning("kick_lost", error=type(error).__name__)


def _key(name: str) -> str:
    return f"webcare:kick:{name}"


class _Aside:
    """One daemon thread, made when first asked. After ``ask`` returns a kick begins sooner or later, whatever the
    thread was doing: it forgets what was asked only before it kicks."""

    def __init__(self) -> None:
        self._awake = threading.Event()
        self._wanted = False
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        self._wanted = True
        self._awake.set()
        thread = self._thread
        if thread is None or not thread.is_alive():
            self._start()

    def end(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is None:
                return
            self._ending.set()
            self._awake.set()
            thread.join(STOPPING)
            if thread.is_alive():
                log.warning("kick_thread_hangs")
            elif self._wanted:  # asked while it ended
                self._kick()

    def _start(self) -> None:
        try:
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._ending = threading.Event()
                    self._thread = threading.Thread(
                        target=self._run, args=[self._ending], name="webcare-kick", daemon=True
                    )
                    self._thread.start()
        except RuntimeError as error:  # no more threads, or the process ends: the sweeper comes by
            self._thread = None
            log.warning("kick_lost", error=type(error).__name__)

    def _run(self, ending: threading.Event) -> None:
        while True:
            self._awake.wait()
            self._awake.clear()
            if self._wanted:
                self._kick()
            if ending.wait(BREATH) and not self._wanted:
                return

    def _kick(self) -> None:
        self._wanted = False
        try:
            kick_drain()
        except Exception as error:  # noqa: BLE001  (the thread outlives whatever this was; the sweeper comes by)
            log.error("kick_crashed", error=type(error).__name__)


_aside = _Aside()


def _afresh() -> None:
    """A forked process has none of its parent's threads, and a lock of theirs may be held for ever."""
    global _aside  # noqa: PLW0603
    _aside = _Aside()


os.register_at_fork(after_in_child=_afresh)
atexit.register(end_aside)
