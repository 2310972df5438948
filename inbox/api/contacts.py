"""Citizens, as far as the caller has conversations with them."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from rest_framework import serializers

from channels.models import Kind
from inbox.api.endpoint import Detail, Endpoint, Listing, UtcField, reading
from inbox.api.refs import ColleagueRef
from inbox.models import Contact, Conversation, Identity, User


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
    blocked_until = UtcField(allow_null=True, help_text="The block counts until then; null: until it is lifted.")
    blocked_ground = serializers.CharField(help_text="threat, abuse, spam, impersonation, other, or empty.")
    blocked_note = serializers.CharField(help_text="For colleagues only.")
    blocked_by = ColleagueRef(allow_null=True)
    created_at = UtcField()
    identities = IdentityShown(many=True, help_text="Those that wrote in a conversation of your departments.")


class ContactQuery(serializers.Serializer):
    """The filters of the list."""

    name = serializers.CharField(
        required=False, min_length=3, max_length=100, help_text="A part of the name, three letters at least."
    )


def citizens_of(user: User) -> QuerySet[Contact]:
    """Those of whom this colleague sees a conversation, with their profiles. Two queries."""
    mine = Conversation.objects.visible_to(user)
    identities = Identity.objects.filter(Exists(mine.filter(identity=OuterRef("pk")))).order_by("pk")
    seen = Contact.objects.filter(Exists(mine.filter(identity__contact=OuterRef("pk"))))
    return seen.select_related("blocked_by").prefetch_related(Prefetch("identities", queryset=identities))


class VisibleContacts(Endpoint):
    """A citizen is visible through a conversation; so is each of their profiles, by itself."""

    serializer_class = ContactShown

    def get_queryset(self) -> QuerySet[Contact]:
        """Two queries."""
        return citizens_of(self.caller)


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
