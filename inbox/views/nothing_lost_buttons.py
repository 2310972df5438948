"""Niets kwijt: the buttons of a card, what they cost, and what came of pressing them."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from channels.models import Account, AccountState, Kind
from inbox import account_words
from inbox.views import nothing_lost_words as words
from inbox.views.nothing_lost_asked import CHECK, GAPS, WEBHOOK, Asked
from inbox.views.nothing_lost_facts import Facts


@dataclass(frozen=True, slots=True)
class Button:
    """A form of one button. ``busy``: it was pressed and is not done, so it cannot be pressed."""

    what: str
    words: str
    busy: bool
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a button that was pressed lately."""

    words: str
    tone: str


def buttons(account: Account, running: set[str]) -> list[Button]:
    """Those that make sense for this account now."""
    if account.state == AccountState.DISCONNECTED:
        return []
    paused = account.state == AccountState.PAUSED
    made = []
    if account.webhook_problem and not paused:
        busy = WEBHOOK in running
        made.append(Button(WEBHOOK, _("Restoring the webhook") if busy else _("Restore the webhook"), busy, not busy))
    busy = CHECK in running
    made.append(Button(CHECK, _("Checking") if busy else _("Check now"), busy))
    if not paused:
        busy = GAPS in running
        made.append(Button(GAPS, _("Searching") if busy else _("Search for missed messages"), busy))
    return made


def said(asked: Asked, facts: Facts, platform: str, at: datetime) -> Said:
    """What came of a press, in words."""
    by = {"name": asked.by, "moment": words.clock(asked.at, at)}
    account = facts.account
    names = {"platform": platform}
    if asked.running(facts, at):
        what = {
            CHECK: _("The connection is being checked, asked by %(name)s %(moment)s."),
            GAPS: _("Missed messages are being searched for, asked by %(name)s %(moment)s."),
            WEBHOOK: _("The webhook is being restored, asked by %(name)s %(moment)s."),
        }
        return Said(what[asked.what] % by, "busy")
    if not asked.done(facts):
        return Said(_("No answer yet to what %(name)s asked %(moment)s. It is asked again by itself.") % by, "bad")
    if asked.what == GAPS:
        check = asked.round or facts.gap_check
        if account.state == AccountState.BROKEN or check is None:
            return Said(words.wrong(account.error_reason, platform), "bad")
        if why := words.broke_off(check, platform):
            return Said(why, "bad")
        return Said(_("Searched: %(found)s.") % {"found": words.found(check.found)}, "good")
    if account.state == AccountState.BROKEN:
        return Said(_("Checked: %(what)s") % {"what": account_words.broken(account.error_reason, account.kind)}, "bad")
    if asked.what == WEBHOOK and account.error_reason == "configuration":
        return Said(_("%(platform)s lets nobody restore this from here. Do it at %(platform)s.") % names, "bad")
    if account.error_reason:
        return Said(_("Checked: %(what)s") % {"what": words.wrong(account.error_reason, platform)}, "bad")
    if account.webhook_problem:
        unheard = account_words.unheard(account.webhook_problem, account.kind)
        return Said(_("Checked: %(what)s") % {"what": unheard}, "bad")
    if asked.what == WEBHOOK:
        return Said(_("The webhook is restored: %(platform)s brings us messages again.") % names, "good")
    return Said(_("Checked: the connection with %(platform)s works.") % names, "good")


def cost(account: Account) -> str:
    """What pressing costs at the platform; see channels/connectors/x/README.md."""
    if account.kind != Kind.X:
        return ""
    return _("Searching costs money at X: about 0.1 cent a mention and 1 cent a direct message that X shows.")
