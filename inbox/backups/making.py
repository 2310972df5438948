"""Make a backup while everything goes on: the database as it was at one moment, and every file that it names."""

import errno
import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from channels.clock import now
from inbox.backups import programs
from inbox.backups.archive import DATABASE, MEDIA, Writer
from inbox.backups.problem import BackupProblem
from inbox.models import Attachment

# A session that was ended since must not come alive again: after a restore everybody logs in.
NOT_SAVED = ("django_session",)
MISSING_NAMED = 100  # files that the manifest names when they were not there


@dataclass(slots=True)
class Made:
    """What went into an archive."""

    path: Path
    size: int = 0  # bytes
    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    missing: list[str] = field(default_factory=list)  # named by the database, not in the media folder
    missing_count: int = 0


def make(path: Path, *, overwrite: bool = False) -> Made:
    """One archive at ``path`` (mode 600), there whole or not at all. Raises BackupProblem.

    Dump and row counts are of one snapshot, exported by this connection and used by pg_dump. Files are never changed
    once written and are copied after that moment, so every file the dump names is there, unless it was lost before.
    """
    if path.exists() and not overwrite:
        raise BackupProblem(f"{path} exists already. Choose another name, or say --overwrite.")
    if not path.parent.is_dir():
        raise BackupProblem(f"There is no folder {path.parent}.")
    tools = programs.find(programs.major(programs.server_version()))
    if Attachment._meta.db_table not in tables():
        raise BackupProblem("This database holds no Webcare: is DATABASE_URL right?")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    aside = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            made = _write(file, path, tools)
            file.flush()
            os.fsync(file.fileno())
            made.size = file.tell()
        _put_in_place(aside, path, overwrite=overwrite)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise BackupProblem(f"The disk of {path.parent} is full: no backup was made.") from error
        raise BackupProblem(f"No backup was made: {error.strerror} ({error.filename or path.parent})") from error
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()
    return made


def fingerprints() -> list[str]:
    """Of the keys in CREDENTIALS_KEY, newest first: enough to know one again, of no use to read with it."""
    return [
        hashlib.sha256(b"webcare-backup:" + key.strip().encode()).hexdigest()[:16] for key in settings.CREDENTIALS_KEYS
    ]


def tables() -> list[str]:
    """Every table of ours, by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        return [row[0] for row in cursor.fetchall()]


def count(table: str) -> int:
    """Its rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM public.{connection.ops.quote_name(table)}")  # noqa: S608  (quoted)
        row = cursor.fetchone()
    return int(row[0])


def applied() -> dict[str, str]:
    """The newest migration of each app in this database."""
    return dict(sorted(MigrationRecorder(connection).applied_migrations()))  # of one app the last one stays


def _write(file: IO[bytes], path: Path, tools: programs.Programs) -> Made:
    made = Made(path)
    moment = now()
    writer = Writer(file, moment.timestamp())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        _dump(writer, tools, snapshot)
        made.rows = {table: count(table) for table in tables() if table not in NOT_SAVED}
        manifest = _manifest(moment, tools, made.rows)
        for name in _names():
            _copy(writer, name, made)
    manifest |= {"files": made.files, "missing": made.missing_count, "missing_files": made.missing}
    writer.end(manifest)
    return made


def _dump(writer: Writer, tools: programs.Programs, snapshot: str) -> None:
    command = tools.command(
        "pg_dump",
        *("--format=custom", "--no-owner", "--no-privileges", "--no-password", f"--snapshot={snapshot}"),
        *(f"--exclude-table-data=public.{table}" for table in NOT_SAVED),
    )
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603  (a program we found, no shell)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=programs.environment()
        ) as process,
    ):
        try:
            assert process.stdout is not None  # noqa: S101  (for the type)
            writer.add(DATABASE, process.stdout)
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            raise BackupProblem(f"pg_dump broke off, no backup was made:\n{programs.last_words(said)}")


def _names() -> Iterator[str]:
    """Of every file the database names, at the moment of the dump; a thousand at a time in memory."""
    rows = Attachment.objects.exclude(file="").order_by("pk")
    yield from rows.values_list("file", flat=True).iterator(chunk_size=1000)


def _copy(writer: Writer, name: str, made: Made) -> None:
    try:
        with (Path(settings.MEDIA_ROOT) / name).open("rb") as source:
            writer.add(MEDIA + name, source)
    except FileNotFoundError:
        made.missing_count += 1
        if len(made.missing) < MISSING_NAMED:
            made.missing.append(name)
        return
    made.files += 1


def _manifest(moment: datetime, tools: programs.Programs, rows: dict[str, int]) -> dict[str, Any]:
    return {
        "made_at": moment.isoformat(),
        "server": programs.server_version(),
        "pg_dump": tools.version,
        "migrations": applied(),
        "rows": rows,
        "credentials_keys": fingerprints(),
    }


def _put_in_place(aside: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        aside.replace(path)
    else:
        try:
            os.link(aside, path)  # fails when a file of that name came meanwhile; renaming would overwrite it
        except FileExistsError:
            raise BackupProblem(f"{path} came to be meanwhile. Choose another name, or say --overwrite.") from None
        except OSError:  # a file system without links
            if path.exists():
                raise BackupProblem(f"{path} came to be meanwhile. Choose another name, or say --overwrite.") from None
            aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
