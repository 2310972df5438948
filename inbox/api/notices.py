"""Notices, what one follows, and notes after they were written."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import notice_words
from inbox.actions import follow, note
from inbox.actions.notify import mark_seen
from inbox.api.endpoint import Endpoint, Listing, UtcField, reading, writing
from inbox.api.messages import Nothing
from inbox.api.paging import LARGEST, Order
from inbox.api.refs import ColleagueRef
from inbox.api.timeline import NoteShown
from inbox.api.verbs import BARE, NoteBody, Verb
from inbox.models import Notice, NoticeKind, User


class NoticeShown(serializers.Serializer):
    """Something that happened to a conversation, told to you."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(NoticeKind.choices)
    sentence = serializers.SerializerMethodField(help_text="In Dutch; no word of a citizen.")
    conversation = serializers.IntegerField(source="conversation_id")
    by = ColleagueRef(allow_null=True, help_text="null: the citizen, or Webcare itself.")
    at = UtcField()
    seen_at = UtcField(allow_null=True)

    def get_sentence(self, notice: Notice) -> str:
        """As in the list behind the bell."""
        return notice_words.sentence(notice)


class NoticesQuery(serializers.Serializer):
    """Which notices."""

    unseen = serializers.BooleanField(required=False, help_text="true: only what you have not seen.")


@reading("notices_list", "What you were told, newest first")
class Notices(Listing):
    """Of conversations you can see."""

    serializer_class = NoticeShown
    query_class = NoticesQuery
    ordering = Order("at", newest_first=True)

    def get_queryset(self) -> QuerySet[Notice]:
        """Your own."""
        found = Notice.objects.of(self.caller).select_related("by")
        wanted = self.filters().get("unseen")
        return found if wanted is None else found.filter(seen_at__isnull=wanted)


class SeenBody(serializers.Serializer):
    """Which of them."""

    notices = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST),
        max_length=200,
        required=False,
        help_text="Left out: all of them.",
    )


class SeenShown(serializers.Serializer):
    """How many were not seen before."""

    seen = serializers.IntegerField()


@writing("notices_seen", "You have seen them", request=SeenBody, responses={200: SeenShown})
class NoticesSeen(Endpoint):
    """Reading the conversation (…/read/) does the same for its own."""

    serializer_class = SeenBody

    def post(self, request: Request) -> Response:
        """Your own only."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        mine = Notice.objects.filter(user=self.caller)
        if "notices" in body.validated_data:
            mine = mine.filter(pk__in=body.validated_data["notices"])
        return Response({"seen": mark_seen(mine)})


@writing("conversations_follow", "Be told of what happens in it", **BARE)
class Follow(Verb):
    """Viewers may too; nothing of the conversation changes."""

    serializer_class = Nothing

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Volgen."""
        follow.follow(pk, by=by)


@writing("conversations_unfollow", "No more", **BARE)
class Unfollow(Verb):
    """Also when you did not follow it."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Niet meer volgen."""
        follow.unfollow(pk, by=by)


@writing(
    "notes_edit",
    "Change your own note",
    request=NoteBody,
    responses={200: NoteShown},
    refusals=("empty", "too_long", "not_yours", "withdrawn"),
)
class EditNote(Endpoint):
    """What it said before is kept, for colleagues who may work on the conversation."""

    serializer_class = NoteBody

    def post(self, request: Request, pk: int) -> Response:
        """The note as it is now."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(NoteShown(note.edit(pk, by=self.caller, text=body.validated_data["text"])).data)


@writing(
    "notes_withdraw",
    "Take your own note back",
    request=None,
    responses={200: NoteShown},
    refusals=("not_yours", "withdrawn"),
)
class WithdrawNote(Endpoint):
    """It is said that it stood there."""

    serializer_class = Nothing

    def post(self, request: Request, pk: int) -> Response:
        """The note, without its text."""
        return Response(NoteShown(note.withdraw(pk, by=self.caller)).data)
