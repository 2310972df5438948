"""Saved views of the list."""

from django.db.models import QuerySet
from rest_framework import serializers

from inbox.api.endpoint import Listing, reading
from inbox.api.refs import DepartmentRef
from inbox.models import SavedView
from inbox.saved_views import visible


class SavedViewShown(serializers.Serializer):
    """A name for filters and an order."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    shared_with = DepartmentRef(source="department", allow_null=True, help_text="null: yours alone.")
    view = serializers.CharField(help_text="The view of the inbox it narrows.")
    sort = serializers.CharField(help_text="newest or oldest message first; empty: the order of the view.")
    filters = serializers.DictField(
        child=serializers.CharField(),
        help_text="account, platform, department, assignee, topic, sentiment, contact_kind, from, to, timer, text; "
        "only what is set.",
    )


@reading("views_list", "Your saved views, and those shared with your departments")
class SavedViews(Listing):
    """In order of id."""

    serializer_class = SavedViewShown

    def get_queryset(self) -> QuerySet[SavedView]:
        """What the caller may see."""
        self.filters()
        return visible(self.caller)
