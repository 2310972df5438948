"""Things that happen at the same moment: threads with a database connection each, let go together."""

from collections.abc import Callable
from threading import Barrier, Thread

from django.db import connection


def together(*deeds: Callable[[], object]) -> list[object]:
    """What each deed gave, or the exception it raised, in the order of the deeds."""
    barrier = Barrier(len(deeds))
    outcomes: list[object] = [None] * len(deeds)

    def run(number: int, deed: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            outcomes[number] = deed()
        except Exception as error:  # noqa: BLE001 - it is what the caller asks for
            outcomes[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert not any(thread.is_alive() for thread in threads)
    return outcomes


def codes(outcomes: list[object]) -> list[str]:
    """ "ok" for what went well, the code of a refusal, the name of any other exception."""
    return [_code(outcome) for outcome in outcomes]


def _code(outcome: object) -> str:
    if not isinstance(outcome, Exception):
        return "ok"
    return str(getattr(outcome, "code", type(outcome).__name__))
