"""Which department may know, for the panel in which a colleague routes: looked up only when that opens."""

from collections.abc import Mapping
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
    known = {topic.pk: [words_of([topic.name]), *(words_of([word]) for word in topic.keywords)] for topic in owned}
    stems = stems_of({*words, *(word for each in known.values() for text in each for word in text)})
    topics = [_owned(topic, known[topic.pk], stems) for topic in owned]
    chosen = next((made for topic, made in zip(owned, topics, strict=True) if topic.pk == conversation.topic_id), None)
    said = {word: stems[word] for word in words if word in stems}
    counts = counts_of(conversation.account_id, said.values(), now() - SINCE)
    return routing.suggest(conversation.department_id, said, chosen, topics, counts)


def _owned(topic: Topic, texts: list[list[str]], stems: Mapping[str, str]) -> routing.Owned:
    """Each word of its name speaks for itself; of a keyword of several words all must be said."""
    name, *keywords = ([stems[word] for word in text if word in stems] for text in texts)
    alone = [found[0] for found in keywords if len(found) == 1]
    phrases = [(text, frozenset(found)) for text, found in zip(topic.keywords, keywords, strict=True) if len(found) > 1]
    return routing.Owned(topic.name, topic.department_id or 0, frozenset([*name, *alone]), tuple(phrases))
