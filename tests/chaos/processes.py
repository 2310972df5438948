"""The product's real processes in a folder of their own: started, killed, and started again when they die."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psutil
from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from channels.clock import now
from webcare.embedded.demo import ROOT, Demo, answers
from webcare.embedded.homes import temporary_home
from webcare.embedded.ports import free_port
from webcare.embedded.postgres import Postgres
from webcare.embedded.processes import Child, Group
from webcare.embedded.product import Part, Ports, product
from webcare.embedded.redis_server import RedisServer

READY_SECONDS = 90
LOOK_EVERY = 0.2  # seconds between two looks of the supervisor
# What a caller's environment may hold for its own database; the run brings its own.
NOT_OURS = {
    *("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PYTHONWARNINGS", "DJANGO_SETTINGS_MODULE", "SECRET_KEY"),
    *("CREDENTIALS_KEY", "DATABASE_POOL", "STATIC_FROM_SOURCE", "LOG_LEVEL", "PYTEST_XDIST_WORKER"),
}
TOKENS = """
import json
from django.conf import settings
from inbox.models import User
from inbox.models.tokens import ApiToken
tokens = {{name: ApiToken.issue(User.objects.get(username=name)) for name in {names!r}}}
print(json.dumps({{"tokens": tokens, "routes": settings.CELERY_TASK_ROUTES}}))
"""
ASKING = {"socket_timeout": 2.0, "socket_connect_timeout": 1.0}


class NotReady(Exception):
    """Something did not come up."""


class Town:
    """The running product. ``kill`` and ``restart_*`` may be called from any thread; the supervisor starts what died.

    PostgreSQL writes for real (fsync), so that a restart proves something; Redis keeps nothing.
    """

    def __init__(self, group: Group, data: Path, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self.group = group
        self.say = say
        self.data = data
        self.ports = Ports(free_port(), free_port(), free_port())
        self.inbox = f"http://127.0.0.1:{self.ports.web}"
        self.street = f"http://127.0.0.1:{self.ports.simulator}"
        home = temporary_home()
        group.remove_at_end(home.folder)
        self.postgres, self.redis = Postgres(home, durable=True), RedisServer(home)
        self.database_url = self.redis_url = ""
        self.environment = environment | Demo(data, self.ports).environment()
        self.parts = {part.name: part for part in product(self.ports, data)}
        self.killed: Counter[str] = Counter()
        self.started_again: Counter[str] = Counter()
        self._celery = Celery("chaos", set_as_current=False)
        self._celery.conf.broker_transport_options = ASKING
        self._celery.conf.task_ignore_result = True
        self._running: dict[str, Child] = {}
        self._down_until: dict[str, float] = {}
        self._lock = threading.RLock()  # the group's list and its guard's pipe are one at a time
        self._stop = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor")

    @property
    def names(self) -> list[str]:
        """Everything that may be killed: the simulator is the platforms, and stays."""
        return [name for name in self.parts if name != "simulator"]

    # -- start and stop

    def start(self, moment: datetime) -> None:
        """Everything up, with the town's clock at ``moment`` (aware). Raises NotReady and CannotStart."""
        for folder in ("logs", "media", "static"):
            (self.data / folder).mkdir(mode=0o700)
        with self._lock:
            self.redis.start(self.group)
            self.postgres.start(self.group)
            self.redis_url, self.database_url = self.redis.wait(), self.postgres.wait()
        self.environment |= {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        self.say("PostgreSQL and Redis answer")
        self._command("-m", "webcare.embedded.prepare")
        self.say("the municipality is there")
        # The last thing before they start: from here on the town's time runs.
        (self.data / "clock").write_text(str((moment - now()).total_seconds()))
        with self._lock:
            for part in self.parts.values():
                self._start(part)
        self.wait_ready()
        self.say("every process is ready")
        self._supervisor.start()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Until every process that can be asked says it is ready. Raises NotReady."""
        deadline = time.monotonic() + seconds
        for part in self.parts.values():
            while part.ready is not None:
                ok, said = answers(part.ready)
                if ok:
                    break
                if time.monotonic() > deadline:
                    tails = "\n".join(f"-- {name}\n{child.tail(6)}" for name, child in self._running.items())
                    raise NotReady(f"{part.name}: {said}\n{tails}")
                time.sleep(0.2)

    def close(self) -> None:
        """No more starting again; the group stops what runs."""
        self._stop.set()
        if self._supervisor.is_alive():
            self._supervisor.join()

    def tokens(self, names: list[str]) -> dict[str, str]:
        """An API token for each colleague."""
        said = json.loads(self._command("manage.py", "shell", "--no-imports", "-c", TOKENS.format(names=names)))
        self._celery.conf.broker_url = self.redis_url
        self._celery.conf.task_routes = said["routes"]
        tokens: dict[str, str] = said["tokens"]
        return tokens

    def ask(self, task: str, *given: int) -> bool:
        """Put a task in the queue, as a button or the scheduler does; False when Redis is away. After ``tokens``."""
        try:
            self._celery.send_task(task, args=list(given), retry=False)
        except (KombuError, RedisError):
            return False
        return True

    def _command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotReady(f"{' '.join(words[:2])}: {done.stderr[-2000:]}")
        return done.stdout

    def _start(self, part: Part) -> None:
        log = self.data / "logs" / f"{part.name}.log"
        environment = {**self.environment, **dict(part.env)}
        self._running[part.name] = self.group.start(part.name, part.command, env=environment, log=log, cwd=ROOT)

    # -- disasters

    def kill(self, name: str, *, down: float, rng: random.Random) -> str:
        """``kill -9``: the whole of a process with its children, or one of its children; back after ``down`` seconds.

        Returns what was killed. One child dying is how a machine short of memory does it."""
        with self._lock:
            child = self._running[name]
            children = [] if child.exit_code() is not None else psutil.Process(child.popen.pid).children()
            if children and rng.random() < 0.35:
                chosen = children[int(rng.random() * len(children))]
                chosen.kill()
                what = f"{name} (one of its {len(children)} children)"
            else:
                self._down_until[name] = time.monotonic() + down
                os.killpg(child.popen.pid, signal.SIGKILL)
                what = f"{name} (all of it, down {down:.1f} s)"
        self.killed[name] += 1
        return what

    def restart_redis(self, *, down: float) -> None:
        """Stop it, and start it empty."""
        self._restart_service(self.redis, signal.SIGKILL, down)

    def restart_postgres(self, *, down: float, immediate: bool) -> None:
        """A fast restart lets nobody finish; an immediate one is a crash, with recovery from the log."""
        self._restart_service(self.postgres, signal.SIGQUIT if immediate else signal.SIGINT, down)

    def _restart_service(self, service: Postgres | RedisServer, number: signal.Signals, down: float) -> None:
        child = service.child
        if child is None:
            raise NotReady("the service was never started")
        child.popen.send_signal(number)
        child.popen.wait(60)
        with self._lock:
            self.group.forget(child)
        self._stop.wait(down)
        with self._lock:
            service.start(self.group)
        service.wait()

    def _supervise(self) -> None:
        """As systemd or a container platform would: what ended is started again."""
        while not self._stop.wait(LOOK_EVERY):
            with self._lock:
                for name, child in list(self._running.items()):
                    if child.exit_code() is None or time.monotonic() < self._down_until.get(name, 0.0):
                        continue
                    self.group.forget(child)
                    self.started_again[name] += 1
                    self._start(self.parts[name])


@contextmanager
def running(moment: datetime, say: Callable[[str], None], **more: str) -> Iterator[Town]:
    """The product with the demo municipality until the block ends; ``more`` is added to its environment."""
    data = Path(tempfile.mkdtemp(prefix="webcare-chaos-"))
    data.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS} | more
    with Group() as group:
        group.remove_at_end(data)
        town = Town(group, data, environment, say)
        try:
            town.start(moment)
            yield town
        finally:
            town.close()
