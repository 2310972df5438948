"""`manage.py make_push_key`: a key for push messages to browsers, as a line for the environment."""

from typing import Any

from django.core.management.base import BaseCommand

from inbox import webpush


class Command(BaseCommand):
    """Made once for an installation: with another key every browser has to turn push messages on again."""

    help = "Print a new VAPID_PRIVATE_KEY for push messages to browsers."

    def handle(self, *args: Any, **options: Any) -> None:
        """One line, for .env."""
        self.stdout.write(f"VAPID_PRIVATE_KEY={webpush.new_private_key()}")
