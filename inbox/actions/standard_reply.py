"""Standaardantwoorden: which fit a conversation, filled in for it, and how often each was used."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from channels.clock import now
from inbox import auto_reply, office_hours, permissions, standard_texts
from inbox.actions.claim import not_allowed
from inbox.actions.clocks import DAYS, hours_of
from inbox.actions.refused import NotVisible
from inbox.models import AccountSettings, Conversation, StandardReply, User
from inbox.office_hours import Hours

MOST = 12  # in the list under the text; who wants another types a word
A_MONDAY = date(2026, 1, 5)


@dataclass(frozen=True, slots=True)
class Taken:
    """A text as it was filled in, and the names that a person still has to fill in."""

    text: str
    unfilled: tuple[str, ...]


def fitting(user: User, conversation: Conversation, words: str = "") -> QuerySet[StandardReply]:
    """The replies for this conversation, those about its topic first, then most used, then newest; each of ``words`` is
    in its name or text."""
    departments = user.departments.through.objects.filter(user=user).values("department")
    reach = "public" if conversation.public else "private"
    found = StandardReply.objects.filter(
        Q(department=None) | Q(department=conversation.department_id) | Q(department__in=departments),
        Q(account=None) | Q(account=conversation.account_id),
        active=True,
        kind__in=("", conversation.account.kind),
        reach__in=("", reach),
    )
    found = with_words(found, words)
    if conversation.topic_id is None:
        return found
    about = Case(When(topic=conversation.topic_id, then=0), default=1)
    return found.order_by(about, "-used_count", "-changed_at", "-id")


def with_words(found: QuerySet[StandardReply], words: str) -> QuerySet[StandardReply]:
    """Those that hold each of the words, in their name or their text."""
    for word in words.split()[:8]:
        found = found.filter(Q(name__icontains=word) | Q(text__icontains=word))
    return found


def filled(conversation: Conversation, user: User, text: str) -> str:
    """The text with its variables filled in; four queries, none for a text without variables."""
    if "{" not in text:
        return text
    return standard_texts.fill(text, values(conversation, user))


def values(conversation: Conversation, user: User) -> dict[str, str]:
    """What the variables stand for here; a name that is not there cannot be filled in."""
    agreed = AccountSettings.objects.prefetch_related(*DAYS).filter(account=conversation.account_id).first()
    hours = hours_of(agreed) if agreed else None
    contact = conversation.identity.contact
    return {
        standard_texts.CITIZEN: contact.name or conversation.identity.name,
        standard_texts.COLLEAGUE: user.first_name,
        standard_texts.INITIALS: user.initials,
        standard_texts.HOURS: hours_words(hours) if hours else "",
        standard_texts.NEXT_OPENING: opening_words(hours) if hours else "",
        standard_texts.DEPARTMENT: conversation.department.name,
        standard_texts.CHANNEL: conversation.account.name,
        standard_texts.MUNICIPALITY: settings.MUNICIPALITY,
    }


def hours_words(hours: Hours) -> str:
    """The week for a citizen: "maandag tot en met vrijdag van 9:00 tot 17:00 uur"; equal days together."""
    names = [date_format(A_MONDAY + timedelta(days=day), "l") for day in range(7)]
    by_day: dict[int, list[str]] = {}
    for period in sorted(hours.periods, key=lambda period: (period.weekday, period.opens)):
        closes = "24:00" if period.closes.hour == period.closes.minute == 0 else f"{period.closes:%-H:%M}"
        span = _("from %(opens)s to %(closes)s") % {"opens": f"{period.opens:%-H:%M}", "closes": closes}
        by_day.setdefault(period.weekday, []).append(span)
    stretches: list[tuple[int, int, str]] = []
    for day, spans in sorted(by_day.items()):
        words = _(" and ").join(spans)
        if stretches and stretches[-1][1] == day - 1 and stretches[-1][2] == words:
            stretches[-1] = (stretches[-1][0], day, words)
        else:
            stretches.append((day, day, words))
    made = []
    for first, last, words in stretches:
        days = names[first]
        if last > first + 1:
            days = _("%(first)s to %(last)s") % {"first": names[first], "last": names[last]}
        elif last > first:
            days = _(" and ").join((names[first], names[last]))
        made.append(f"{days} {words}")
    return ", ".join(made)


def opening_words(hours: Hours) -> str:
    """When we open next: "maandag 09:00"."""
    opens = office_hours.next_opening(hours, now())
    return auto_reply.opening_words(opens, now()) if opens else ""


def use(reply_id: int, *, by: User, conversation_id: int) -> Taken:
    """Take a reply over into the answer: filled in for the conversation, and counted. Raises NotVisible for a
    conversation or a reply that is not theirs here, Refused "not_allowed"."""
    conversation = _seen(conversation_id, by)
    if not permissions.can_work(by, conversation):
        raise not_allowed()
    reply = fitting(by, conversation).filter(pk=reply_id).first()
    if reply is None:
        raise NotVisible
    text = filled(conversation, by, reply.text)
    StandardReply.objects.filter(pk=reply.pk).update(used_count=F("used_count") + 1, used_at=now())
    return taken(text)


def taken(text: str) -> Taken:
    """A text that was filled in."""
    return Taken(text, tuple(standard_texts.unfilled(text)))


def _seen(conversation_id: int, by: User) -> Conversation:
    found = Conversation.objects.visible_to(by).for_list().filter(pk=conversation_id).first()
    if found is None:
        raise NotVisible
    return found


def ending_of(agreed: AccountSettings | None, user: User) -> str:
    """What stands under an answer of this colleague on the account: "^FM"; "" when nothing is agreed."""
    if agreed is None or not agreed.ending.strip():
        return ""
    return standard_texts.fill(
        agreed.ending,
        {standard_texts.COLLEAGUE: user.first_name, standard_texts.INITIALS: user.initials},
    )
