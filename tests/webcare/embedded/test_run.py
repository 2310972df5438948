"""`python -m webcare.embedded run`: services for one command, and nothing left behind."""

import json
import os
import pty
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.webcare.embedded.conftest import ROOT, read_until, wait_gone

type Embedded = Callable[..., subprocess.CompletedProcess[str]]
type Background = Callable[..., subprocess.Popen[str]]

LOOK = """
import json, os, psutil, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    server = dict(connection.execute(
        "SELECT name, setting FROM pg_settings WHERE name IN "
        "('server_encoding', 'fsync', 'max_connections', 'listen_addresses', 'unix_socket_directories',"
        " 'data_directory')"
    ).fetchall())
    lower, collation = connection.execute(
        "SELECT lower('ÉÏ'), (SELECT datlocale FROM pg_database WHERE datname = current_database())"
    ).fetchone()
open_redis = redis.Redis.from_url(os.environ["REDIS_URL"])
config = {name: open_redis.config_get(name)[name] for name in ("bind", "save", "appendonly")}
parent = psutil.Process(os.getppid())
print(json.dumps({
    "server": server, "lower": lower, "collation": collation, "redis": config,
    "pids": [child.pid for child in parent.children(recursive=True)],
}))
raise SystemExit(3)
"""

GIVEN = {"DATABASE_URL": "postgresql://a@b/c", "REDIS_URL": "redis://d/1"}
WRITE = """
import os, psycopg, redis, signal
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
    client.set("kept", 1)
print("written", flush=True)
signal.pause()
"""
READ = """
import os, psycopg, redis
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    row = connection.execute("SELECT n FROM kept").fetchone()
with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
    print(row, client.get("kept"))
"""


@pytest.fixture
def look(tmp_path: Path) -> str:
    """A program that tells what it finds at the addresses it was given, and ends with code 3."""
    program = tmp_path / "look.py"
    program.write_text(LOOK, encoding="utf-8")
    return str(program)


def folders_of(path: Path) -> dict[str, tuple[int, int, int]]:
    """Mode and owners of a folder and all folders around it."""
    return {
        str(folder): (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        for folder in (path, *path.parents)
        for found in [folder.stat()]
    }


def test_run_without_services_starts_both_and_leaves_nothing(embedded: Embedded, look: str) -> None:
    before = folders_of(Path(tempfile.gettempdir()))

    done = embedded("run", "--", "python", look)

    assert (done.returncode, done.stderr) == (3, "")
    found = json.loads(done.stdout)
    data = Path(found["server"].pop("data_directory"))
    assert found["server"] == {
        "server_encoding": "UTF8",
        "fsync": "off",
        "max_connections": "200",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
    }
    assert (found["lower"], found["collation"]) == ("éï", "C.UTF-8")
    assert found["redis"] == {"bind": "127.0.0.1", "save": "", "appendonly": "no"}
    assert [pid for pid in found["pids"] if psutil.pid_exists(pid)] == []
    assert not data.parent.exists()
    assert folders_of(Path(tempfile.gettempdir())) == before


def test_run_with_given_addresses_starts_nothing(embedded: Embedded) -> None:
    tell = "import os; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL'])"

    done = embedded("run", "--", "python", "-c", tell, **GIVEN)

    assert (done.returncode, done.stdout, done.stderr) == (0, "postgresql://a@b/c redis://d/1\n", "")


def test_run_chooses_no_settings_for_the_command(embedded: Embedded) -> None:
    """pytest has its own in pyproject.toml, which a variable would overrule."""
    tell = "import os; print(os.environ.get('DJANGO_SETTINGS_MODULE'))"

    done = embedded("run", "--", "python", "-c", tell, **GIVEN, DJANGO_SETTINGS_MODULE="webcare.settings")

    assert (done.returncode, done.stdout, done.stderr) == (0, "None\n", "")


def test_run_of_an_unknown_command_is_a_sentence(embedded: Embedded) -> None:
    done = embedded("run", "--", "no-such-command", **GIVEN)

    expected = "no-such-command kan niet worden gestart: No such file or directory.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)


def test_killed_runner_takes_all_with_it_and_its_data_last(
    embedded: Embedded, background: Background, data: Path
) -> None:
    """kill -9: the guard ends the rest. The next start also gets past a lock file that names a stranger."""
    runner = background("-m", "webcare.embedded", "run", "--data", str(data), "--", "python", "-c", WRITE)
    read_until(runner, "written")
    processes = psutil.Process(runner.pid).children(recursive=True)

    runner.kill()

    assert wait_gone(processes) == []
    pid_file = data / "services" / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n", encoding="utf-8")
    done = embedded("run", "--data", str(data), "--", "python", "-c", READ)
    assert (done.returncode, done.stdout, done.stderr) == (0, "(1,) b'1'\n", "")


def test_servers_that_outlived_even_the_guard_are_replaced(
    embedded: Embedded, background: Background, data: Path
) -> None:
    runner = background("-m", "webcare.embedded", "run", "--data", str(data), "--", "python", "-c", WRITE)
    read_until(runner, "written")
    children = psutil.Process(runner.pid).children()
    servers = [child for child in children if child.name() in {"postgres", "redis-server"}]
    for child in (process for process in children if process not in servers):
        child.kill()  # the guard and the command
    runner.kill()
    runner.wait()
    assert [server.is_running() for server in servers] == [True, True]

    done = embedded("run", "--data", str(data), "--", "python", "-c", READ)

    assert (done.returncode, done.stdout, done.stderr) == (0, "(1,) b'1'\n", "")
    assert wait_gone(servers) == []


def test_sigterm_reaches_the_command_and_stops_the_services(background: Background) -> None:
    runner = background(
        "-m",
        "webcare.embedded",
        "run",
        "--",
        "python",
        "-c",
        "import signal; print('up', flush=True); signal.pause()",
    )
    read_until(runner, "up")
    processes = psutil.Process(runner.pid).children(recursive=True)

    runner.send_signal(signal.SIGTERM)

    assert runner.wait(30) == 128 + signal.SIGTERM
    assert wait_gone(processes) == []


def test_ctrl_c_in_a_terminal_is_for_the_command(environment: dict[str, str]) -> None:
    program = """
import signal
try:
    print("up", flush=True)
    signal.pause()
except KeyboardInterrupt:
    raise SystemExit(5)
"""
    own_the_terminal = (
        "import fcntl, os, sys, termios\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    )
    command = ("-m", "webcare.embedded", "run", "--", "python", "-c", program)
    keyboard, terminal = pty.openpty()
    runner = subprocess.Popen(
        [sys.executable, "-c", own_the_terminal, *command],
        cwd=ROOT,
        env={**environment, **GIVEN},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    read_until(runner, "up")

    os.write(keyboard, b"\x03")

    said, _ = runner.communicate(timeout=30)
    os.close(keyboard)
    os.close(terminal)
    assert (runner.returncode, said) == (5, "")


@pytest.mark.skipif(os.geteuid() != 0, reason="about starting as root")
def test_root_in_a_closed_folder_keeps_the_data_elsewhere_and_opens_nothing(
    embedded: Embedded, look: str, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    data = closed / "data"
    data.mkdir(parents=True)
    closed.chmod(0o700)
    before = folders_of(data)

    done = embedded("run", "--data", str(data), "--", "python", look)

    try:
        used = Path(json.loads(done.stdout)["server"]["data_directory"])
        told = (
            f"Als root draait de databaseserver onder een ander account, en dat kan niet bij {data}: "
            f"zijn gegevens staan in {used.parent}.\n"
        )
        assert (done.returncode, done.stderr) == (3, told)
        assert [path.name for path in data.iterdir()] == ["lock"]
        assert folders_of(data) == before
        assert used.parent.parent == Path("/var/lib/webcare")
        assert used.owner() == "nobody"
    finally:
        embedded("reset", DATA_DIR=str(data))
    assert not used.parent.exists()
