"""Volgen: be told of what happens in a conversation. One's own mark, no change of it: no audit, no nudge."""

from django.db.models import QuerySet

from channels.clock import now
from inbox.actions.notify import notify
from inbox.actions.refused import NotVisible
from inbox.models import Conversation, Follow, NoticeKind, User

# What colleagues do that followers are told of.
TOLD = frozenset(
    {
        "noted",
        "replied",
        "closed",
        "reopened",
        "routed",
        "claimed",
        "taken_over",
        "assigned",
        "released",
        "sent_template",
    }
)


def follow(conversation_id: int, *, by: User) -> None:
    """Again is no harm. Raises NotVisible."""
    _visible(conversation_id, by)
    Follow.objects.bulk_create([Follow(user=by, conversation_id=conversation_id, at=now())], ignore_conflicts=True)


def unfollow(conversation_id: int, *, by: User) -> None:
    """Again is no harm. Raises NotVisible."""
    _visible(conversation_id, by)
    Follow.objects.filter(user=by, conversation=conversation_id).delete()


def followers(conversation: Conversation) -> QuerySet[Follow, int]:
    """The ids of who follow it."""
    return Follow.objects.filter(conversation=conversation).values_list("user_id", flat=True)


def tell_followers(conversation: Conversation, verb: str, by: User | None) -> None:
    """A colleague did something that followers are told of (one query), or not (none)."""
    if by is not None and verb in TOLD:
        notify(followers(conversation), NoticeKind.FOLLOWED, conversation, by=by, verb=verb)


def _visible(conversation_id: int, by: User) -> None:
    if not Conversation.objects.visible_to(by).filter(pk=conversation_id).exists():
        raise NotVisible
