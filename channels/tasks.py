"""Thin Celery tasks of the gateway, and the worker's sign of life."""

from datetime import timedelta
from typing import Any

import structlog
from celery import current_app, shared_task
from celery.signals import heartbeat_sent, task_postrun, worker_ready
from kombu.exceptions import OperationalError

from channels import account_state, liveness, polling, renewal
from channels.clock import now
from channels.models import AT_REST, Account, AccountState

JUST_ASKED = timedelta(minutes=1)
FRESH = timedelta(minutes=10)  # an answer so old is good enough when a worker starts: they may all start at once
AFTER_START = 20  # seconds: who starts beside us (the simulator in the demo) is there by then

log = structlog.get_logger()


@shared_task
def repair_gaps(at_start: bool = False) -> None:
    """Every GAPS_EVERY seconds, and at the start of a worker; see polling.repair_gaps. Of workers that start at once
    one asks: the others see its round."""
    polling.repair_gaps(JUST_ASKED if at_start else timedelta(0))


@shared_task
def repair_account(account_id: int, by_hand: bool = True) -> int:
    """By the button: what one account missed; how many messages were found. What came of it is in its GapCheck."""
    account = Account.objects.select_related("app").filter(pk=account_id).first()
    if account is None or account.state in AT_REST:
        return 0
    return polling.repair_gap(account, by_hand=by_hand)


@shared_task
def check_due() -> int:
    """Every minute: the accounts for which it is time, daily or sooner after a doubtful refusal, so that a token never
    dies quietly; how many."""
    return account_state.check_due()


@shared_task
def check_accounts() -> None:
    """At the start of a worker: whatever happened while nobody looked."""
    account_state.check_accounts(unless_since=FRESH)


@shared_task
def set_up_account(account_id: int) -> bool:
    """After it was connected, or connected again: the platform calls us for it, our access works, and what came
    meanwhile is fetched. Whether all is well."""
    account = Account.objects.select_related("app").filter(pk=account_id).first()
    if account is None or account.state == AccountState.DISCONNECTED:
        return False
    restored = account_state.restore_webhook(account)
    works = account_state.check_account(account)
    if works and account.state not in AT_REST:
        polling.repair_gap(account, by_hand=True)
    return restored and works


@shared_task
def check_account(account_id: int) -> bool:
    """By the button: whether our access to this account works. Its webhook is asked after along with it."""
    account = Account.objects.select_related("app").filter(pk=account_id).first()
    return account is not None and account_state.check_account(account)


@shared_task
def renew_access() -> int:
    """Every minute: new access for the accounts whose old ends soon; for how many."""
    return renewal.renew_due()


@shared_task
def restore_webhook(account_id: int) -> bool:
    """By the button: let the platform call us again for this account; whether it says that it does."""
    account = Account.objects.select_related("app").filter(pk=account_id).first()
    if account is None or not account_state.restore_webhook(account):
        return False
    # Nobody knows since when it was silent: all that the platform still has.
    polling.repair_gap(account, by_hand=True, replay_from=now() - polling.REPLAYED_AT_MOST)
    return True


@worker_ready.connect
def look_around(**_: Any) -> None:
    """Best effort: ``check_due`` and ``repair_gaps`` come by anyway."""
    try:
        check_accounts.apply_async(countdown=AFTER_START, expires=AFTER_START + 300, retry=False)
        repair_gaps.apply_async([True], countdown=AFTER_START, expires=AFTER_START + 300, retry=False)
    except OperationalError as error:
        log.warning("start_check_not_asked", error=type(error).__name__)


@heartbeat_sent.connect
@worker_ready.connect
@task_postrun.connect
def sign_of_life(**_: Any) -> None:
    """Every two seconds, and after each task for a worker started without heartbeats."""
    liveness.worker_is_alive(current_app.amqp.queues.consume_from)
