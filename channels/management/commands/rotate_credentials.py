"""Key rotation: encrypt all stored credentials anew with the first key in CREDENTIALS_KEY."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from channels.crypto import CredentialsUnreadable
from channels.models import Account, PlatformApp


class Command(BaseCommand):
    """Put the new key before the old in CREDENTIALS_KEY, restart, run this, then take the old key out."""

    help = "Encrypt all stored credentials anew with the first key in CREDENTIALS_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        """Each row in its own short transaction, so it can run while the product works, and again when interrupted.

        Raises CommandError, after doing all others, when some could not be read."""
        unreadable: list[str] = []
        done = 0
        for model in (PlatformApp, Account):
            for pk in model.objects.order_by("pk").values_list("pk", flat=True):
                try:
                    done += self._rotate(model, pk)
                except CredentialsUnreadable:
                    unreadable.append(f"{model.__name__} {pk}")
        self.stdout.write(f"{done} encrypted with the newest key")
        if unreadable:
            raise CommandError(
                "No key in CREDENTIALS_KEY reads the credentials of: "
                + ", ".join(unreadable)
                + ". Put the key they were written with back in the list, or connect them anew."
            )

    def _rotate(self, model: type[PlatformApp | Account], pk: int) -> bool:
        with transaction.atomic():
            row = model.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                return False
            row.save(update_fields=["secrets"])
        return True
