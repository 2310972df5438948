"""Conversations: the list with its filters, and one of them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.functional import cached_property
from rest_framework import serializers
from rest_framework.request import Request

from channels.clock import now
from inbox import sla
from inbox.api.endpoint import Detail, Listing, UtcField, reading
from inbox.api.paging import Order
from inbox.api.refs import AccountRef, ColleagueRef, ContactRef, DepartmentRef, IdentityRef, TopicRef
from inbox.models import (
    VIEWS,
    AuditEntry,
    ClockKind,
    ContactKind,
    Conversation,
    ConversationQuerySet,
    Priority,
    ReadMarker,
    Result,
    SensitiveGround,
    Sentiment,
    Status,
    User,
)


class ClockShown(serializers.Serializer):
    """The running clock, in office time."""

    answer = serializers.ChoiceField(ClockKind.choices, source="clock_kind", help_text="Which answer is owed.")
    started_at = UtcField(source="clock_started_at")
    warn_at = UtcField()
    due_at = UtcField()
    colour = serializers.ChoiceField(
        ["green", "orange", "red"], help_text="orange in the last fifth of the target, red when it is over."
    )


class ContextShown(serializers.Serializer):
    """The public post it stands under or quotes."""

    external_id = serializers.CharField(required=False)
    text = serializers.CharField(required=False)
    author_name = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    from_us = serializers.BooleanField(required=False)


class ConversationShown(serializers.Serializer):
    """One exchange with a citizen."""

    id = serializers.IntegerField()
    version = serializers.IntegerField(help_text="Goes up with every change.")
    account = AccountRef()
    contact = ContactRef(source="identity.contact")
    identity = IdentityRef()
    public = serializers.BooleanField()
    subject = serializers.CharField()
    context = ContextShown()  # type: ignore[assignment]
    continued_in = serializers.IntegerField(
        source="continued_in_id", allow_null=True, help_text="The private conversation in which it goes on."
    )
    department = DepartmentRef()
    assignee = ColleagueRef(allow_null=True)
    status = serializers.ChoiceField(Status.choices)
    result = serializers.ChoiceField(Result.choices, allow_blank=True, help_text="Empty until it is closed.")
    snoozed_until = UtcField(allow_null=True)
    opened_at = UtcField()
    closed_at = UtcField(allow_null=True)
    sensitive = serializers.BooleanField(help_text="Every answer first waits for approval.")
    sensitive_ground = serializers.ChoiceField(
        SensitiveGround.choices, allow_blank=True, help_text="Why; empty when it is not."
    )
    nobodys = serializers.BooleanField(help_text="Nobody picked it up in time: it stands on top of everybody's list.")
    topic = TopicRef(allow_null=True, help_text="What it is about.")
    sentiment = serializers.ChoiceField(
        Sentiment.choices,
        allow_blank=True,
        help_text="How the citizen sounds, as a colleague heard it; empty: not said.",
    )
    priority = serializers.ChoiceField(Priority.choices, help_text="How much haste it has: 0 normal, 1 high, 2 urgent.")
    contact_kind = serializers.ChoiceField(
        ContactKind.choices, allow_blank=True, help_text="What the citizen wants of us; empty: not said."
    )
    answerable = serializers.BooleanField(help_text="False: X will refuse an answer here.")
    last_message_at = UtcField()
    last_message_text = serializers.CharField(help_text="The first 200 characters.")
    last_message_out = serializers.BooleanField(help_text="Whether it is ours.")
    last_inbound_at = UtcField(allow_null=True)
    first_answered_at = UtcField(allow_null=True)
    inbound_count = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="Messages of the citizen that you have not seen.")
    has_attachment = serializers.BooleanField()
    failed_count = serializers.IntegerField(help_text="Answers that failed or are not certain: a person must look.")
    clock = ClockShown(allow_null=True)


class ConversationQuery(serializers.Serializer):
    """The filters of the list; several together narrow it further."""

    view = serializers.ChoiceField(
        list(VIEWS), required=False, help_text="A view of the inbox, in its order. Without: newest conversation first."
    )
    department = serializers.SlugField(required=False, help_text="The slug of one of your departments.")
    account = serializers.IntegerField(required=False)
    assignee = serializers.RegexField(
        r"^(\d{1,18}|me|none)$", required=False, help_text="The id of a colleague, me, or none."
    )
    status = serializers.ChoiceField(Status.choices, required=False)
    public = serializers.BooleanField(required=False)
    topic = serializers.IntegerField(required=False, help_text="The id of a topic.")
    sentiment = serializers.ChoiceField(Sentiment.choices, required=False)
    contact_kind = serializers.ChoiceField(ContactKind.choices, required=False)
    updated_since = UtcField(required=False, help_text="With a message or any change from then on.")


def shown_to(user: User) -> ConversationQuerySet:
    """Conversations of this colleague with all that is told of them, in one query; ``clock`` and ``unread`` too."""
    seen = ReadMarker.objects.filter(user=user, conversation=OuterRef("pk")).values("seen")[:1]
    return (
        Conversation.objects.visible_to(user)
        .for_list()
        .defer("account__secrets")  # each would be decrypted
        .annotate(seen=Coalesce(Subquery(seen), Value(0), output_field=IntegerField()))
    )


def complete(conversation: Conversation) -> Conversation:
    """Give it what the serializer asks for besides columns."""
    conversation.unread = max(0, conversation.inbound_count - conversation.seen)  # type: ignore[attr-defined]
    conversation.clock = None  # type: ignore[attr-defined]
    if conversation.due_at is not None and conversation.warn_at is not None:
        conversation.clock = conversation  # type: ignore[attr-defined]
        conversation.colour = sla.state(conversation.due_at, conversation.warn_at, now())  # type: ignore[attr-defined]
    return conversation


@reading("conversations_list", "Conversations of your departments")
class Conversations(Listing):
    """Each appears once, however the list changes while you page: the cursor is a place, not a number."""

    serializer_class = ConversationShown
    query_class = ConversationQuery

    @cached_property
    def given(self) -> dict[str, Any]:
        """The filters, read once."""
        return self.filters()

    def get_queryset(self) -> QuerySet[Conversation]:
        """Narrowed by every filter but the department."""
        given = self.given
        rows = shown_to(self.caller)
        if view := given.get("view"):
            rows = rows.in_view(view, self.caller, now())
        for name in ("status", "account", "public", "topic", "sentiment", "contact_kind"):
            if name in given:
                rows = rows.filter(**{name: given[name]})
        match given.get("assignee"):
            case None:
                pass
            case "me":
                rows = rows.filter(assignee=self.caller)
            case "none":
                rows = rows.filter(assignee=None)
            case pk:
                rows = rows.filter(assignee=int(pk))
        if since := given.get("updated_since"):
            # Every change leaves an audit entry; the message's own time is for what came from elsewhere.
            changed = AuditEntry.objects.filter(conversation=OuterRef("pk"), at__gte=since)
            rows = rows.filter(Q(last_message_at__gte=since) | Exists(changed))
        return rows

    def order(self, request: Request) -> Order:
        """The view's, or the newest conversation first."""
        view = self.given.get("view")
        return Order(*VIEWS[view]) if view else Order("pk", newest_first=True)

    def parts(self, queryset: QuerySet[Conversation]) -> Sequence[QuerySet[Conversation]]:
        """By department: each has its own stretch of the index."""
        departments = self.caller.departments.order_by("pk")
        if slug := self.given.get("department"):
            departments = departments.filter(slug=slug)
        return [queryset.filter(department=pk) for pk in departments.values_list("pk", flat=True)]

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """The page, completed."""
        page = super().paginate_queryset(queryset)
        return [complete(row) for row in page] if page is not None else None


@reading("conversations_retrieve", "One conversation")
class ConversationDetail(Detail):
    """One conversation of your departments."""

    serializer_class = ConversationShown

    def get_queryset(self) -> QuerySet[Conversation]:
        """What the caller may see."""
        return shown_to(self.caller)

    def get_object(self) -> Conversation:
        """Completed."""
        return complete(super().get_object())
