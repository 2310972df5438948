"""What is the matter with an account, in words: what happened, what it means for the work, what to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from channels.models import Account, AccountState
from inbox.failure_words import PLATFORMS

WARN_BEFORE = timedelta(days=14)  # the end of our access by itself


@dataclass(frozen=True, slots=True)
class Trouble:
    """Sentences for administrators, in the active language."""

    happened: str
    means: str
    todo: str


def trouble(account: Account) -> Trouble | None:
    """What is the matter with it; None when all is well, or when it is paused on purpose. A broken connection goes
    before a platform that does not call us."""
    if account.state == AccountState.BROKEN:
        return Trouble(
            broken(account.error_reason, account.kind),
            _(
                "Answers are kept and go by themselves once it works again. What still comes in is shown; what is "
                "missed meanwhile is fetched afterwards."
            ),
            mend(account.error_reason, account.kind),
        )
    if account.state == AccountState.ACTIVE and account.webhook_problem:
        return Trouble(
            unheard(account.webhook_problem, account.kind),
            _("New messages come in later than usual: Webcare fetches them itself. Answers go as always."),
            _("Restore it with the button at this channel. If that does not help, restore it at %(platform)s.")
            % {"platform": PLATFORMS.get(account.kind, account.kind)},
        )
    return None


def broken(reason: str, kind: str) -> str:
    """Why a connection is broken, by its reason (a key of channels.errors.REASONS)."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    words: dict[str, Callable[[], str]] = {
        "token": lambda: _("%(platform)s no longer accepts the access of Webcare.") % platform,
        "permission": lambda: _("%(platform)s does not give Webcare the rights it needs.") % platform,
        "blocked_for_policy": lambda: _("%(platform)s has blocked this channel.") % platform,
        "configuration": lambda: _("The access of this channel is filled in wrongly, or is another channel's."),
    }
    found = words.get(reason)
    return found() if found is not None else _("%(platform)s refuses the access of Webcare.") % platform


def mend(reason: str, kind: str) -> str:
    """What an administrator does about a broken connection."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if reason == "blocked_for_policy":
        return _("Look in the account at %(platform)s why, and object there if it is wrong.") % platform
    if reason == "permission":
        return _("Give the app its rights again at %(platform)s, then check the channel.") % platform
    return _("Connect the channel again with new access from %(platform)s.") % platform


def unheard(problem: str, kind: str) -> str:
    """Why a platform does not call us (a key of channels.account_state.WEBHOOK_PROBLEMS)."""
    platform = {"platform": PLATFORMS.get(kind, kind)}
    if problem == "missing":
        return _("%(platform)s does not know the address of Webcare for new messages.") % platform
    if problem == "unsubscribed":
        return _("%(platform)s no longer tells Webcare about new messages on this channel.") % platform
    return _("%(platform)s no longer tells Webcare about new messages.") % platform
