"""What conversations are about, how much haste they have, what citizens want, and how they sound."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from inbox.actions import label, prioritise
from inbox.api.endpoint import Listing, reading, writing
from inbox.api.refs import DepartmentRef, TopicRef
from inbox.api.verbs import CHANGED, Verb
from inbox.models import ContactKind, Priority, Sentiment, Topic, User


class TopicShown(TopicRef):
    """A topic."""

    department = DepartmentRef(allow_null=True, help_text="Who knows about it; null: everybody.")
    active = serializers.BooleanField(help_text="False: kept for old conversations, cannot be set any more.")


@reading("topics_list", "What conversations may be about")
class Topics(Listing):
    """In order of id."""

    serializer_class = TopicShown

    def get_queryset(self) -> QuerySet[Topic]:
        """All of them."""
        self.filters()
        return Topic.objects.select_related("department")


class TopicBody(serializers.Serializer):
    """Which topic."""

    topic = serializers.PrimaryKeyRelatedField(
        queryset=Topic.objects.all(), allow_null=True, help_text="The id of a topic; null takes it away."
    )


@writing(
    "conversations_set_topic",
    "Say what it is about",
    request=TopicBody,
    responses=CHANGED,
    refusals=("topic_not_in_use",),
)
class SetTopic(Verb):
    """Also of a closed conversation."""

    serializer_class = TopicBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Onderwerp."""
        label.set_topic(pk, by=by, topic=given["topic"])


class SentimentBody(serializers.Serializer):
    """How the citizen sounds."""

    sentiment = serializers.ChoiceField(Sentiment.choices, allow_blank=True, help_text="Empty: not said.")


@writing("conversations_set_sentiment", "Say how the citizen sounds", request=SentimentBody, responses=CHANGED)
class SetSentiment(Verb):
    """Also of a closed conversation."""

    serializer_class = SentimentBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Toon."""
        label.set_sentiment(pk, by=by, sentiment=given["sentiment"])


class PriorityBody(serializers.Serializer):
    """How much haste it has."""

    priority = serializers.ChoiceField(Priority.choices, help_text="0 normal, 1 high, 2 urgent.")


@writing("conversations_set_priority", "Say how much haste it has", request=PriorityBody, responses=CHANGED)
class SetPriority(Verb):
    """Also of a closed conversation. A running clock gets the target of the new priority."""

    serializer_class = PriorityBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Prioriteit."""
        prioritise.set_priority(pk, by=by, priority=given["priority"])


class ContactKindBody(serializers.Serializer):
    """What the citizen wants."""

    contact_kind = serializers.ChoiceField(ContactKind.choices, allow_blank=True, help_text="Empty: not said.")


@writing("conversations_set_contact_kind", "Say what kind of contact it is", request=ContactKindBody, responses=CHANGED)
class SetContactKind(Verb):
    """Also of a closed conversation; a rule may have proposed another."""

    serializer_class = ContactKindBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Soort contact."""
        label.set_contact_kind(pk, by=by, contact_kind=given["contact_kind"])
