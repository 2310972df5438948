"""What narrows a view of the list: read from an address or a saved view, asked of the database, told as chips.

An address holds ids and codes only. Words to search for may be a name or what a citizen wrote: they stay in the
session, or in a saved view, and the address has their number.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels.models import Account, Kind
from inbox.models import ContactKind, ConversationQuerySet, Department, Message, Sentiment, Topic, User
from inbox.office_hours import AMSTERDAM, local
from inbox.views.words import Words

ME, NOBODY, NONE = "me", "none", "none"
TIMERS = ("late", "today", "none")
LONGEST = 200  # characters of the words
MOST_TEXTS = 20  # that a session remembers
FEW_HITS = 2_000  # conversations by id; more, and each conversation of the view is looked into
SESSION = "list_texts"


@dataclass(frozen=True, slots=True)
class Filters:
    """Each as an address has it; "" or None: not on. ``since`` and ``until`` are days in Amsterdam, both included."""

    account: int | None = None
    platform: str = ""
    department: str = ""  # slug
    assignee: str = ""  # "me", "none" or an id
    topic: str = ""  # "none" or an id
    sentiment: str = ""  # "none" or a value of Sentiment
    contact_kind: str = ""  # "none" or a value of ContactKind
    since: date | None = None
    until: date | None = None
    timer: str = ""  # one of TIMERS
    text: str = ""
    text_id: str = field(default="", compare=False)  # of the words in the session
    # The conversations with the words, when they are few: looked up once for a page.
    found: frozenset[int] | None = field(default=None, compare=False)

    def __bool__(self) -> bool:
        return bool(self.stored())

    @property
    def loose(self) -> bool:
        """Whether it leaves out conversations in the middle of a view: then a page may have to look at many."""
        return self.found is None and bool(replace(self, department=""))

    def stored(self) -> dict[str, str]:
        """What is on, as text by name; with the words themselves, for a saved view."""
        pairs = {
            "account": str(self.account or ""),
            "platform": self.platform,
            "department": self.department,
            "assignee": self.assignee,
            "topic": self.topic,
            "sentiment": self.sentiment,
            "contact_kind": self.contact_kind,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "timer": self.timer,
            "text": self.text,
        }
        return {name: value for name, value in pairs.items() if value}

    def pairs(self) -> dict[str, str]:
        """The same for an address: the number of the words instead of the words."""
        pairs = self.stored()
        if "text" in pairs:
            pairs["text"] = self.text_id
        return {name: value for name, value in pairs.items() if value}


NOTHING = Filters()


def single(given: QueryDict) -> dict[str, str]:
    """The last value of each name, as text."""
    return {name: str(value) for name, value in given.items()}


def read(given: Mapping[str, str], texts: Mapping[str, str] | None = None) -> Filters:
    """From an address, with the session's ``texts`` by number; or (None) from what was stored or typed, with the words
    themselves. What cannot be right is left out: an old link shows too much rather than nothing."""
    words = given.get("text", "")
    text_id = words if texts is not None else ""
    text = texts.get(words, "") if texts is not None else words
    return Filters(
        account=int(given["account"]) if _is_id(given.get("account", "")) else None,
        platform=_one_of(given.get("platform", ""), Kind.values),
        department=given.get("department", "") if re.fullmatch(r"[-\w]{1,80}", given.get("department", "")) else "",
        assignee=_id_or(given.get("assignee", ""), ME, NOBODY),
        topic=_id_or(given.get("topic", ""), NONE),
        sentiment=_one_of(given.get("sentiment", ""), [*Sentiment.values, NONE]),
        contact_kind=_one_of(given.get("contact_kind", ""), [*ContactKind.values, NONE]),
        since=_day(given.get("from", "")),
        until=_day(given.get("to", "")),
        timer=_one_of(given.get("timer", ""), TIMERS),
        text=" ".join(text.replace("\0", " ").split())[:LONGEST],
        text_id=text_id if text else "",
    )


def remember(session: Any, filters: Filters) -> Filters:
    """With the words kept in the session under a number of their own; the oldest are forgotten."""
    if not filters.text:
        return replace(filters, text_id="")
    texts: dict[str, str] = dict(session.get(SESSION, {}))
    known = next((number for number, text in texts.items() if text == filters.text), None)
    if known is None:
        known = secrets.token_hex(4)
        texts[known] = filters.text
        session[SESSION] = dict(list(texts.items())[-MOST_TEXTS:])
    return replace(filters, text_id=known)


def address(path: str, pairs: Mapping[str, str]) -> str:
    """The path with what narrows it."""
    return f"{path}?{urlencode(pairs)}" if pairs else path


# -- asked of the database ----------------------------------------------------------------------------------------


def narrowed(queryset: ConversationQuerySet, filters: Filters, user: User, moment: datetime) -> ConversationQuerySet:
    """Only what passes; departments apart (Place.within). A query more for a platform. Words: ``looked_up`` first."""
    # "+ 0" keeps the indexes of the keys out: PostgreSQL would gather all of an account's conversations, for each
    # department anew, to look at a few thousand.
    queryset = queryset.alias(of_account=F("account_id") + 0, of_assignee=F("assignee_id") + 0)
    conditions = []
    if filters.account is not None:
        conditions.append(Q(of_account=filters.account))
    if filters.platform:
        # By id: a join could cost the order of the index.
        kind = Account.objects.filter(kind=filters.platform)
        conditions.append(Q(of_account__in=list(kind.values_list("pk", flat=True))))
    if filters.assignee:
        who = _who(filters.assignee, user)
        conditions.append(Q(of_assignee__isnull=True) if who is None else Q(of_assignee=who))
    if filters.topic:
        conditions.append(Q(topic=None if filters.topic == NONE else int(filters.topic)))
    if filters.sentiment:
        conditions.append(Q(sentiment="" if filters.sentiment == NONE else filters.sentiment))
    if filters.contact_kind:
        conditions.append(Q(contact_kind="" if filters.contact_kind == NONE else filters.contact_kind))
    if filters.timer:
        conditions.append(_timer(filters.timer, moment))
    queryset = between(queryset.filter(*conditions), filters)
    if filters.found is not None:
        return queryset.filter(pk__in=filters.found)
    return _saying(queryset, filters.text) if filters.text else queryset


def between(queryset: ConversationQuerySet, filters: Filters) -> ConversationQuerySet:
    """Whose last message is of these days."""
    if filters.since:
        queryset = queryset.filter(last_message_at__gte=_midnight(filters.since))
    if filters.until:
        queryset = queryset.filter(last_message_at__lt=_midnight(filters.until + timedelta(days=1)))
    return queryset


def looked_up(filters: Filters) -> Filters:
    """With the conversations that hold the words, when those are few. One query when there are words."""
    if not filters.text:
        return filters
    found = list(_hits(filters.text).values_list("conversation_id", flat=True)[: FEW_HITS + 1])
    return replace(filters, found=frozenset(found) if len(found) <= FEW_HITS else None)


def _hits(text: str) -> QuerySet[Message]:
    # As a condition: Django would read it as words once more. The column needs no table, also in a sub-select.
    query, parameters = Words.of(text).positional()
    return Message.objects.filter(RawSQL(f"search @@ {query}", parameters, output_field=BooleanField()))  # noqa: S611


def _saying(queryset: ConversationQuerySet, text: str) -> ConversationQuerySet:
    """With a message that holds common words: looked up in the messages of each conversation, as a sub-select, so that
    PostgreSQL never gathers all hits first."""
    one = _hits(text).filter(conversation=OuterRef("pk")).values("pk")[:1]
    return queryset.alias(said=Subquery(one)).filter(said__isnull=False)


def _who(assignee: str, user: User) -> int | None:
    if assignee == ME:
        return user.pk
    return None if assignee == NOBODY else int(assignee)


def _timer(timer: str, moment: datetime) -> Q:
    if timer == "none":
        return Q(due_at=None)
    if timer == "late":
        return Q(due_at__lte=moment)
    return Q(due_at__gt=moment, due_at__lt=_midnight(local(moment).date() + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), AMSTERDAM).astimezone(UTC)


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,18}", text))


def _id_or(text: str, *words: str) -> str:
    return text if text in words or _is_id(text) else ""


def _one_of(text: str, allowed: Iterable[str]) -> str:
    return text if text in allowed else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Not where a day more or less, or a time zone, has no date.
    return day if 1970 <= day.year < 9000 else None


# -- told on screen -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on: its name, what it is on, and what comes after the path without it."""

    name: str
    label: str
    words: str
    after: str


def labels() -> dict[str, str]:
    """What each filter is called."""
    return {
        "account": _("Account"),
        "platform": _("Platform"),
        "department": _("Department"),
        "assignee": _("Claimed by"),
        "topic": _("Topic"),
        "sentiment": _("Tone"),
        "contact_kind": _("Kind of contact"),
        "from": _("From"),
        "to": _("Up to and including"),
        "timer": _("Timer"),
        "text": _("Words"),
    }


def timers() -> dict[str, str]:
    """What the timers to choose from are called."""
    return {"late": _("late"), "today": _("due today"), "none": _("no timer runs")}


def sentiments() -> dict[str, str]:
    """What the tones to choose from are called."""
    return {**{value: str(words) for value, words in Sentiment.choices}, NONE: _("not said")}


def contact_kinds() -> dict[str, str]:
    """What the kinds of contact to choose from are called."""
    return {**{value: str(words) for value, words in ContactKind.choices}, NONE: _("not said")}


def chips(filters: Filters, departments: Iterable[Department]) -> list[Chip]:
    """What is on, in words. A query each for the names of an account, a topic and a colleague."""
    called, pairs = labels(), filters.pairs()
    return [
        Chip(
            name,
            called[name],
            _words(name, value, departments),
            address("", {other: on for other, on in pairs.items() if other != name}),
        )
        for name, value in filters.stored().items()
    ]


def _words(name: str, value: str, departments: Iterable[Department]) -> str:
    match name:
        case "platform":
            return str(Kind(value).label)
        case "department":
            return next((department.name for department in departments if department.slug == value), value)
        case "sentiment":
            return sentiments()[value]
        case "contact_kind":
            return contact_kinds()[value]
        case "timer":
            return timers()[value]
        case "from" | "to":
            return date_format(date.fromisoformat(value), "j M Y")
        case "account":
            account = Account.objects.filter(pk=value).only("name", "kind").first()
            return f"{account.name} ({account.get_kind_display()})" if account else value
        case "topic":
            return _("no topic") if value == NONE else str(Topic.objects.filter(pk=value).first() or value)
        case "assignee":
            special = {ME: _("me"), NOBODY: _("nobody")}
            return special.get(value) or str(User.objects.filter(pk=value).first() or value)
        case _:
            return f"“{value}”"
