"""Messages a second from stored webhook to conversation: parsed, ordered, routed, clocks started, audited."""

import time
import uuid
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from benchmarks.table import Figure
from channels import events
from channels.clock import now
from channels.models import EventState, InboundEvent, PlatformApp
from channels.simulator import town
from inbox import ingest
from inbox.models import Message

MESSAGES = 6_000
PER_CITIZEN = 3
RUNS = 3


def body(number: int, run: str) -> bytes:
    """One WhatsApp message as Twilio sends it."""
    app = town.app("whatsapp")
    citizen = f"{run}{number // PER_CITIZEN:06}"
    return urlencode(
        {
            "MessageSid": f"SM{run}{number:028}",
            "AccountSid": app.secrets["account_sid"],
            "From": f"whatsapp:+316{citizen}",
            "To": app.accounts[0].external_id,
            "Body": f"Goedemorgen, mijn container is niet geleegd. Kunt u helpen? ({number})",
            "NumMedia": "0",
            "ProfileName": f"Inwoner {citizen}",
            "WaId": f"316{citizen}",
        }
    ).encode()


def measure(folder: Path) -> list[Figure]:
    """Fill the table, drain it in this one process, look whether every message is there."""
    app = PlatformApp.objects.get(key=town.app("whatsapp").key)
    rates = []
    for _ in range(RUNS):
        run = str(uuid.uuid4().int)[:2]
        while InboundEvent.objects.filter(dedupe_key=f"SM{run}{0:028}").exists():
            run = str(uuid.uuid4().int)[:2]
        if InboundEvent.objects.filter(state=EventState.STORED).exists():
            ingest.drain(seconds=300)  # what an earlier benchmark left
        for number in range(MESSAGES):
            key = f"SM{run}{number:028}"
            events.store(app.pk, body(number, run), "application/x-www-form-urlencoded", key, received_at=now())
        before = Message.objects.filter(direction="in").count()
        begun = time.perf_counter()
        ingest.drain(seconds=300)
        rates.append(MESSAGES / (time.perf_counter() - begun))
        there = Message.objects.filter(direction="in").count() - before
        if there != MESSAGES:
            raise RuntimeError(f"{MESSAGES} messages were stored, {there} are in conversations")
    conditions = (
        f"one process, batches of {ingest.BATCH}, {MESSAGES} messages, {PER_CITIZEN} a citizen, median of {RUNS}"
    )
    return [Figure("ingest_messages_per_s", median(rates), "messages/s", conditions)]
