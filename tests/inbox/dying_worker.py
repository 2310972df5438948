"""`python -m tests.inbox.dying_worker parse|save N`: at most N workers drain, one after the other; what is poison kills
them by SIGKILL, in the middle. Prints the exit status of each as JSON. Forks as Celery's pool does."""

import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from channels import events, items, registry  # noqa: E402
from channels.messages import Item  # noqa: E402
from inbox import ingest  # noqa: E402
from inbox.incoming.batch import Batch  # noqa: E402
from tests.inbox.platform import PlainConnector  # noqa: E402

POISON = "gif"


def die() -> None:
    """As the kernel ends a process that took all memory."""
    os.kill(os.getpid(), signal.SIGKILL)


class Deadly(PlainConnector):
    """Dies of what it cannot stomach while it reads."""

    def parse(self, body: bytes, received_at: datetime) -> list[Item]:
        if POISON.encode() in body:
            die()
        return items.decode(body)


def deadly_save(batch: Batch) -> None:
    """Dies when all is written and nothing is committed."""
    save(batch)
    if any(POISON in message.text for message in batch.new_messages):
        die()


save: Any = Batch.save


def main(where: str, times: int) -> None:
    """Until a worker lives, or N died."""
    registry.CONNECTORS["whatsapp"] = f"{Deadly.__module__}.{Deadly.__qualname__}"
    if where == "save":
        Batch.save = deadly_save  # type: ignore[method-assign]
    ended: list[int] = []
    while len(ended) < times and ended[-1:] != [0]:
        child = os.fork()
        if not child:
            with connection.cursor() as cursor:  # the lease of the one before has ended
                cursor.execute("UPDATE channels_inboundevent SET taken_at = taken_at - %s", [events.LEASE])
            ingest.drain()
            os._exit(0)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(ended))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
