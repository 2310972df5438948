"""The shared inbox as a Django application."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Connects the receiver of ``event_stored`` when Django is ready."""

    name = "inbox"
    verbose_name = "Inbox"

    def ready(self) -> None:
        """Listen for stored events."""
        from inbox import receivers  # noqa: F401, PLC0415  (Django's place for it: models must be loaded first)
