"""`{% pressable %}`: buttons to choose one of a few, the chosen one pressed."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from inbox.templatetags.icons import icon

register = template.Library()

type Choices = tuple[tuple[Any, str], ...]  # value, words


@register.simple_tag
def pressable(name: str, choices: Choices, chosen: Any, css: str = "button small", mark: str = "") -> SafeString:
    """One button for each; ``mark``: an icon for the chosen one. Each has its name and value as ``data-testid``."""
    return _drawn(name, choices, chosen, css, mark)


@lru_cache(maxsize=2_000)  # twenty of them in every conversation, nearly always the same
def _drawn(name: str, choices: Choices, chosen: Any, css: str, mark: str) -> SafeString:
    pressed = format_html(' aria-pressed="{}"', "true")
    return format_html_join(
        "\n",
        '<button class="{}" name="{}" value="{}" data-testid="{}-{}"{}>{}{}</button>',
        (
            (
                *(css, name, value, name, "none" if value == "" else value),
                *(pressed if value == chosen else "", words, icon(mark) if mark and value == chosen else ""),
            )
            for value, words in choices
        ),
    )
