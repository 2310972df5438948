"""What a colleague does to the citizen of a conversation: merge, take apart, block; and the thread around it."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import thread_context
from inbox.actions import block, merge
from inbox.api.contacts import ContactShown, citizens_of
from inbox.api.endpoint import Endpoint, UtcField, writing
from inbox.models import BlockGround, Conversation, User

SHOWN: dict[int, Any] = {200: ContactShown}


class OnCitizen(Endpoint):
    """POST: do it, then answer with the citizen as they are now."""

    serializer_class: type[serializers.Serializer] = serializers.Serializer

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Call the action. Raises Refused and NotVisible as it does."""
        raise NotImplementedError

    def post(self, request: Request, pk: int) -> Response:
        """The same for each."""
        body = self.get_serializer(data=request.data)
        body.is_valid(raise_exception=True)
        by = self.caller
        self.act(by, pk, body.validated_data)
        conversation = Conversation.objects.visible_to(by).select_related("identity").get(pk=pk)
        citizen = citizens_of(by).get(pk=conversation.identity.contact_id)
        return Response(ContactShown(citizen, context=self.get_serializer_context()).data)


class MergeBody(serializers.Serializer):
    """Which citizen comes here."""

    other = serializers.IntegerField(min_value=1, help_text="The id of the other citizen.")
    identities = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        help_text="Their profiles as you saw them: with others by now, nothing happens.",
    )


@writing(
    "citizens_merge",
    "Make another citizen and the one of this conversation one",
    request=MergeBody,
    responses=SHOWN,
    refusals=("same", "merged_already", "changed"),
)
class Merge(OnCitizen):
    """Samenvoegen."""

    serializer_class = MergeBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """With the profiles the caller saw, when it says so."""
        seen = given.get("identities")
        merge.merge(pk, by=by, other=given["other"], expected=None if seen is None else frozenset(seen))


class SplitBody(serializers.Serializer):
    """Which profiles leave."""

    identities = serializers.ListField(child=serializers.IntegerField(min_value=1), allow_empty=False, max_length=100)


@writing(
    "citizens_split",
    "Take profiles apart from the citizen of this conversation",
    request=SplitBody,
    responses=SHOWN,
    refusals=("not_theirs", "last"),
)
class Split(OnCitizen):
    """Losmaken: each goes back to the citizen it came from, else to one of its own."""

    serializer_class = SplitBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """All of them or none."""
        merge.split(pk, by=by, identities=given["identities"])


class BlockBody(serializers.Serializer):
    """Why, and until when."""

    ground = serializers.ChoiceField(BlockGround.choices)
    note = serializers.CharField(required=False, allow_blank=True, default="", help_text="For colleagues only.")
    until = UtcField(required=False, allow_null=True, default=None, help_text="Null: until somebody lifts it.")


@writing(
    "citizens_block",
    "Block the citizen of this conversation",
    request=BlockBody,
    responses=SHOWN,
    refusals=("too_long", "too_soon", "too_far"),
)
class Block(OnCitizen):
    """Blokkeren, for team leads and administrators; once more: another ground or end."""

    serializer_class = BlockBody

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """Messages still come in; they start no timer."""
        block.block(pk, by=by, ground=given["ground"], note=given["note"], until=given["until"])


@writing(
    "citizens_unblock",
    "Lift the block on the citizen of this conversation",
    request=None,
    responses=SHOWN,
    refusals=("not_blocked",),
)
class Unblock(OnCitizen):
    """Deblokkeren."""

    def act(self, by: User, pk: int, given: dict[str, Any]) -> None:
        """From the next message on a timer starts again."""
        block.unblock(pk, by=by)


class FetchedShown(serializers.Serializer):
    """What came of it."""

    posts = serializers.IntegerField(help_text="How many posts the thread has now, the first one included.")


@writing(
    "conversations_fetch_thread",
    "Fetch what others said in the public thread",
    request=None,
    responses={200: FetchedShown},
    refusals=("not_public", "gone", "platform"),
)
class FetchThread(Endpoint):
    """To read along with; nothing of it becomes a conversation. X charges for each post."""

    serializer_class = FetchedShown

    def post(self, request: Request, pk: int) -> Response:
        """Within twenty seconds of the last time nothing is asked."""
        return Response({"posts": thread_context.fetch(pk, by=self.caller)})
