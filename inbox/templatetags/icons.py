"""`{% icon "clock" %}`: a drawing from static/icons.svg beside words; a screen reader passes it by."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=500)  # fifty of them on a page, the same on every one
def icon(name: str, extra: str = "") -> SafeString:
    """The icon of this name; ``extra``: one more class."""
    classes = f"icon {extra}" if extra else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>', classes, static("icons.svg"), name
    )
