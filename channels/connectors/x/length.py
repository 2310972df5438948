"""How long X counts a text to be, where it sees links, and how one long answer becomes a numbered thread.

Rules: twitter-text configuration v3: 280, links 23, emoji sequences 2, U+0000-10FF and some punctuation 1, the
rest 2.
"""

import re
import unicodedata
from itertools import pairwise

from channels.connectors.x import tlds

LIMIT = 280  # weighted
DM_LIMIT = 10_000  # characters
URL_LENGTH = 23
LIGHT = ((0, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))  # weight 1
MAX_URL = 4096

_ASCII_LABEL = r"[a-z0-9\u00c0-\u024f](?:[-a-z0-9\u00c0-\u024f]*[a-z0-9\u00c0-\u024f])?"
_ANY_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_DOMAIN = re.compile(
    r"(?<![A-Za-z0-9@＠$#＃])(?:"  # X knows the full-width signs too
    rf"https?://(?P<any>{_ANY_LABEL}(?:\.{_ANY_LABEL})+)"
    rf"|(?<![-_./])(?P<bare>{_ASCII_LABEL}(?:\.{_ASCII_LABEL})+))",
    re.IGNORECASE,
)
_PATH = re.compile(r"/[a-z0-9_\u00c0-\u024f\u0400-\u04ff!*';:=+,.$/%#\[\]\-–~@|&()]*", re.IGNORECASE)
_PATH_END = re.compile(r"[a-z0-9_\u00c0-\u024f\u0400-\u04ff+\-=#/)]", re.IGNORECASE)
_PORT = re.compile(r":[0-9]+")
_QUERY = re.compile(r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]", re.IGNORECASE)

_PICTURE = (
    r"(?:[\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55"
    r"\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]\ufe0f?"
    r"|[\u00a9\u00ae\u2122]\ufe0f)[\U0001f3fb-\U0001f3ff]?"
)
_EMOJI = re.compile(
    r"[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    rf"|{_PICTURE}(?:\u200d{_PICTURE})*(?:[\U000e0020-\U000e007f]+)?|[\U0001f3fb-\U0001f3ff]"
)
_AUTO_MENTIONS = re.compile(r"^(?:@[A-Za-z0-9_]{1,15}\s+)+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|\n")


def link_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of everything X makes a link of, scheme-less names ("gemeente.nl") included."""
    spans: list[tuple[int, int]] = []
    position = 0
    while match := _DOMAIN.search(text, position):
        end = _domain_end(text, match)
        position = end or match.end()
        if end:
            end = _tail_end(text, end)
            if end - match.start() <= MAX_URL:
                spans.append((match.start(), end))
            position = end
    return spans


def _domain_end(text: str, match: re.Match[str]) -> int:
    """Where the domain ends at its last valid top-level domain; 0 when there is none."""
    bare = match["bare"] is not None
    start = match.start("bare" if bare else "any")
    labels = text[start : match.end()].split(".")
    if any(_label_length(label) > 63 for label in labels):
        return 0
    end = match.end()
    for label in reversed(labels[1:]):
        last = label.lower()
        known = last in tlds.ASCII or last.startswith("xn--") or (not bare and last in tlds.UNICODE)
        # A name that runs on ("gemeente.nl@…", "gemeente.nl-x") has another last label than it seems.
        if known and not re.match(r"[0-9A-Za-z@+-]", text[end : end + 1]):
            return end
        end -= len(label) + 1
    return 0


def _label_length(label: str) -> int:
    return len(label) if label.isascii() else 4 + len(label.encode("punycode", "replace"))


def _tail_end(text: str, end: int) -> int:
    """Where port, path and query after a domain end, without a full stop or open bracket that comes last."""
    if port := _PORT.match(text, end):
        end = port.end()
    if path := _PATH.match(text, end):
        run = path[0]
        depth = 0
        opened = len(run)
        for index, char in enumerate(run):
            if char == "(":
                opened = index if depth == 0 else opened
                depth += 1
            elif char == ")":
                depth -= 1
                if depth < 0:
                    run = run[:index]
                    break
        if depth > 0:
            run = run[:opened]
        while run and not _PATH_END.match(run[-1]):
            run = run[:-1]
        end += len(run)
    query = _QUERY.match(text, end)
    return query.end() if query else end


def weighted_length(text: str, *, reply: bool = False) -> int:
    """The length as X counts it; the limit is 280. Never raises.

    With ``reply`` the mentions that open the text are free, as X adds those itself to a reply.
    """
    text = unicodedata.normalize("NFC", text)
    if reply:
        text = _AUTO_MENTIONS.sub("", text)
    spans = link_spans(text)
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    between = [text[start:end] for index, (start, end) in enumerate(pairwise(edges)) if index % 2 == 0]
    return URL_LENGTH * len(spans) + sum(_plain_length(part) for part in between)


def _plain_length(text: str) -> int:
    rest, emoji = _EMOJI.subn("", text)
    return 2 * emoji + sum(1 if any(low <= ord(char) <= high for low, high in LIGHT) else 2 for char in rest)


def split_thread(text: str, limit: int = LIMIT) -> list[str]:
    """The text as posts of at most ``limit`` (weighted), ending in "(1/3)"; itself alone when it fits.

    Cuts at the end of a sentence where that leaves a post at least half full, else between words; only a word
    that is longer than a post is cut through. Raises ValueError for a limit in which no post fits.
    """
    text = text.strip()
    if weighted_length(text) <= limit:
        return [text]
    if limit < 20:
        raise ValueError("a post needs at least 20 characters")
    for digits in range(1, 6):
        pieces = _cut(text, limit - len(" (/)") - 2 * digits)
        if len(str(len(pieces))) <= digits:
            break
    return [f"{piece} ({number}/{len(pieces)})" for number, piece in enumerate(pieces, 1)]


def _cut(text: str, budget: int) -> list[str]:
    pieces = []
    while weighted_length(text) > budget:
        end = 0
        for word in re.finditer(r"\S+", text):
            if weighted_length(text[: word.end()]) > budget:
                break
            end = word.end()
        if end:
            borders = [found.end() for found in _SENTENCE_END.finditer(text, 0, end + 1) if found.end() <= end]
            if borders and borders[-1] >= end // 2:
                end = borders[-1]
        else:
            end = 1
            while end < len(text) and weighted_length(text[: end + 1]) <= budget:
                end += 1
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*pieces, text] if text else pieces
