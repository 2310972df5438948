"""Buttons to choose one of a few."""

from django.template import engines


def drawn(source: str, **values: object) -> str:
    template = engines["django"].from_string("{% load pressable %}" + source)
    return template.render(values).strip()


def test_chosen_one_is_pressed_and_no_value_is_called_none() -> None:
    choices = (("", "niet gezegd"), ("negative", "<b>negatief</b>"))
    text = drawn("{% pressable 'sentiment' choices chosen %}", choices=choices, chosen="negative")
    assert text.split("\n") == [
        '<button class="button small" name="sentiment" value="" data-testid="sentiment-none">niet gezegd</button>',
        '<button class="button small" name="sentiment" value="negative" data-testid="sentiment-negative" '
        'aria-pressed="true">&lt;b&gt;negatief&lt;/b&gt;</button>',
    ]


def test_mark_stands_with_the_chosen_one_only() -> None:
    choices = ((0, "gewoon"), (2, "spoed"))
    source = "{% pressable 'priority' choices chosen css='choice' mark='check' %}"
    texts = [drawn(source, choices=choices, chosen=chosen) for chosen in (0, 2, None)]
    assert [[one.count("#check") for one in text.split("\n")] for text in texts] == [[1, 0], [0, 1], [0, 0]]
    assert [text.count('aria-pressed="true"') for text in texts] == [1, 1, 0]
    assert 'data-testid="priority-0"' in texts[2]
