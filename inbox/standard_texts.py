"""Pure: texts with variables between braces, what nobody could fill in between brackets, and an answer's ending."""

import re
from collections.abc import Mapping

# What a standard reply may hold between braces, each with what it stands for. Dutch: colleagues type them.
CITIZEN, COLLEAGUE, INITIALS = "inwoner", "voornaam", "initialen"
HOURS, NEXT_OPENING = "openingstijden", "volgende_opening"
DEPARTMENT, CHANNEL, MUNICIPALITY = "afdeling", "kanaal", "gemeente"
FILLED = (CITIZEN, COLLEAGUE, INITIALS, HOURS, NEXT_OPENING, DEPARTMENT, CHANNEL, MUNICIPALITY)
CASE_NUMBER = "zaaknummer"  # nobody but the colleague knows it

_VARIABLE = re.compile(r"\{\s*([a-z][a-z_ ]{1,30}?)\s*\}", re.IGNORECASE)
_UNFILLED = re.compile(r"\[([a-z][a-z_ ]{2,30})\]")
SHORT_ENDING = "^"  # "^FM": behind the last word, as is the custom on X


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what ``values`` knows in place of {name}; what it does not know becomes [name], for a person."""

    def one(found: re.Match[str]) -> str:
        name = found[1].lower()
        return values.get(name) or f"[{name}]"

    return _VARIABLE.sub(one, text)


def unfilled(text: str) -> list[str]:
    """The names between brackets that somebody still has to fill in, in order, each once."""
    return list(dict.fromkeys(_UNFILLED.findall(text)))


def signed(text: str, ending: str) -> str:
    """The answer with its ending behind it, once; "" ends nothing."""
    text, ending = text.strip(), ending.strip()
    if not ending or not text or text.endswith(ending):
        return text
    return f"{text}{' ' if ending.startswith(SHORT_ENDING) else chr(10)}{ending}"


def unsigned(text: str, ending: str) -> str:
    """The answer as it was typed: without the ending that ``signed`` put there."""
    ending = ending.strip()
    return text.removesuffix(ending).rstrip() if ending else text
