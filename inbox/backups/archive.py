"""The archive: a plain tar, so that any system opens it without us. Nothing in it is held in memory.

In this order: ``database.dump`` (pg_dump's own format, compressed), ``media/…``, ``SHA256SUMS`` (one line for each of
those, as sha256sum reads it) and last ``manifest.json``, which holds the sum of SHA256SUMS: an archive that broke off
has none. Not compressed once more: the dump is, and so are photos.
"""

import hashlib
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from inbox.backups.problem import BackupProblem

DATABASE, SUMS, MANIFEST, MEDIA = "database.dump", "SHA256SUMS", "manifest.json", "media/"
FORMAT = 1
PIECE = 1024 * 1024
MAX_MANIFEST = 4 * 1024 * 1024
LINE = re.compile(r"([0-9a-f]{64})  (.+)\n")


class Writer:
    """Members one after the other into ``file``, which can be read back and seeked. A member's length need not be
    known beforehand: its header is written when it ends."""

    def __init__(self, file: IO[bytes], moment: float) -> None:
        """moment: the time of all members, seconds since 1970."""
        self.file = file
        self.moment = moment
        self.sums: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in ``end``)
        self.members = 0

    def add(self, name: str, source: IO[bytes]) -> int:
        """One member; its length in bytes."""
        size, digest = self._write(name, source)
        self.sums.write(f"{digest}  {name}\n".encode())
        self.members += 1
        return size

    def end(self, manifest: dict[str, Any]) -> None:
        """SHA256SUMS, the manifest, and the end of the tar."""
        with self.sums:
            self.sums.seek(0)
            _size, digest = self._write(SUMS, self.sums)
        whole = {"format": FORMAT, **manifest, "members": self.members, "sha256sums": digest}
        with tempfile.TemporaryFile() as text:
            text.write(json.dumps(whole, indent=1, ensure_ascii=False).encode())
            text.seek(0)
            self._write(MANIFEST, text)
        self.file.write(bytes(2 * tarfile.BLOCKSIZE))

    def _write(self, name: str, source: IO[bytes]) -> tuple[int, str]:
        info = tarfile.TarInfo(name)
        info.mode, info.mtime = 0o600, int(self.moment)
        at = self.file.tell()
        self.file.write(bytes(tarfile.BLOCKSIZE))
        size, digest = 0, hashlib.sha256()
        while piece := source.read(PIECE):
            self.file.write(piece)
            digest.update(piece)
            size += len(piece)
        self.file.write(bytes(-size % tarfile.BLOCKSIZE))
        end = self.file.tell()
        info.size = size
        header = info.tobuf(tarfile.GNU_FORMAT, "utf-8")
        if len(header) != tarfile.BLOCKSIZE:
            raise BackupProblem(f"A file in the media folder has a name that is too long: {name[:120]}")
        self.file.seek(at)
        self.file.write(header)
        self.file.seek(end)
        return size, digest.hexdigest()


class Archive:
    """An archive that was checked: every byte of it is what was written."""

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @contextmanager
    def database(self) -> Iterator[IO[bytes]]:
        """The dump, to be read to its end."""
        with tarfile.open(self.path, "r:") as tar:
            for member in tar:
                if member.name == DATABASE:
                    yield _opened(tar, member)
                    return

    def media(self) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
        """Each file with its place under MEDIA_ROOT; read one before asking for the next."""
        with tarfile.open(self.path, "r:") as tar:
            for member in tar:
                if member.name.startswith(MEDIA):
                    yield safe(member), _opened(tar, member)


def checked(path: Path) -> Archive:
    """Read all of it and compare with its own sums. Raises BackupProblem: damaged, cut off, not ours, or a member that
    would land outside the media folder."""
    sums = hashlib.sha256()
    listed: IO[bytes]
    with tempfile.TemporaryFile() as listed:
        manifest, told, members = _read(path, listed, sums)
        if manifest is None or not isinstance(manifest, dict):
            raise BackupProblem("This archive is not complete: its end is missing. Use another backup.")
        if manifest.get("format") != FORMAT:
            raise BackupProblem(f"This archive has format {manifest.get('format')!r}; this Webcare reads {FORMAT}.")
        if told != manifest.get("sha256sums") or sums.hexdigest() != told or members != manifest.get("members"):
            wrong = _first_difference(path, listed)
            raise BackupProblem(f"This archive is damaged: {wrong} is not what was written. Use another backup.")
    return Archive(path, manifest)


def safe(member: tarfile.TarInfo) -> PurePosixPath:
    """Where a media file goes, below MEDIA_ROOT. Raises BackupProblem for one that would land anywhere else."""
    place = PurePosixPath(member.name.removeprefix(MEDIA))
    strange = any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in place.parts)
    if not member.isreg() or place.is_absolute() or strange or not place.parts:
        raise BackupProblem(f"This archive holds a file that does not belong there: {member.name[:120]!r}")
    return place


def _read(path: Path, listed: IO[bytes], sums: Any) -> tuple[Any, str, int]:
    manifest, told, members, ended = None, "", 0, False
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if ended or not member.isreg():
                    raise BackupProblem(
                        f"This archive holds something that does not belong there: {member.name[:120]!r}"
                    )
                source = _opened(tar, member)
                if member.name == MANIFEST:
                    manifest, ended = json.loads(source.read(MAX_MANIFEST)), True
                    continue
                digest = _digest(source, member.size)
                if member.name == SUMS:
                    told = digest
                    continue
                if member.name != DATABASE:
                    if not member.name.startswith(MEDIA):
                        raise BackupProblem(
                            f"This archive holds a file that does not belong there: {member.name[:120]!r}"
                        )
                    safe(member)
                line = f"{digest}  {member.name}\n".encode()
                sums.update(line)
                listed.write(line)
                members += 1
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise BackupProblem("This is no complete backup of Webcare: it cannot be read to its end.") from error
    except FileNotFoundError:
        raise BackupProblem(f"There is no file {path}.") from None
    return manifest, told, members


def _digest(source: IO[bytes], size: int) -> str:
    digest, seen = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        digest.update(piece)
        seen += len(piece)
    if seen != size:
        raise EOFError
    return digest.hexdigest()


def _first_difference(path: Path, listed: IO[bytes]) -> str:
    """The first member whose sum is another than SHA256SUMS says."""
    listed.seek(0)
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            if member.name == SUMS:
                for told, found in zip(_opened(tar, member), listed, strict=False):
                    if told != found:
                        said = LINE.fullmatch(told.decode("utf-8", "replace"))
                        return said[2] if said else SUMS
    return SUMS


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = tar.extractfile(member)
    if file is None:
        raise BackupProblem(f"This archive holds something that does not belong there: {member.name[:120]!r}")
    return file
