"""What differs in tests: fast password hashes, files in a temporary folder, no pool (threads close their own)."""

import os
import tempfile
from urllib.parse import urlsplit

os.environ.setdefault("SECRET_KEY", "tests-only")
os.environ.setdefault("CREDENTIALS_KEY", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")
os.environ.setdefault("DATABASE_POOL", "0")
os.environ.setdefault("STATIC_FROM_SOURCE", "1")
os.environ.setdefault("LOG_LEVEL", "WARNING")
if worker := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw"):
    # Each of pytest's processes has a Redis database of its own, as it has a PostgreSQL database.
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{int(worker) + 1}").geturl()

from webcare.settings import *
from webcare.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
_folder = tempfile.TemporaryDirectory(prefix="webcare-test-media-")  # removed when the process ends
MEDIA_ROOT = _folder.name
_collected = tempfile.TemporaryDirectory(prefix="webcare-test-static-")
STATIC_ROOT = _collected.name
DATABASES["default"]["CONN_MAX_AGE"] = 0
AXES_ENABLED = False
