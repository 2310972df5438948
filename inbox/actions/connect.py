"""Connect accounts by what a log-in at the platform offered, and give one new access without losing anything."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from channels.messages import OfferedAccount
from channels.models import Account, AccountState, PlatformApp
from inbox import audit
from inbox.actions.refused import Refused
from inbox.models import AccountSettings, ClosingDay, Department, OpeningPeriod, User
from inbox.office_hours import DEFAULT_HOURS


@dataclass(frozen=True, slots=True)
class Choice:
    """One account to connect: under which name, whose conversations, open as which other account (None: office
    hours)."""

    offered: OfferedAccount
    name: str
    department: Department
    hours_of: AccountSettings | None = None


def connect(app: PlatformApp, choices: Iterable[Choice], by: User) -> list[Account]:
    """New accounts of this app, with their agreements and hours; all of them or none.

    Raises Refused when one is there already: a colleague was before, or another app has it."""
    try:
        with transaction.atomic():
            return [_connected(app, choice, by) for choice in choices]
    except IntegrityError:
        raise Refused(
            "there", _("One of these accounts was connected meanwhile. Look at the list of channels.")
        ) from None


def renew(account_id: int, offered: Iterable[OfferedAccount], by: User) -> Account:
    """New access for an account that is there; its conversations, agreements and what waits to be sent stay. Paused
    stays paused, everything else is active again, so that what waited goes.

    Raises Refused when the log-in brought other accounts only: then nothing changes. Account.DoesNotExist."""
    found = list(offered)
    with transaction.atomic():
        account = Account.objects.select_for_update(of=("self",), no_key=True).select_related("app").get(pk=account_id)
        mine = next((one for one in found if one.external_id == account.external_id), None)
        if mine is None:
            raise Refused("other_account", _other(account, found))
        before = account.state
        account.secrets = dict(mine.secrets)
        account.handle = mine.handle or account.handle
        account.missing_permissions = None if mine.missing is None else list(mine.missing)
        account.token_expires_at, account.token_renew_at = mine.expires_at, mine.renew_at
        account.error_reason, account.error_code, account.error_at = "", "", None
        if account.state != AccountState.PAUSED:
            account.state = AccountState.ACTIVE
        account.save(
            update_fields=[
                *("secrets", "handle", "missing_permissions", "token_expires_at", "token_renew_at"),
                *("error_reason", "error_code", "error_at", "state"),
            ]
        )
        audit.record(None, "account_renewed", by, account=account.pk, was=before)
    return account


def _connected(app: PlatformApp, choice: Choice, by: User) -> Account:
    offered = choice.offered
    account = Account.objects.create(
        app=app,
        kind=app.kind,
        external_id=offered.external_id,
        handle=offered.handle[:100],
        name=choice.name,
        secrets=dict(offered.secrets),
        missing_permissions=None if offered.missing is None else list(offered.missing),
        token_expires_at=offered.expires_at,
        token_renew_at=offered.renew_at,
    )
    agreed = AccountSettings.objects.create(account=account, department=choice.department)
    _copy_hours(choice.hours_of, agreed)
    hours_of = choice.hours_of.account_id if choice.hours_of else None
    audit.record(None, "account_connected", by, account=account.pk, department=choice.department.pk, hours_of=hours_of)
    return account


def _copy_hours(source: AccountSettings | None, agreed: AccountSettings) -> None:
    """Without hours no timer runs."""
    periods = source.periods.all() if source else DEFAULT_HOURS.periods
    OpeningPeriod.objects.bulk_create(
        OpeningPeriod(settings=agreed, weekday=one.weekday, opens=one.opens, closes=one.closes) for one in periods
    )
    if source is None:
        return
    ClosingDay.objects.bulk_create(
        ClosingDay(settings=agreed, date=day.date, name=day.name) for day in source.closing_days.all()
    )
    agreed.holidays = source.holidays
    agreed.save(update_fields=["holidays"])


def _other(account: Account, found: list[OfferedAccount]) -> str:
    names = ", ".join(one.name for one in found[:5])
    if not names:
        return _("This log-in gives no access to %(name)s. Nothing was changed.") % {"name": account.name}
    return _("You logged in as %(others)s, but this channel is %(name)s. Nothing was changed.") % {
        "others": names,
        "name": account.name,
    }
