"""Are the database, Redis and the workers there? Asked in milliseconds, by /readyz and by the banner on the pages."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import lru_cache
from threading import Lock

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

WORKER_SECONDS = 15  # a worker's heart beats every two seconds
PATIENCE = 0.8  # seconds for all answers together
FRESH = 1.0  # seconds for which an answer is good enough

DATABASE, REDIS, WORKERS = "database", "redis", "workers"


@lru_cache(maxsize=4)
def wire(url: str) -> redis.Redis:
    """A client that gives up at once, and does not try again by itself."""
    return redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.25, retry=Retry(NoBackoff(), 0))


def queues() -> list[str]:
    """Every queue that needs a worker."""
    return sorted({settings.CELERY_TASK_DEFAULT_QUEUE, *(to["queue"] for to in settings.CELERY_TASK_ROUTES.values())})


def worker_key(queue: str) -> str:
    """Where in Redis a worker of this queue leaves its sign of life."""
    return f"webcare:worker-alive:{queue}"


def worker_is_alive(served: Iterable[str]) -> None:
    """Leave a sign of life for each of these queues, which fades by itself; called by a worker's heart and after its
    tasks. Best effort: a worker that cannot reach Redis is not there for anybody."""
    try:
        with wire(settings.REDIS_URL).pipeline(transaction=False) as pipe:
            for queue in served:
                pipe.set(worker_key(queue), "1", ex=WORKER_SECONDS)
            pipe.execute()
    except redis.RedisError:
        return


def services() -> dict[str, bool]:
    """``{"database": …, "redis": …, "workers": …}``: who answers, at most FRESH seconds old, within PATIENCE.

    Safe in any thread; never raises. ``workers``: each queue has one; False when Redis is, for it cannot be known.
    """
    return _probes.answers(DATABASE, REDIS, WORKERS)


def background_works() -> bool:
    """Whether what is put in a queue is taken out soon: Redis and all workers are there. Does not ask the database."""
    return all(_probes.answers(REDIS, WORKERS).values())


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return False
    finally:
        connection.close()
    return True


def _redis() -> bool:
    try:
        return bool(wire(settings.REDIS_URL).ping())
    except redis.RedisError:
        return False


def _workers() -> bool:
    try:
        keys = [worker_key(queue) for queue in queues()]
        return wire(settings.REDIS_URL).exists(*keys) == len(keys)
    except redis.RedisError:
        return False


class Probes:
    """Runs each probe in a thread of its own, so that one that hangs costs PATIENCE once and no thread more."""

    def __init__(self, probes: dict[str, Callable[[], bool]]) -> None:
        self.probes = probes
        self.pool = ThreadPoolExecutor(max_workers=len(probes), thread_name_prefix="liveness")
        self.running: dict[str, Future[bool]] = {}
        self.lock = Lock()
        self.known: dict[str, tuple[bool, float]] = {}  # the answer, and when (time.monotonic)

    def answers(self, *names: str) -> dict[str, bool]:
        """By name; at most FRESH seconds old. A probe that has not answered in time counts as absent."""
        with self.lock:
            oldest = time.monotonic() - FRESH
            self._ask([name for name in names if name not in self.known or self.known[name][1] < oldest])
            return {name: self.known[name][0] for name in names}

    def forget(self) -> None:
        """Ask anew next time."""
        with self.lock:
            self.known.clear()

    def _ask(self, names: list[str]) -> None:
        for name in names:
            earlier = self.running.get(name)
            if earlier is None or earlier.done():
                self.running[name] = self.pool.submit(self.probes[name])
        done, _late = wait([self.running[name] for name in names], timeout=PATIENCE)
        for name in names:
            future = self.running[name]
            self.known[name] = (future in done and future.result(), time.monotonic())


_probes = Probes({DATABASE: _database, REDIS: _redis, WORKERS: _workers})
