"""The B1 check: sentences as people count them, hard words with a plainer one, how citizens are addressed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox import plain_words
from inbox.plain_words import ADDRESSING, HARD, LONG, LONG_FROM, PLAINER, check, sentences


def counts(text: str) -> list[int]:
    return [len(words) for words in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("😀 … !", []),
        ("Wij komen morgen. Tot dan", [3, 2]),
        ("Dat kan bijv. morgen. Goed?", [4, 1]),
        ("Dit gaat m.b.t. uw brief, d.w.z. die van mei.", [9]),
        ("Dhr. J. de Vries belt Mevr. Jansen.", [7]),
        ("Afval, glas enz. Dat alles.", [3, 2]),
        ("Afval enz. hoort hier.", [4]),
        ("Om 14.30 uur kost het 3,50 euro.", [7]),
        ("Kijk op https://www.waterkant.nl/afval.html. Of mail naar info@waterkant.nl.", [3, 4]),
        ("Kijk op www.waterkant.nl. Succes", [3, 1]),
        ("Echt waar?! Ja… Toch wel", [2, 1, 2]),
        ("Beste mevrouw,\nDank u wel.\n\n- glas\n- papier", [2, 3, 1, 1]),
        ("Fijn 😀😀! Tot ziens 👋🏽 ^FM", [1, 2]),
        ("Ga naar @gemwaterkant over #afval.", [5]),
        ("Hij zei: “Kom.” Wij kwamen.", [3, 2]),
        ("Dat is nr. 3 op de lijst.", [7]),
        ("Doet u dat? Wij wachten op u. Tot dan.", [3, 4, 2]),
    ],
)
def test_sentences_are_counted_as_people_read_them(text: str, expected: list[int]) -> None:
    assert counts(text) == expected


@pytest.mark.parametrize("number", [LONG_FROM - 1, LONG_FROM])
def test_a_long_sentence_is_pointed_at(number: int) -> None:
    text = "Kort. " + " ".join(["woord"] * number) + "."
    expected = [(LONG, 6, len(text) - 1, LONG_FROM)] if number == LONG_FROM else []
    assert [(hint.kind, hint.start, hint.end, hint.words) for hint in check(text)] == expected


def hard(text: str) -> list[tuple[str, str]]:
    return [(text[hint.start : hint.end], hint.instead) for hint in check(text) if hint.kind == HARD]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Derhalve wachten wij.", [("Derhalve", "daarom")]),
        ("Conform onze brief", [("Conform", "volgens")]),
        ("Nieuws met betrekking tot afval", [("met betrekking tot", "over")]),
        ("Nieuws M.B.T. afval", [("M.B.T", "over")]),
        ("Heden vangt het werk aan", [("Heden", "vandaag")]),
        ("Dient u te wachten?", [("Dient u te", "moet u")]),
        ("Reeds reeds", [("Reeds", "al"), ("reeds", "al")]),
        ("De gemeente heeft een plan in het bos", []),
        ("conformisme en derhalven", []),
    ],
)
def test_hard_words_get_a_plainer_one(text: str, expected: list[tuple[str, str]]) -> None:
    assert hard(text) == expected


@pytest.mark.parametrize(
    ("text", "agreed", "expected"),
    [
        ("Kunt u uw naam geven?", "u", []),
        ("Kun je jouw naam geven?", "u", [("je", "u")]),
        ("Kunt u komen?", "je", [("u", "je")]),
        ("Kunt u komen met je paspoort?", "", [("je", "")]),
        ("Kun je komen? Open tot 17 u vandaag.", "je", []),
        ("Wij komen.", "u", []),
    ],
)
def test_citizens_are_addressed_as_agreed(text: str, agreed: str, expected: list[tuple[str, str]]) -> None:
    found = [hint for hint in check(text, agreed) if hint.kind == ADDRESSING]
    assert [(text[hint.start : hint.end], hint.instead) for hint in found] == expected


def test_the_list_is_large_and_sound() -> None:
    lines = (Path(plain_words.__file__).with_name("plain_words_nl.txt")).read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    forms = [form for line in entries for form in line.partition(" = ")[0].split(", ")]
    assert len(entries) >= 150
    assert [line for line in entries if line.count(" = ") != 1] == []
    assert sorted({form for form in forms if forms.count(form) > 1}) == []
    assert len(PLAINER) == len(forms)
    assert [form for form in PLAINER.items() if not form[1]] == []


WORDS = st.sampled_from(
    ["afval", "wij", "halen", "dit", "op", "14.30", "3,50", "bijv.", "d.w.z.", "😀", "www.a.nl", "a@b.nl"]
)


@given(st.lists(WORDS, min_size=1, max_size=30), st.sampled_from(".!?"))
def test_nothing_inside_a_sentence_breaks_it(inside: list[str], stop: str) -> None:
    text = " ".join(["Vandaag", *inside, "gaat", "door"]) + stop + " Dank."
    assert counts(text) == [3 + len([word for word in inside if word != "😀"]), 1]


@given(st.text("aA1.,!? \n'’-@/:^u😀é", max_size=200) | st.text(max_size=200), st.sampled_from(["", "u", "je"]))
def test_hints_stand_in_the_text_and_words_never_overlap(text: str, agreed: str) -> None:
    ends = [0] + [end for words in sentences(text) for word in words for end in (word.start, word.end)] + [len(text)]
    assert ends == sorted(ends)
    assert all(0 <= hint.start < hint.end <= len(text) for hint in check(text, agreed))
    assert [hint for hint in check(text, agreed) if hint.kind == LONG and hint.words < LONG_FROM] == []
