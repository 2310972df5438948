"""The Django project: settings, addresses, processes. Nothing of the domain."""

from webcare.celery import app as celery_app

__all__ = ["celery_app"]
