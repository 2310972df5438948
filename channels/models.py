"""The platforms' side of the house: PlatformApp, Account, InboundEvent."""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels.crypto import EncryptedJSONField
from channels.messages import AccountCredentials, AppCredentials


class Kind(models.TextChoices):
    """The platforms we speak; the same words as in registry.CONNECTORS."""

    X = "x", "X"
    FACEBOOK = "facebook", "Facebook"
    WHATSAPP = "whatsapp", "WhatsApp"


def new_app_key() -> str:
    """The unguessable last part of a webhook address."""
    return secrets.token_urlsafe(12)


class PlatformApp(models.Model):
    """The municipality's app at X, Meta or Twilio: secrets, one webhook address; serves many accounts."""

    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.SlugField(max_length=64, unique=True, default=new_app_key)
    name = models.CharField(max_length=120)
    secrets = EncryptedJSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    # Of the calls of the platform the last of each sort, to some seconds: see channels.views.
    challenged_at = models.DateTimeField(null=True, blank=True)  # it asked whether the address is ours; we proved it
    challenge_refused_at = models.DateTimeField(null=True, blank=True)  # it asked with another verify token
    verified_at = models.DateTimeField(null=True, blank=True)  # a webhook with the right signature
    refused_at = models.DateTimeField(null=True, blank=True)  # a webhook with a wrong one

    class Meta:
        verbose_name = _("platform app")
        ordering: ClassVar = ["kind", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def webhook_url(self) -> str:
        """The address to fill in at the platform."""
        return f"{settings.PUBLIC_URL}/webhooks/{self.kind}/{self.key}/"

    def credentials(self) -> AppCredentials:
        """This app for a connector."""
        return AppCredentials(kind=self.kind, key=self.key, secrets=self.secrets)


class AccountState(models.TextChoices):
    """Whether we receive and send on an account."""

    ACTIVE = "active", _("active")
    PAUSED = "paused", _("paused")
    BROKEN = "broken", _("connection broken")
    DISCONNECTED = "disconnected", _("disconnected")  # without access; its conversations stay


# Nothing is asked of the platform on these, and nothing is sent.
AT_REST = (AccountState.PAUSED, AccountState.DISCONNECTED)


class Account(models.Model):
    """One handle, page or number."""

    app = models.ForeignKey(PlatformApp, on_delete=models.PROTECT, related_name="accounts")
    kind = models.CharField(max_length=16, choices=Kind.choices)  # the app's kind, for the list without a join
    external_id = models.CharField(max_length=100)
    handle = models.CharField(max_length=100, blank=True)
    name = models.CharField(max_length=120)
    secrets = EncryptedJSONField(default=dict)
    state = models.CharField(max_length=16, choices=AccountState.choices, default=AccountState.ACTIVE)
    error_code = models.CharField(max_length=60, blank=True)
    error_reason = models.CharField(max_length=30, blank=True)
    error_at = models.DateTimeField(null=True, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)  # administrators were told of this breakage
    checked_at = models.DateTimeField(null=True, blank=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)  # where the platform tells
    token_renew_at = models.DateTimeField(null=True, blank=True)  # when we get new access ourselves (channels.renewal)
    missing_permissions = models.JSONField(null=True, blank=True)  # by the platform's names; null: it does not tell
    expiry_alerted_for = models.DateTimeField(null=True, blank=True)  # the token_expires_at administrators were told of
    webhook_problem = models.CharField(max_length=30, blank=True)  # a key of account_state.WEBHOOK_PROBLEMS
    webhook_checked_at = models.DateTimeField(null=True, blank=True)
    last_received_at = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    gaps_checked_at = models.DateTimeField(null=True, blank=True)
    last_seen_external_id = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        ordering: ClassVar = ["kind", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "external_id"], name="account_once_per_platform"),
        ]

    def __str__(self) -> str:
        return self.name

    def credentials(self) -> AccountCredentials:
        """This account for a connector."""
        return AccountCredentials(
            external_id=self.external_id,
            handle=self.handle,
            name=self.name,
            secrets=self.secrets,
            settings={"status_callback": self.app.webhook_url},
        )


class GapCheck(models.Model):
    """One round of gap repair on one account: from when was asked, and what it found."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="gap_checks")
    since = models.DateTimeField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: it runs, or its worker died
    by_hand = models.BooleanField(default=False)
    listed = models.PositiveIntegerField(default=0)  # messages the platform showed us; X charges for each
    found = models.PositiveIntegerField(default=0)  # of those, new to us
    code = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=30, blank=True)  # why it broke off: a key of errors.REASONS
    retry_at = models.DateTimeField(null=True, blank=True)  # the platform wants no question before then

    class Meta:
        verbose_name = _("gap check")
        indexes: ClassVar = [models.Index(fields=["account", "-started_at"], name="gap_checks_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.started_at:%Y-%m-%d %H:%M}"


class EventState(models.TextChoices):
    """What became of a stored webhook."""

    STORED = "stored", _("waiting")
    DONE = "done", _("processed")
    IGNORED = "ignored", _("ignored")
    FAILED = "failed", _("failed")


class InboundEvent(models.Model):
    """A webhook as it came, or a body made by gap repair. The truth until it is done."""

    app = models.ForeignKey(PlatformApp, on_delete=models.PROTECT, related_name="events")
    dedupe_key = models.CharField(max_length=200)
    body = models.BinaryField()
    content_type = models.CharField(max_length=100, blank=True)
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=EventState.choices, default=EventState.STORED)
    reason = models.TextField(blank=True)  # why ignored or failed; codes, no personal data
    traceback = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker began on it
    taken_at = models.DateTimeField(null=True, blank=True)  # when the last one began, by the database's clock
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("inbound event")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["app", "dedupe_key"], name="event_once_per_app"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="event_waiting", condition=models.Q(state="stored")),
            models.Index(fields=["-received_at"], name="event_failed", condition=models.Q(state="failed")),
            models.Index(fields=["-received_at"], name="event_ignored", condition=models.Q(state="ignored")),
        ]

    def __str__(self) -> str:
        return f"{self.app_id}/{self.pk} {self.state}"
