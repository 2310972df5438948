"""The simulator's books, read: what citizens posted and made of it, what stands there of us, how far it came."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

type Name = tuple[str, str]  # platform, id at the platform


@dataclass
class Posted:
    """A citizen's message as the platform has it by now. ``id`` is its last one: an edit on X gives a new id."""

    kind: str
    id: str
    citizen: str
    text: str
    n: int
    at: datetime
    edits: int = 0
    deleted: bool = False
    edited_at: datetime | None = None
    in_one_second: set[str] = field(default_factory=set)  # the texts of the edits in the second of the last one


@dataclass
class Standing:
    """A message of ours that stands at a platform."""

    kind: str
    id: str
    text: str
    n: int
    to: str


@dataclass
class Books:
    """The whole town, by the platforms."""

    posted: dict[Name, Posted] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)
    receipts: dict[Name, tuple[str, datetime]] = field(default_factory=dict)  # of ours: the furthest, and when
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)


def read(lines: list[dict[str, Any]]) -> Books:
    """Every line, in order."""
    books = Books()
    for line in lines:
        kind, what, name = line["kind"], line["what"], (line["kind"], line["external_id"])
        books.counts[kind, f"fault {line['fault']}" if what == "fault" else what] += 1
        if what == "posted":
            at = datetime.fromisoformat(line["at"])
            books.posted[name] = Posted(*name, line["citizen"], line["text"], line["n"], at)
        elif what == "edited":
            post = books.posted.pop((kind, line.get("previous", name[1])))
            _edit(post, name[1], line["text"], datetime.fromisoformat(line["at"]))
            books.posted[name] = post
        elif what == "deleted" and name in books.posted:
            books.posted[name].deleted = True
        elif what == "answered":
            to = line.get("citizen") or line.get("to") or ""
            books.standing.append(Standing(*name, line["text"], line["n"], to))
        elif what == "receipt":
            books.receipts[name] = line["state"], datetime.fromisoformat(line["at"])
    return books


def _edit(post: Posted, identifier: str, text: str, at: datetime) -> None:
    if post.edited_at is None or post.edited_at.replace(microsecond=0) != at.replace(microsecond=0):
        post.in_one_second = set()
    post.in_one_second.add(text)
    post.id, post.text, post.edited_at, post.edits = identifier, text, at, post.edits + 1
