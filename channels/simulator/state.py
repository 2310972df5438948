"""What the simulator keeps on disk: one JSON file with the town, an append-only file with its books, and media."""

import json
import mimetypes
import os
import re
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.simulator.platform import Json


def say(sentence: str) -> None:
    """A sentence for whoever started the simulator (Dutch), on standard error."""
    sys.stderr.write(f"Simulator: {sentence}\n")
    sys.stderr.flush()


class StateFile:
    """The town in one JSON file, replaced as a whole: a reader sees the old town or the new one, never half of it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> Json:
        """What was kept; {} when there is nothing. A file that cannot be read is set aside, with a sentence."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(found, dict):
                return found
            problem = "bevat geen object"
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:  # JSON and UTF-8 errors are ValueErrors
            problem = type(error).__name__
        aside = self.path.with_name(f"{self.path.name}.onleesbaar-{time.strftime('%Y%m%d-%H%M%S')}")
        with suppress(OSError):
            self.path.replace(aside)
        say(
            f"{self.path.name} is niet te lezen ({problem}) en is opzijgezet als {aside.name}. "
            "De straat begint opnieuw."
        )
        return {}

    def write(self, text: str) -> None:
        """Replace the file by ``text``. Raises OSError (disk full, no rights); the old file is then still there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=self.path.parent, prefix=f"{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(aside).replace(self.path)
        except BaseException:
            with suppress(OSError):
                Path(aside).unlink()
            raise


class Books:
    """Everything that happened, one JSON object a line, never rewritten: the fault run counts against it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[Json] = []
        self._lock = threading.Lock()  # platforms may answer from threads
        with suppress(FileNotFoundError), path.open(encoding="utf-8") as file:
            for line in file:
                # A crash may leave half a last line; what came before it stands.
                with suppress(ValueError):
                    found = json.loads(line)
                    if isinstance(found, dict):
                        self.lines.append(found)
        self._heal()

    def _heal(self) -> None:
        """End a half last line, so that the next one does not melt into it."""
        with suppress(FileNotFoundError), self.path.open("rb+") as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")

    def add(self, kind: str, what: str, external_id: str, at: datetime, details: dict[str, Any]) -> None:
        """Write one line; ``n`` counts from 1 and is the place to read on from."""
        with self._lock:
            self._add(kind, what, external_id, at, details)

    def _add(self, kind: str, what: str, external_id: str, at: datetime, details: dict[str, Any]) -> None:
        line: Json = {
            **details,
            "n": len(self.lines) + 1,
            "kind": kind,
            "what": what,
            "external_id": external_id,
            "at": at.isoformat(),
        }
        self.lines.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


class Media:
    """The files citizens and we sent, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, number: int, content: bytes, content_type: str, name: str) -> str:
        """Write a file; returns "<id>/<name>", with an extension that fits the content type."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name or "bestand").name).strip(".-")[-80:] or "bestand"
        if mimetypes.guess_type(plain)[0] != content_type:
            plain = f"{Path(plain).stem or 'bestand'}{mimetypes.guess_extension(content_type) or '.bin'}"
        target = self.folder / str(number)
        target.mkdir(parents=True, exist_ok=True)
        (target / plain).write_bytes(content)
        return f"{number}/{plain}"

    def find(self, number: str, name: str) -> Path | None:
        """The file of "<id>/<name>", None when there is none (or the name tries to leave the folder)."""
        if not number.isdigit() or Path(name).name != name:
            return None
        path = self.folder / number / name
        return path if path.is_file() else None
