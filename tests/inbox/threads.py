"""Several calls at the same instant."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from django.db import connection


def together(*calls: Callable[[], Any]) -> list[Any]:
    """All at the same instant, each on a connection of its own."""
    barrier, results = Barrier(len(calls)), [None] * len(calls)

    def run(number: int) -> None:
        try:
            barrier.wait(10)
            results[number] = calls[number]()
        finally:
            connection.close()

    threads = [Thread(target=run, args=[number]) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results
