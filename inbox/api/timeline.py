"""Beside the messages: notes of colleagues, and what happened when."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from inbox.api.endpoint import Listing, UtcField, reading
from inbox.api.paging import Order
from inbox.api.refs import ColleagueRef
from inbox.models import AuditEntry, Note


class NoteShown(serializers.Serializer):
    """For colleagues only; it never reaches a citizen."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField(source="conversation_id")
    author = ColleagueRef()
    text = serializers.SerializerMethodField(help_text="Empty when its author took it back.")
    created_at = UtcField()
    edited_at = UtcField(allow_null=True)
    withdrawn_at = UtcField(allow_null=True)

    def get_text(self, note: Note) -> str:
        """As its author left it."""
        return "" if note.withdrawn_at else note.text


class AuditShown(serializers.Serializer):
    """One change. It cannot be altered afterwards."""

    id = serializers.IntegerField()
    verb = serializers.CharField(help_text="claimed, routed, replied, received, closed …")
    actor = ColleagueRef(allow_null=True, help_text="null: Webcare itself.")
    data: Any = serializers.DictField(help_text="Ids, codes and names of colleagues; changes as [before, after].")
    at = UtcField()


@reading("conversations_notes_list", "The notes of a conversation, oldest first")
class Notes(Listing):
    """A new one: POST to …/note/."""

    serializer_class = NoteShown
    ordering = Order("created_at")

    def get_queryset(self) -> QuerySet[Note]:
        """Of the conversation in the address."""
        self.filters()
        return Note.objects.filter(conversation=self.conversation()).select_related("author")


@reading("conversations_timeline_list", "What happened in a conversation, oldest first")
class Timeline(Listing):
    """The audit log of one conversation."""

    serializer_class = AuditShown
    ordering = Order("at")

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Of the conversation in the address."""
        self.filters()
        return AuditEntry.objects.filter(conversation=self.conversation()).select_related("actor")
