"""Pure: which rules a new conversation meets, why, and what they settle. Decides, never does.

One pass in order: a rule is asked once, and what one settled no later one settles again. So nothing can loop, and
no two rules can send a conversation to and fro.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from inbox.office_hours import local


class What(StrEnum):
    """What a rule may settle of a conversation; the first rule that says something of it counts."""

    DEPARTMENT = "department"  # id
    TOPIC = "topic"  # id
    CONTACT_KIND = "contact_kind"  # a value of ContactKind
    PRIORITY = "priority"  # a value of Priority
    ASSIGNEE = "assignee"  # id of a colleague
    SENSITIVE = "sensitive"  # a value of SensitiveGround


class Why(StrEnum):
    """Which condition was met."""

    ACCOUNT = "account"
    PUBLIC = "public"
    PRIVATE = "private"
    WORD = "word"  # one of some words: the one that was said
    WORDS = "words"  # all of some words
    WITHOUT = "without"  # none of some words
    TOPIC = "topic"  # an earlier rule gave it this topic
    ABOUT = "about"  # the citizen uses a word of this topic
    SENDER = "sender"
    LANGUAGE = "language"
    OPEN = "open"
    CLOSED = "closed"
    WEEKDAY = "weekday"
    HOURS = "hours"  # between two times


@dataclass(frozen=True, slots=True)
class Term:
    """A word as an administrator typed it, or several; said when all its stems are."""

    text: str
    stems: frozenset[str]

    def said(self, stems: frozenset[str]) -> bool:
        """Whether a citizen with these stems says it. One without stems is never said."""
        return bool(self.stems) and self.stems <= stems


@dataclass(frozen=True, slots=True)
class About:
    """A topic, and the words by which it is known."""

    pk: int
    name: str
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """A condition that was met; ``detail`` names it further: a word of the rule's, a code, a name. Never words or
    names of a citizen."""

    why: Why
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that is filled in must hold; without any a rule holds always. Times and weekdays are Europe/Amsterdam."""

    accounts: Mapping[int, str] = field(default_factory=dict)  # names by id: one of them
    public: bool | None = None
    any_of: tuple[Term, ...] = ()
    all_of: tuple[Term, ...] = ()
    none_of: tuple[Term, ...] = ()
    topics: tuple[About, ...] = ()  # one of them
    senders: frozenset[str] = frozenset()  # as ``sender_key`` makes them
    languages: frozenset[str] = frozenset()
    open: bool | None = None  # whether the account's office is
    weekdays: frozenset[int] = frozenset()  # Monday = 0
    begins: time | None = None  # with ``ends``; over midnight when it ends earlier than it begins
    ends: time | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, and what then happens. ``leads``: those of the department where it lies are told."""

    pk: int
    name: str
    conditions: Conditions = Conditions()
    settles: Mapping[What, int | str] = field(default_factory=dict)
    notify: frozenset[int] = frozenset()
    leads: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """A citizen's first message, and where it came in. ``at`` is aware: when it was sent."""

    account: int
    department: int
    public: bool
    stems: frozenset[str]
    senders: frozenset[str]
    language: str
    at: datetime
    open: bool


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that held: why, and what it settled itself. ``notify`` and ``leads`` as the rule has them."""

    rule: Rule
    reasons: tuple[Reason, ...]
    settled: Mapping[What, int | str]

    @property
    def does(self) -> bool:
        """Whether something comes of it, besides that it may be the last one."""
        return bool(self.settled or self.rule.notify or self.rule.leads)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is settled, by all rules together, and the rules that held, in order."""

    settled: Mapping[What, int | str]
    fired: tuple[Fired, ...]

    @property
    def notify(self) -> frozenset[int]:
        """Ids of the colleagues to tell."""
        return frozenset().union(*(fired.rule.notify for fired in self.fired))

    @property
    def leads(self) -> bool:
        """Whether the team leads where it lies are told."""
        return any(fired.rule.leads for fired in self.fired)


def decide(rules: Iterable[Rule], subject: Subject) -> Decision:
    """Ask the rules in order, each once, until one that holds says stop."""
    settled: dict[What, int | str] = {}
    fired: list[Fired] = []
    for rule in rules:
        topic = settled.get(What.TOPIC)
        reasons = holds(rule.conditions, subject, int(topic) if topic is not None else None)
        if reasons is None:
            continue
        own = {what: value for what, value in rule.settles.items() if what not in settled}
        settled |= own
        # Where it lies already is no news, but it is settled: no later rule sends it away.
        if own.get(What.DEPARTMENT) == subject.department:
            del own[What.DEPARTMENT]
        fired.append(Fired(rule, reasons, own))
        if rule.stop:
            break
    return Decision(settled, tuple(fired))


def holds(conditions: Conditions, subject: Subject, topic: int | None = None) -> tuple[Reason, ...] | None:
    """Why they hold for this message, None when they do not. ``topic``: what an earlier rule gave it."""
    # The words first: they are what most rules fail on, and this is asked of every rule for every new conversation.
    if (said := _words(conditions, subject)) is None:
        return None
    if (about := _about(conditions, subject, topic)) is None:
        return None
    if (where := _where(conditions, subject)) is None:
        return None
    if (when := _when(conditions, subject)) is None:
        return None
    return (*said, *about, *where, *when)


def sender_key(text: str) -> str:
    """A handle or a phone number, so that the same ones are equal: small letters, without @ and without spaces."""
    return "".join(text.split()).removeprefix("@").casefold()


def _words(conditions: Conditions, subject: Subject) -> tuple[Reason, ...] | None:
    reasons: list[Reason] = []
    if conditions.any_of:
        said = next((term for term in conditions.any_of if term.said(subject.stems)), None)
        if said is None:
            return None
        reasons.append(Reason(Why.WORD, said.text))
    if conditions.all_of:
        if not all(term.said(subject.stems) for term in conditions.all_of):
            return None
        reasons += (Reason(Why.WORDS, term.text) for term in conditions.all_of)
    if conditions.none_of:
        if any(term.said(subject.stems) for term in conditions.none_of):
            return None
        reasons += (Reason(Why.WITHOUT, term.text) for term in conditions.none_of)
    return tuple(reasons)


def _about(conditions: Conditions, subject: Subject, topic: int | None) -> tuple[Reason, ...] | None:
    """The topic an earlier rule gave; else the citizen's own words."""
    if not conditions.topics:
        return ()
    for about in conditions.topics:
        if about.pk == topic:
            return (Reason(Why.TOPIC, about.name),)
        if topic is None and any(term.said(subject.stems) for term in about.terms):
            return (Reason(Why.ABOUT, about.name),)
    return None


def _where(conditions: Conditions, subject: Subject) -> tuple[Reason, ...] | None:
    reasons: list[Reason] = []
    if conditions.accounts:
        name = conditions.accounts.get(subject.account)
        if name is None:
            return None
        reasons.append(Reason(Why.ACCOUNT, name))
    if conditions.public is not None:
        if conditions.public != subject.public:
            return None
        reasons.append(Reason(Why.PUBLIC if subject.public else Why.PRIVATE))
    if conditions.senders:
        if not conditions.senders & subject.senders:
            return None
        reasons.append(Reason(Why.SENDER))
    if conditions.languages:
        language = subject.language.lower().split("-")[0]
        if language not in conditions.languages:
            return None
        reasons.append(Reason(Why.LANGUAGE, language))
    return tuple(reasons)


def _when(conditions: Conditions, subject: Subject) -> tuple[Reason, ...] | None:
    reasons: list[Reason] = []
    if conditions.open is not None:
        if conditions.open != subject.open:
            return None
        reasons.append(Reason(Why.OPEN if subject.open else Why.CLOSED))
    if conditions.weekdays:
        weekday = local(subject.at).weekday()
        if weekday not in conditions.weekdays:
            return None
        reasons.append(Reason(Why.WEEKDAY, str(weekday)))
    if conditions.begins is not None and conditions.ends is not None:
        if not _between(local(subject.at).time(), conditions.begins, conditions.ends):
            return None
        reasons.append(Reason(Why.HOURS, f"{conditions.begins:%H:%M}-{conditions.ends:%H:%M}"))
    return tuple(reasons)


def _between(at: time, begins: time, ends: time) -> bool:
    """Over midnight when it ends earlier than it begins; equal: the whole day."""
    return begins <= at < ends if begins < ends else at >= begins or at < ends
