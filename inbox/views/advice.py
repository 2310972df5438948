"""What the page says about a text: hints beside an answer while it is written, and marks on what citizens post."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.gateway import capabilities_of
from inbox import plain_words, privacy_guard
from inbox.actions import reply
from inbox.models import Conversation, Direction, Message, Status, User

MOST_TEXT = 10_000  # characters that are looked at; no platform takes more
MOST_LINES = 4
AROUND = 24  # characters of context before and after what was found


@dataclass(frozen=True, slots=True)
class Line:
    """One hint. ``quoted`` is from the text, ``instead`` the plainer word for it; ``warns``: not about style."""

    icon: str
    words: str
    quoted: str = ""
    instead: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """The hints on one text. ``summary`` says how many, for who cannot see them come."""

    lines: tuple[Line, ...]
    more: str
    summary: str


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data in its place: the words around it, and what it is."""

    kind: str
    before: str
    what: str
    after: str


@dataclass(frozen=True, slots=True)
class Mark:
    """On a citizen's public message: what it may hold, and what one can do about it."""

    kinds: str
    advice: str


def advise(conversation: Conversation, text: str, addressing: str) -> Advice:
    """The hints on an answer, the privacy of a citizen first. ``addressing``: as AccountSettings has it."""
    text = text[:MOST_TEXT]
    lines = [*_privacy(conversation, text), *_style(text, addressing)]
    rest = len(lines) - MOST_LINES
    return Advice(
        lines=tuple(lines[:MOST_LINES]),
        more=ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest} if rest > 0 else "",
        summary=ngettext("%(count)s hint on your text", "%(count)s hints on your text", len(lines))
        % {"count": len(lines)}
        if lines
        else "",
    )


def _privacy(conversation: Conversation, text: str) -> list[Line]:
    if found := reply.personal_data(conversation, text):
        kinds = privacy_guard.in_words(item.kind for item in found)
        return [Line("public", _("Everybody can read this: %(kinds)s.") % {"kinds": kinds}, warns=True)]
    if not conversation.public and any(item.kind == privacy_guard.BSN for item in privacy_guard.find(text)):
        return [Line("private", _("Your answer holds a BSN. Only send it when it is needed."), warns=True)]
    return []


def _style(text: str, addressing: str) -> list[Line]:
    lines: dict[tuple[str, str], Line] = {}  # the same word twice is one hint
    for hint in plain_words.check(text, addressing):
        quoted = text[hint.start : hint.end]
        if hint.kind == plain_words.LONG:
            words = _("Long sentence, %(count)s words") % {"count": hint.words}
            line = Line("note", words, " ".join(quoted.split()[:5]) + " …")
        elif hint.kind == plain_words.HARD:
            line = Line("note", _("Plainer"), quoted, hint.instead)
        elif hint.instead:
            line = Line("note", _("Here we say “%(word)s”") % {"word": hint.instead}, quoted)
        else:
            line = Line("note", _("“u” and “je” are mixed"), quoted)
        lines.setdefault((hint.kind, quoted.casefold()), line)
    return list(lines.values())


def found_in(text: str, findings: Iterable[object]) -> tuple[Found, ...]:
    """The findings of a refusal "personal_data", each with the words around it."""
    made = []
    for item in findings:
        if not isinstance(item, dict):
            continue
        start, end = item["start"], item["end"]
        made.append(
            Found(
                kind=privacy_guard.in_words([item["kind"]]),
                before=_end_of(text[:start]),
                what=text[start:end],
                after=text[end : end + AROUND] + (" …" if end + AROUND < len(text) else ""),
            )
        )
    return tuple(made)


def _end_of(text: str) -> str:
    """The last words, whole ones."""
    if len(text) <= AROUND:
        return text
    end = text[-AROUND:]
    return "… " + (end.partition(" ")[2] or end)


def private_way(conversation: Conversation, user: User) -> str:
    """The address of a private conversation with the same citizen that is not finished; "" when there is none."""
    other = (
        Conversation.objects.visible_to(user)
        .filter(identity__contact=conversation.identity.contact_id, public=False)
        .exclude(status=Status.CLOSED)
        .order_by("-last_message_at")
        .values_list("pk", flat=True)
        .first()
    )
    return reverse("conversation", args=[other]) if other else ""


def marks(messages: Iterable[Message], conversation: Conversation) -> dict[int, Mark]:
    """Public messages of citizens that may hold personal data, by their ids. Worked out when shown: what counts as our
    own may change. Two queries when there is any."""
    found = {
        message.pk: message
        for message in messages
        if message.public and message.direction == Direction.IN and message.deleted_at is None
        if privacy_guard.find(message.text[:MOST_TEXT])
    }
    if not found:
        return {}
    ours = reply.own_details(conversation.account)
    if capabilities_of(conversation.account).can_hide:
        advice = _("Hide it on the platform, or ask the citizen to remove it. Answer privately if you can.")
    else:
        advice = _("Ask the citizen to remove it. Answer privately if you can.")
    made = {}
    for pk, message in found.items():
        if kinds := [item.kind for item in privacy_guard.find(message.text[:MOST_TEXT], ours)]:
            made[pk] = Mark(privacy_guard.in_words(kinds), advice)
    return made
