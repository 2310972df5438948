"""Pure: how alike two questions are, by the stems of their words and by their letters; and which form a group.

Weighed by length, not by how rare a word is: in a storm the word that tells the most is the one that everybody uses,
and Dutch puts into one long word what a question is about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SURE = 0.5  # chosen beforehand
PERHAPS = 0.3  # shown, for a person to choose
LEAST = 3  # questions before it is a group
# Said in any question, so that they tell nothing; PostgreSQL leaves the Dutch stop words out by itself.
COMMON = (
    "hallo hoi hey dag beste goedemorgen goedemiddag goedenavond goeiemorgen mevrouw meneer heer allemaal gemeente "
    "vraag vragen weten weet graag even misschien wanneer waar waarom hoelang hoeveel welke hoezo jullie jij wij we "
    "bedankt dank dankjewel alvast groet groeten mvg aub alstublieft svp zeggen vertellen laten gaat gaan komt komen "
    "krijg krijgen willen wilt zullen zou mogen mag snel nu vandaag eigenlijk gewoon echt weer steeds al heel erg "
    "lang duren duurt"
)

type Stems = frozenset[str]


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation's newest words; ``letters``: how like the text sought for, 0 to 1 (pg_trgm)."""

    pk: int
    stems: Stems
    letters: float = 0.0


@dataclass(frozen=True, slots=True)
class Alike:
    """A conversation and how alike it is, 0 to 1."""

    pk: int
    score: float

    @property
    def sure(self) -> bool:
        """So alike that it may be chosen beforehand."""
        return self.score >= SURE


def telling(stems: Iterable[str], common: Stems) -> Stems:
    """The stems that say what it is about: no polite words, numbers, handles or addresses."""
    return frozenset(stem for stem in stems if len(stem) > 2 and stem.isalpha() and stem not in common)


def weight(stem: str) -> int:
    """What a shared stem counts for."""
    return 1 if len(stem) < 5 else 2 if len(stem) < 9 else 3


def likeness(one: Stems, other: Stems, letters: float = 0.0) -> float:
    """0 to 1: the weighed share of the stems they have in common, or of their letters when that is more."""
    whole = sum(map(weight, one)) + sum(map(weight, other))
    shared = 2 * sum(map(weight, one & other)) / whole if whole else 0.0
    return max(shared, letters)


def covered(sought: Stems, said: Stems, letters: float = 0.0) -> float:
    """0 to 1: the weighed share of the stems sought for that were said, whatever else was said with them."""
    whole = sum(map(weight, sought))
    return max(sum(map(weight, sought & said)) / whole if whole else 0.0, letters)


def like(stems: Stems, questions: Iterable[Question], *, sought: bool = False) -> list[Alike]:
    """Those that are perhaps alike, most alike first. ``sought``: the stems are words to look for, no question."""
    measure = covered if sought else likeness
    found = [Alike(each.pk, measure(stems, each.stems, each.letters)) for each in questions]
    return sorted((each for each in found if each.score >= PERHAPS), key=lambda each: (-each.score, -each.pk))


def groups(questions: Sequence[Question], most: int = 10) -> list[list[int]]:
    """Groups of questions that are surely like their first, largest first. ``questions`` newest first.

    Each is held against the first of the groups with which it shares a stem, so that it costs no comparison of all
    with all.
    """
    firsts: list[Stems] = []
    members: list[list[int]] = []
    by_stem: dict[str, list[int]] = {}
    for question in questions:
        shared: dict[int, int] = {}
        for stem in question.stems:
            for number in by_stem.get(stem, ()):
                shared[number] = shared.get(number, 0) + weight(stem)
        own = sum(map(weight, question.stems))
        score, best = max(
            ((2 * count / (own + sum(map(weight, firsts[number]))), -number) for number, count in shared.items()),
            default=(0.0, 0),
        )
        if score >= SURE:
            members[-best].append(question.pk)
        elif question.stems:
            for stem in question.stems:
                by_stem.setdefault(stem, []).append(len(firsts))
            firsts.append(question.stems)
            members.append([question.pk])
    return sorted((group for group in members if len(group) >= LEAST), key=len, reverse=True)[:most]
