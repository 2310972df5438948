"""Pure: which target counts for a conversation, and how that is said.

An account has targets for all its conversations, and may have others for some: public or private, of a topic, with a
priority. The row with the most of these counts; of as many, the one that names the priority, then the topic.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.models import AccountSettings, Priority


@dataclass(frozen=True, slots=True)
class Target:
    """Office minutes for the first and a next answer, and for which conversations: None is all of them."""

    first: int
    next: int
    public: bool | None = None
    topic: int | None = None
    priority: int | None = None
    topic_name: str = ""

    @property
    def rank(self) -> tuple[int, bool, bool, bool]:
        """Higher counts before lower; no two rows of an account that fit one conversation are equal in it."""
        named = (self.priority is not None, self.topic is not None, self.public is not None)
        return sum(named), *named

    def minutes(self, kind: str) -> int:
        """For "first" or "next"."""
        return self.first if kind == "first" else self.next

    def fits(self, public: bool, topic: int | None, priority: int) -> bool:
        """Whether it may count for such a conversation."""
        wanted = ((self.public, public), (self.topic, topic), (self.priority, priority))
        return all(mine is None or mine == its for mine, its in wanted)


def choose(targets: Iterable[Target], *, public: bool, topic: int | None, priority: int) -> Target:
    """The one that counts. ``targets`` has one without conditions. Raises ValueError without."""
    return max((each for each in targets if each.fits(public, topic, priority)), key=lambda each: each.rank)


def of_settings(settings: AccountSettings) -> tuple[Target, ...]:
    """The account's own first, then its others (one query unless "targets__topic" is prefetched)."""
    return (
        Target(settings.first_answer_minutes, settings.next_answer_minutes),
        *(
            Target(
                row.first_answer_minutes,
                row.next_answer_minutes,
                row.public,
                row.topic_id,
                row.priority,
                row.topic.name if row.topic else "",
            )
            for row in settings.targets.all()
        ),
    )


def conditions(target: Target) -> str:
    """For which conversations: "public, topic Waste, priority urgent"; "" for all."""
    named = []
    if target.public is not None:
        named.append(_("public") if target.public else _("private"))
    if target.topic is not None:
        named.append(_("topic %(topic)s") % {"topic": target.topic_name})
    if target.priority is not None:
        named.append(_("priority %(priority)s") % {"priority": Priority(target.priority).label})
    return ", ".join(named)


def explain(target: Target, kind: str, account: str) -> str:
    """Which target counts and by which row: "Target 60 minutes: account Gemeente Waterkant, priority urgent."."""
    where = ", ".join(part for part in (_("account %(account)s") % {"account": account}, conditions(target)) if part)
    return _("Target %(minutes)s minutes: %(where)s.") % {"minutes": target.minutes(kind), "where": where}
