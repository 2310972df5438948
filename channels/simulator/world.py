"""The town: its clock, ids, books, media, the platforms in it, and its state on disk."""

import asyncio
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from channels import clock
from channels.simulator.faults import WEBHOOK_FAULTS, Fault, Faults
from channels.simulator.platform import Json, Platform, Webhook
from channels.simulator.post import Post
from channels.simulator.state import Books, Media, StateFile, say

X_EPOCH_MS = 1_288_834_974_657  # X's ids count milliseconds from here, shifted 22 bits
SAVE_AFTER = 0.3  # seconds of rest before the town is written; longer when writing itself takes long
SAVE_AGAIN_AFTER = 5.0  # after the disk refused


class Town:
    """Implements ``World`` for the platforms; the app drives it with ``start`` and ``stop``.

    Lives in one event loop; ``changed`` and ``deliver`` may be called from other threads.
    """

    def __init__(
        self,
        base_url: str,
        public_url: str,
        state_path: Path,
        platforms: Mapping[str, Callable[["Town"], Platform]],
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.public_url = public_url.rstrip("/")
        self.version = 0
        self._closing = asyncio.Event()
        self._file = StateFile(state_path)
        self._books = Books(state_path.with_name(f"{state_path.name}.books"))
        self._media = Media(state_path.with_name(f"{state_path.name}.media"))
        self._id_lock = threading.Lock()
        self._listeners: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._dirty = asyncio.Event()
        self._saver: asyncio.Task[None] | None = None
        self._save_lock = threading.Lock()
        self._dumps = 0
        self._written = 0
        kept = self._file.load()
        self._last_id = int(kept.get("last_id", 0))
        self.faults = Faults(tuple(platforms))
        self.post = Post(
            self.public_url, self.faults, self._batch, self.record, self.changed, self._brings, self._missed
        )
        self.platforms = {kind: make(self) for kind, make in platforms.items()}
        for kind, platform in self.platforms.items():
            # Keys a newer version added keep their empty value.
            platform.state = {**platform.state, **kept.get("platforms", {}).get(kind, {})}
            if not platform.webhook_valid:  # faults do not survive a restart, but this one is the platform's own memory
                self.faults.add({"kind": kind, "fault": "webhook_invalid"})
        self._kept_post: Json = kept.get("post", {})

    # -- World -------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The town's time, aware UTC."""
        return clock.now()

    def new_id(self) -> int:
        """A number that grows with real time (the town's clock may go back) and is never given twice."""
        with self._id_lock:
            self._last_id = max(self._last_id + 1, (time.time_ns() // 1_000_000 - X_EPOCH_MS) << 22)
            return self._last_id

    def deliver(self, kind: str, webhook: Webhook) -> None:
        """Put a webhook in the post."""
        self._in_loop(self.post.deliver, kind, webhook)

    def changed(self) -> None:
        """Write the town soon, and tell everyone in the street."""
        self._in_loop(self._changed)

    def record(self, kind: str, what: str, external_id: str, **details: Any) -> None:
        """A line in the books."""
        self._books.add(kind, what, external_id, self.now(), details)

    def fault(self, kind: str, name: str) -> bool:
        """Whether this fault is to happen now."""
        found = self.faults.take((name,), kind)
        if found is not None:
            self.record(kind, "fault", "", fault=name)
            self.changed()
        return found is not None

    def media(self, content: bytes, content_type: str, name: str) -> str:
        """Keep a file; returns its address."""
        return f"{self.base_url}/media/{self._media.keep(self.new_id(), content, content_type, name)}"

    # -- for the app -------------------------------------------------------------------------------------

    @property
    def books(self) -> list[Json]:
        """Every line ever recorded, oldest first."""
        return self._books.lines

    def media_file(self, number: str, name: str) -> Path | None:
        """The kept file of a media address, or None."""
        return self._media.find(number, name)

    def fault_used(self, fault: Fault, method: str, path: str) -> None:
        """An API call met a fault. The query is left out: Facebook's holds tokens."""
        self.record(fault.kind, "fault", "", fault=fault.fault, method=method, path=path)
        self.changed()

    def add_fault(self, order: Json) -> list[Fault]:
        """Switch a fault on. Raises as ``Faults.add``."""
        added = self.faults.add(order)
        for item in added:
            if item.fault == "webhook_invalid":
                self.platforms[item.kind].state["webhook_valid"] = False
        self.changed()
        return added

    def clear_faults(self, number: int | None = None) -> None:
        """Switch a fault off, or all; what webhook faults held back goes out."""
        cleared = [item for item in self.faults.active if number is None or item.id == number]
        self.faults.clear(number)
        for item in cleared:
            if item.fault == "webhook_invalid":
                self.platforms[item.kind].webhook_valid = True
        if number is None or any(item.fault in WEBHOOK_FAULTS for item in cleared):
            self.post.flush()
        self.changed()

    def listen(self) -> asyncio.Event:
        """An event that is set at every change; give it back with ``unlisten``."""
        event = asyncio.Event()
        self._listeners.add(event)
        return event

    def unlisten(self, event: asyncio.Event) -> None:
        """Stop telling this one."""
        self._listeners.discard(event)

    @property
    def closing(self) -> bool:
        """Whether the server wants to stop."""
        return self._closing.is_set()

    async def pause(self, seconds: float) -> None:
        """Sleep, but no longer than the town is open."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def end_streams(self) -> None:
        """The server wants to stop: whoever listens should stop too. From any thread, or a signal handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end_streams)

    def _end_streams(self) -> None:
        self._closing.set()
        for event in self._listeners:
            event.set()

    async def start(self) -> None:
        """Open the town: what waited in the post goes out, changes are kept from now on."""
        self._loop = asyncio.get_running_loop()
        try:
            self.post.restore(self._kept_post)
        except (KeyError, TypeError, ValueError):
            say("een deel van de wachtende berichten in het bewaarde bestand is niet te lezen en is overgeslagen.")
        self._kept_post = {}
        self.post.start()
        self._saver = asyncio.create_task(self._save_when_changed(), name="simulator state")

    async def stop(self) -> None:
        """Close the town: everything on disk."""
        await self.post.stop()
        if self._saver is not None:
            self._saver.cancel()
            await asyncio.gather(self._saver, return_exceptions=True)
        self._save(*self._dump())
        self._loop = None

    # -- inside ------------------------------------------------------------------------------------------

    def _in_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        """Run now when in the town's loop, else soon in it."""
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if self._loop is None or here is self._loop:
            call(*arguments)
        else:
            self._loop.call_soon_threadsafe(call, *arguments)

    def _changed(self) -> None:
        self.version += 1
        for kind, platform in self.platforms.items():
            if platform.webhook_valid:  # mended through the platform's own API
                self.faults.switched_off("webhook_invalid", kind)
        self._dirty.set()
        for event in self._listeners:
            event.set()

    def _batch(self, kind: str, webhooks: list[Webhook]) -> Webhook | None:
        return self.platforms[kind].batch(webhooks)

    def _brings(self, kind: str, body: bytes) -> bool:
        return self.platforms[kind].brings(body)

    def _missed(self, kind: str, body: bytes) -> bool:
        return self.platforms[kind].missed(body)

    def _dump(self) -> tuple[int, str]:
        text = json.dumps(
            {
                "version": 1,
                "last_id": self._last_id,
                "platforms": {kind: platform.state for kind, platform in self.platforms.items()},
                "post": self.post.state(),
            },
            ensure_ascii=False,
        )
        self._dumps += 1
        return self._dumps, text

    def _save(self, number: int, text: str) -> bool:
        try:
            with self._save_lock:
                if number < self._written:  # a slow thread: a newer town is on disk already
                    return True
                self._file.write(text)
                self._written = number
        except OSError as error:
            say(
                f"{self._file.path.name} is niet te bewaren ({error.strerror}). De straat werkt door, maar vergeet "
                "bij stoppen wat er sinds de vorige keer gebeurde."
            )
            return False
        return True

    async def _save_when_changed(self) -> None:
        rest = SAVE_AFTER
        while True:
            await self._dirty.wait()
            await asyncio.sleep(rest)
            self._dirty.clear()
            began = time.monotonic()
            try:
                dump = self._dump()
            except (
                TypeError,
                ValueError,
            ):  # a platform put something in its state that is no JSON: a bug, shown
                traceback.print_exc()
                continue
            saved = await asyncio.to_thread(self._save, *dump)
            # A large town takes longer to write; never spend more than a tenth of the time on it.
            rest = max(SAVE_AFTER, 10 * (time.monotonic() - began)) if saved else SAVE_AGAIN_AFTER
            if not saved:
                self._dirty.set()
