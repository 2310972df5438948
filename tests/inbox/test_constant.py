"""What a template says the same on every page: worked out once, and still what Django says."""

from typing import Any

import pytest
from django.template import Context, engines
from django.template.base import Template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, override

from inbox.templatetags.constant import Address, Constant


def made(source: str) -> Template:
    return engines["django"].from_string(source).template


def drawn(template: Template, **values: Any) -> str:
    return template.render(Context(values))


@pytest.mark.parametrize(
    ("source", "nodes"),
    [
        ("{% translate 'Save' %}", [Constant]),
        ("{% url 'team' %}", [Constant]),
        ("{% url 'conversation' pk %}", [Address]),
        ("{% load icons %}{% icon 'clock' %}", [Constant]),
    ],
)
def test_what_cannot_differ_is_seen(source: str, nodes: list[type]) -> None:
    assert [type(node) for node in made(source).nodelist if type(node).__name__ != "LoadNode"] == nodes


def test_translation_follows_the_language() -> None:
    template = made("{% translate 'Save' %}")
    said = []
    for language in ("nl", "en", "nl"):
        with override(language):
            said.append((drawn(template), gettext("Save")))
    assert said == [("Opslaan", "Opslaan"), ("Save", "Save"), ("Opslaan", "Opslaan")]


def test_what_differs_is_worked_out_each_time() -> None:
    template = made(
        "{% load icons %}{% url 'conversation' pk %} {% icon name %} {% translate word %} {% url place %} "
        "{% translate 'Reply' context 'column' as title %}{{ title }} {% translate 'Save'|upper %}"
    )
    for pk, name, word, place in ((1, "clock", "Save", "team"), (2, "late", "Cancel", "search")):
        expected = (
            f"{reverse('conversation', args=[pk])} {drawn(made(f'{{% load icons %}}{{% icon {name!r} %}}'))} "
            f"{gettext(word)} {reverse(place)} "
        )
        assert drawn(template, pk=pk, name=name, word=word, place=place).startswith(expected)


def test_address_that_is_not_there_is_an_error_each_time() -> None:
    template = made("{% url 'conversation' pk %}")
    for _turn in range(2):
        with pytest.raises(NoReverseMatch):
            drawn(template, pk="x")
    with pytest.raises(NoReverseMatch):
        drawn(made("{% url 'nowhere' %}"))


def test_text_is_escaped_as_the_template_is() -> None:
    source = "{% url 'inbox' %}{% translate 'Search' %}"
    assert drawn(made(source)) == drawn(made("{% autoescape off %}" + source + "{% endautoescape %}"))
