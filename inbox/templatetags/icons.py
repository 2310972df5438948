"""`{% icon "clock" %}`: a drawing from static/icons.svg beside words; a screen reader passes it by."""

from functools import lru_cache

from django import template
from django.template.base import Node, Parser, Token
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox.templatetags.constant import Constant, is_constant

register = template.Library()


@register.simple_tag(name="icon")
@lru_cache(maxsize=500)  # fifty of them on a page, the same on every one
def icon(name: str, extra: str = "") -> SafeString:
    """The icon of this name; ``extra``: one more class."""
    classes = f"icon {extra}" if extra else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("icons.svg"), name
    )


_any_icon = register.tags["icon"]


@register.tag("icon")
def _icon(parser: Parser, token: Token) -> Node:
    node = _any_icon(parser, token)
    fixed = node.target_var is None and not node.kwargs and all(map(is_constant, node.args))
    return Constant(node) if fixed else node
