"""Thin Celery tasks: kicked when there is work, and by the clock (CELERY_BEAT_SCHEDULE) for what was missed."""

from datetime import datetime

from celery import shared_task

from channels.clock import now
from channels.models import Account
from inbox import (
    advice_mail,
    alerts,
    fetching,
    group_answers,
    ingest,
    kick,
    lanes,
    lateness,
    message_templates,
    nobodys,
    platform_deeds,
    profiles,
    push,
    replaying,
    summaries,
    thread_context,
)
from inbox.actions import draft, end_shift, notify, pass_on, recount, reply_privately, snooze
from inbox.actions.refused import NotVisible, Refused
from inbox.incoming import early, reactions
from inbox.models import Conversation, Status


@shared_task(time_limit=120)  # six times what a drain takes: an event that never ends is found out sooner
def drain_events() -> int:
    """Stored events into conversations; how many."""
    kick.looking("drain")
    return ingest.drain()


@shared_task
def send_due() -> int:
    """What is due in the outbox; how many."""
    kick.looking("outbox")
    return lanes.send_due()


@shared_task
def send_message(message_id: int) -> str:
    """One message that was queued just now; what became of it."""
    kick.looking(f"send:{message_id}")  # when it is not its turn yet, the answer before it kicks again
    return lanes.send_now(message_id).value


@shared_task
def fetch_due_media() -> int:
    """Files that came along; how many were tried."""
    kick.looking("media")
    return fetching.fetch_due()


@shared_task
def fetch_due_profiles() -> int:
    """Who wrote, where the webhook carried a bare id; how many were asked after."""
    kick.looking("profiles")
    return profiles.fetch_due()


@shared_task
def fetch_post_picture(post_id: int, conversation_id: int) -> bool:
    """The picture with a post whose thread was fetched just now; whether it came."""
    kick.looking(f"picture:{post_id}")
    return thread_context.fetch_picture(post_id, conversation_id)


@shared_task
def do_deeds() -> int:
    """What colleagues asked platforms to do to messages; how many were tried."""
    kick.looking("deeds")
    return platform_deeds.do_due()


@shared_task
def say_lines() -> int:
    """What is to be said in public now that a private answer has arrived; how many."""
    kick.looking("lines")
    return reply_privately.say_lines()


@shared_task
def answer_groups() -> int:
    """What is chosen in groups of alike questions, a little ahead of what the platforms take; how many."""
    kick.looking("groups")
    return group_answers.work()


@shared_task
def refresh_templates() -> int:
    """The templates of accounts of which we know nothing fresh; how many accounts told."""
    return message_templates.refresh_due()


@shared_task
def refresh_templates_of(account_id: int) -> bool:
    """Because somebody is about to choose; whether the platform told."""
    kick.looking(f"templates:{account_id}")
    account = Account.objects.select_related("app").filter(pk=account_id).first()
    return account is not None and message_templates.refresh(account)


@shared_task
def wake_snoozed() -> int:
    """Conversations whose "later" has come back to the work lists; how many."""
    due = Conversation.objects.filter(status=Status.SNOOZED, snoozed_until__lte=now())
    woken = 0
    for conversation_id in list(due.order_by("snoozed_until").values_list("pk", flat=True)[:500]):
        try:
            snooze.wake(conversation_id, by=None)
        except (Refused, NotVisible):
            continue  # a citizen, a colleague or another worker woke it first
        woken += 1
    return woken


@shared_task
def pass_on_stuck() -> int:
    """What became open with a colleague who is off; how many conversations went where their rule says."""
    return pass_on.sweep()


@shared_task
def end_forgotten_shifts() -> int:
    """Colleagues who went home without saying so; how many."""
    return end_shift.end_forgotten()


@shared_task
def replay_failed(until: str, app_id: int | None = None) -> int:
    """What failed by a moment (ISO, with its zone), of one app or of all, is processed again; how many."""
    return replaying.replay_all_failed(datetime.fromisoformat(until), app_id)


@shared_task
def alert_administrators() -> int:
    """By the clock: a channel broke, works again, or its access ends soon; how many mails went."""
    return alerts.alert_administrators()


@shared_task
def mail_advice() -> int:
    """By the clock: experts of whom advice is asked; how many questions."""
    return advice_mail.send_due()


@shared_task
def forget_old_drafts() -> int:
    """Drafts, and files put ready, that nobody came back to; how many."""
    return draft.forget_old()


@shared_task
def forget_early_changes() -> int:
    """Changes and reactions whose message never came, and threads fetched long ago; how many rows."""
    return early.prune() + reactions.prune() + thread_context.prune()


@shared_task
def tell_lateness() -> int:
    """By the clock: what is left lying goes a step further; how many steps."""
    lateness.plan()
    return lateness.tell_due() + nobodys.sweep()


@shared_task
def recount_clocks() -> int:
    """By the clock: timers of accounts whose hours or targets changed a short time ago; how many moved."""
    return recount.recount_touched()


@shared_task
def send_pushes() -> int:
    """Notices to browsers; how many went."""
    kick.looking("pushes")
    return push.send_due()


@shared_task
def send_summaries() -> int:
    """By the clock: the daily summary by e-mail; how many went."""
    return summaries.send_due()


@shared_task
def forget_old_notices() -> int:
    """What colleagues were told long ago; how many."""
    return notify.forget_old()
