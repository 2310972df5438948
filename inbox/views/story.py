"""What was done to a conversation, as sentences: the grey lines between the messages, and the timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox import auto_reply, privacy_guard, rule_words, sla
from inbox.kept import any_of, kept
from inbox.models import AuditEntry, BlockGround, ContactKind, Priority, Result, SensitiveGround, Sentiment, User
from inbox.office_hours import local
from inbox.views.messages import exact

# Told by the message itself, or by its note: a line between the messages would say it twice.
BESIDE_ONLY = frozenset(
    {
        "received",
        "replied",
        "noted",
        "note_edited",
        "note_withdrawn",
        "answered_elsewhere",
        "send_failed",
        "send_unknown",
        "cannot_tell",
        "message_edited",
        "message_deleted",
        "message_hidden",
        "message_shown",
        "send_retried",
        "send_withdrawn",
        "send_undone",
        "send_confirmed",
        "media_retried",
        "line_said",
        "test_answered",
        "asked_hide",
        "asked_show",
        "asked_like",
        "asked_unlike",
        "asked_delete",
        "failed_hide",
        "failed_show",
        "failed_like",
        "failed_unlike",
        "failed_delete",
        "thread_fetched",
        "set_topic",
        "set_sentiment",
        "set_priority",
        "clock_moved",
        "set_contact_kind",
        "advice_asked",
        "advice_given",
        "advice_withdrawn",
        "answer_taken_back",
    }
)


_NAMED = kept(lambda: User.objects.filter(pk=any_of("ids")))


@dataclass(frozen=True, slots=True)
class Event:
    """One line. ``inline``: also between the messages."""

    pk: int
    at: datetime
    words: str
    time: str
    day: str
    exact: str
    icon: str
    inline: bool

    type = "event"


def entries_of(conversation_id: int, most: int) -> list[AuditEntry]:
    """The newest entries with who did it, newest first. One query."""
    return list(
        AuditEntry.objects.filter(conversation=conversation_id).select_related("actor").order_by("-at", "-id")[:most]
    )


def events(entries: Iterable[AuditEntry], moment: datetime) -> list[Event]:
    """Sentences for entries, in their order; entries that tell a colleague nothing are left out. One query (names)."""
    entries = list(entries)
    ids = {entry.data[key] for entry in entries for key in ("to", "from") if isinstance(entry.data.get(key), int)}
    ids |= {pk for entry in entries if entry.verb == "escalated" for pk in entry.data.get("told", ())}
    people = {user.pk: str(user) for user in _NAMED(ids=list(ids))} if ids else {}
    made = []
    for entry in entries:
        told = sentence(entry, people, moment)
        if told is not None:
            icon, words = told
            made.append(
                Event(
                    pk=entry.pk,
                    at=entry.at,
                    words=words,
                    time=f"{local(entry.at):%H:%M}",
                    day=sla.format_moment(entry.at, moment),
                    exact=exact(entry.at),
                    icon=icon,
                    inline=entry.verb not in BESIDE_ONLY,
                )
            )
    return made


def sentence(entry: AuditEntry, people: Mapping[int, str], moment: datetime) -> tuple[str, str] | None:
    """(icon, words) for one entry in the active language; None for what is of no use to a reader."""
    data: dict[str, Any] = entry.data
    changes: dict[str, Any] = data.get("changes", {})
    who = str(entry.actor) if entry.actor else ""
    words = {"who": who, "name": "", "moment": "", "result": "", "department": ""}
    match entry.verb:
        case "claimed":
            return "claim", _("%(who)s claimed this") % words
        case "taken_over":
            words["name"] = people.get(data.get("from") or 0, "")
            return "claim", (
                _("%(who)s took this over from %(name)s") if words["name"] else _("%(who)s claimed this")
            ) % words
        case "released":
            return "release", _("%(who)s gave this back") % words
        case "assigned":
            words["name"] = people.get(data.get("to") or 0, _("a colleague"))
            if data.get("how") == "turn":
                return "assign", _("Assigned to %(name)s in turn: nobody picked this up") % words
            return "assign", _("%(who)s assigned this to %(name)s") % words
        case "escalated":
            return _escalated(data, people, words)
        case "nobodys":
            return "up", _("Nobody picked this up in time: it is on top of everybody's list")
        case "marked_sensitive":
            words["ground"] = str(dict(SensitiveGround.choices).get(str(data.get("ground", "")), ""))
            return "sensitive", (
                _("%(who)s marked this as sensitive: %(ground)s")
                if who
                else _("Marked as sensitive by a rule: %(ground)s")
            ) % words
        case "unmarked_sensitive":
            return "sensitive", _("%(who)s: this is not sensitive any more") % words if who else _(
                "A rule: this is not sensitive any more"
            )
        case "answer_approved":
            words["of"] = str(data.get("of", ""))
            return "check", (
                _("%(who)s changed and approved the answer of %(of)s")
                if data.get("changed")
                else _("%(who)s approved the answer of %(of)s")
            ) % words
        case "answer_refused":
            words["of"] = str(data.get("of", ""))
            return "dismiss", _("%(who)s did not approve the answer of %(of)s") % words
        case "handed_over":
            return _handed_over(data, people, words)
        case "routed":
            words["department"] = data.get("to_name", "")
            if data.get("told"):
                return "route", _("%(who)s routed this to %(department)s, and told the citizen") % words
            return "route", _("%(who)s routed this to %(department)s") % words
        case "bounced":
            words["department"] = data.get("to_name", "")
            words["times"] = str(data.get("times", ""))
            if data.get("leads"):
                told = _("%(who)s sent this back to %(department)s (time %(times)s); the team lead was told")
                return "back", told % words
            return "back", _("%(who)s sent this back to %(department)s") % words
        case "closed":
            result = (changes.get("result") or ["", ""])[1]
            words["result"] = str(dict(Result.choices).get(result, result))
            return "close", _("%(who)s closed this: %(result)s") % words
        case "reopened":
            return "open", _("%(who)s reopened this") % words if who else _("Reopened by a new message of the citizen")
        case "snoozed":
            until = parse_datetime((changes.get("snoozed_until") or ["", ""])[1] or "")
            words["moment"] = sla.format_moment(until, moment, with_time=True) if until else ""
            return "later", _("%(who)s put this off until %(moment)s") % words
        case "woken":
            return "later", _("%(who)s brought this back") % words if who else _(
                "Back in the list: the moment has come"
            )
        case "waiting":
            return "waiting", _("%(who)s lets this wait for the citizen") % words
        case "resumed":
            return "open", _("%(who)s set this to open again") % words
        case "undone":
            return "retry", _("%(who)s undid what was done to several conversations") % words
        case "continued_privately":
            return "private", _("%(who)s went on in private") % words
        case "rule":
            return "filter", rule_words.did(str(data.get("name", "")), data.get("did", ()), data.get("why", ()))
        case "auto_reply_sent" | "auto_reply_not_sent":
            kind = str(data.get("kind", auto_reply.OUT_OF_HOURS))
            return "clock", auto_reply.reason_text(str(data.get("reason", "")), kind).rstrip(".")
        case _:
            return _beside(entry, words, moment)


def _handed_over(data: Mapping[str, Any], people: Mapping[int, str], words: dict[str, str]) -> tuple[str, str]:
    """A shift that ended: by the colleague, by a team lead, or by Webcare when a citizen wrote."""
    words = words | {"from": people.get(data.get("from") or 0, _("a colleague"))}
    words["name"] = people.get(data.get("to") or 0, "")
    if words["who"]:
        return "assign", (
            _("%(who)s handed this over to %(name)s: the shift of %(from)s is over")
            if words["name"]
            else _("%(who)s gave this back: the shift of %(from)s is over")
        ) % words
    return "assign", (
        _("Handed over to %(name)s: the shift of %(from)s is over")
        if words["name"]
        else _("Given back: the shift of %(from)s is over")
    ) % words


def _escalated(data: Mapping[str, Any], people: Mapping[int, str], words: dict[str, str]) -> tuple[str, str]:
    """A step further, by the clock: who was told, or where it went."""
    names = ", ".join(people[pk] for pk in data.get("told", ()) if pk in people)
    words = words | {"names": names, "department": str(data.get("to_name", ""))}
    match data.get("step"):
        case "almost_late":
            return "soon", (
                _("Almost late: %(names)s was told") if names else _("Almost late: there was nobody to tell")
            ) % words
        case "late":
            return "late", (_("Late: %(names)s was told") if names else _("Late: there was nobody to tell")) % words
        case _:
            return "up", (
                _("Still late: escalated to %(department)s, %(names)s was told")
                if names
                else _("Still late: escalated to %(department)s")
            ) % words


def _beside(entry: AuditEntry, words: dict[str, str], moment: datetime) -> tuple[str, str] | None:
    count = len(entry.data.get("messages", ())) or 1
    match entry.verb:
        case "received":
            return "down", ngettext("Message from the citizen", "%(count)s messages from the citizen", count) % {
                "count": count
            }
        case "replied":
            if kinds := entry.data.get("personal_data"):
                words["kinds"] = privacy_guard.in_words(kinds)
                return "reply", _("%(who)s answered, and confirmed that this may be public: %(kinds)s") % words
            if "approval" in entry.data:
                return "reply", _("%(who)s wrote an answer; it waits for approval") % words
            if "group" in entry.data:
                return "reply", _("%(who)s answered, together with alike questions") % words
            return "reply", _("%(who)s answered") % words
        case "noted":
            return "note", _("%(who)s left a note") % words
        case "note_edited":
            return "note", _("%(who)s changed a note") % words
        case "note_withdrawn":
            return "note", _("%(who)s took a note back") % words
        case "answered_elsewhere":
            return "reply", _("Answered outside Webcare")
        case "answered_another":
            return "reply", _("An answer in this thread was for someone else")
        case "send_failed":
            return "warning", _("An answer could not be sent")
        case "send_unknown":
            return "warning", _("Not certain whether an answer arrived")
        case "cannot_tell":
            return "warning", _("Webcare could not find out whether an answer arrived")
        case "send_retried":
            return "retry", _("%(who)s sent an answer again") % words
        case "send_withdrawn":
            return "dismiss", _("%(who)s decided that an answer need not go") % words
        case "send_undone":
            return "dismiss", _("%(who)s took an answer back before it went") % words
        case "answer_taken_back":
            return "dismiss", _("%(who)s took back an answer that waited for approval") % words
        case "send_confirmed":
            return "check", _("%(who)s saw that an answer arrived") % words
        case "set_topic":
            words["topic"] = str(entry.data.get("to_name", ""))
            return "topic", (
                _("%(who)s gave this the topic %(topic)s") if words["topic"] else _("%(who)s took the topic away")
            ) % words
        case "set_priority":
            priority = ((entry.data.get("changes") or {}).get("priority") or [0, 0])[1]
            words["priority"] = str(dict(Priority.choices).get(priority, priority))
            return "late", (
                _("%(who)s set the priority to %(priority)s") if words["who"] else _("The priority became %(priority)s")
            ) % words
        case "clock_moved":
            due = parse_datetime((entry.data.get("due") or ["", ""])[1] or "")
            words["moment"] = sla.format_moment(due, moment, with_time=True) if due else ""
            return "clock", _("To be answered by %(moment)s: opening hours or targets changed") % words
        case "set_sentiment":
            tone = ((entry.data.get("changes") or {}).get("sentiment") or ["", ""])[1]
            words["tone"] = str(dict(Sentiment.choices).get(tone, _("not said")))
            return "user", _("%(who)s noted how the citizen sounds: %(tone)s") % words
        case "set_contact_kind":
            kind = ((entry.data.get("changes") or {}).get("contact_kind") or ["", ""])[1]
            words["kind"] = str(dict(ContactKind.choices).get(kind, _("not said")))
            return "topic", _("%(who)s noted what kind of contact this is: %(kind)s") % words
        case "media_retried":
            return "retry", _("%(who)s had a file fetched again") % words
        case "test_answered":
            return "reply", _("%(who)s answered the test message of a new channel") % words
        case "line_said":
            return "public", _("Said in public that it goes on in private")
        case "joined":
            return "down", _("Went on here from another conversation with the same citizen")
        case "asked_hide" | "asked_show" | "asked_like" | "asked_unlike" | "asked_delete":
            return _asked(entry.verb.removeprefix("asked_"), words)
        case "failed_hide" | "failed_show" | "failed_like" | "failed_unlike" | "failed_delete":
            return "warning", _("The platform did not do what was asked")
        case "message_edited":
            return "note", _("The citizen changed a message")
        case "message_deleted":
            return "dismiss", _("The citizen removed a message")
        case "message_hidden":
            return "dismiss", _("A message was hidden on the platform")
        case "message_shown":
            return "check", _("A message was shown again on the platform")
        case "blocked":
            words["ground"] = str(dict(BlockGround.choices).get(str(entry.data.get("ground", "")), ""))
            return "dismiss", _("%(who)s blocked this citizen: %(ground)s") % words
        case "thread_fetched":
            return "down", _("%(who)s had the whole thread fetched") % words
        case "unblocked":
            return "check", _("%(who)s lifted the block on this citizen") % words
        case "advice_asked":
            words["name"] = str(entry.data.get("of", ""))
            return "comment", _("%(who)s asked %(name)s for advice") % words
        case "advice_given":
            return "comment", _("%(who)s gave advice") % words
        case "advice_withdrawn":
            return "dismiss", _("%(who)s withdrew a request for advice") % words
        case "merged":
            return "user", _("%(who)s merged two citizens into this one") % words
        case "split":
            count = len(entry.data.get("identities", ())) or 1
            words["count"] = str(count)
            told = ngettext(
                "%(who)s took a profile apart from a citizen", "%(who)s took %(count)s profiles apart", count
            )
            return "user", told % words
        case _:
            return None


def _asked(what: str, words: dict[str, str]) -> tuple[str, str]:
    """What a colleague had the platform do to a message."""
    match what:
        case "hide":
            return "hide", _("%(who)s had a message hidden") % words
        case "show":
            return "show", _("%(who)s had a message shown again") % words
        case "like":
            return "like", _("%(who)s liked a message") % words
        case "unlike":
            return "like", _("%(who)s took a like back") % words
        case _:
            return "dismiss", _("%(who)s had our message deleted") % words
