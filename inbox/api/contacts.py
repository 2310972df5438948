"""Citizens, as far as the caller has conversations with them."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from rest_framework import serializers

from channels.models import Kind
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading
from inbox.models import Contact, Conversation, Identity


class IdentityShown(serializers.Serializer):
    """The citizen as one platform knows them."""

    id = serializers.IntegerField()
    platform = serializers.ChoiceField(Kind.choices, source="kind")
    external_id = serializers.CharField()
    name = serializers.CharField()
    handle = serializers.CharField()
    phone = serializers.CharField()


class ContactShown(serializers.Serializer):
    """A citizen."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    blocked_at = UtcField(allow_null=True)
    created_at = UtcField()
    identities = IdentityShown(many=True, help_text="Those that wrote in a conversation of your departments.")


class ContactQuery(serializers.Serializer):
    """The filters of the list."""

    name = serializers.CharField(
        required=False, min_length=3, max_length=100, help_text="A part of the name, three letters at least."
    )


class VisibleContacts(Endpoint):
    """A citizen is visible through a conversation; so is each of their profiles, by itself."""

    serializer_class = ContactShown

    def get_queryset(self) -> QuerySet[Contact]:
        """Two queries."""
        mine = Conversation.objects.visible_to(self.caller)
        identities = Identity.objects.filter(Exists(mine.filter(identity=OuterRef("pk")))).order_by("pk")
        return Contact.objects.filter(Exists(mine.filter(identity__contact=OuterRef("pk")))).prefetch_related(
            Prefetch("identities", queryset=identities)
        )


@reading("contacts_list", "Citizens with a conversation in your departments")
class Contacts(VisibleContacts, Listing):
    """In order of id."""

    query_class = ContactQuery

    def get_queryset(self) -> QuerySet[Contact]:
        """By a part of the name when asked."""
        given, rows = self.filters(), super().get_queryset()
        return rows.filter(name__icontains=given["name"]) if "name" in given else rows


@reading("contacts_retrieve", "One citizen")
class ContactDetail(VisibleContacts, Detail):
    """One of them."""
