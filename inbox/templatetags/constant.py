"""`{% translate %}`, `{% url %}` and `{% icon %}` as always, but what differs on no page is worked out once.

A conversation has some fifty translations and thirty addresses, and working each out anew was much of drawing it.
A builtin of all templates (settings.TEMPLATES); without it they say the same, more slowly.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.templatetags.i18n import TranslateNode, do_translate
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.translation import get_language

register = template.Library()


class Constant(Node):
    """A node that says the same wherever it stands: once for each language."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.said: dict[tuple[str, bool], Any] = {}

    def render(self, context: Context) -> Any:
        """What the node said the first time."""
        here: Any = context.render_context  # of one template, drawn once: in one language
        language = here.get(Constant)
        if language is None:
            language = here[Constant] = get_language() or ""
        key = language, context.autoescape
        if key not in self.said:
            self.said[key] = self.node.render(context)
        return self.said[key]


def is_constant(expression: FilterExpression) -> bool:
    """Whether it is a text or a number as it stands, without filters."""
    return not expression.filters and getattr(expression.var, "lookups", None) is None


@register.tag("translate")
def translate(parser: Parser, token: Token) -> Node:
    """Django's."""
    node: TranslateNode = do_translate(parser, token)
    plain = node.asvar is None and node.message_context is None
    return Constant(node) if plain and is_constant(node.filter_expression) else node


class Address(URLNode):
    """Django's, with a memory: an address depends on its name and its arguments alone."""

    def render(self, context: Context) -> str:
        """The address, escaped as the template is."""
        name = self.view_name.resolve(context)
        address = _reversed(name, *(argument.resolve(context) for argument in self.args))
        return conditional_escape(address) if context.autoescape else address


@lru_cache(maxsize=20_000)
def _reversed(name: str, *arguments: Any) -> str:
    return reverse(name, args=arguments)


@register.tag("url")
def url(parser: Parser, token: Token) -> Node:
    """Django's. Raises NoReverseMatch for a name there is not."""
    node: URLNode = django_url(parser, token)
    if node.kwargs or node.asvar or not is_constant(node.view_name):
        return node
    found = Address(node.view_name, node.args, node.kwargs, node.asvar)
    return found if node.args else Constant(found)
