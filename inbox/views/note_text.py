"""A note as it is drawn: **bold**, lists, links, and whom it names. All else stands as it was typed.

Not Markdown, and no library for it: colleagues write house numbers, underscores and asterisks that a Markdown parser
would take for something else, and these four are all that a note needs.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import nh3
from django.utils.html import escape, format_html, urlize
from django.utils.safestring import SafeString, mark_safe

from inbox.actions.mentions import NAME

BULLET = re.compile(r"\s{0,3}[-*•]\s+(\S.*)")
NUMBER = re.compile(r"\s{0,3}\d{1,3}[.)]\s+(\S.*)")
LINK = re.compile(r"(<a [^>]*>.*?</a>|<[^>]*>)")
BOLD = re.compile(r"\*\*(?=\S)(.{1,500}?)(?<=\S)\*\*")


def drawn(text: str, mentions: Mapping[str, Any]) -> SafeString:
    """Safe HTML. ``mentions`` as in Note.mentions; only those in it are shown as names."""
    html = "".join(_blocks(text, mentions))
    # A second lock: nothing but these leaves this function, whatever urlize makes of strange input.
    clean = nh3.clean(
        html,
        tags={"a", "b", "ul", "ol", "li", "span", "p"},
        attributes={"a": {"href"}},
        allowed_classes={"span": {"mention", "untold"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(clean)  # noqa: S308 - nh3 let through these alone


def _blocks(text: str, mentions: Mapping[str, Any]) -> Iterator[str]:
    for kind, lines in groupby(text.split("\n"), _kind):
        if kind == "p":
            # White space is kept by the style sheet.
            yield f"<p>{_inline('\n'.join(lines).strip('\n'), mentions)}</p>"
        else:
            pattern = BULLET if kind == "ul" else NUMBER
            items = (pattern.fullmatch(line) for line in lines)
            yield f"<{kind}>{''.join(f'<li>{_inline(item[1], mentions)}</li>' for item in items if item)}</{kind}>"


def _kind(line: str) -> str:
    return "ul" if BULLET.fullmatch(line) else "ol" if NUMBER.fullmatch(line) else "p"


def _inline(text: str, mentions: Mapping[str, Any]) -> str:
    html = urlize(escape(text), nofollow=True)
    html = BOLD.sub(r"<b>\1</b>", html)
    if not mentions:
        return html
    # Not in a link, neither in its tag nor in its words: a name in an address is part of the address.
    parts = LINK.split(html)
    parts[::2] = [NAME.sub(lambda found: _mention(found, mentions), part) for part in parts[::2]]
    return "".join(parts)


def _mention(found: re.Match[str], mentions: Mapping[str, Any]) -> str:
    known = mentions.get(found[1].lower())
    if not known:
        return found[0]
    return format_html('<span class="mention{}">@{}</span>', "" if known["told"] else " untold", known["name"])
