"""What every page knows: the municipality's name, colour and logo, and where the live stream is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from inbox import permissions
from inbox.models import Role


def municipality(request: HttpRequest) -> dict[str, Any]:
    """Variables for every template."""
    user = getattr(request, "user", None)
    return {
        "municipality": settings.MUNICIPALITY,
        "primary_colour": settings.PRIMARY_COLOUR,
        "logo_url": settings.LOGO_URL,
        "live_url": settings.LIVE_URL,
        # Looked at by templates of logged-in pages only: a lazy user is not loaded here.
        "is_admin": lambda: getattr(user, "role", "") == Role.ADMIN,
        "answers": lambda: getattr(user, "role", "") in permissions.WORKERS,
        "keeps_replies": lambda: getattr(user, "role", "") in (Role.LEAD, Role.ADMIN),
    }
