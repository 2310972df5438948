"""What can stop an embedded start, as a sentence a person can act on."""

import errno
import sys
from collections.abc import Callable


class CannotStart(Exception):
    """Carries one Dutch sentence (or a short paragraph) that says what is wrong and what to do about it."""


class Stopped(Exception):
    """Somebody asked us to stop (Ctrl-C, SIGTERM, SIGHUP) while we were still starting."""


def explain(error: OSError) -> CannotStart:
    """Turn an error of the file system into a sentence; used where we write into our own folders."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CannotStart(f"De schijf is vol{where}. Maak ruimte vrij en probeer het opnieuw.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CannotStart(
            f"Geen schrijfrecht{where}. Kies met DATA_DIR een map waarin je wel mag schrijven, of herstel de rechten."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return CannotStart(f"Hier kan geen map komen{where}: er staat al een bestand. Kies met DATA_DIR een andere.")
    return CannotStart(f"Het systeem weigerde iets{where}: {error.strerror or error}.")


def told(action: Callable[[], int]) -> int:
    """The exit code of `action`; 1, with the sentence on standard error, when it could not start."""
    try:
        return action()
    except CannotStart as problem:
        print(problem, file=sys.stderr)
    except OSError as error:
        print(explain(error), file=sys.stderr)
    return 1
