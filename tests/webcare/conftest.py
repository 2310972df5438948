"""The stream's process, for the tests of what it tells."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from tests.webcare.streams import free_port, until_up


@pytest.fixture(scope="module")
def live_url(django_db_setup: None) -> Iterator[str]:
    """The stream's process on the test's own database and Redis."""
    port = free_port()
    parts = connection.settings_dict
    database = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@{parts['HOST']}:{parts['PORT']}/{parts['NAME']}"
    environment = os.environ | {"DATABASE_URL": database, "PUBLIC_URL": "http://testserver"}
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "webcare.live:app", "--port", str(port), "--log-level", "warning"],
        env=environment,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        asyncio.run(until_up(url))
        yield url
    finally:
        process.terminate()
        process.wait(10)
