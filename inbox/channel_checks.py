"""The check of a channel: what must hold before it can be relied on, each with how it stands and what to do if not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from channels.gateway import proves_address, signs_in
from channels.models import Account, AccountState, Kind
from inbox import account_words, channel_words, sla
from inbox.account_words import WARN_BEFORE
from inbox.failure_words import PLATFORMS

# Reasons for which the platform could not be asked: they say nothing of our access.
NOT_ASKED = ("busy", "rate_limit", "no_answer")


class How(StrEnum):
    """How one of them stands."""

    GOOD = "good"
    BAD = "bad"
    BUSY = "busy"
    OPEN = "open"  # not known yet, and nobody is at it


@dataclass(frozen=True, slots=True)
class Row:
    """One of them. ``todo``: for a red cross, or to come to know. ``mend``: a button, by its name in the view."""

    key: str
    title: str
    how: How
    words: str
    todo: str = ""
    mend: str = ""


def rows(account: Account, at: datetime, *, running: bool) -> list[Row]:
    """All but the test message, which costs queries; ``running``: the platform is being asked. No query when
    ``account.app`` is there."""
    if account.state == AccountState.DISCONNECTED:
        return [_disconnected()]
    found = [_access(account, at, running)]
    if account.missing_permissions is not None:
        found.append(_permissions(account, running))
    if proves_address(account.kind):
        found.append(_address(account, at, running))
    return [*found, _subscription(account, at, running), _signature(account, at)]


def _disconnected() -> Row:
    return Row(
        "access",
        _("Access"),
        How.BAD,
        _("This channel is disconnected. Nothing comes in, and nothing goes out."),
        _("Connect it again with the button above."),
    )


def _access(account: Account, at: datetime, running: bool) -> Row:
    title, platform = _("Access"), PLATFORMS[account.kind]
    if account.state == AccountState.BROKEN:
        return _row(
            "access",
            title,
            running,
            account_words.broken(account.error_reason, account.kind),
            _mend_access(account),
        )
    if account.checked_at is None:
        if account.error_reason in NOT_ASKED:
            words = _("%(platform)s gives no answer now.") % {"platform": platform}
            return _row("access", title, running, words, _("Check again in a minute. Nothing is lost meanwhile."))
        return Row("access", title, How.BUSY if running else How.OPEN, _("Not asked yet."))
    ends = account.token_expires_at
    if ends is not None and ends <= at + WARN_BEFORE:
        words = _("The access ends %(moment)s.") % {"moment": sla.format_moment(ends, at, with_time=True)}
        return _row("access", title, running, words, _("Log in again with the button above. Nothing is lost by that."))
    checked = {"platform": platform, "moment": sla.format_moment(account.checked_at, at, with_time=True)}
    words = _("%(platform)s accepts the access of Webcare. Asked %(moment)s.") % checked
    if ends is not None:
        words += " " + _("It ends %(moment)s.") % {"moment": sla.format_moment(ends, at, with_time=True)}
    elif account.token_renew_at is not None:
        words += " " + _("Webcare renews it by itself.")
    if account.error_reason in NOT_ASKED and account.error_at is not None and account.error_at > account.checked_at:
        words = _("%(platform)s gives no answer now. The last time, %(moment)s, all was well.") % checked
        return _row("access", title, running, words, _("Check again in a minute. Nothing is lost meanwhile."))
    return Row("access", title, How.BUSY if running else How.GOOD, words)


def _mend_access(account: Account) -> str:
    if account.error_reason in ("token", "permission", "other", "configuration"):
        if signs_in(account.kind):
            return _("Log in again with the button above. Conversations stay, and what waits goes by itself.")
        return _("Fill in the keys of the app again. Conversations stay, and what waits goes by itself.")
    return account_words.mend(account.error_reason, account.kind)


def _permissions(account: Account, running: bool) -> Row:
    title, missing = _("Permissions"), account.missing_permissions or []
    if not missing:
        return Row("permissions", title, How.BUSY if running else How.GOOD, _("All permissions are given."))
    why = {one.name: one.why for one in channel_words.permissions(account.kind)}
    lacking = "; ".join(f"{name}: {why.get(name, '')}".rstrip(": .") for name in missing)
    return _row(
        "permissions",
        title,
        running,
        _("Missing: %(permissions)s.") % {"permissions": lacking},
        _("Log in again, and leave every permission switched on. The app must have them at the platform too."),
    )


def _address(account: Account, at: datetime, running: bool) -> Row:
    """The platform asked our address for its proof."""
    title, app, platform = _("Address of Webcare"), account.app, PLATFORMS[account.kind]
    proved, refused = app.challenged_at, app.challenge_refused_at
    if refused is not None and (proved is None or refused > proved):
        when = {"platform": platform, "moment": sla.format_moment(refused, at, with_time=True)}
        return _row(
            "address",
            title,
            running,
            _("%(platform)s asked for proof %(moment)s, with another verify token than Webcare has.") % when,
            _("Copy the verify token from the first step, and fill it in at the webhook there."),
        )
    if account.webhook_problem in ("missing", "invalid"):
        return _row(
            "address",
            title,
            running,
            account_words.unheard(account.webhook_problem, account.kind),
            _("Can the internet reach the address of Webcare? Then press Restore."),
            mend="webhook",
        )
    if proved is not None:
        when = {"platform": platform, "moment": sla.format_moment(proved, at, with_time=True)}
        return Row("address", title, How.GOOD, _("%(platform)s asked for proof %(moment)s, and got it.") % when)
    if account.webhook_checked_at is not None:
        return Row("address", title, How.GOOD, _("%(platform)s knows the address of Webcare.") % {"platform": platform})
    return Row("address", title, How.BUSY if running else How.OPEN, _("Not asked yet."))


def _subscription(account: Account, at: datetime, running: bool) -> Row:
    title, platform = _("New messages"), PLATFORMS[account.kind]
    if account.webhook_problem:
        return _row(
            "subscription",
            title,
            running,
            account_words.unheard(account.webhook_problem, account.kind),
            _("Press Restore. Until then Webcare fetches new messages itself, some minutes later."),
            mend="webhook",
        )
    if account.webhook_checked_at is None:
        return Row("subscription", title, How.BUSY if running else How.OPEN, _("Not asked yet."))
    when = {"platform": platform, "moment": sla.format_moment(account.webhook_checked_at, at, with_time=True)}
    words = _("%(platform)s tells Webcare about new messages on this channel. Asked %(moment)s.") % when
    return Row("subscription", title, How.BUSY if running else How.GOOD, words)


def _signature(account: Account, at: datetime) -> Row:
    """What came in last: nobody can be asked this."""
    title, app, platform = _("Signature"), account.app, PLATFORMS[account.kind]
    good, refused = app.verified_at, app.refused_at
    if refused is not None and (good is None or refused > good):
        when = {"platform": platform, "moment": sla.format_moment(refused, at, with_time=True)}
        key = channel_words.signing_key(account.kind)
        return Row(
            "signature",
            title,
            How.BAD,
            _("The last message, %(moment)s, had a wrong signature. Webcare refused it.") % when,
            _("Copy %(key)s from %(maker)s once more into the keys of the app. Then send a test message.")
            % {"key": key, "maker": channel_words.MAKERS[Kind(account.kind)]},
        )
    if good is None:
        return Row(
            "signature", title, How.OPEN, _("Nothing came in yet."), _("Send the test message below, then you know.")
        )
    when = {"platform": platform, "moment": sla.format_moment(good, at, with_time=True)}
    return Row("signature", title, How.GOOD, _("The last message of %(platform)s, %(moment)s, was signed well.") % when)


def _row(key: str, title: str, running: bool, words: str, todo: str, mend: str = "") -> Row:
    """A red cross; while the platform is asked again nobody needs to do anything."""
    return Row(key, title, How.BUSY if running else How.BAD, words, "" if running else todo, "" if running else mend)
