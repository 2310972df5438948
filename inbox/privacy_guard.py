"""Personal data in a text that everybody can read: BSN, telephone, e-mail, IBAN, address. Pure: finds, never decides.

Every pattern has bounded parts and begins at the beginning of a word, so the work grows with the text and no faster.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from phonenumbers import PhoneNumberType

BSN, PHONE, EMAIL, IBAN, ADDRESS = KINDS = ("bsn", "phone", "email", "iban", "address")


@dataclass(frozen=True, slots=True)
class Finding:
    """``kind``: one of KINDS; it stands at ``text[start:end]``, in characters (code points)."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Own:
    """What is the municipality's own and may stand anywhere: each as ``plain`` gives it, and whole mail domains."""

    known: frozenset[tuple[str, str]] = frozenset()
    domains: frozenset[str] = field(default=frozenset())


NOTHING = Own()
_ANYTHING = re.compile(r"[0-9@]|[\[(]a[tp]", re.IGNORECASE)  # without these there is nothing to find


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def own(text: str) -> Own:
    """The municipality's own data from what an administrator wrote, one a line or in a sentence: numbers, addresses,
    IBANs as ``find`` finds them; ``@waterkant.nl`` stands for every e-mail address there and below it."""
    known = {(item.kind, plain(item.kind, text[item.start : item.end])) for item in find(text)}
    return Own(frozenset(known), frozenset(found[1].lower() for found in _DOMAIN.finditer(text)))


def find(text: str, ours: Own = NOTHING) -> list[Finding]:
    """Everything in the text that may be personal data and is not ``ours``, in order, never overlapping."""
    if not _ANYTHING.search(text):
        return []
    taken: list[tuple[int, int]] = []
    found: list[Finding] = []
    # What is surest comes first: the digits of an IBAN are no telephone number, those of a number no BSN.
    for kind, finder in ((IBAN, _ibans), (EMAIL, _emails), ("", _links), (PHONE, _phones), (BSN, _bsns)):
        _add(found, taken, kind, finder(text))
    _add(found, taken, ADDRESS, _addresses(text))
    return sorted((item for item in found if not _is_ours(text, item, ours)), key=lambda item: item.start)


def plain(kind: str, written: str) -> str:
    """One way of writing for the same thing written differently: "06-12 34 56 78" and "+31612345678"."""
    if kind == PHONE:
        try:
            number = phonenumbers.parse(written, "NL")
        except phonenumbers.NumberParseException:
            return written
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if kind in (BSN, IBAN):
        return _GAP.sub("", written).upper()
    return " ".join(re.findall(r"[\w@.+-]+", written.casefold()))


def in_words(kinds: Iterable[str]) -> str:
    """The kinds as a person reads them: "telephone number, e-mail address"; each once, in the order of KINDS."""
    words = {
        BSN: _("BSN"),
        PHONE: _("telephone number"),
        EMAIL: _("e-mail address"),
        IBAN: _("IBAN"),
        ADDRESS: pgettext("where someone lives", "address"),
    }
    given = set(kinds)
    return ", ".join(words[kind] for kind in KINDS if kind in given)


def _add(found: list[Finding], taken: list[tuple[int, int]], kind: str, spans: Iterator[tuple[int, int]]) -> None:
    """What does not touch something found before; ``taken`` stays sorted. Links (no kind) are only taken."""
    before = sorted(taken)
    for start, end in spans:
        place = bisect_right(before, (start, end))
        if (place and before[place - 1][1] > start) or (place < len(before) and before[place][0] < end):
            continue
        taken.append((start, end))
        if kind:
            found.append(Finding(kind, start, end))


def _is_ours(text: str, item: Finding, ours: Own) -> bool:
    written = text[item.start : item.end]
    if item.kind == EMAIL:
        parts = written.lower().partition("@")[2].split(".")
        if any(".".join(parts[skip:]) in ours.domains for skip in range(len(parts))):
            return True
    return bool(ours.known) and (item.kind, plain(item.kind, written)) in ours.known


# -- IBAN ---------------------------------------------------------------------------------------------------------

_GAP = re.compile(r"[\s.\-\u00a0\u202f]")
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[0-9]{2}[ .\-\u00a0\u202f]?[A-Za-z0-9]{2}")
# Lengths by country, from the IBAN registry (ISO 13616): the SEPA countries and those from which many came here.
_IBAN_LENGTHS = {
    item[:2]: int(item[2:])
    for item in _words(
        "NO15 BE16 DK18 FI18 FO18 GL18 NL18 MK19 SI19 AT20 BA20 EE20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 BG22 DE22 GB22 "
        "GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 AD24 CZ24 ES24 MD24 PK24 RO24 SA24 SE24 SK24 TN24 PT25 IS26 TR26 FR27 "
        "GR27 IT27 MC27 SM27 AL28 AZ28 CY28 HU28 LB28 MA28 PL28 UA29 EG29 MT31"
    )
}


def iban_is_right(compact: str) -> bool:
    """ISO 13616: the right length for its country, and the remainder by 97 is 1 (ISO 7064)."""
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for begin in _IBAN_START.finditer(text):
        wanted = _IBAN_LENGTHS.get(begin[1].upper())
        if wanted is None:
            continue
        compact, at, gap = "", begin.start(), False
        while at < len(text) and len(compact) < wanted:
            char = text[at]
            if char.isascii() and char.isalnum():
                compact, gap = compact + char.upper(), False
            elif gap or not _GAP.match(char):  # groups are one gap apart
                break
            else:
                gap = True
            at += 1
        ends = at == len(text) or not (text[at].isascii() and text[at].isalnum())
        if ends and iban_is_right(compact):
            yield begin.start(), at


# -- e-mail, and links, whose digits say nothing --------------------------------------------------------------------

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|\s?[\[(](?:at|apenstaartje)[\])]\s?)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"(?<![\w.+-])@((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?![\w@])")
_LINK = re.compile(r"(?<!\w)(?:https?://|www\.)\S{1,2000}", re.IGNORECASE)


def _emails(text: str) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in _EMAIL.finditer(text))


def _links(text: str) -> Iterator[tuple[int, int]]:
    yield from (found.span() for found in _LINK.finditer(text))


# -- telephone ------------------------------------------------------------------------------------------------------

# Numbers of an organisation: nobody's own. 14 0xx of a municipality is UAN.
_NOBODYS = {
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
}
_MANY_DIGITS = re.compile(r"(?:[0-9][^0-9\n]{0,3}){8}[0-9]")


def _phones(text: str) -> Iterator[tuple[int, int]]:
    if not _MANY_DIGITS.search(text):  # the matcher is thorough, and dear
        return
    for match in phonenumbers.PhoneNumberMatcher(text, "NL", max_tries=len(text) + 1):
        if phonenumbers.number_type(match.number) in _NOBODYS:
            continue
        raw = match.raw_string
        start = match.start + len(raw) - len(raw.lstrip())
        yield start, match.end


# -- BSN ------------------------------------------------------------------------------------------------------------

_BSN = re.compile(
    r"(?:(?<![\w#/.,+\-])|(?<=\bbsn)|(?<=\bbsn-))"
    r"(?:[0-9]{8,9}|[0-9]{2,4}(?P<gap>[ .\-\u00a0])[0-9]{2,4}(?:(?P=gap)[0-9]{2,4}){0,2})"
    r"(?![\w/])(?![.,\-][0-9])",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:[0-3]?[0-9]\D[01]?[0-9]\D[12][0-9]{3}|[12][0-9]{3}\D[01]?[0-9]\D[0-3]?[0-9])$")
# A number that somebody calls by another name.
_NAMED = re.compile(
    r"(?:zaak|dossier|kenmerk|referentie|ref|melding|factuur|order|klant|polis|kvk|rsin|ticket|artikel|aanslag|bon)"
    r"\w{0,12}[\s:.#=-]{0,3}(?:is\s|nr\.?\s|nummer\s)?[\s:.#=-]{0,3}$|[€$]\s?$",
    re.IGNORECASE,
)


def bsn_is_right(digits: str) -> bool:
    """The eleven-test: 9a + 8b + … + 2h - i is divisible by eleven, over nine digits (eight: with a nought before).

    The number itself: Wet algemene bepalingen burgerservicenummer, article 1; the test: Logisch Ontwerp BSN, and
    element 01.20 of the Logisch Ontwerp BRP.
    """
    digits = digits.zfill(9)
    if len(digits) != 9 or int(digits) == 0:
        return False
    return (
        sum(weight * int(digit) for weight, digit in zip(range(9, 1, -1), digits, strict=False)) - int(digits[8])
    ) % 11 == 0


def _bsns(text: str) -> Iterator[tuple[int, int]]:
    for found in _BSN.finditer(text):
        digits = _GAP.sub("", found[0])
        gap = found["gap"]
        if len(digits) not in (8, 9) or _DATE.match(found[0]) or not bsn_is_right(digits):
            continue
        # Groups that go on before or after: part of a longer number.
        before, after = text[max(0, found.start() - 40) : found.start()], text[found.end() : found.end() + 2]
        if gap and (re.search(r"[0-9]\s$", before) or re.match(r"\s[0-9]", after)):
            continue
        if not _NAMED.search(before):
            yield found.span()


# -- address --------------------------------------------------------------------------------------------------------

_NUMBER = r"[1-9][0-9]{0,4}(?:\s?-?[A-Za-z](?![\w])|\s(?:bis|hs|huis)(?!\w)|[-/][0-9]{1,4})?(?![\w:%]|[.,][0-9])"
# Small letters only when written as one: "in 2026 of 12" is no postcode.
_POSTCODE = re.compile(
    rf"(?<![\w.,-])[1-9][0-9]{{3}}(?:\s?(?!SA|SD|SS)[A-Z]{{2}}|(?!sa|sd|ss)[a-z]{{2}})(?!\w)"
    rf"(?:,?\s{{0,2}}(?:huisnummer|huisnr\.?|nummer|nr\.?|no\.?)\s|[,:\s-]{{1,3}}){_NUMBER}"
)
_STREET = re.compile(
    # Every word before a number; possessive, so that no shorter word is tried.
    rf"(?<!\w)(?P<word>[^\W\d_][\w'’-]{{0,50}}+\.?)(?P<gap>,?\s{{1,2}}(?:nummer\s|nr\.?\s|huisnummer\s)?)"
    rf"(?P<number>{_NUMBER})",
    re.IGNORECASE,
)
_SURE = (
    *("straat", "str.", "laan", "weg", "plein", "gracht", "kade", "dijk", "hof", "singel", "pad", "markt", "steeg"),
    *("dreef", "plantsoen", "park", "haven", "boulevard", "allee", "brink"),
)
# Endings that many other words have: a street only with a capital.
_WEAK = (
    *("burg", "dam", "oord", "veld", "hoek", "erf", "ring", "werf", "poort", "rade", "donk", "schans", "stede", "tuin"),
    *("zoom", "meent", "wal", "kamp", "baan"),
)
_NAME = re.compile(r"(?<!\w)[A-Z][\w'’-]{1,40}\s$")
_NO_STREET = _words(
    "onderweg halverwege snelweg rijksweg autoweg uitweg omweg fietspad voetpad wandelpad ruiterpad speelplein "
    "weekmarkt kerstmarkt jaarmarkt rommelmarkt warenmarkt vlooienmarkt boekenmarkt arbeidsmarkt huizenmarkt "
    "woningmarkt gerechtshof rijbaan loopbaan luchthaven jachthaven zeehaven speeltuin moestuin fietsstraat "
    "winkelstraat zijstraat ijsbaan pretpark wagenpark"
)
_NO_NUMBER = re.compile(
    r"\s?(?:uur|minuten|min\b|meter|m\b|km|kilometer|euro|procent|keer|x\b|jaar|dagen|weken|maanden|personen|mensen|"
    r"huizen|woningen|bomen|januari|februari|maart|april|mei\b|juni|juli|augustus|september|oktober|november|december|"
    r"jan\b|feb\b|mrt\b|apr\b|jun\b|jul\b|aug\b|sep\b|sept\b|okt\b|nov\b|dec\b)",
    re.IGNORECASE,
)


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    spans = [found.span() for found in _POSTCODE.finditer(text)]
    for found in _STREET.finditer(text):
        word = found["word"].lower()
        alone = word in _SURE  # "Markt 1", but not "op de markt 12"
        capital = found["word"][0].isupper()
        if not word.endswith((*_SURE, *_WEAK) if capital else _SURE) or (alone and not capital):
            continue
        if word in _NO_STREET or _NO_NUMBER.match(text, found.end()):
            continue
        if re.fullmatch(r"(?:19|20)[0-9]{2}", found["number"]):  # "Bevrijdingsmarkt 2026"
            continue
        start = found.start()
        if alone and (name := _NAME.search(text, max(0, start - 45), start)):
            start = name.start()  # "Grote Markt 1" is another than "Markt 1"
        spans.append((start, found.end()))
    # A street and the postcode after it are one address, found twice.
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is None:
            last = (start, end)
        elif start < last[1]:
            last = (last[0], max(end, last[1]))
        else:
            yield last
            last = (start, end)
    if last is not None:
        yield last
