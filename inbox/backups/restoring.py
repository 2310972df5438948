"""Put a backup back: its files, then its database in one transaction, which is not committed before it adds up."""

import filecmp
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from inbox import audit
from inbox.backups import making, programs, settling
from inbox.backups.archive import PIECE, Archive, checked
from inbox.backups.problem import BackupProblem

# What `migrate` itself fills in a database where nobody has done anything yet.
FILLED_BY_MIGRATE = frozenset({"django_migrations", "django_content_type", "auth_permission", "django_session"})
# Everything of ours, and what the backup does not know of; in the same transaction.
EMPTIED = "DROP SCHEMA public CASCADE;\nCREATE SCHEMA public;\nGRANT USAGE ON SCHEMA public TO PUBLIC;\n"

LEAVING = 3.0  # seconds


@dataclass(slots=True)
class Restored:
    """What was done, in numbers. ``kept``: files that were in the media folder already; ``moved``: those with another
    content, which now go by ``<name>.before-restore``."""

    files: int = 0
    kept: int = 0
    moved: list[str] = field(default_factory=list)
    rows: int = 0
    migrated: bool = False
    settled: settling.Settled = field(default_factory=settling.Settled)


def verify(path: Path) -> Archive:
    """Every sum of the archive, and whether pg_restore can read the dump's table of contents. Raises BackupProblem."""
    archive = checked(path)
    tools = programs.find(programs.major(archive.manifest["pg_dump"]))
    with archive.database() as dump, tempfile.TemporaryFile() as said:
        listing = subprocess.Popen(  # noqa: S603  (a program we found, no shell)
            tools.command("pg_restore", "--list"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=programs.environment(),
        )
        with listing:
            _pour(dump, listing)
            if listing.wait() != 0:
                raise BackupProblem(f"The database in this archive cannot be read:\n{programs.last_words(said)}")
    return archive


def refuse_obstacle(archive: Archive) -> None:
    """Raises BackupProblem when this archive cannot go into this database, whatever it holds."""
    told = archive.manifest
    if programs.major(programs.server_version()) < programs.major(told["server"]):
        raise BackupProblem(
            f"The backup is of PostgreSQL {told['server']}, this server is older ({programs.server_version()})."
        )
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    newer = sorted(f"{app} {name}" for app, name in told["migrations"].items() if (app, name) not in known)
    if newer:
        raise BackupProblem(
            f"The backup is of a newer Webcare than this one ({', '.join(newer)}). Install that version first."
        )
    if others := _others():
        raise BackupProblem(
            f"{others} other connections use this database. Stop web, live, workers and scheduler first: "
            "nothing may be sent or received while it is put back."
        )


def held() -> list[str]:
    """The tables in this database in which somebody left something."""
    found = []
    with connection.cursor() as cursor:
        for table in making.tables():
            if table in FILLED_BY_MIGRATE:
                continue
            cursor.execute(f"SELECT EXISTS (SELECT FROM public.{connection.ops.quote_name(table)})")  # noqa: S608
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def other_key(archive: Archive) -> bool:
    """Whether no key in CREDENTIALS_KEY is the one that encrypted the channels' secrets in this backup."""
    return not set(archive.manifest["credentials_keys"]) & set(making.fingerprints())


def restore(archive: Archive, say: Callable[[str], None]) -> Restored:
    """Media, database, migrations; ``say`` tells how far it is. First call ``refuse_obstacle``, and look at ``held``.

    Raises BackupProblem, or what `migrate` raises. Broken off before its end the database is as it was: everything
    happens in one transaction, together with what keeps an answer from going out twice (``settling``). A file in the
    media folder is never deleted. Done twice it ends the same.
    """
    done = Restored()
    say("Files …")
    _media(archive, done)
    say("Database …")
    connection.close()  # its locks and ours would wait for each other
    _database(archive)
    done.rows = sum(archive.manifest["rows"].values())
    done.settled = settling.outcome()
    known = MigrationLoader(connection)
    if missing := [key for key in known.disk_migrations if key not in known.applied_migrations]:
        say(f"Migrations: {len(missing)} newer than the backup …")
        call_command("migrate", interactive=False, verbosity=0)
        done.migrated = True
    audit.record(
        None,
        "restored",
        None,
        made_at=archive.manifest["made_at"],
        asked_after=done.settled.asked_after,
        before_a_person=done.settled.before_a_person,
    )
    return done


def _others() -> int:
    """Connections of our own user to this database beside this one; a monitor under another name is no obstacle.
    One that just ended gets a moment to be gone."""
    # One connection from here on: those of a pool would be taken for somebody else's.
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["OPTIONS"].pop("pool", None)
    end = time.monotonic() + LEAVING
    while (others := _counted_others()) and time.monotonic() < end:
        time.sleep(0.1)
    return others


def _counted_others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        row = cursor.fetchone()
    return int(row[0])


# -- files --------------------------------------------------------------------------------------------------------


def _media(archive: Archive, done: Restored) -> None:
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    root = root.resolve()
    for place, source in archive.media():
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):  # a link in the media folder that leads elsewhere
            raise BackupProblem(f"{target.parent} leads out of the media folder: nothing was put there.")
        _put(source, target, str(place), done)
    os.sync()  # once, for all of them: the database that names them comes next


def _put(source: IO[bytes], target: Path, name: str, done: Restored) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".restore-")
    aside = Path(temporary)
    try:
        with os.fdopen(handle, "wb") as file:
            while piece := source.read(PIECE):
                file.write(piece)
        if target.is_file() and filecmp.cmp(aside, target, shallow=False):
            done.kept += 1
            return
        if target.exists():
            target.rename(target.with_name(f"{target.name}.before-restore"))
            done.moved.append(name)
        aside.replace(target)
        done.files += 1
    finally:
        aside.unlink(missing_ok=True)


# -- database -----------------------------------------------------------------------------------------------------


def _database(archive: Archive) -> None:
    """pg_restore turns the dump into SQL, psql runs it between our BEGIN and COMMIT: pg_restore's own transaction
    would leave a moment in which a worker could send what has been sent since."""
    tools = programs.find(max(programs.major(archive.manifest["pg_dump"]), programs.major(archive.manifest["server"])))
    to_sql = tools.command("pg_restore", "--exit-on-error", "--no-owner", "--no-privileges", "--file=-")
    run = tools.command("psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-")
    environment = programs.environment()
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said, archive.database() as dump:
        reader = subprocess.Popen(  # noqa: S603
            to_sql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, env=environment
        )
        runner = subprocess.Popen(  # noqa: S603
            run, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=environment
        )
        feeder = Thread(target=_pour, args=[dump, reader], daemon=True)
        with reader, runner:
            feeder.start()
            try:
                _run(archive, reader, runner, told)
            except BaseException:
                runner.kill()  # without COMMIT: the database stays as it was
                reader.kill()
                raise
            finally:
                feeder.join()
            if runner.wait() != 0:
                raise BackupProblem(f"The database was not changed:\n{programs.last_words(said)}")


def _run(archive: Archive, reader: subprocess.Popen[bytes], runner: subprocess.Popen[bytes], told: IO[bytes]) -> None:
    assert reader.stdout is not None  # noqa: S101  (for the types)
    assert runner.stdin is not None  # noqa: S101
    try:
        runner.stdin.write(f"BEGIN;\nSET LOCAL client_min_messages = warning;\n{EMPTIED}".encode())
        while piece := reader.stdout.read(PIECE):
            runner.stdin.write(piece)
        if reader.wait() != 0:
            raise BackupProblem(f"The database was not changed; pg_restore broke off:\n{programs.last_words(told)}")
        for statement in (*_counted(archive), *settling.statements()):
            runner.stdin.write(f"{statement}\n".encode())
        runner.stdin.write(b"COMMIT;\n")
        runner.stdin.close()
    except BrokenPipeError:
        reader.kill()  # psql stopped at an error, which it has told


def _counted(archive: Archive) -> Iterator[str]:
    """Statements that break off the transaction when a table does not hold what it held."""
    for table, rows in archive.manifest["rows"].items():
        name = connection.ops.quote_name(table)
        told = table.replace("'", "''")
        yield (
            f"DO $check$ BEGIN IF (SELECT count(*) FROM public.{name}) <> {int(rows)} THEN "  # noqa: S608  (quoted)
            f"RAISE EXCEPTION 'the table % does not hold % rows', '{told}', {int(rows)}; END IF; END $check$;"
        )


def _pour(source: IO[bytes], process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101
    try:
        while piece := source.read(PIECE):
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        process.kill()
