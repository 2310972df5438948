"""`manage.py replay_event ID…`: process stored events again, as the button on "Niets kwijt" does."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.dateparse import parse_datetime

from channels import events
from channels.models import EventState, InboundEvent, PlatformApp
from inbox import audit

PIECE = 1000  # events in one transaction and one audit entry


class Command(BaseCommand):
    """Harmless for what was done before: nothing is shown twice and nothing is sent again."""

    help = "Process stored events again: these, or all that failed. A worker takes them as soon as one is free."

    def add_arguments(self, parser: CommandParser) -> None:
        """ID…, or --failed; --since and --app narrow --failed."""
        parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="the number of an event, as in the log")
        parser.add_argument("--failed", action="store_true", help="all events that failed")
        parser.add_argument("--since", help="with --failed: received at this moment or later, as 2026-11-22T09:00Z")
        parser.add_argument("--app", help="with --failed: of the platform app with this key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises CommandError, and changes nothing, for numbers, moments and apps that do not exist."""
        chosen = self._failed(options) if options["failed"] else self._named(options)
        waiting = InboundEvent.objects.filter(pk__in=chosen, state=EventState.STORED).count()
        count = 0
        for start in range(0, len(chosen), PIECE):
            piece = chosen[start : start + PIECE]
            with transaction.atomic():
                count += events.replay(piece)
                audit.record(None, "events_replayed", None, events=piece)
        self.stdout.write(_sentence(count, "is processed again.", "are processed again."))
        if waiting:
            self.stdout.write(_sentence(waiting, "was waiting already.", "were waiting already."))

    def _named(self, options: dict[str, Any]) -> list[int]:
        if options["since"] or options["app"]:
            raise CommandError("--since and --app go with --failed.")
        ids = list(dict.fromkeys(options["ids"]))
        if not ids:
            raise CommandError("Name the events, or say --failed.")
        # A number beyond what PostgreSQL counts to is not refused by it with an error, but is unknown like any other.
        known = set(InboundEvent.objects.filter(pk__in=ids).values_list("pk", flat=True))
        unknown = [str(event_id) for event_id in ids if event_id not in known]
        if unknown:
            raise CommandError(f"There is no event {', '.join(unknown)}. Nothing was changed.")
        return ids

    def _failed(self, options: dict[str, Any]) -> list[int]:
        if options["ids"]:
            raise CommandError("Name the events, or say --failed; not both.")
        found = InboundEvent.objects.filter(state=EventState.FAILED)
        if options["since"]:
            found = found.filter(received_at__gte=_moment(options["since"]))
        if options["app"]:
            app = PlatformApp.objects.defer("secrets").filter(key=options["app"]).first()
            if app is None:
                raise CommandError(f"There is no platform app with the key {options['app']!r}.")
            found = found.filter(app=app)
        return list(found.order_by("pk").values_list("pk", flat=True))


def _moment(written: str) -> datetime:
    """Aware; UTC when no zone is written. Raises CommandError."""
    try:
        moment = parse_datetime(written)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{written!r} is no moment; write it as 2026-11-22T09:00Z.")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _sentence(count: int, one: str, more: str) -> str:
    return f"1 event {one}" if count == 1 else f"{count} events {more}"
