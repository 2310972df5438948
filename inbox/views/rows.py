"""A conversation as one row of the list: plain objects made here, drawn by templates/jinja/rows.jinja."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.clock import now
from channels.models import Kind
from inbox import sla, targets
from inbox.kept import Asked, Statement, slot
from inbox.models import Conversation, Identity, Priority, Result, Status, User
from inbox.office_hours import Hours, Period
from inbox.targets import Target, choose
from inbox.views.listed import Listed


@dataclass(frozen=True, slots=True)
class Timer:
    """``tone``: green, orange, red or "" (no clock runs); ``why`` is the sentence for hover, focus and readers."""

    icon: str
    words: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class Row:
    """Everything a row shows, as text."""

    pk: int
    url: str
    key: str  # sortable, for the browser: where it stands in the view
    belongs: bool  # False: it left the view while the colleague is in it
    selected: bool
    name: str
    initials: str
    handle: str
    kind: str
    platform: str
    account: str
    timer: Timer
    words: str
    snippet: tuple[tuple[str, bool], ...]  # (text, found) pieces instead of the last words: search
    ours: bool
    public: bool
    reach: str  # how: an icon's name of post, comment, private
    topic: str
    haste: str  # "" for a normal priority
    department: str
    claimer: str
    claimer_initials: str
    mine: bool
    unread: str
    attachment: bool
    sensitive: bool
    nobodys: bool
    failed: str
    draft: bool
    blocked: bool


_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """What the timer's sentence needs of an account. Equal only to itself: it is a key of what is worked out once."""

    hours: Hours
    account: str
    targets: tuple[Target, ...]  # the account's own first

    def target(self, conversation: Conversation | Listed) -> Target:
        """The one that counts for it."""
        return choose(
            self.targets,
            public=conversation.public,
            topic=conversation.topic_id,
            priority=conversation.priority,
        )


_AGREEMENTS = Statement(
    """SELECT s.account_id, (SELECT a.name FROM channels_account a WHERE a.id = s.account_id),
        s.first_answer_minutes, s.next_answer_minutes, s.holidays, s.worked_holidays,
        (SELECT json_agg(json_build_array(p.weekday, p.opens, p.closes) ORDER BY p.weekday, p.opens)::text
            FROM inbox_openingperiod p WHERE p.settings_id = s.id),
        (SELECT json_agg(json_build_array(d.date, d.name) ORDER BY d.date)::text
            FROM inbox_closingday d WHERE d.settings_id = s.id),
        (SELECT json_agg(json_build_array(e.date, e.opens, e.closes) ORDER BY e.date, e.opens)::text
            FROM inbox_specialperiod e WHERE e.settings_id = s.id),
        (SELECT json_agg(json_build_array(g.first_answer_minutes, g.next_answer_minutes, g.public, g.topic_id,
                                          g.priority, coalesce(t.name, '')) ORDER BY g.id)::text
            FROM inbox_answertarget g LEFT JOIN inbox_topic t ON t.id = g.topic_id WHERE g.settings_id = s.id)
    FROM inbox_accountsettings s WHERE s.account_id = ANY(%s::bigint[])
    """,
    [slot("accounts")],
)


def ask_agreements(account_ids: Iterable[int]) -> Asked[tuple[Any, ...]]:
    """What ``agreements`` gives; nothing is asked without accounts."""
    ids = set(account_ids)
    return _AGREEMENTS.asked(accounts=list(ids)) if ids else Asked.nothing()


def agreements(asked: Asked[tuple[Any, ...]]) -> dict[int, Agreement]:
    """Hours and targets by account."""
    return {
        account_id: _agreement(name, first, following, holidays, tuple(worked), *texts)
        for account_id, name, first, following, holidays, worked, *texts in asked
    }


@lru_cache(maxsize=500)
def _agreement(
    account: str,
    first: int,
    following: int,
    holidays: bool,
    worked: tuple[str, ...],
    periods: str | None,
    days: str | None,
    specials: str | None,
    others: str | None,
) -> Agreement:
    """From what the database says now; the same words give the same object, so that what hangs on it is kept."""
    special: dict[date, tuple[tuple[time, time], ...]] = {}
    for day, opens, closes in json.loads(specials or "[]"):
        at = date.fromisoformat(day)
        special[at] = (*special.get(at, ()), (time.fromisoformat(opens), time.fromisoformat(closes)))
    hours = Hours(
        periods=tuple(
            Period(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
            for weekday, opens, closes in json.loads(periods or "[]")
        ),
        closings={date.fromisoformat(day): name for day, name in json.loads(days or "[]")},
        holidays_on=holidays,
        worked=frozenset(worked),
        specials=special,
    )
    rows = (Target(*row) for row in json.loads(others or "[]"))
    return Agreement(hours, account, (Target(first, following), *rows))


def timer(conversation: Conversation | Listed, agreement: Agreement | None, moment: datetime) -> Timer:
    """The clock of one conversation in words; where none runs, what else the time says."""
    if conversation.due_at and conversation.warn_at and conversation.clock_started_at:
        tone = sla.state(conversation.due_at, conversation.warn_at, moment)
        icon = {"green": "clock", "orange": "soon", "red": "late"}[tone]
        if agreement is None:
            return Timer(icon, sla.label(conversation.due_at, moment), tone, "")
        # Whole minutes to or past the due time: the words change once a minute, and are worked out once.
        at = conversation.due_at + (moment - conversation.due_at) // _MINUTE * _MINUTE
        kind: sla.Kind = "first" if conversation.clock_kind == "first" else "next"
        target = agreement.target(conversation)
        words, why = _words(agreement, target, kind, conversation.clock_started_at, conversation.due_at, at)
        return Timer(icon, words, tone, why)
    last = sla.format_moment(conversation.last_message_at, moment)
    if conversation.status == Status.WAITING:
        why = _("The clock stands still until the citizen answers. Last message: %(moment)s.") % {
            "moment": sla.format_moment(conversation.last_message_at, moment, with_time=True)
        }
        return Timer("waiting", _("waiting for citizen"), "", why)
    if conversation.status == Status.SNOOZED and conversation.snoozed_until:
        until = sla.format_moment(conversation.snoozed_until, moment, with_time=True)
        return Timer(
            "later", _("until %(moment)s") % {"moment": until}, "", _("Comes back %(moment)s.") % {"moment": until}
        )
    if conversation.status == Status.CLOSED and conversation.closed_at:
        closed = sla.format_moment(conversation.closed_at, moment, with_time=True)
        result = str(Result(conversation.result).label)
        why = _("Closed %(moment)s, result: %(result)s.") % {"moment": closed, "result": result}
        return Timer("close", result, "", why)
    return Timer("", last, "", _("No clock runs here."))


@lru_cache(maxsize=20_000)
def _words(
    agreement: Agreement, target: Target, kind: sla.Kind, started_at: datetime, due_at: datetime, at: datetime
) -> tuple[str, str]:
    """The few words and the sentences. Kept: to explain fifty rows anew takes as long as all else of a page."""
    why = sla.explain(agreement.hours, kind, started_at, due_at, target.minutes(kind), at)
    if target != agreement.targets[0]:  # that it is the account's own needs no word
        why += " " + targets.explain(target, kind, agreement.account)
    return sla.label(due_at, at, agreement.hours), why


def initials(name: str) -> str:
    """Two letters for the avatar; "?" for somebody without letters."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def key(moment: datetime | None, pk: int) -> str:
    """Sorts as text the way the view sorts."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S%f}-{pk:012d}" if moment else f"-{pk:012d}"


def make(
    conversations: Sequence[Listed],
    user: User,
    *,
    prefix: str,
    order: str = "last_message_at",
    belongs: set[int] | None = None,
    selected: int | None = None,
    snippets: dict[int, tuple[tuple[str, bool], ...]] | None = None,
    suffix: str = "",
) -> list[Row]:
    """Rows for conversations as inbox.views.listed gives them; ``prefix`` is the address that an id is put behind, and
    ``suffix`` what comes after it.

    ``belongs`` None: all of them are in the view. One query (accounts' agreements), none without a running clock.
    """
    moment = now()
    known = agreements(ask_agreements(found.account_id for found in conversations if found.due_at))
    return [
        _row(
            conversation,
            user,
            timer(conversation, known.get(conversation.account_id), moment),
            url=f"{prefix}{conversation.pk}/{suffix}",
            key=key(getattr(conversation, order), conversation.pk),
            belongs=belongs is None or conversation.pk in belongs,
            selected=conversation.pk == selected,
            snippet=(snippets or {}).get(conversation.pk, ()),
        )
        for conversation in conversations
    ]


def _row(found: Listed, user: User, timer: Timer, **place: Any) -> Row:
    name = found.contact_name or _profile_name(found)
    claimer, claimer_initials = _colleague(*found.assignee) if found.assignee else ("", "")
    unseen = found.inbound_count - found.seen
    unread = found.status != Status.CLOSED and unseen > 0
    failed = found.failed_count
    return Row(
        pk=found.pk,
        name=name,
        initials=initials(name),
        handle=f"@{found.handle}" if found.handle and f"@{found.handle}" != name else "",
        kind=found.account_kind,
        platform=_PLATFORMS.get(found.account_kind, found.account_kind),
        account=found.account_name,
        timer=timer,
        words=found.last_message_text or (_("Attachment") if found.has_attachment else _("Removed, or without text")),
        ours=found.last_message_out,
        public=found.public,
        reach=("comment" if found.under else "public") if found.public else "private",
        topic=found.topic or "",
        haste=str(Priority(found.priority).label) if found.priority else "",
        department=found.department,
        claimer=claimer,
        claimer_initials=claimer_initials,
        mine=found.assignee_id == user.pk,
        unread=ngettext("%(count)s new", "%(count)s new", unseen) % {"count": unseen} if unread else "",
        attachment=found.has_attachment,
        sensitive=found.sensitive,
        nobodys=found.nobodys,
        draft=found.draft,
        blocked=found.blocked,
        failed=ngettext("answer failed", "%(count)s answers failed", failed) % {"count": failed} if failed else "",
        **place,
    )


_PLATFORMS = {kind: str(name) for kind, name in Kind.choices}  # names of companies: the same in every language


def _profile_name(found: Listed) -> str:
    return Identity(name=found.identity_name, handle=found.handle, phone=found.phone).display_name


@lru_cache(maxsize=2_000)
def _colleague(first_name: str, last_name: str, username: str) -> tuple[str, str]:
    """Name and initials, as the model makes them."""
    user = User(first_name=first_name, last_name=last_name, username=username)
    return str(user), user.initials


def draw(rows: Sequence[Row], more: str = "", *, partly: bool = False, pick: bool = False) -> SafeString:
    """The rows as HTML list items; ``more`` is the address of the next page, ``partly`` when this one may be short of
    rows all the same. ``pick``: with a box to select each."""
    drawn = [_drawn(row, pick=pick) for row in rows]
    if more:
        drawn.append(_macros().more(more, partly))
    return SafeString("".join(drawn))


@lru_cache(maxsize=2_000)
def _drawn(row: Row, *, pick: bool) -> str:
    """One row. Kept by everything it shows, so that it can only be what it would be again: fifty take as long to draw
    as all else of a page, and every open tab asks for them at every nudge."""
    return str(_macros().draw(row, pick))


def _macros() -> Any:
    template: Any = engines["jinja2"].get_template("rows.jinja")
    return template.template.module
