"""What the inbox does when the gateway says something. Thin, and waits on nothing."""

from typing import Any

from django.dispatch import receiver

from channels.signals import event_stored
from inbox import kick


@receiver(event_stored, dispatch_uid="inbox.wake_the_drainer")
def wake_the_drainer(**_: Any) -> None:
    """An event's row was committed: kick, best effort; the sweeper comes by anyway."""
    kick.kick_drain()
