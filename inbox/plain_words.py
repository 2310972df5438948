"""Plain language (B1): long sentences, hard words with a plainer one, and u mixed with je. Pure: points, never stops.

The work grows with the text and no faster: one pass over its words, a look-up for each.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONG, HARD, ADDRESSING = "long_sentence", "hard_word", "addressing"
# Municipal writing guides, such as Dijk en Waard's "Prettig en helder schrijven", ask for at most 15 words, and for
# longer and shorter sentences in turn. A hint at every sixteenth word would be switched off; one at a quarter over is
# read.
LONG_FROM = 20


@dataclass(frozen=True, slots=True)
class Hint:
    """About ``text[start:end]``. ``words``: how many, of a long sentence. ``instead``: the plainer word, or "u" / "je",
    how this account addresses people; "" where the two are mixed."""

    kind: str
    start: int
    end: int
    words: int = 0
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in the text, and as it is looked up."""

    start: int
    end: int
    key: str


def check(text: str, addressing: str = "") -> list[Hint]:
    """What could be plainer, in order. ``addressing``: "u" or "je" when that is agreed; "" only tells of a mixture."""
    said = list(sentences(text))
    hints = [Hint(LONG, words[0].start, words[-1].end, words=len(words)) for words in said if len(words) >= LONG_FROM]
    for words in said:
        hints += _hard(words)
    hints += _addressed([word for words in said for word in words], addressing)
    return sorted(hints, key=lambda hint: (hint.start, hint.kind))


def sentences(text: str) -> Iterator[list[Word]]:
    """The words of each sentence. A web or mail address, a number and a time are one word; emoji and a sign-off such
    as ^FM are none; the point of an abbreviation or an initial ends nothing."""
    words: list[Word] = []
    for token in _TOKEN.finditer(text):
        if token["word"] is not None:
            words.append(Word(token.start(), token.end(), _key(token["word"])))
        elif words and (token["line"] or (token["stop"] and _ends(text, token, words[-1]))):
            yield words
            words = []
    if words:
        yield words


# -- sentences ----------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<sign>\^\w{1,20})"
    r"|(?P<word>(?:https?://|www\.)\S*[^\s.,;:!?)\"'”’]"
    r"|[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}"
    r"|[@#]?[^\W_]+(?:[.,:'’/_-][^\W_]+)*)"
    r"|(?P<stop>[.!?…]+)"
    r"|(?P<line>\n)",
    re.IGNORECASE,
)
_AFTER_STOP = re.compile(r"[\"'”’)\]]{0,3}(?:\s+|$)")
# Their point belongs to the word. With a dot inside (d.w.z., m.b.t.) every word is one.
_ABBREVIATIONS = frozenset(
    [
        *(
            "bijv",
            "bv",
            "nl",
            "ca",
            "dhr",
            "mevr",
            "mw",
            "drs",
            "ing",
            "ir",
            "mr",
            "dr",
            "prof",
            "st",
            "nr",
            "tel",
            "art",
        ),
        *(
            "blz",
            "p",
            "incl",
            "excl",
            "evt",
            "min",
            "max",
            "ma",
            "di",
            "wo",
            "do",
            "vr",
            "za",
            "zo",
            "jan",
            "feb",
            "mrt",
        ),
        *(
            "apr",
            "jun",
            "jul",
            "aug",
            "sep",
            "sept",
            "okt",
            "nov",
            "dec",
            "resp",
            "vgl",
            "jl",
            "afd",
            "gem",
            "fam",
            "str",
        ),
    ]
)
_MAY_END = frozenset(["enz", "etc", "e.d", "a.u.b", "o.a"])  # these too, before a small letter only


def _ends(text: str, stop: re.Match[str], before: Word) -> bool:
    after = _AFTER_STOP.match(text, stop.end())
    if after is None:
        return False
    if stop.group() != "." or before.end != stop.start() or after.end() == len(text):
        return True
    small = text[after.end()].islower()
    if before.key in _MAY_END:
        return not small
    letters = before.key.split(".")
    initials = len(before.key) == 1 and before.key.isalpha() and before.key != "u"
    dotted = len(letters) > 1 and all(len(part) <= 2 and part.isalpha() for part in letters)
    return not (before.key in _ABBREVIATIONS or initials or dotted)


def _key(word: str) -> str:
    return unicodedata.normalize("NFC", word).lower().replace("’", "'")


# -- words --------------------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        forms, _equals, instead = line.partition(" = ")
        for form in forms.split(", "):
            found[tuple(_key(part.rstrip(".")) for part in form.split())] = instead.strip()
    return found


PLAINER = _read(Path(__file__).with_name("plain_words_nl.txt"))
_LONGEST = max(map(len, PLAINER))
_FIRST = frozenset(form[0] for form in PLAINER)


def _hard(words: list[Word]) -> Iterator[Hint]:
    keys = [word.key for word in words]
    at = 0
    while at < len(words):
        size = 1
        if keys[at] in _FIRST:
            for length in range(min(_LONGEST, len(words) - at), 0, -1):
                instead = PLAINER.get(tuple(keys[at : at + length]))
                if instead is not None:
                    yield Hint(HARD, words[at].start, words[at + length - 1].end, instead=instead)
                    size = length
                    break
        at += size


_FORMAL = frozenset(["u", "uw", "uzelf", "uwe"])
_FAMILIAR = frozenset(["je", "jij", "jou", "jouw", "jezelf", "jullie"])


def _addressed(words: list[Word], agreed: str) -> Iterator[Hint]:
    """One hint, at the first word that is not as agreed, or that differs from the one before."""
    used: list[str] = []
    for number, word in enumerate(words):
        form = "u" if word.key in _FORMAL else "je" if word.key in _FAMILIAR else ""
        if not form or (word.key == "u" and number and words[number - 1].key[0].isdecimal()):  # "tot 17 u"
            continue
        if agreed and form != agreed:
            yield Hint(ADDRESSING, word.start, word.end, instead=agreed)
            return
        if used and form != used[0]:
            yield Hint(ADDRESSING, word.start, word.end)
            return
        used.append(form)
