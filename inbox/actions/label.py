"""Onderwerp, soort en toon: what a conversation is about, what the citizen wants, how they sound; set by hand, also
when it is closed."""

from typing import Any

from django.utils.translation import gettext as _

from channels.clock import now
from inbox import permissions
from inbox.actions import clocks
from inbox.actions.changing import changing
from inbox.actions.claim import not_allowed
from inbox.actions.refused import Refused
from inbox.models import ContactKind, Conversation, Sentiment, Topic, User


class _SameAlready(Exception):
    """Out of ``changing`` without a change: nothing is saved, written down or told."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


def _leave(conversation: Conversation, *, when: bool) -> None:
    if when:
        raise _SameAlready(conversation)


def set_topic(conversation_id: int, *, by: User, topic: Topic | None) -> Conversation:
    """What it is about; None takes the topic away. The topic it already has changes nothing. The running
    clock gets the target of the new one.

    Raises Refused "topic_not_in_use", "not_allowed".
    """
    words: dict[str, Any] = {"to": topic.pk, "to_name": topic.name} if topic else {}
    try:
        with changing(conversation_id, "set_topic", by=by, **words) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            _leave(conversation, when=conversation.topic_id == (topic.pk if topic else None))
            if topic is not None and not topic.active:
                raise Refused("topic_not_in_use", _("This topic is no longer in use. Choose another one."))
            conversation.topic = topic
            clocks.retarget(conversation, now())
    except _SameAlready as same:
        return same.conversation
    return conversation


def set_sentiment(conversation_id: int, *, by: User, sentiment: str) -> Conversation:
    """How the citizen sounds: a value of Sentiment, or "" for not said. Raises Refused "no_choice", "not_allowed"."""
    if sentiment and sentiment not in Sentiment.values:
        raise Refused("no_choice", _("Choose how the citizen sounds."))
    try:
        with changing(conversation_id, "set_sentiment", by=by) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            _leave(conversation, when=conversation.sentiment == sentiment)
            conversation.sentiment = sentiment
    except _SameAlready as same:
        return same.conversation
    return conversation


def set_contact_kind(conversation_id: int, *, by: User, contact_kind: str) -> Conversation:
    """What the citizen wants: a value of ContactKind, or "" for not said. Raises Refused "no_choice", "not_allowed"."""
    if contact_kind and contact_kind not in ContactKind.values:
        raise Refused("no_choice", _("Choose what kind of contact it is."))
    try:
        with changing(conversation_id, "set_contact_kind", by=by) as conversation:
            if not permissions.can_work(by, conversation):
                raise not_allowed()
            _leave(conversation, when=conversation.contact_kind == contact_kind)
            conversation.contact_kind = contact_kind
    except _SameAlready as same:
        return same.conversation
    return conversation
