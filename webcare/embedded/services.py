"""PostgreSQL and Redis for one command: ours, unless the environment names others."""

import sys
from collections.abc import Mapping
from pathlib import Path

from webcare.embedded.errors import explain
from webcare.embedded.homes import Home, lasting_home, temporary_home
from webcare.embedded.postgres import Postgres
from webcare.embedded.processes import Group
from webcare.embedded.redis_server import RedisServer


def start_services(
    group: Group, environment: Mapping[str, str], data: Path | None, *, durable: bool | None = None
) -> dict[str, str]:
    """Start in `group` what `environment` does not name, wait until it answers, and return both addresses.

    data: a folder whose contents last, or None for one that the group removes at the end. Raises CannotStart.
    """
    found = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL") if environment.get(name)}
    if len(found) == 2:
        return found
    try:
        home = _home(group, data)
        postgres = Postgres(home, durable=durable) if "DATABASE_URL" not in found else None
        redis = RedisServer(home) if "REDIS_URL" not in found else None
        # Both start before either is waited for.
        if redis is not None:
            redis.start(group)
        if postgres is not None:
            postgres.start(group)
        if redis is not None:
            found["REDIS_URL"] = redis.wait()
        if postgres is not None:
            found["DATABASE_URL"] = postgres.wait()
    except OSError as error:
        raise explain(error) from error
    return found


def _home(group: Group, data: Path | None) -> Home:
    if data is None:
        home = temporary_home()
        group.remove_at_end(home.folder)
        return home
    data.mkdir(parents=True, exist_ok=True)
    home = lasting_home(data)
    if not home.folder.is_relative_to(data):
        print(
            f"Als root draait de databaseserver onder een ander account, en dat kan niet bij {data}: "
            f"zijn gegevens staan in {home.folder}.",
            file=sys.stderr,
        )
    return home
