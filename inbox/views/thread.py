"""The messages of a conversation with its notes and events in one order of time, a page at a time."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from inbox import sla
from inbox.models import AuditEntry, Conversation, Direction, Message, Note, NoteVersion, User
from inbox.office_hours import local
from inbox.thread_context import root_of
from inbox.views import pane_rows, story
from inbox.views.advice import marks
from inbox.views.advice_items import AdviceItem, items_of
from inbox.views.approval_marks import marks_of
from inbox.views.attempts import attempts_of, lines
from inbox.views.listing import Cursor
from inbox.views.message_menu import menus
from inbox.views.messages import Bubble, Version, bubble, exact, quotes_of
from inbox.views.note_text import drawn
from inbox.views.others import Fetched, Other, asked_others, asked_posts, fetched, others
from inbox.views.pane_rows import PAGE, PaneRows
from inbox.views.reactions import Chips, chips_of
from inbox.views.story import Event

MOST = 500  # messages that a page which grew backwards keeps when it is drawn again


@dataclass(frozen=True, slots=True)
class Day:
    """A line with the date, before the first item of a day."""

    words: str
    at: datetime

    type = "day"


@dataclass(frozen=True, slots=True)
class NoteItem:
    """A note, for colleagues only. ``mine``: the reader may change it, ``text`` is what it says now; ``untold``: whom
    it names that do not see the conversation; ``withdrawn``: when its author took it back."""

    pk: int
    at: datetime
    author: str
    initials: str
    html: str
    time: str
    exact: str
    mine: bool = False
    text: str = ""
    edited: str = ""
    withdrawn: str = ""
    untold: str = ""
    versions: tuple[Version, ...] = ()

    type = "note"


@dataclass(frozen=True, slots=True)
class NewLine:
    """Before the first message of the citizen that this colleague has not seen; ``pk`` is that message."""

    pk: int
    at: datetime

    type = "new"


type Item = Day | Bubble | NoteItem | Event | Other | NewLine | AdviceItem


@dataclass(frozen=True, slots=True)
class Thread:
    """``items`` oldest first. ``earlier``: where the page before this one ends, None when this is the beginning;
    ``since``: where this one begins. ``fetched``: the thread around it when somebody had it fetched; ``reactions``:
    to the post they stand under."""

    items: list[Item]
    earlier: Cursor | None
    since: Cursor | None
    fetched: Fetched | None = None
    reactions: Chips = ()
    quotes: bool = False  # the citizen's first message quotes that post


def messages_of(
    conversation: Conversation,
    before: Cursor | None = None,
    since: Cursor | None = None,
    asked: PaneRows | None = None,
) -> tuple[list[Message], bool]:
    """A page of messages, oldest first, and whether there are earlier ones. One query, two with ``since``.

    The last PAGE, which ``asked`` has already; with ``before`` the PAGE before that one; with ``since`` everything from
    there on, at most MOST.
    """
    if asked is not None and before is None and since is None:
        last = asked.messages.rows()
        return last[:PAGE][::-1], len(last) > PAGE
    queryset = pane_rows.shown(conversation.messages.all())
    size = PAGE
    if before is not None:
        queryset = queryset.filter(Q(sent_at__lte=before.at) & (Q(sent_at__lt=before.at) | Q(pk__lt=before.pk)))
    elif since is not None:
        size = MOST
        queryset = queryset.filter(Q(sent_at__gte=since.at) & (Q(sent_at__gt=since.at) | Q(pk__gte=since.pk)))
    found = list(queryset.order_by("-sent_at", "-id")[: size + 1])
    more = len(found) > size
    if since is not None and before is None and not more and found:
        # The page was cut at ``since`` on purpose: what lies before it is still there.
        more = conversation.messages.filter(Q(sent_at__lt=since.at) | Q(sent_at=since.at, pk__lt=since.pk)).exists()
    return found[:size][::-1], more


def build(
    conversation: Conversation,
    events: list[Event] | None,
    *,
    user: User,
    works: bool,
    decides: bool,
    moment: datetime,
    asked: PaneRows | None = None,
    before: Cursor | None = None,
    since: Cursor | None = None,
    first_new: int | None = None,
    advised: bool = True,
) -> Thread:
    """One page, merged; the number of queries does not grow with what it holds. ``events`` and ``asked``: what was
    done and what is there, when the caller has it already, else it is looked up for this page alone. ``user``: who
    reads, for what others in the thread say. ``first_new``: the message before which "new since you looked" stands;
    below zero: so many of the citizen's messages from the end. ``advised``: whether advice was asked, as far as
    the caller knows."""
    messages, more = messages_of(conversation, before, since, asked)
    first = Cursor(messages[0].sent_at, messages[0].pk) if messages else None
    begin = first.at if first and more else None
    end = before.at if before else None
    if events is None:
        events = story.events(_entries(conversation, begin, end), moment)

    def within(at: datetime) -> bool:
        return (begin is None or at >= begin) and (end is None or at < end)

    notes = asked.notes if asked else Note.objects.filter(conversation=conversation).select_related("author")
    marked = marks(messages, conversation)
    root_id = root_of(conversation, "" if more or not messages else messages[0].in_reply_to)
    anchor = next((message.sent_at for message in reversed(messages) if message.direction == Direction.IN), None)
    around = anchor or (messages[-1].sent_at if messages else conversation.opened_at)
    said = asked_others(conversation, user, around, begin, end)
    posts = asked_posts(conversation, user, root_id)
    with_them = pane_rows.of_messages(conversation, messages, root_id, said, posts)
    files, versions = _by(with_them.attachments), _by(with_them.versions)
    note_versions = _by(with_them.note_versions, "note_id")
    tried = attempts_of(messages, with_them.attempts)
    quoted = quotes_of(messages, conversation)
    eyes = marks_of(messages, conversation, user, works=works)
    offered = menus(messages, conversation, with_them.deeds, works=works)
    chips = chips_of(conversation, chain(with_them.reactions, with_them.under_post))
    # At the same moment: the citizen's message, then what was done about it.
    ordered: list[tuple[datetime, int, int, Item]] = [
        (
            message.sent_at,
            0,
            message.pk,
            bubble(
                message,
                conversation,
                works=works,
                decides=decides,
                moment=moment,
                personal=marked.get(message.pk),
                attempts=lines(tried.get(message.pk, ()), moment),
                reactions=chips.get(message.external_id, ()),
                quote=quoted.get(message.pk),
                menu=offered.get(message.pk),
                approval=eyes.get(message.pk),
                attachments=files.get(message.pk, ()),
                versions=versions.get(message.pk, ()),
            ),
        )
        for message in messages
    ]
    ordered += [
        (note.created_at, 1, note.pk, _note(note, note_versions.get(note.pk, ()), user, moment, works=works))
        for note in notes
        if within(note.created_at)
    ]
    advice = items_of(conversation, works=works, moment=moment) if advised else []
    ordered += [(item.at, 1, item.pk, item) for item in advice if within(item.at)]
    ordered += [(event.at, 2, event.pk, event) for event in events if event.inline and within(event.at)]
    ordered += [(other.at, 0, other.pk, other) for other in others(conversation, said)]
    listed = fetched(conversation, posts, root_id, around, begin, end)
    if listed is not None:
        ordered += [(post.at, 0, post.pk, post) for post in listed.items]
    ordered.sort(key=lambda entry: entry[:3])
    items = _with_days([item for *_key, item in ordered], moment)
    new = _with_new(items, first_new or 0)
    quotes = next((message.kind == "quote" for message in messages if message.direction == Direction.IN), False)
    return Thread(new, first if more else None, first, listed, chips.get(root_id, ()), quotes and not more)


def _by(rows: Iterable[Any], key: str = "message_id") -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return found


def _with_new(items: list[Item], first_new: int) -> list[Item]:
    """With the line before the first new message, unless that is where it all begins."""
    inbound = [item for item in items if isinstance(item, Bubble) and not item.ours]
    if first_new < 0:
        first_new = inbound[first_new].pk if -first_new <= len(inbound) else 0
    if not first_new or not inbound or inbound[0].pk == first_new:
        return items
    made: list[Item] = []
    for item in items:
        if isinstance(item, Bubble) and item.pk == first_new:
            made.append(NewLine(item.pk, item.at))
        made.append(item)
    return made


def _entries(conversation: Conversation, begin: datetime | None, end: datetime | None) -> list[AuditEntry]:
    queryset = AuditEntry.objects.filter(conversation=conversation).select_related("actor")
    if begin is not None:
        queryset = queryset.filter(at__gte=begin)
    if end is not None:
        queryset = queryset.filter(at__lt=end)
    return list(queryset.order_by("-at", "-id")[: 4 * PAGE])


def _note(note: Note, earlier: Iterable[NoteVersion], user: User, moment: datetime, *, works: bool) -> NoteItem:
    withdrawn = note.withdrawn_at is not None
    versions = [(version.text, version.until) for version in earlier]
    if note.withdrawn_at is not None:
        versions.append((note.text, note.withdrawn_at))
    return NoteItem(
        pk=note.pk,
        at=note.created_at,
        author=str(note.author),
        initials=note.author.initials,
        html="" if withdrawn else drawn(note.text, note.mentions),
        time=f"{local(note.created_at):%H:%M}",
        exact=exact(note.created_at),
        mine=works and not withdrawn and note.author_id == user.pk,
        text=note.text,
        edited="" if note.edited_at is None else sla.format_moment(note.edited_at, moment, with_time=True),
        withdrawn="" if note.withdrawn_at is None else sla.format_moment(note.withdrawn_at, moment, with_time=True),
        untold="" if withdrawn else ", ".join(each["name"] for each in note.mentions.values() if not each["told"]),
        versions=tuple(
            Version(drawn(text, {}), sla.format_moment(until, moment, with_time=True))
            for text, until in versions
            if works
        ),
    )


def _with_days(items: list[Item], moment: datetime) -> list[Item]:
    made: list[Item] = []
    day = None
    for item in items:
        if local(item.at).date() != day:
            day = local(item.at).date()
            made.append(Day(_day_words(item.at, moment), item.at))
        made.append(item)
    return made


def _day_words(at: datetime, moment: datetime) -> str:
    if local(at).date() == local(moment).date():
        return _("today")
    if local(at).date() == local(moment).date() - timedelta(days=1):
        return _("yesterday")
    return sla.format_moment(at, moment)
