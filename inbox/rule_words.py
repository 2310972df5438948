"""Rules in words, in the active language: why one held, what it did, and what it says."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from babel import Locale
from django.utils import translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.models import ContactKind, Priority, SensitiveGround
from inbox.rules import Conditions, What, Why

# Codes of an audit entry beside those of What.
LEADS, NOTIFIED = "leads", "notified"
# Why nobody was assigned, as the audit entry has it.
OFF, FULL, ELSEWHERE = "off", "full", "elsewhere"


def joined(words: Sequence[str], last: str | None = None) -> str:
    """ "a, b en c"; ``last`` another word before the last ("of")."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last or _('and')} {words[-1]}"


def because(reasons: Iterable[Sequence[str]]) -> str:
    """Why a rule held, to stand behind "omdat"; "" for a rule without conditions. Reasons are (Why, detail)."""
    grouped: dict[str, list[str]] = {}
    for why, detail in reasons:
        grouped.setdefault(why, []).append(detail)
    return joined([_because(why, details) for why, details in grouped.items()])


def _because(why: str, details: Sequence[str]) -> str:
    quoted = [f"‘{detail}’" for detail in details]
    match why:
        case Why.WORD | Why.WORDS:
            return ngettext("it says %(words)s", "it says %(words)s", len(quoted)) % {"words": joined(quoted)}
        case Why.WITHOUT:
            return _("it does not say %(words)s") % {"words": joined(quoted, _("or"))}
        case Why.TOPIC | Why.ABOUT:
            return _("it is about %(topic)s") % {"topic": details[0]}
        case Why.ACCOUNT:
            return _("it came in on %(account)s") % {"account": details[0]}
        case Why.PUBLIC:
            return _("it is public")
        case Why.PRIVATE:
            return _("it is private")
        case Why.SENDER:
            return _("it comes from this sender")
        case Why.LANGUAGE:
            return _("it is in %(language)s") % {"language": language(details[0])}
        case Why.OPEN:
            return _("it came within opening hours")
        case Why.CLOSED:
            return _("it came outside opening hours")
        case Why.WEEKDAY:
            return _("it came on a %(weekday)s") % {"weekday": weekday(int(details[0]))}
        case _:
            begins, ends = details[0].split("-")
            return _("it came between %(begins)s and %(ends)s") % {"begins": begins, "ends": ends}


def conditions(given: Conditions) -> list[str]:
    """When a rule holds, to stand behind "als": one clause for each condition; none for a rule that always holds."""
    either = _("or")
    reasons: dict[str, list[str]] = {
        Why.WORD: [term.text for term in given.any_of],
        Why.WORDS: [term.text for term in given.all_of],
        Why.WITHOUT: [term.text for term in given.none_of],
        Why.ABOUT: [joined([about.name for about in given.topics], either)] if given.topics else [],
        Why.ACCOUNT: [joined(list(given.accounts.values()), either)] if given.accounts else [],
        Why.SENDER: [joined(sorted(given.senders), either)] if given.senders else [],
        Why.LANGUAGE: [joined([language(code) for code in sorted(given.languages)], either)] if given.languages else [],
        Why.WEEKDAY: [joined([weekday(day) for day in sorted(given.weekdays)], either)] if given.weekdays else [],
    }
    clauses = []
    for why, details in reasons.items():
        if not details:
            continue
        match why:
            case Why.WORD:
                said = joined([f"‘{detail}’" for detail in details], either)
                clauses.append(ngettext("it says %(words)s", "it says %(words)s", 1) % {"words": said})
            case Why.SENDER:
                clauses.append(_("it comes from %(sender)s") % {"sender": details[0]})
            case Why.LANGUAGE:
                clauses.append(_("it is in %(language)s") % {"language": details[0]})
            case Why.WEEKDAY:
                clauses.append(_("it came on a %(weekday)s") % {"weekday": details[0]})
            case _:
                clauses.append(_because(why, details))
    if given.public is not None:
        clauses.append(_because(Why.PUBLIC if given.public else Why.PRIVATE, ()))
    if given.open is not None:
        clauses.append(_because(Why.OPEN if given.open else Why.CLOSED, ()))
    if given.begins is not None and given.ends is not None:
        clauses.append(_because(Why.HOURS, [f"{given.begins:%H:%M}-{given.ends:%H:%M}"]))
    return clauses


def did(name: str, deeds: Iterable[Sequence[str]], reasons: Iterable[Sequence[str]]) -> str:
    """The sentence of the timeline: "Regel ‘Grofvuil’ zette dit door naar Stadsbeheer, omdat er ‘grofvuil’ in staat".

    Deeds are (What or another code, word): as the audit entry of a rule has them.
    """
    what = joined([_did(code, word) for code, word in deeds])
    why = because(reasons)
    if not why:
        return _("Rule ‘%(rule)s’ %(what)s") % {"rule": name, "what": what}
    return _("Rule ‘%(rule)s’ %(what)s, because %(why)s") % {"rule": name, "what": what, "why": why}


def _did(code: str, word: str) -> str:
    match code:
        case What.DEPARTMENT:
            return _("routed this to %(department)s") % {"department": word}
        case What.TOPIC:
            return _("gave this the topic %(topic)s") % {"topic": word}
        case What.CONTACT_KIND:
            return _("marked this as %(kind)s") % {"kind": kind(word)}
        case What.PRIORITY:
            return _("gave this the priority %(priority)s") % {"priority": priority(word)}
        case What.ASSIGNEE:
            return _("assigned this to %(name)s") % {"name": word}
        case What.SENSITIVE:
            return _("marked this as sensitive (%(ground)s)") % {"ground": ground(word)}
        case _ if code == LEADS:
            return _("told the team leads")
        case _ if code == NOTIFIED:
            return _("told %(name)s") % {"name": word}
        case _ if code == OFF:
            return _("assigned nobody (%(name)s is not at work)") % {"name": word}
        case _ if code == FULL:
            return _("assigned nobody (%(name)s has the maximum)") % {"name": word}
        case _:
            return _("assigned nobody (%(name)s is not in that department)") % {"name": word}


def does(deeds: Iterable[Sequence[str]]) -> list[str]:
    """What a rule will do, each deed for itself: "doorzetten naar Stadsbeheer"."""
    return [_does(code, word) for code, word in deeds]


def _does(code: str, word: str) -> str:
    match code:
        case What.DEPARTMENT:
            return _("route to %(department)s") % {"department": word}
        case What.TOPIC:
            return _("topic %(topic)s") % {"topic": word}
        case What.CONTACT_KIND:
            return _("kind of contact: %(kind)s") % {"kind": kind(word)}
        case What.PRIORITY:
            return _("priority: %(priority)s") % {"priority": priority(word)}
        case What.ASSIGNEE:
            return _("assign to %(name)s") % {"name": word}
        case What.SENSITIVE:
            return _("mark as sensitive (%(ground)s)") % {"ground": ground(word)}
        case _ if code == LEADS:
            return _("tell the team leads")
        case _:
            return _("tell %(name)s") % {"name": word}


def kind(value: str) -> str:
    """A kind of contact."""
    return str(dict(ContactKind.choices).get(value, value))


def priority(value: str | int) -> str:
    """A priority."""
    return str(dict(Priority.choices).get(int(value), value))


def ground(value: str) -> str:
    """Why something is sensitive."""
    return str(dict(SensitiveGround.choices).get(value, value))


def weekday(number: int) -> str:
    """Monday = 0."""
    return str(WEEKDAYS[number]).lower()


def language(code: str) -> str:
    """The name of a language by its code."""
    return _languages(translation.get_language() or "nl").get(code, code)


@cache
def _languages(reader: str) -> Mapping[str, str]:
    return Locale.parse(reader, sep="-").languages
