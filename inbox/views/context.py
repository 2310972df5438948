"""What every page knows: the municipality's name, colour and logo, and where the live stream is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def municipality(request: HttpRequest) -> dict[str, Any]:
    """Variables for every template."""
    return {
        "municipality": settings.MUNICIPALITY,
        "primary_colour": settings.PRIMARY_COLOUR,
        "logo_url": settings.LOGO_URL,
        "live_url": settings.LIVE_URL,
    }
