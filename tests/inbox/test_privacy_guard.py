"""The privacy guard: what is found and what is not, the laws of its checks, and work that grows with the text alone."""

import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from inbox import privacy_guard
from inbox.privacy_guard import bsn_is_right, find, iban_is_right, own, plain


def told(text: str, ours: str = "") -> list[tuple[str, str]]:
    return [(item.kind, text[item.start : item.end]) for item in find(text, own(ours))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 111222333 and 123456782 are the usual examples of a number that passes the test.
        ("Mijn BSN is 123456782.", [("bsn", "123456782")]),
        ("bsn123456782", [("bsn", "123456782")]),
        ("BSN: 123 456 782, graag snel", [("bsn", "123 456 782")]),
        ("1234.56.782", [("bsn", "1234.56.782")]),
        ("123-456-782", [("bsn", "123-456-782")]),
        ("(111222333)", [("bsn", "111222333")]),
        ("10000008", [("bsn", "10000008")]),
        ("BSN 123456782 06-12345678", [("bsn", "123456782"), ("phone", "06-12345678")]),
        ("bel 06-12345678", [("phone", "06-12345678")]),
        ("+31 6 1234 5678 of 030 286 10 00", [("phone", "+31 6 1234 5678"), ("phone", "030 286 10 00")]),
        ("06 12 34 56 78", [("phone", "06 12 34 56 78")]),
        ("0031612345678", [("phone", "0031612345678")]),
        ("+32 475 12 34 56", [("phone", "+32 475 12 34 56")]),
        ("mail jan.de.vries@gmail.com.", [("email", "jan.de.vries@gmail.com")]),
        ("jan(at)gmail.com", [("email", "jan(at)gmail.com")]),
        # The examples of the IBAN registry.
        ("rekening NL91 ABNA 0417 1643 00 graag", [("iban", "NL91 ABNA 0417 1643 00")]),
        ("nl91abna0417164300", [("iban", "nl91abna0417164300")]),
        ("BE68 5390 0754 7034", [("iban", "BE68 5390 0754 7034")]),
        ("GB29 NWBK 6016 1331 9268 19.", [("iban", "GB29 NWBK 6016 1331 9268 19")]),
        ("Ik woon op 1234 AB 12", [("address", "1234 AB 12")]),
        ("1234ab, 12-a", [("address", "1234ab, 12-a")]),
        ("1234 AB huisnummer 12", [("address", "1234 AB huisnummer 12")]),
        ("Molenstraat 12a, 1234 AB", [("address", "Molenstraat 12a")]),
        ("bij molenstraat 12 ligt afval", [("address", "molenstraat 12")]),
        ("Jan van Galenstr. 8-2", [("address", "Galenstr. 8-2")]),
        ("op de Grote Markt 1?", [("address", "Grote Markt 1")]),
        ("Prins Hendrikkade 33 bis", [("address", "Hendrikkade 33 bis")]),
        ("Coolsingel 40", [("address", "Coolsingel 40")]),
    ],
)
def test_personal_data_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert told(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Goedemorgen, wij komen het donderdag halen.",
        "123456789",  # fails the test
        "000000000",
        "zaaknummer 123456782",
        "Uw kenmerk is 123456782.",
        "Z-123456782 en 2026-123456782",
        "1234567820",
        "€ 123456782",
        "https://www.waterkant.nl/zaak/123456782?tel=0612345678",
        "20-11-2026 tussen 10:00 en 12:00",
        "14 030 of 0900-8844, gratis: 0800-1351, spoed: 112",
        "@gemwaterkant en @waterkant.nl",
        "NL91 ABNA 0417 1643 01",  # fails the test
        "NL91ABNA0417164300X",
        "in 2026 of 12 weken",
        "1234 AB",  # a postcode alone is a street of people
        "onderweg 10 bussen, op de markt 12 kramen",
        "Kerstmarkt 14 december en Bevrijdingsmarkt 2026",
        "De Ringweg 20 meter verder",
        "Plein 1944",
        "de Molenstraat om 12 uur",
        "Marktplein 14.30 uur, singel 12%",
    ],
)
def test_what_is_nobodys_is_left_alone(text: str) -> None:
    assert told(text) == []


OWN = "14 030\nBel 030 286 10 00\ninfo@gemeente.nl, @waterkant.nl\nStadhuis: Stationsplein 1\nNL91 ABNA 0417 1643 00"


@pytest.mark.parametrize(
    "text",
    [
        "Bel +31302861000 of 030-2861000",
        "Mail INFO@gemeente.nl of wijkteam@waterkant.nl of a.b@post.waterkant.nl",
        "Kom naar stationsplein 1.",
        "Betaal op NL91ABNA0417164300",
    ],
)
def test_what_is_our_own_may_stand_anywhere(text: str) -> None:
    assert told(text) != []
    assert told(text, OWN) == []


@pytest.mark.parametrize("text", ["piet@gemeente.nl", "a@xwaterkant.nl", "Stationsplein 12", "030 286 10 01"])
def test_what_only_looks_like_our_own_is_found(text: str) -> None:
    assert [found for _kind, found in told(text, OWN)] == [text]


@given(st.integers(1, 99_999_999))
def test_the_eleven_test_tells_any_wrong_digit_and_any_two_turned_round(number: int) -> None:
    last = sum(weight * int(digit) for weight, digit in zip(range(9, 1, -1), f"{number:08}", strict=True)) % 11
    assume(last < 10)
    digits = f"{number:08}{last}"
    assert bsn_is_right(digits)
    for place in range(9):
        for digit in "0123456789".replace(digits[place], ""):
            changed = digits[:place] + digit + digits[place + 1 :]
            assert not bsn_is_right(changed)
    for place in range(7):
        turned = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        assert turned == digits or not bsn_is_right(turned)


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=4, max_size=4), st.integers(0, 10**10 - 1), st.sampled_from(" .-")
)
def test_an_iban_made_right_is_found_however_it_is_grouped(bank: str, number: int, gap: str) -> None:
    rest = f"{bank}{number:010}"
    check = 98 - int("".join(str(int(char, 36)) for char in f"{rest}NL00")) % 97
    iban = f"NL{check:02}{rest}"
    assert iban_is_right(iban)
    assert not iban_is_right(f"NL{(check + 1) % 97:02}{rest}")
    grouped = gap.join(iban[at : at + 4] for at in range(0, 18, 4))
    assert told(f"Maak over naar {grouped}, graag.") == [("iban", grouped)]


@given(st.text("0123456789 .-+()@/:,abNLAB straatwegplein\n€", max_size=120) | st.text(max_size=120))
def test_findings_stand_in_the_text_in_order_and_apart(text: str) -> None:
    found = find(text)
    ends = [0] + [end for item in found for end in (item.start, item.end)] + [len(text)]
    assert ends == sorted(ends)
    assert all(item.start < item.end and item.kind in privacy_guard.KINDS for item in found)
    assert find(text, own(text)) == []  # what an administrator names is left alone as it stands there


@pytest.mark.parametrize("written", ["06-12345678", "0612345678", "+31 6 1234 5678", "0031 6 12 34 56 78"])
def test_one_number_written_differently_is_one(written: str) -> None:
    assert plain("phone", written) == "+31612345678"


def steps(run: Callable[[], object]) -> int:
    """Python's own lines that were run: work, without a clock."""
    count = 0

    def trace(frame: object, event: str, arg: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        run()
    finally:
        sys.settrace(before)
    return count


HOSTILE = ["1", "1 ", "12.", "06 ", "06-12345678 ", "a@", "x@a.", "a-", "straat ", "NL91 ", "NL91ABNA", "1234AB ", "("]


@pytest.mark.parametrize("unit", HOSTILE)
def test_lines_run_grow_with_the_text_and_no_faster(unit: str) -> None:
    small, large = ((unit * size)[:size] for size in (2000, 8000))
    find(small)  # warm: patterns and telephone data are read once
    few, many = steps(lambda: find(small)), steps(lambda: find(large))
    assert many <= 4.4 * few + 200


def test_no_pattern_repeats_without_end_inside_a_repetition() -> None:
    # What a line count cannot see: the work inside a pattern. Only these shapes make it grow faster than the text.
    patterns = [value.pattern for value in vars(privacy_guard).values() if isinstance(value, re.Pattern)]
    assert len(patterns) >= 10
    assert [found for found in patterns if re.search(r"(?<!\\)\)[*+]|(?<!\\)\)\{\d+,\}", found)] == []


def test_a_megabyte_is_read_to_its_end() -> None:
    text = "straat a- x@a. NL91 " * 52_500 + "06-12345678"
    assert len(text) > 1_000_000
    assert told(text)[-1] == ("phone", "06-12345678")
