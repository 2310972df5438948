"""Niets kwijt, what it says: per account a card in words, and on top what needs a person. No queries here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels.models import Account, AccountState
from inbox import account_words, sla
from inbox.failure_words import PLATFORMS
from inbox.views.nothing_lost_asked import GAPS, Asked
from inbox.views.nothing_lost_buttons import Button, Said, buttons, cost, said
from inbox.views.nothing_lost_facts import Facts
from inbox.views.nothing_lost_words import broke_off, clock, counted, found, shortly, waits, wrong

LATE_AFTER = timedelta(minutes=2)  # a notice that waits longer than this waits for something that stands still
EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs a person, and where on the screen it is."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Line:
    """One fact on a card. ``tone``: "", good, busy or bad, each with an icon of its own; ``at`` is told in full on
    hover; ``why`` is a sentence below it; ``links`` are (words, address)."""

    label: str
    words: str
    tone: str = ""
    at: datetime | None = None
    why: str = ""
    links: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Card:
    """One account."""

    account: Account
    platform: str
    tone: str
    state: str
    trouble: str
    lines: list[Line]
    buttons: list[Button]
    cost: str
    said: list[Said]
    needs: list[Need] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether something runs that was asked for, so that the screen is looked at again by itself."""
        return any(one.tone == "busy" for one in self.said) or any(button.busy for button in self.buttons)


def card(facts: Facts, asked: Sequence[Asked], at: datetime) -> Card:
    """Everything about one account, as of ``at``."""
    account = facts.account
    platform = PLATFORMS.get(account.kind, account.kind)
    made = Card(
        account=account,
        platform=platform,
        tone={AccountState.BROKEN: "bad", AccountState.ACTIVE: "good"}.get(AccountState(account.state), "calm"),
        state={
            AccountState.BROKEN: _("connection broken"),
            AccountState.PAUSED: _("paused"),
            AccountState.DISCONNECTED: _("disconnected"),
        }.get(AccountState(account.state), _("works")),
        trouble=_trouble(account, at),
        lines=[
            _received(account, at),
            _sent(account, at),
            _processed(facts, at),
            _outgoing(facts, platform, at),
            _gaps(facts, platform, at),
            _webhook(account, platform, at),
            _access(account, platform, at),
        ],
        buttons=[],
        cost=cost(account),
        said=[said(one, facts, platform, at) for one in asked],
    )
    running = {one.what for one in asked if one.running(facts, at)}
    made.buttons = buttons(account, running | ({GAPS} if facts.gap_running else set()))
    made.needs = _needs_of(made, facts, at)
    if made.needs and made.tone == "good":
        made.tone, made.state = "bad", _("needs attention")
    return made


# -- the lines --------------------------------------------------------------------------------------------------


def _trouble(account: Account, at: datetime) -> str:
    """What is the matter, what it means, what to do."""
    if account.state == AccountState.PAUSED:
        return _("An administrator paused this channel. What comes in is kept; nothing is sent until it is resumed.")
    if account.state == AccountState.DISCONNECTED:
        return _("An administrator disconnected this channel. Nothing comes in, and nothing is sent.")
    trouble = account_words.trouble(account)
    if trouble is None:
        return ""
    said = [trouble.happened, trouble.means, trouble.todo]
    if account.state == AccountState.BROKEN and account.error_at:
        said.insert(0, _("The connection is broken since %(moment)s.") % {"moment": clock(account.error_at, at)})
    return " ".join(said)


def _received(account: Account, at: datetime) -> Line:
    moment = account.last_received_at
    label = _("Last message")
    return Line(label, shortly(moment, at), at=moment) if moment else Line(label, _("none yet"))


def _sent(account: Account, at: datetime) -> Line:
    moment = account.last_sent_at
    label = _("Last answer")
    return Line(label, shortly(moment, at), at=moment) if moment else Line(label, _("none yet"))


def _processed(facts: Facts, at: datetime) -> Line:
    """Notices belong to an app, which may serve more accounts than this one: then it says so."""
    failed, waiting, oldest = facts.health.failed_events, facts.health.waiting_events, facts.health.oldest_waiting_at
    links: tuple[tuple[str, str], ...] = ()
    if failed:
        address = f"{reverse('nothing_lost')}?app={facts.account.app_id}#notices"
        links = ((ngettext("%(count)s failed", "%(count)s failed", failed) % counted(failed), address),)
    words = waits(waiting) if waiting else _("nothing waits")
    if oldest:
        words += ", " + _("since %(moment)s") % {"moment": clock(oldest, at)}
    shared = ""
    if facts.shared_with and (waiting or failed):
        shared = _("Together with %(names)s.") % {"names": ", ".join(facts.shared_with)}
    tone = "bad" if failed or stands_still(facts, at) else "busy" if waiting else "good"
    return Line(_("Processing"), words, tone, oldest, shared, links)


def stands_still(facts: Facts, at: datetime) -> bool:
    """Whether what came in waits longer than processing takes."""
    return facts.health.oldest_waiting_at is not None and at - facts.health.oldest_waiting_at > LATE_AFTER


def _outgoing(facts: Facts, platform: str, at: datetime) -> Line:
    queued, asking, undecided = facts.sending.queued, facts.sending.being_asked, facts.undecided
    parts = [waits(queued)] if queued else []
    if asking:
        parts.append(ngettext("%(count)s is asked after", "%(count)s are asked after", asking) % counted(asking))
    links: tuple[tuple[str, str], ...] = ()
    if undecided:
        words = ngettext("%(count)s waits for a decision", "%(count)s wait for a decision", undecided)
        links = ((words % counted(undecided), f"{reverse('nothing_lost')}?account={facts.account.pk}#answers"),)
    why = _held(facts, platform, at) if queued else ""
    tone = "bad" if undecided else "busy" if parts else "good"
    return Line(_("Sending"), ", ".join(parts) or _("nothing waits"), tone, why=why, links=links)


def _held(facts: Facts, platform: str, at: datetime) -> str:
    """Why what is queued does not go now; "" when it does."""
    state = facts.account.state
    names = {"platform": platform}
    if state == AccountState.BROKEN:
        return _("Sending stands still because the connection is broken.")
    if state == AccountState.PAUSED:
        return _("Sending stands still because the channel is paused.")
    if state == AccountState.DISCONNECTED:
        return _("Sending stands still because the channel is disconnected.")
    held = facts.next_queued
    if held is None or held.send_at is None or held.send_at <= at or not held.error_reason:
        return ""
    names["moment"] = clock(held.send_at, at)
    if held.error_reason == "rate_limit":
        return _("Sending stands still until %(moment)s: %(platform)s takes no more for now.") % names
    return _("%(platform)s did not take it. It is tried again at %(moment)s.") % names


def _gaps(facts: Facts, platform: str, at: datetime) -> Line:
    label = _("Missed messages")
    check = facts.gap_check
    if facts.gap_running:
        return Line(label, _("searching now"), "busy")
    if check is None or check.ended_at is None:
        moment = facts.account.gaps_checked_at
        if moment is None:
            return Line(label, _("not searched for yet"))
        return Line(label, _("searched %(moment)s") % {"moment": shortly(moment, at)}, _gaps_tone(facts, at), moment)
    searched = _("searched %(moment)s") % {"moment": shortly(check.ended_at, at)}
    if why := broke_off(check, platform):
        if (later := facts.not_before(at)) is not None:
            why += " " + _("Not before %(moment)s.") % {"moment": clock(later, at)}
        tone = "bad" if _gaps_tone(facts, at) == "bad" else "busy"
        return Line(label, searched, tone, check.ended_at, why)
    return Line(label, f"{searched}: {found(check.found)}", _gaps_tone(facts, at), check.ended_at)


def _gaps_tone(facts: Facts, at: datetime) -> str:
    return "bad" if gaps_late(facts, at) else "good"


def gaps_late(facts: Facts, at: datetime) -> bool:
    """Whether it is too long ago that everything was asked for. A broken or paused account cannot be asked."""
    searched = facts.account.gaps_checked_at
    if facts.account.state != AccountState.ACTIVE or searched is None:
        return False
    return at - searched > max(timedelta(hours=1), timedelta(seconds=3 * settings.GAPS_EVERY))


def _webhook(account: Account, platform: str, at: datetime) -> Line:
    label = _("Webhook")
    names = {"platform": platform}
    checked = account.webhook_checked_at
    when = _("Checked %(moment)s.") % {"moment": shortly(checked, at)} if checked else ""
    if account.webhook_problem:
        return Line(label, _("%(platform)s does not bring us messages") % names, "bad", checked, when)
    if checked is None:
        return Line(label, _("not checked yet"))
    return Line(label, _("%(platform)s brings us messages at once") % names, "good", checked, when)


def _access(account: Account, platform: str, at: datetime) -> Line:
    label = _("Access")
    checked = account.checked_at
    if account.state == AccountState.BROKEN:
        return Line(label, _("refused"), "bad", checked, _checked(checked, at))
    if account.error_reason:
        return Line(label, wrong(account.error_reason, platform), "busy", account.error_at, _checked(checked, at))
    if checked is None:
        return Line(label, _("not checked yet"))
    if (ends := account.token_expires_at) is not None:
        words = _("works until %(moment)s") % {"moment": sla.format_moment(ends, at)}
        return Line(label, words, "bad" if expires_soon(account, at) else "good", checked, _checked(checked, at))
    return Line(label, _("works"), "good", checked, _checked(checked, at))


def expires_soon(account: Account, at: datetime) -> bool:
    """Whether our access ends by itself before long: somebody must renew it at the platform."""
    return account.token_expires_at is not None and account.token_expires_at - at < EXPIRES_SOON


def _checked(moment: datetime | None, at: datetime) -> str:
    return _("Checked %(moment)s.") % {"moment": shortly(moment, at)} if moment else ""


# -- what needs a person ----------------------------------------------------------------------------------------


def _needs_of(made: Card, facts: Facts, at: datetime) -> list[Need]:
    account = facts.account
    names = {"name": account.name, "platform": made.platform}
    here = f"#account-{account.pk}"
    needs = []
    if account.state == AccountState.BROKEN:
        needs.append(Need(_("The connection with %(name)s (%(platform)s) is broken") % names, here))
    if account.webhook_problem and account.state != AccountState.PAUSED:
        needs.append(Need(_("%(platform)s does not bring messages for %(name)s by itself") % names, here))
    if account.state != AccountState.BROKEN and expires_soon(account, at):
        needs.append(Need(_("The access of %(name)s (%(platform)s) ends soon") % names, here))
    if gaps_late(facts, at):
        needs.append(Need(_("Nothing was searched for at %(name)s (%(platform)s) for more than an hour") % names, here))
    return needs


def needs(
    cards: Iterable[Card], failed: int, undecided: int, files: int, standing_still: datetime | None, at: datetime
) -> list[Need]:
    """Everything that needs a person, the worst first: what stands still, then broken channels, then what failed."""
    listed = []
    if standing_still is not None:
        words = _("Processing stands still since %(moment)s") % {"moment": clock(standing_still, at)}
        listed.append(Need(words, "#channels"))
    for one in sorted(cards, key=lambda card: card.account.state != AccountState.BROKEN):
        listed += one.needs
    if failed:
        words = ngettext(
            "%(count)s notice of a platform could not be processed",
            "%(count)s notices of a platform could not be processed",
            failed,
        )
        listed.append(Need(words % counted(failed), "#notices"))
    if undecided:
        words = ngettext(
            "%(count)s answer waits for a colleague's decision",
            "%(count)s answers wait for a colleague's decision",
            undecided,
        )
        listed.append(Need(words % counted(undecided), "#answers"))
    if files:
        words = ngettext("%(count)s file could not be fetched", "%(count)s files could not be fetched", files)
        listed.append(Need(words % counted(files), "#files"))
    return listed
