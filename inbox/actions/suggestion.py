"""Which department may know, for the panel in which a colleague routes: looked up only when that opens."""

from datetime import timedelta

from channels.clock import now
from inbox import routing
from inbox.actions.route import asked_texts
from inbox.models import Conversation, Topic
from inbox.models.routing import counts_of, stems_of, words_of

SINCE = timedelta(days=365)


def suggestions(conversation: Conversation) -> list[routing.Suggestion]:
    """At most routing.MOST. Four queries, however much was routed before."""
    owned = list(Topic.objects.filter(active=True, department__isnull=False))
    words = words_of(asked_texts(conversation))
    names = {topic.pk: words_of([topic.name]) for topic in owned}
    stems = stems_of({*words, *(word for name in names.values() for word in name)})
    topics = [
        routing.Owned(
            topic.name,
            topic.department_id or 0,
            frozenset(stems[word] for word in names[topic.pk] if word in stems),
        )
        for topic in owned
    ]
    chosen = next((made for topic, made in zip(owned, topics, strict=True) if topic.pk == conversation.topic_id), None)
    said = {word: stems[word] for word in words if word in stems}
    counts = counts_of(conversation.account_id, said.values(), now() - SINCE)
    return routing.suggest(conversation.department_id, said, chosen, topics, counts)
