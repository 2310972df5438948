"""The rules as they are kept, made ready to decide: with the stems of their words, the names of what they point at."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from functools import cached_property
from typing import Any

from channels.models import Account
from inbox import rule_words
from inbox.models import Identity, RoutingRule, Topic, User
from inbox.models.routing import stems_of, words_of
from inbox.rules import About, Conditions, Decision, Fired, Rule, Subject, Term, What, decide, sender_key

WORDS = ("any_of", "all_of", "none_of")  # the conditions that hold words as they were typed


class Rulebook:
    """Some rules, in order. At most five queries, whatever they are asked about; ``learn`` takes one for each call."""

    def __init__(self, rows: Iterable[RoutingRule]) -> None:
        self.rows = list(rows)
        self._stems: dict[str, str] = {}
        self._known: set[str] = set()

    @classmethod
    def in_use(cls) -> "Rulebook":
        """Those that are on. One query; no more when there are none."""
        return cls(active_rules())

    def learn(self, texts: Iterable[str]) -> None:
        """The stems of what citizens say in these texts, for all rules at once. One query when a word is new."""
        if self._listens:
            self._ask(words_of_each(texts))

    def decide(
        self, text: str, identity: Identity, *, account: int, department: int, public: bool, language: str,
        at: datetime, open: bool,  # noqa: A002  (the office)
    ) -> Decision:  # fmt: skip
        """What the rules say of a first message: ``at`` when it was sent (aware), ``open`` whether the office was."""
        words = words_of([text]) if self._listens else []
        self._ask(words)
        stems = frozenset(self._stems[word] for word in words if word in self._stems)
        senders = frozenset(sender_key(name) for name in (identity.handle, identity.phone) if name)
        return decide(self.rules, Subject(account, department, public, stems, senders, language, at, open))

    def deeds(self, fired: Fired) -> list[tuple[str, str]]:
        """What a rule did itself, as (code, word), but for whom it tells."""
        row = self._by_key[fired.rule.pk]
        names = {
            What.DEPARTMENT: row.department.name if row.department else "",
            What.TOPIC: row.topic.name if row.topic else "",
            What.ASSIGNEE: str(row.assignee) if row.assignee else "",
        }
        return [(what, names.get(what, str(value))) for what, value in fired.settled.items()]

    @cached_property
    def rules(self) -> list[Rule]:
        """As inbox.rules has them."""
        accounts = self._accounts
        topics = self._topics
        terms = [word for row in self.rows for name in WORDS for word in row.conditions.get(name, ())]
        self._ask(words_of_each([*terms, *(word for _name, words in topics.values() for word in words)]))
        return [self._rule(row, accounts, topics) for row in self.rows]

    @cached_property
    def people(self) -> dict[int, User]:
        """Everybody a rule assigns to or tells, with their departments. Two queries, none when they name nobody."""
        ids = {pk for row in self.rows for pk in (row.assignee_id, *row.notify) if pk}
        found = User.objects.filter(pk__in=ids).prefetch_related("departments") if ids else ()
        return {user.pk: user for user in found}

    def conditions(self, row: RoutingRule) -> Conditions:
        """One rule's, for its words on screen."""
        return next(rule.conditions for rule, of in zip(self.rules, self.rows, strict=True) if of is row)

    @cached_property
    def _by_key(self) -> dict[int, RoutingRule]:
        return {row.pk or 0: row for row in self.rows}

    @cached_property
    def _listens(self) -> bool:
        """Whether any rule looks at words."""
        return any(row.conditions.get(name) for row in self.rows for name in (*WORDS, "topics"))

    @cached_property
    def _accounts(self) -> dict[int, str]:
        """With the platform: a municipality goes by the same name on each."""
        ids = {pk for row in self.rows for pk in row.conditions.get("accounts", ())}
        found = Account.objects.filter(pk__in=ids).only("kind", "name") if ids else ()
        return {account.pk: f"{account.name} ({account.get_kind_display()})" for account in found}

    @cached_property
    def _topics(self) -> dict[int, tuple[str, list[str]]]:
        """Name and words by id: of its name each word alone, of the keywords as they are."""
        ids = {pk for row in self.rows for pk in row.conditions.get("topics", ())}
        found = Topic.objects.filter(pk__in=ids) if ids else ()
        return {topic.pk: (topic.name, [*words_of([topic.name]), *topic.keywords]) for topic in found}

    def _ask(self, words: Iterable[str]) -> None:
        new = set(words) - self._known
        if new:
            self._known |= new
            self._stems |= stems_of(new)

    def _rule(self, row: RoutingRule, accounts: Mapping[int, str], topics: Mapping[int, tuple[str, list[str]]]) -> Rule:
        given = row.conditions
        settles: dict[What, int | str | None] = {
            What.DEPARTMENT: row.department_id,
            What.TOPIC: row.topic_id,
            What.CONTACT_KIND: row.contact_kind or None,
            What.PRIORITY: row.priority,
            What.ASSIGNEE: row.assignee_id,
            What.SENSITIVE: row.sensitive or None,
        }
        return Rule(
            pk=row.pk or 0,
            name=row.name,
            conditions=Conditions(
                # One that is gone meets nothing; it must not turn into "on every account".
                accounts={pk: accounts.get(pk, "") for pk in given.get("accounts", ())},
                public=given.get("public"),
                any_of=self._terms(given.get("any_of", ())),
                all_of=self._terms(given.get("all_of", ())),
                none_of=self._terms(given.get("none_of", ())),
                topics=tuple(
                    About(pk, name, self._terms(words))
                    for pk in given.get("topics", ())
                    for name, words in [topics.get(pk, ("", []))]
                ),
                senders=frozenset(map(sender_key, given.get("senders", ()))),
                languages=frozenset(given.get("languages", ())),
                open=given.get("open"),
                weekdays=frozenset(given.get("weekdays", ())),
                begins=time.fromisoformat(given["begins"]) if "begins" in given else None,
                ends=time.fromisoformat(given["ends"]) if "ends" in given else None,
            ),
            settles={what: value for what, value in settles.items() if value is not None},
            notify=frozenset(row.notify),
            leads=row.notify_leads,
            stop=row.stop,
        )

    def _terms(self, texts: Sequence[str]) -> tuple[Term, ...]:
        return tuple(
            Term(text, frozenset(self._stems[word] for word in words_of([text]) if word in self._stems))
            for text in texts
        )


def active_rules() -> list[RoutingRule]:
    """Those that are on, in order, with what they point at. One query."""
    return list(with_names().filter(active=True))


def with_names() -> Any:
    """All rules in order, with what they point at by name."""
    return RoutingRule.objects.select_related("department", "topic", "assignee").order_by("position", "pk")


def words_of_each(texts: Iterable[str]) -> list[str]:
    """The words of several texts; of each as many as count."""
    return list(dict.fromkeys(word for text in texts for word in words_of([text])))


def unheard(terms: Iterable[str]) -> list[str]:
    """Those that would never be found, or for too little: they say nothing ("de"), or hold a part that is not looked
    at ("ID-kaart" would find any "kaart"). One query."""
    parts = {term: re.findall(r"\w+", term.lower()) for term in terms}
    stems = stems_of({part for each in parts.values() for part in each}) if parts else {}
    return [
        term
        for term, each in parts.items()
        for heard in [words_of([term])]
        if not any(word in stems for word in heard) or any(part in stems and part not in heard for part in each)
    ]


def reasons(fired: Fired) -> list[tuple[str, str]]:
    """Why it held, as an audit entry keeps it."""
    return [(reason.why, reason.detail) for reason in fired.reasons]


def told_deeds(row: RoutingRule, people: Mapping[int, User]) -> list[tuple[str, str]]:
    """Whom a rule tells, as (code, word)."""
    told = [(rule_words.NOTIFIED, str(people[pk])) for pk in row.notify if pk in people]
    return told + ([(rule_words.LEADS, "")] if row.notify_leads else [])
