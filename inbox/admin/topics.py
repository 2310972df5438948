"""Topics: what conversations are about."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from inbox.admin.base import Audited, site
from inbox.models import Topic


@admin.register(Topic, site=site)
class TopicAdmin(Audited):
    """Names, and who knows about it. What is no longer in use is made so: conversations refer to it."""

    fields = ("name", "department", "active")
    list_display = ("name", "department", "active")
    list_filter = ("active", "department")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Topic]:
        """With the department, for the list."""
        return super().get_queryset(request).select_related("department")
