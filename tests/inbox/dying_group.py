"""`python -m tests.inbox.dying_group written|between N`: at most N workers answer groups, one after the other; each is
ended by SIGKILL at its second conversation: all written and nothing committed, or between two of them."""

import json
import os
import signal
import sys
from typing import Any

import django

django.setup()

from inbox import group_answers  # noqa: E402
from inbox.actions import group_answer  # noqa: E402

decide: Any = group_answer._decide
answer_next: Any = group_answer.answer_next
count = 0


def die_at_the_second() -> None:
    """As the kernel ends a process."""
    global count
    count += 1
    if count == 2:
        os.kill(os.getpid(), signal.SIGKILL)


def deadly_decide(*given: Any) -> None:
    decide(*given)
    die_at_the_second()


def deadly_next(account_id: int) -> Any:
    outcome = answer_next(account_id)
    if outcome is not None:
        die_at_the_second()
    return outcome


def main(where: str, times: int) -> None:
    """Until a worker lives, or N died."""
    if where == "written":
        group_answer._decide = deadly_decide
    else:
        group_answer.answer_next = deadly_next
    ended: list[int] = []
    while len(ended) < times and ended[-1:] != [0]:
        child = os.fork()
        if not child:
            group_answers.work()
            os._exit(0)
        ended.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(ended))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
