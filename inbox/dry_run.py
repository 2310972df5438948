"""Proberen: what a rule would have done with the newest conversations. Reads, and changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import OuterRef, Subquery

from inbox import office_hours, rule_words
from inbox.actions.rulebook import Rulebook, active_rules, told_deeds
from inbox.incoming.clockbook import Agreements
from inbox.models import AccountSettings, Conversation, Department, Direction, Message, RoutingRule, User
from inbox.rules import Fired

MOST = 1_000  # conversations
PAGE = 250  # of them at a time, by their keys
SHOWN = 50


@dataclass(frozen=True, slots=True)
class Match:
    """A conversation that the rule would have met."""

    conversation: Conversation
    why: str  # to stand behind "omdat"
    deeds: tuple[str, ...]  # what would have been done to it; none: earlier rules settled all of it


@dataclass
class Tried:
    """What came of it. ``shown`` holds the newest that this colleague may see; the others are counted alone."""

    looked: int = 0
    since: datetime | None = None  # when the oldest of them began
    met: int = 0
    elsewhere: int = 0  # of those: at departments of others
    there: int = 0  # of those: lie where the rule would send them, whoever brought them there
    shown: list[Match] = field(default_factory=list)


def run(row: RoutingRule, user: User) -> Tried:
    """Try a rule, saved or not, behind the ones that come before it and are on. About ten queries, MOST at most."""
    before = [each for each in active_rules() if each.pk != row.pk and each.position < row.position]
    book = Rulebook([*before, row])
    told = told_deeds(row, book.people)
    departments = set(Department.objects.filter(members=user).values_list("pk", flat=True))
    tried = Tried()
    for page in _pages():
        book.learn(conversation.said for conversation in page)  # type: ignore[attr-defined]
        agreements = Agreements({conversation.account_id for conversation in page})
        for conversation in page:
            tried.looked += 1
            tried.since = conversation.opened_at
            fired = _fired(book, row, conversation, agreements)
            if fired is None:
                continue
            tried.met += 1
            tried.there += row.department_id == conversation.department_id
            if conversation.department_id not in departments:
                tried.elsewhere += 1
            elif len(tried.shown) < SHOWN:
                why = rule_words.because((reason.why, reason.detail) for reason in fired.reasons)
                deeds = rule_words.does([*book.deeds(fired), *told])
                tried.shown.append(Match(conversation, why, tuple(deeds)))
    return tried


def _fired(book: Rulebook, row: RoutingRule, conversation: Conversation, agreements: Agreements) -> Fired | None:
    try:
        agreed = agreements.settings(conversation.account_id)
    except AccountSettings.DoesNotExist:
        return None
    decision = book.decide(
        conversation.said,  # type: ignore[attr-defined]
        conversation.identity,
        account=conversation.account_id,
        department=agreed.department_id,
        public=conversation.public,
        language=conversation.language,
        at=conversation.began,  # type: ignore[attr-defined]
        open=office_hours.is_open(agreements.hours(conversation.account_id), conversation.began),  # type: ignore[attr-defined]
    )
    return next((fired for fired in decision.fired if fired.rule.pk == (row.pk or 0)), None)


def _pages() -> Iterator[Sequence[Conversation]]:
    """The newest first, each with what the citizen said first (``said``) and when (``began``)."""
    first = Message.objects.filter(conversation=OuterRef("pk"), direction=Direction.IN).order_by("sent_at", "pk")
    found = (
        Conversation.objects.select_related("identity__contact", "department", "account")
        .defer("account__secrets", "context")
        .annotate(said=Subquery(first.values("text")[:1]), began=Subquery(first.values("sent_at")[:1]))
        .order_by("-pk")
    )
    last = None
    for _ in range(MOST // PAGE):
        page = list((found if last is None else found.filter(pk__lt=last))[:PAGE])
        yield [conversation for conversation in page if conversation.began is not None]
        if len(page) < PAGE:
            return
        last = page[-1].pk
