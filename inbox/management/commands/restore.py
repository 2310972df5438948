"""`manage.py restore FILE`: check a backup, and put it back."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from inbox.backups import restoring
from inbox.backups.archive import Archive
from inbox.backups.problem import BackupProblem


class Command(BaseCommand):
    """Asks before it replaces anything; says what it did, and what a person has to look at."""

    requires_system_checks = ()  # what is wrong elsewhere must not stop it
    help = "Check a backup and put it back into an empty database, or with --replace instead of what is there."

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE, --verify, --replace, --yes."""
        parser.add_argument("file", type=Path, help="an archive that `manage.py backup` made")
        parser.add_argument("--verify", action="store_true", help="only check it: every sum, and that it can be read")
        parser.add_argument("--replace", action="store_true", help="throw away what this database holds")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError when it was not put back; then the database is as it was."""
        try:
            archive = restoring.verify(options["file"].absolute())
            self._tell(archive)
            if options["verify"]:
                return
            restoring.refuse_obstacle(archive)
            self._refuse_full(replace=options["replace"], yes=options["yes"])
            done = restoring.restore(archive, self.stdout.write)
        except BackupProblem as problem:
            raise CommandError(str(problem)) from None
        self._told(done)

    def _tell(self, archive: Archive) -> None:
        told = archive.manifest
        self.stdout.write(
            f"This backup is whole: made {told['made_at']}, {sum(told['rows'].values())} rows, {told['files']} files."
        )
        if told["missing"]:
            self.stderr.write(f"{told['missing']} files were lost before it was made.")
        if restoring.other_key(archive):
            self.stderr.write(
                "CREDENTIALS_KEY is another than when it was made. The channels' secrets in it cannot be read until "
                f"the key with fingerprint {', '.join(told['credentials_keys'])} is added; messages can."
            )

    def _refuse_full(self, *, replace: bool, yes: bool) -> None:
        full = restoring.held()
        if not full:
            return
        what = f"This database is not empty ({', '.join(full[:5])}{' …' if len(full) > 5 else ''})"
        if not replace:
            raise BackupProblem(f"{what}. Give an empty one, or say --replace to throw away what it holds.")
        if yes:
            return
        if not sys.stdin.isatty():
            raise BackupProblem(f"{what}. Say --yes as well to throw away what it holds.")
        if input(f"{what}. All of it will be thrown away. Type 'replace' to go on: ") != "replace":
            raise BackupProblem("Nothing was changed.")

    def _told(self, done: restoring.Restored) -> None:
        self.stdout.write(
            f"Put back: {done.rows} rows; {done.files} files, {done.kept} were there already"
            f"{'; migrated to this version' if done.migrated else ''}."
        )
        if done.moved:
            self.stdout.write(f"{len(done.moved)} files with another content now end in .before-restore.")
        settled = done.settled
        self.stdout.write(
            f"Answers that were on their way: {settled.asked_after} are asked after at the platform and go only when "
            f"they are surely not there; {settled.before_a_person} older than a day wait for a colleague.\n"
            "When Webcare starts it fetches what citizens wrote since the backup. Answers given since then are not in "
            "it: look at the platform before answering again. Everybody has to log in anew."
        )
