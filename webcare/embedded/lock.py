"""One user at a time for a data folder."""

import fcntl
from pathlib import Path
from typing import IO

from webcare.embedded.errors import CannotStart


def locked(data: Path) -> IO[str]:
    """The lock on a data folder, which is made when missing. Raises CannotStart when another has it.

    Held as long as the file is open, so it goes with the process, however that ends; children do not get it.
    """
    data.mkdir(mode=0o755, parents=True, exist_ok=True)
    lock = (data / "lock").open("a", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStart(
            f"De demo draait al met de gegevens in {data}. Stop die eerst (Ctrl-C), "
            "of kies met DATA_DIR een andere map."
        ) from None
    return lock
