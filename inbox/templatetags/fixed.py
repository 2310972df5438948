"""`{% fixed %}…{% endfixed %}`: what is the same on every page for everybody, drawn once a process."""

from typing import cast

from django import template
from django.template.base import Node, NodeList, Parser, Template, Token
from django.template.context import Context

register = template.Library()


class Fixed(Node):
    """Drawn without the context of the page: nothing of a request or a colleague can get into it."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self.drawn: str | None = None

    def render(self, context: Context) -> str:
        """What was drawn the first time."""
        if self.drawn is None:
            empty, page = Context(), cast(Template, context.template)
            empty.template = page
            with empty.render_context.push_state(page):
                self.drawn = self.nodelist.render(empty)
        return self.drawn


@register.tag
def fixed(parser: Parser, token: Token) -> Fixed:
    """Up to ``endfixed``: translations, icons, addresses of files; no variables, no forms."""
    nodelist = parser.parse(("endfixed",))
    parser.delete_first_token()
    return Fixed(nodelist)
