"""The commands as an operator runs them, in processes of their own, on the test database and on fresh ones."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.db import connection

ROOT = Path(__file__).parents[3]


def address(name: str) -> str:
    """The URL of a database beside the test's own."""
    told = connection.settings_dict
    password = f":{told['PASSWORD']}" if told["PASSWORD"] else ""
    return f"postgresql://{told['USER']}{password}@{told['HOST']}:{told['PORT']}/{name}"


@dataclass
class Done:
    code: int
    out: str
    error: str


Manage = Callable[..., Done]


@pytest.fixture
def manage(settings: Any, tmp_path: Path) -> Manage:
    """manage("backup", FILE, database="…", MEDIA_ROOT="…", …): run to its end."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    (tmp_path / "media").mkdir()

    def run(*arguments: object, database: str = "", **environment: str) -> Done:
        connection.close()  # whoever restores must be alone
        told = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "DJANGO_SETTINGS_MODULE": "webcare.settings",
            "DATABASE_URL": address(database or str(connection.settings_dict["NAME"])),
            "REDIS_URL": django_settings.REDIS_URL,
            "SECRET_KEY": "tests-only",
            "CREDENTIALS_KEY": ",".join(django_settings.CREDENTIALS_KEYS),
            "MEDIA_ROOT": settings.MEDIA_ROOT,
        } | environment
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            cwd=ROOT,
            env=told,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def fresh(transactional_db: None) -> Iterator[str]:
    """The name of a database that holds nothing at all."""
    name = f"test_fresh_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield name
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def ask(database: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query on that database."""
    with psycopg.connect(address(database)) as asked:
        return asked.execute(query).fetchall()
