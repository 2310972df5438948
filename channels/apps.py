"""The gateway to the platforms as a Django application."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """Named "channels"; Django Channels from PyPI must never be installed beside it."""

    name = "channels"
    verbose_name = "Kanalen"
