"""What a colleague does to a conversation: the verbs of the page, through the same actions."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox.actions import assign, claim, close, note, read, snooze, take_next, wait
from inbox.api.conversations import ConversationShown, complete, shown_to
from inbox.api.endpoint import Endpoint, UtcField, writing
from inbox.api.messages import Nothing
from inbox.api.timeline import NoteShown
from inbox.models import Result, User


class Verb(Endpoint):
    """POST: do it, then answer with the conversation; 204 when it now lies where the caller cannot see it."""

    serializer_class: type[serializers.Serializer] = Nothing

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Call the action. Raises Refused and NotVisible as it does."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        """The same for every verb."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        by = self.caller
        self.act(by, pk, body.validated_data)
        conversation = shown_to(by).filter(pk=pk).first()
        if conversation is None:
            return Response(status=204)
        return Response(ConversationShown(complete(conversation), context=self.get_serializer_context()).data)


CHANGED: dict[int, Any] = {200: ConversationShown}
BARE: dict[str, Any] = {"request": None, "responses": CHANGED}


@writing("conversations_claim", "Take a conversation nobody has", refusals=("claimed_by_other", "closed"), **BARE)
class Claim(Verb):
    """Claiming one's own again changes nothing."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Oppakken."""
        claim.claim(pk, by=by)


@writing(
    "next",
    "Take the next conversation that is for you",
    request=None,
    responses={**CHANGED, 204: None},
    refusals=("cap_reached",),
)
class Next(Endpoint):
    """First due first, of your departments, on your accounts and in your languages; 204 when nothing waits for you."""

    serializer_class = Nothing

    def post(self, request: Request) -> Response:
        """Volgende: no two colleagues ever get the same one."""
        found = take_next.take_next(by=self.caller)
        if found is None:
            return Response(status=204)
        conversation = shown_to(self.caller).filter(pk=found.pk).first()
        if conversation is None:  # routed away since by somebody else
            return Response(status=204)
        return Response(ConversationShown(complete(conversation), context=self.get_serializer_context()).data)


class TakeOverBody(serializers.Serializer):
    """From whom: when by now somebody else has it, nothing happens."""

    expected_assignee = serializers.IntegerField(allow_null=True, help_text="The id of the colleague you saw it with.")
    confirmed = serializers.BooleanField(
        required=False, default=False, help_text="Also when they write an answer now (refusal being_written)."
    )


@writing(
    "conversations_take_over",
    "Take it from a colleague",
    request=TakeOverBody,
    responses=CHANGED,
    refusals=("claimed_by_other", "not_claimed", "closed", "being_written"),
)
class TakeOver(Verb):
    """Overnemen."""

    serializer_class = TakeOverBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """With whom the caller saw it."""
        claim.take_over(pk, by=by, expected_assignee_id=given["expected_assignee"], confirmed=given["confirmed"])


@writing("conversations_release", "Give it back to the department", refusals=("not_claimed",), **BARE)
class Release(Verb):
    """Teruggeven."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """One's own, or as team lead anyone's."""
        claim.release(pk, by=by)


class AssignBody(serializers.Serializer):
    """To whom; they must be in the department where the conversation lies."""

    to = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.filter(is_active=True), help_text="The id of a colleague."
    )
    anyway = serializers.BooleanField(
        required=False, default=False, help_text="For team leads: also when they hold as many as they may (at_cap)."
    )


@writing(
    "conversations_assign",
    "Give it to a colleague of the department",
    request=AssignBody,
    responses=CHANGED,
    refusals=("not_a_member", "colleague_off", "at_cap", "closed"),
)
class Assign(Verb):
    """Toewijzen."""

    serializer_class = AssignBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """The team lead always, others when it is theirs or nobody's."""
        assign.assign(pk, by=by, to=given["to"], anyway=given["anyway"])


class NoteBody(serializers.Serializer):
    """For colleagues only."""

    text = serializers.CharField(allow_blank=True, trim_whitespace=False)


@writing(
    "conversations_note",
    "Leave a note for colleagues",
    request=NoteBody,
    responses={201: NoteShown},
    refusals=("empty", "too_long"),
)
class AddNote(Endpoint):
    """It never reaches a citizen."""

    serializer_class = NoteBody

    def post(self, request: Request, pk: int) -> Response:
        """201 with the note."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = note.add(pk, by=self.caller, text=body.validated_data["text"])
        return Response(NoteShown(made).data, status=201)


class CloseBody(serializers.Serializer):
    """With what result."""

    result = serializers.ChoiceField(Result.choices)


@writing(
    "conversations_close",
    "Finish with a result",
    request=CloseBody,
    responses=CHANGED,
    refusals=("closed", "claimed_by_other", "answer_underway"),
)
class Close(Verb):
    """Afsluiten."""

    serializer_class = CloseBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """The clock stops."""
        close.close(pk, by=by, result=given["result"])


@writing("conversations_reopen", "Back to open", refusals=("not_closed", "newer_conversation"), **BARE)
class Reopen(Verb):
    """Heropenen."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """With whoever had it."""
        close.reopen(pk, by=by)


class SnoozeBody(serializers.Serializer):
    """Until when."""

    until = UtcField(help_text="With an offset, as in 2026-11-24T09:00:00+01:00; without one it is UTC.")


@writing(
    "conversations_snooze",
    "Out of the work lists until a moment, or until the citizen writes",
    request=SnoozeBody,
    responses=CHANGED,
    refusals=("in_the_past", "closed"),
)
class Snooze(Verb):
    """Later; the clock runs on."""

    serializer_class = SnoozeBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Until then."""
        snooze.snooze(pk, by=by, until=given["until"])


@writing("conversations_wake", "Back from later", refusals=("not_snoozed",), **BARE)
class Wake(Verb):
    """Before its time."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Back to open."""
        snooze.wake(pk, by=by)


@writing("conversations_wait", "Wait for the citizen", refusals=("already_waiting", "closed"), **BARE)
class Wait(Verb):
    """The clock stands still."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Until the citizen writes."""
        wait.wait(pk, by=by)


@writing("conversations_resume", "Stop waiting for the citizen", refusals=("not_waiting",), **BARE)
class Resume(Verb):
    """The clock goes on with the time that was left."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Back to open."""
        wait.resume(pk, by=by)


@writing("conversations_read", "You have seen all of it", **BARE)
class Read(Verb):
    """Only your own count of unread messages changes; viewers may too."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Everything that is there now."""
        read.mark_read(pk, by=by)
