"""The completeness of the Dutch: what counts as a message, and what counts as translated."""

from pathlib import Path

import pytest

from webcare.translations import extracted, messages, problems, read, update

TEMPLATE = """{% load i18n %}
<p class='x' title="it's {% translate 'Title' %}">it's</p>
  {% translate "Hello" context "greeting" %}
    {% blocktranslate with name=user.name %}Hi {{ name }}, 100%{% endblocktranslate %}
{% blocktranslate count number=items|length trimmed %}
    {{ number }} message
    waits
  {% plural %}
    {{ number }} messages
    wait
{% endblocktranslate %}
{% comment %}{% translate "Not this" %}{% endcomment %}
{{ x|default:_("Default") }} <script>let odd = ' " ( [ {';</script>
"""
JINJA = """{{ _("Row") }} {{ pgettext("list", "Late") }} {{ ngettext("%(num)s new", "%(num)s new ones", n) }}"""
PYTHON = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext_lazy
a = _("Lazy"); b = pgettext_lazy("verb", "Close"); c = ngettext("%(n)s day", "%(n)s days", n)
d = "not this"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with one message of each kind."""
    files = {
        "templates/page.html": TEMPLATE,
        "templates/jinja/row.html": JINJA,
        "inbox/views.py": PYTHON,
        "inbox/migrations/0001.py": "_('Not this')",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_extracts_from_python_templates_and_jinja(project: Path) -> None:
    found = {(message.context, message.id) for message in messages(extracted(project)).values()}

    assert found == {
        (None, "Title"),
        ("greeting", "Hello"),
        (None, "Hi %(name)s, 100%%"),
        (None, ("%(number)s message waits", "%(number)s messages wait")),
        (None, "Default"),
        (None, "Row"),
        ("list", "Late"),
        (None, ("%(num)s new", "%(num)s new ones")),
        (None, "Lazy"),
        ("verb", "Close"),
        (None, ("%(n)s day", "%(n)s days")),
    }


def test_update_twice_changes_nothing_and_keeps_what_was_translated(project: Path) -> None:
    path = project / "locale" / "django.po"
    update(path, project)
    first = path.read_text(encoding="utf-8")
    translated = first.replace('msgid "Row"\nmsgstr ""', 'msgid "Row"\nmsgstr "Rij"')
    path.write_text(translated, encoding="utf-8")

    update(path, project)

    assert translated != first
    assert path.read_text(encoding="utf-8") == translated


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ('msgid "%(n)s day"\nmsgstr "%(n)s dag"', []),
        ("", ["missing     '%(n)s day' (inbox/one.py:1)"]),
        ('msgid "%(n)s day"\nmsgstr ""', ["empty       '%(n)s day' (inbox/one.py:1)"]),
        ('#, fuzzy\nmsgid "%(n)s day"\nmsgstr "%(n)s dag"', ["fuzzy       '%(n)s day' (inbox/one.py:1)"]),
        ('msgid "%(n)s day"\nmsgstr "een dag"', ["placeholder '%(n)s day' (inbox/one.py:1)"]),
        ('msgid "%(n)s day"\nmsgstr "%(m)s dag"', ["placeholder '%(n)s day' (inbox/one.py:1)"]),
        (
            'msgid "%(n)s day"\nmsgstr "%(n)s dag"\n\nmsgid "Gone"\nmsgstr "Weg"',
            ["obsolete    'Gone'"],
        ),
        (
            'msgid "%(n)s day"\nmsgstr "%(n)s dag"\n\n#~ msgid "Gone"\n#~ msgstr "Weg"',
            ["obsolete    'Gone'"],
        ),
    ],
)
def test_problems_of_one_message(entry: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "one.py").write_text('_("%(n)s day")', encoding="utf-8")
    path = tmp_path / "django.po"
    header = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_text(header + entry + "\n", encoding="utf-8")

    assert problems(extracted(tmp_path), read(path)) == found


@pytest.mark.parametrize(
    ("one", "many", "complete"),
    [("één dag", "%(n)s dagen", True), ("%(n)s dag", "dagen", False), ("%(n)s dag", "", False)],
)
def test_singular_may_leave_the_number_out(one: str, many: str, complete: bool, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "one.py").write_text('ngettext("%(n)s day", "%(n)s days", n)', encoding="utf-8")
    path = tmp_path / "django.po"
    update(path, tmp_path)
    text = path.read_text(encoding="utf-8")
    text = text.replace('msgstr[0] ""', f'msgstr[0] "{one}"').replace('msgstr[1] ""', f'msgstr[1] "{many}"')
    path.write_text(text, encoding="utf-8")

    assert (problems(extracted(tmp_path), read(path)) == []) is complete
