"""X's counting, and long answers cut into posts. Cases of our own after the rules of twitter-text v3."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.connectors.x.length import LIMIT, link_spans, split_thread, weighted_length

# Without the characters that make links, so that a letter is a letter.
PLAIN = st.text(string.ascii_letters + string.digits + " ,!?-'\"\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Goedemorgen", 11),
        ("één café", 8),
        ("e\u0301e\u0301n", 3),  # composed before counting
        ("€ 25", 5),
        ("漢字", 4),
        ("–", 1),
        ("…", 2),
        ("“ja”", 4),
        ("\u2032", 1),
        ("☺", 2),
        ("😀", 2),
        ("👍🏽", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("🇳🇱", 2),
        ("🇳🇱🇧🇪", 4),
        ("1️⃣", 2),
        ("❤️", 2),
        ("©", 1),
        ("©️", 2),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
        ("😀👍 ok", 7),
        ("https://www.waterkant.nl/afval/kalender/2026", 23),
        ("http://waterkant.nl", 23),
        ("waterkant.nl", 23),
        ("WWW.WATERKANT.NL", 23),
        ("zie waterkant.nl/afval.", 28),
        ("(zie waterkant.nl/a_(b))", 29),
        ("(zie waterkant.nl/a_(b", 4 + 1 + 23 + 2),
        ("waterkant.nl en gent.be", 23 + 4 + 23),
        ("waterkant.nl/?a=1&b=2!", 24),
        ("waterkant.nl:8080/x", 23),
        ("balie@waterkant.nl", 18),
        ("@waterkant.nl", 13),
        ("Klaar.Morgen verder", 19),  # no top-level domain
        ("Klaar.Nu verder", 23 + 7),  # .nu is one
        ("bestand.pdf", 11),
        ("-waterkant.nl", 13),
        ("waterkant.nl-x", 14),
        ("https://вода.рф/x", 23),
        ("a" * 64 + ".nl", 67),
        ("a" * 63 + ".nl", 23),
        ("1.000,50", 8),
        ("14.0140", 7),
        ("t.co/abc", 23),
        ("https://", 8),
    ],
)
def test_length_is_as_x_counts(text: str, expected: int) -> None:
    assert weighted_length(text) == expected


def test_length_of_a_reply_leaves_out_the_mentions_in_front() -> None:
    assert weighted_length("@aisha_b @henkdewit dank u, @lotjansen", reply=True) == 20 - 2
    assert weighted_length("@aisha_b dank u") == 15


def test_links_are_found_where_they_stand() -> None:
    text = "Kijk op waterkant.nl/afval of bel."
    assert [text[start:end] for start, end in link_spans(text)] == ["waterkant.nl/afval"]


@given(PLAIN)
@settings(deadline=None)
def test_length_of_plain_ascii_is_its_number_of_characters(text: str) -> None:
    assert weighted_length(text) == len(text)


@given(PLAIN, PLAIN)
@settings(deadline=None)
def test_length_never_shrinks_when_plain_text_is_added(text: str, more: str) -> None:
    assert weighted_length(text + more) >= weighted_length(text)


@given(st.text())
@settings(deadline=None)
def test_length_never_raises_and_is_at_most_two_a_character(text: str) -> None:
    links = len(link_spans(text))
    assert 0 <= weighted_length(text) <= 2 * len(text) * 3 + 23 * links


@given(st.text(st.characters(codec=None)))
@settings(deadline=None)
def test_length_never_raises_on_half_surrogates(text: str) -> None:
    weighted_length(text)


def test_length_of_a_hostile_text_is_found_quickly() -> None:
    assert weighted_length("a-" * 20_000) == 40_000
    assert weighted_length("a." * 20_000) == 40_000
    assert weighted_length("waterkant.nl/" + "(" * 20_000) == 23 + 20_000


def test_split_leaves_a_text_that_fits_alone() -> None:
    assert split_thread(" Dank voor uw bericht. ") == ["Dank voor uw bericht."]


def test_split_numbers_the_posts_and_cuts_at_sentences() -> None:
    sentence = "Uw container wordt om de week op dinsdag geleegd, mits hij voor zeven uur aan de weg staat."
    posts = split_thread(" ".join([sentence] * 5))
    assert posts == [f"{sentence} {sentence} (1/3)", f"{sentence} {sentence} (2/3)", f"{sentence} (3/3)"]


def test_split_cuts_between_words_where_no_sentence_ends() -> None:
    posts = split_thread(" ".join(["woord"] * 100))
    assert [re.sub(r" \(\d/3\)$", "", post) for post in posts] == [
        " ".join(["woord"] * 45),
        " ".join(["woord"] * 45),
        " ".join(["woord"] * 10),
    ]


def test_split_keeps_a_link_whole() -> None:
    link = "https://waterkant.nl/" + "afval-" * 60 + "x"
    posts = split_thread("tekst " * 45 + link)
    assert posts[-1] == f"{link} (2/2)"


def test_split_cuts_through_a_word_longer_than_a_post() -> None:
    posts = split_thread("漢" * 300)
    assert [weighted_length(post) for post in posts] == [280, 280, 58]


def test_split_refuses_a_limit_in_which_nothing_fits() -> None:
    with pytest.raises(ValueError, match="at least 20"):
        split_thread("a" * 50, 10)


@given(st.text(min_size=1, max_size=1500), st.integers(40, LIMIT))
@settings(deadline=None)
def test_split_posts_fit_and_lose_nothing(text: str, limit: int) -> None:
    posts = split_thread(text, limit)
    assert all(weighted_length(post) <= limit for post in posts)
    whole = "".join(re.sub(r" \(\d+/\d+\)$", "", post) if len(posts) > 1 else post for post in posts)
    assert "".join(whole.split()) == "".join(text.split())
