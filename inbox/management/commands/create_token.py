"""`manage.py create_token USER`: print a token for the API, and nothing else."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from inbox.models import User
from inbox.models.tokens import ApiToken


class Command(BaseCommand):
    """Only a digest is kept, so a token is told once: a second call prints another, and both work."""

    help = "Print an API token for a colleague. It is shown this once; --new ends the earlier ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """USER, and --new."""
        parser.add_argument("user", help="the username of the colleague")
        parser.add_argument("--new", action="store_true", help="end all earlier tokens of this colleague")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError for a colleague that does not exist or is not active."""
        name: str = options["user"]
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no colleague with the username {name!r}.")
        if not user.is_active:
            raise CommandError(f"{name!r} is not active: a token would not work.")
        with transaction.atomic():
            if options["new"]:
                ApiToken.objects.filter(user=user).delete()
            self.stdout.write(ApiToken.issue(user))
