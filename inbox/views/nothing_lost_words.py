"""Niets kwijt: moments, counts and reasons in words."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels import polling
from channels.models import GapCheck
from inbox import sla
from inbox.views import lists

A_MINUTE = timedelta(minutes=1)


def shortly(moment: datetime, at: datetime) -> str:
    """ "just now", "12 minutes ago", and past an hour "today 09:05"."""
    passed = at - moment
    if timedelta(0) <= passed < A_MINUTE:
        return _("just now")
    if timedelta(0) <= passed < timedelta(hours=1):
        minutes = passed // A_MINUTE
        return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": minutes}
    return clock(moment, at)


def clock(moment: datetime, at: datetime) -> str:
    """ "today 14:05", "yesterday 09:00", "3 mar 2025 12:00"."""
    return sla.format_moment(moment, at, with_time=True)


def wrong(reason: str, platform: str) -> str:
    """Why a platform did not answer when asked (a key of errors.REASONS), and what happens next."""
    words = {
        "token": _("%(platform)s does not accept Webcare's access."),
        "permission": _("%(platform)s knows us, but a permission is missing. Give it there, then check again."),
        "blocked_for_policy": _("%(platform)s has blocked this channel."),
        "configuration": _("Something is set up wrongly. Check the settings of this channel."),
        "rate_limit": _("%(platform)s takes no more questions for now. It is asked again by itself."),
    }
    silent = _("%(platform)s does not answer now. It is asked again by itself.")
    return words.get(reason, silent) % {"platform": platform}


def broke_off(check: GapCheck, platform: str) -> str:
    """Why a round of gap repair broke off; "" when it did not."""
    if not check.reason:
        return ""
    if check.code == polling.STOPPED:
        return _("Webcare was stopped during the search. It searches again by itself.")
    return _("It broke off: %(reason)s") % {"reason": wrong(check.reason, platform)}


def found(count: int) -> str:
    """What a search found."""
    if not count:
        return _("nothing missed")
    return ngettext("%(count)s message found", "%(count)s messages found", count) % {"count": count}


def waits(count: int) -> str:
    """ "3 wait"; past the cap "99+ wait"."""
    return ngettext("%(count)s waits", "%(count)s wait", count) % counted(count)


def counted(count: int) -> dict[str, str]:
    """For the place of a capped count in a sentence."""
    return {"count": lists.capped(count)}
