"""Colleagues, their departments, and the citizens as each platform knows them."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from channels.models import Account, Kind


class Department(models.Model):
    """Where a conversation lies; its members see it. The webcare team is a department too."""

    name = models.CharField(max_length=80, unique=True, verbose_name=_("name"))
    slug = models.SlugField(max_length=80, unique=True)
    # With variables between braces (inbox.standard_texts); a colleague may change it at every routing.
    routed_text = models.TextField(
        blank=True,
        max_length=1000,
        default="",
        db_default="",
        verbose_name=_("what the citizen hears when it is routed here"),
        help_text=_("Empty: nothing is proposed."),
    )

    class Meta:
        verbose_name = _("department")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a colleague does; design.md §1."""

    AGENT = "agent", _("webcare agent")
    EXPERT = "expert", _("expert")
    LEAD = "lead", _("team lead")
    ADMIN = "admin", _("administrator")
    VIEWER = "viewer", _("viewer")


class Availability(models.TextChoices):
    """Whether a colleague is at work. Empty: never said, as for who only works through the API."""

    AVAILABLE = "available", _("available")
    AWAY = "away", _("away for a moment")
    OFF = "off", _("done for today")


class ShiftRule(models.TextChoices):
    """Where a colleague's open conversations go when their shift is over."""

    DEPARTMENT = "department", _("back to the department")
    COLLEAGUE = "colleague", _("to a colleague")
    KEEP = "keep", _("they stay with me")


DEFAULT_WAYS = ("bell", "push")
# As X tells them; other platforms tell none. In the order a Dutch municipality meets them.
LANGUAGES = ("nl", "en", "de", "fr", "es", "pl", "tr", "ar", "uk", "ru", "bg", "ro", "pt", "it", "fa", "zh")


class ColleagueManager(UserManager["User"]):
    """So that `manage.py createsuperuser` makes the first administrator."""

    use_in_migrations = False

    def create_superuser(self, username: str, *args: Any, **fields: Any) -> "User":
        """An administrator, unless told otherwise."""
        return super().create_superuser(username, *args, **{"role": Role.ADMIN, **fields})


class User(AbstractUser):
    """A colleague."""

    role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT, verbose_name=_("role"))
    departments = models.ManyToManyField(Department, blank=True, related_name="members")
    shortcuts = models.BooleanField(default=True, verbose_name=_("single-key shortcuts"))  # WCAG 2.1.4
    stay_after_sending = models.BooleanField(default=True, verbose_name=_("stay in the conversation after sending"))
    list_sorts = models.JSONField(default=dict, blank=True)  # by place, where not the view's own order

    # By kind of notice the ways in which they are told; a kind without a choice: DEFAULT_WAYS.
    notice_ways = models.JSONField(default=dict, blank=True, db_default={})
    notices_outside_hours = models.BooleanField(default=False, db_default=False)
    daily_summary = models.BooleanField(default=False, db_default=False)
    summary_on = models.DateField(null=True, blank=True)  # the last day of which they got one
    # What "next" may hand out: empty is everything. Languages are codes as platforms tell them.
    accounts = models.ManyToManyField(Account, blank=True, related_name="+", verbose_name=_("accounts"))
    languages = ArrayField(models.CharField(max_length=8), default=list, blank=True, verbose_name=_("languages"))
    most_open = models.PositiveSmallIntegerField(
        null=True, blank=True, verbose_name=_("at most this many open conversations")
    )
    availability = models.CharField(max_length=10, choices=Availability.choices, blank=True, default="", db_default="")
    availability_at = models.DateTimeField(null=True, blank=True)
    shift_rule = models.CharField(
        max_length=10,
        choices=ShiftRule.choices,
        default=ShiftRule.DEPARTMENT,
        db_default=ShiftRule.DEPARTMENT,
    )
    # When they last got something in turn (inbox.nobodys): who waited longest is next.
    turn_at = models.DateTimeField(null=True, blank=True)
    # For ShiftRule.COLLEAGUE; gone, or not the one for it: back to the department.
    shift_colleague = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects: ClassVar[ColleagueManager] = ColleagueManager()

    class Meta:
        verbose_name = _("colleague")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def wants(self, kind: str, way: str) -> bool:
        """Whether they want to be told of this kind (NoticeKind) in this way (Way)."""
        return way in self.notice_ways.get(kind, DEFAULT_WAYS)

    @property
    def initials(self) -> str:
        """Two letters for the avatar."""
        return ((self.first_name[:1] + self.last_name[:1]) or self.username[:2]).upper()


class BlockGround(models.TextChoices):
    """Why a citizen is blocked."""

    THREAT = "threat", _("threat")
    ABUSE = "abuse", _("abuse or discrimination")
    SPAM = "spam", _("spam or advertising")
    IMPERSONATION = "impersonation", _("pretends to be someone else")
    OTHER = "other", _("another reason")


class Contact(models.Model):
    """A citizen. May have several identities (merged by a colleague).

    Blocked: messages come in and are shown, but promise no time and get no automatic reply."""

    name = models.CharField(max_length=200, blank=True)
    blocked_at = models.DateTimeField(null=True, blank=True)
    blocked_until = models.DateTimeField(null=True, blank=True)  # null: until a colleague lifts it
    blocked_ground = models.CharField(max_length=20, choices=BlockGround.choices, blank=True, db_default="")
    blocked_note = models.TextField(blank=True, db_default="")  # for colleagues only
    blocked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("citizen")
        indexes: ClassVar = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="contact_name_trigram"),
        ]

    def __str__(self) -> str:
        return self.name or str(_("Unknown citizen"))

    def blocked(self, at: datetime) -> bool:
        """Whether the citizen is blocked at that moment (aware)."""
        return self.blocked_at is not None and (self.blocked_until is None or at < self.blocked_until)


class Identity(models.Model):
    """A citizen as one platform knows them (profiel)."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="identities")
    # The citizen this profile belonged to before colleagues merged it into another; taken apart, it goes back there.
    came_from = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    external_id = models.CharField(max_length=200)
    aliases = models.JSONField(default=list, blank=True)  # other ids of the same person there
    name = models.CharField(max_length=200, blank=True)
    handle = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    avatar_url = models.URLField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # When to ask the platform who this is, where webhooks carry a bare id; null: nothing to ask.
    profile_due_at = models.DateTimeField(null=True, blank=True)
    profile_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name = _("profile")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "external_id"], name="identity_once_per_platform"),
        ]
        indexes: ClassVar = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="identity_name_trigram"),
            GinIndex(OpClass(Upper("handle"), name="gin_trgm_ops"), name="identity_handle_trigram"),
            GinIndex(fields=["aliases"], name="identity_aliases"),
            models.Index(fields=["phone"], name="identity_phone", condition=~Q(phone="")),
            models.Index(
                fields=["profile_due_at"], name="identity_profile_due", condition=Q(profile_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        """The best name we have."""
        return self.name or (f"@{self.handle}" if self.handle else "") or self.phone or str(_("Unknown citizen"))
