"""`manage.py backup FILE`: the database and the files in one archive, while everything goes on."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.template.defaultfilters import filesizeformat

from inbox.backups import making
from inbox.backups.problem import BackupProblem


class Command(BaseCommand):
    """For a person, and for cron: quiet with --verbosity 0, exit status 1 when there is no backup."""

    requires_system_checks = ()  # what is wrong elsewhere must not stop it
    help = "Make a backup of the database and the media folder in one archive (mode 600)."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, and --overwrite."""
        parser.add_argument("file", type=Path, help="where the archive goes, e.g. /backup/webcare-2026-11-22.tar")
        parser.add_argument("--overwrite", action="store_true", help="replace an archive of that name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when no backup was made."""
        signal.signal(signal.SIGTERM, _stop)
        try:
            made = making.make(options["file"].absolute(), overwrite=options["overwrite"])
        except BackupProblem as problem:
            raise CommandError(str(problem)) from None
        if made.missing_count:
            named = "\n  ".join(made.missing)
            self.stderr.write(
                f"Not in the media folder, though the database names them ({made.missing_count}):\n  {named}"
            )
        if not options["verbosity"]:
            return
        rows = sum(made.rows.values())
        self.stdout.write(
            f"{made.path}\n"
            f"  {filesizeformat(made.size)}, {rows} rows in {len(made.rows)} tables, {made.files} files\n"
            "  It holds what citizens wrote and is not encrypted: keep it where only you can read it.\n"
            "  SECRET_KEY and CREDENTIALS_KEY are not in it. Keep CREDENTIALS_KEY elsewhere: without it the\n"
            f"  channels' secrets in this backup cannot be read (fingerprint {', '.join(making.fingerprints())})."
        )


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)  # so that the half archive is taken away
