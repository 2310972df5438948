"""A text to search messages for, as PostgreSQL takes it: Dutch stems, and the last word also as a beginning."""

import re
from dataclasses import dataclass
from typing import Any

SHORTEST_BEGINNING = 3

# The stems of the words as people write a search ("a phrase", or, -not); or the same with the last word as a beginning.
_STEMS = "websearch_to_tsquery('dutch', %(text)s)"
_BEGINNING = "(websearch_to_tsquery('dutch', %(head)s) && to_tsquery('webcare_words', %(last)s))"


@dataclass(frozen=True, slots=True)
class Words:
    """A text as words. ``query`` is the tsquery in SQL, for ``parameters``; ``beginning`` the last word when it may be
    the beginning of one."""

    query: str
    parameters: dict[str, Any]
    beginning: str

    @classmethod
    def of(cls, text: str) -> "Words":
        """Every text is one; it may find nothing."""
        last = re.search(r"\w+$", text)
        head = text[: last.start()] if last else text
        plain = head.count('"') % 2 == 0 and not head.endswith("-") and " or " not in f" {head.lower()}"
        if not last or not plain or len(last[0]) < SHORTEST_BEGINNING:
            return cls(_STEMS, {"text": text}, "")
        parameters = {"text": text, "head": head, "last": f"'{last[0]}':*"}
        return cls(f"({_STEMS} || {_BEGINNING})", parameters, last[0])

    def positional(self) -> tuple[str, list[Any]]:
        """The query with its parameters in order, for Django's expressions."""
        names = re.findall(r"%\((\w+)\)s", self.query)
        return re.sub(r"%\(\w+\)s", "%s", self.query), [self.parameters[name] for name in names]
