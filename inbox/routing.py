"""Pure: which department knows, from the topic, and from where alike questions went before; with the reason in words.

Only a proposal: a colleague decides.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LEAST_TIMES = 3  # fewer than this is chance
LEAST_SHARE = 0.6  # of the times that such a question was routed
MOST = 2  # departments that are proposed


class Ground(StrEnum):
    """Why a department is proposed, the surest first."""

    TOPIC = "topic"  # the topic that a colleague chose belongs to it
    EARLIER = "earlier"  # alike questions went there, and stayed
    NAMED = "named"  # the citizen uses a word of a topic that belongs to it


@dataclass(frozen=True, slots=True)
class Owned:
    """A topic with the department that knows about it, the stems of its name and keywords, and its keywords of several
    words, by their own: all of them must be said."""

    name: str
    department: int
    stems: frozenset[str] = frozenset()
    phrases: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A department (its id) and why: ``word`` as the citizen wrote it, ``stayed`` of ``went`` times."""

    department: int
    ground: Ground
    topic: str = ""
    word: str = ""
    stayed: int = 0
    went: int = 0

    def sentence(self, name: str) -> str:
        """The reason, for the department of this name."""
        words = {"department": name, "topic": self.topic, "word": self.word, "stayed": self.stayed, "went": self.went}
        match self.ground:
            case Ground.TOPIC:
                return _("The topic %(topic)s belongs to %(department)s") % words
            case Ground.EARLIER:
                return (
                    ngettext(
                        "Often routed to %(department)s with ‘%(word)s’ (%(stayed)s of %(went)s time)",
                        "Often routed to %(department)s with ‘%(word)s’ (%(stayed)s of %(went)s times)",
                        self.went,
                    )
                    % words
                )
            case _:
                return _("‘%(word)s’ belongs to the topic %(topic)s of %(department)s") % words


def suggest(
    here: int,
    words: Mapping[str, str],
    topic: Owned | None,
    topics: Collection[Owned],
    counts: Mapping[str, Mapping[int, tuple[int, int]]],
) -> list[Suggestion]:
    """At most MOST departments other than ``here``, the surest first.

    ``words``: what the citizen wrote, stem by word; ``topic``: the one that was chosen; ``counts``: by stem and
    department how often a question with it stayed there, and how often it went there.
    """
    found: dict[int, Suggestion] = {}
    if topic is not None:
        found[topic.department] = Suggestion(topic.department, Ground.TOPIC, topic=topic.name)
    for suggestion in sorted(_earlier(words, counts), key=_sureness, reverse=True):
        found.setdefault(suggestion.department, suggestion)
    for word, stem in words.items():
        for owned in topics:
            if stem in owned.stems:
                found.setdefault(
                    owned.department, Suggestion(owned.department, Ground.NAMED, topic=owned.name, word=word)
                )
    said = frozenset(words.values())
    for owned in topics:
        for text, stems in owned.phrases:
            if stems <= said:
                found.setdefault(
                    owned.department, Suggestion(owned.department, Ground.NAMED, topic=owned.name, word=text)
                )
    found.pop(here, None)
    return list(found.values())[:MOST]


def _earlier(words: Mapping[str, str], counts: Mapping[str, Mapping[int, tuple[int, int]]]) -> Iterable[Suggestion]:
    for word, stem in words.items():
        departments = counts.get(stem, {})
        went = sum(times for _stayed, times in departments.values())
        for department, (stayed, _times) in departments.items():
            if stayed >= LEAST_TIMES and stayed >= LEAST_SHARE * went:
                yield Suggestion(department, Ground.EARLIER, word=word, stayed=stayed, went=went)


def _sureness(suggestion: Suggestion) -> tuple[float, int, str]:
    """Nine of ten is surer than three of three; among equals the longer word says more."""
    return (suggestion.stayed + 1) / (suggestion.went + 3), len(suggestion.word), suggestion.word
