"""A note is drawn with bold, lists, links and names, and nothing else gets through."""

import pytest

from inbox.views.note_text import drawn

NAMES = {"fatima": {"name": "Fatima <b>", "told": True}, "bram": {"name": "Bram", "told": False}}
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Bel **eerst** even", "<p>Bel <b>eerst</b> even</p>"),
        ("2 * 3 * 4, a_b_c en **niet", "<p>2 * 3 * 4, a_b_c en **niet</p>"),
        ("Eerst\n- a\n- b & c\nDan\ndit", "<p>Eerst</p><ul><li>a</li><li>b &amp; c</li></ul><p>Dan\ndit</p>"),
        ("1. bellen\n2) mailen", "<ol><li>bellen</li><li>mailen</li></ol>"),
        ("zie https://a.nl/x", f'<p>zie <a href="https://a.nl/x" {LINK}>https://a.nl/x</a></p>'),
        ("<script>x</script> <b>y", "<p>&lt;script&gt;x&lt;/script&gt; &lt;b&gt;y</p>"),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
        (
            "@fatima en @Bram, niet @olaf",
            '<p><span class="mention">@Fatima &lt;b&gt;</span> en <span class="mention untold">@Bram</span>,'
            " niet @olaf</p>",
        ),
    ],
)
def test_drawn(text: str, html: str) -> None:
    assert drawn(text, NAMES) == html


def test_a_name_in_an_address_is_part_of_the_address() -> None:
    assert 'class="mention' not in drawn("https://a.nl/?q=@fatima x@fatima https://a.nl/@fatima", NAMES)
