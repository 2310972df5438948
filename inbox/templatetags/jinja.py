"""The Jinja2 environment of the one fragment that is drawn fifty times a page: the conversation list's rows."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext
from jinja2 import Environment


def environment(**options: Any) -> Environment:
    """Jinja2 with url(), static() and gettext; autoescaping is on (Django's backend sets it)."""
    env = Environment(extensions=["jinja2.ext.i18n"], **options)  # noqa: S701  (Django passes autoescape=True)
    env.install_gettext_callables(gettext, ngettext, newstyle=True, pgettext=pgettext)  # type: ignore[attr-defined]
    env.globals.update(url=reverse, static=static)
    return env
