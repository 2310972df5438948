"""Thin Celery tasks of the gateway, and the worker's sign of life."""

from typing import Any

from celery import shared_task
from celery.signals import heartbeat_sent, task_postrun, worker_ready

from channels import account_state, liveness, polling


@shared_task
def repair_gaps() -> None:
    """Every few minutes: see polling.repair_gaps."""
    polling.repair_gaps()


@shared_task
def check_accounts() -> None:
    """Daily: ask every platform whether our access still works, so that a token never dies quietly."""
    account_state.check_accounts()


@heartbeat_sent.connect
@worker_ready.connect
@task_postrun.connect
def sign_of_life(**_: Any) -> None:
    """Every two seconds, and after each task for a worker started without heartbeats."""
    liveness.worker_is_alive()
