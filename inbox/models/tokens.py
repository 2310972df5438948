"""Tokens for the API: only a digest is stored, so that a copy of the database opens nothing."""

import hashlib
import secrets
from typing import ClassVar, Optional

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.clock import now
from inbox.models.people import User

PREFIX = "wct_"  # so that people and secret scanners recognise one


class ApiToken(models.Model):
    """One token of a colleague; whoever holds it may do what the colleague may."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    # 32 random bytes: nothing to guess, so a plain SHA-256 does.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["ApiToken"]] = models.Manager()

    class Meta:
        verbose_name = _("API token")

    def __str__(self) -> str:
        return f"token {self.pk}"

    @classmethod
    def issue(cls, user: User) -> str:
        """A new token, told this once; the earlier ones go on working."""
        key = PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(user=user, digest=cls.digest_of(key), created_at=now())
        return key

    @classmethod
    def find(cls, key: str) -> Optional["ApiToken"]:
        """The token with its colleague, in one query; None when there is none. Looked up by digest: no timing tells."""
        return cls.objects.select_related("user").filter(digest=cls.digest_of(key)).first()

    @staticmethod
    def digest_of(key: str) -> str:
        """What is stored of a key."""
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
