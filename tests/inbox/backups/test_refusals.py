"""An archive that is not what was written, a database that is not empty, programs that are missing: a sentence, and
nothing changed."""

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.files.base import ContentFile
from django.db import connection

from inbox.backups import archive as archives
from inbox.backups import programs
from inbox.backups.problem import BackupProblem
from inbox.models import Attachment, Conversation, Message
from tests.inbox.backups.conftest import Manage, address, ask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def archive(manage: Manage, make_conversation: Callable[..., Conversation], tmp_path: Path) -> Path:
    """Of one conversation with one file."""
    attachment = Attachment(message=make_conversation().messages.get(), kind="file", state="ready", size=6)
    attachment.file.save("brief.pdf", ContentFile(b"inhoud"), save=False)
    attachment.save()
    assert manage("backup", tmp_path / "webcare.tar").code == 0
    return tmp_path / "webcare.tar"


def refused(manage: Manage, archive: Path, *more: str, database: str = "", **environment: str) -> str:
    """What it says, and nothing is in the database nor in the media folder."""
    empty = archive.parent / "nothing"
    done = manage("restore", archive, *more, database=database, MEDIA_ROOT=str(empty), **environment)
    assert (done.code, empty.exists()) == (1, False)
    return done.error.removeprefix("CommandError: ").strip()


def test_archive_that_broke_off_is_refused(manage: Manage, archive: Path, fresh: str) -> None:
    whole = archive.read_bytes()
    said = set()
    for length in (0, 300, len(whole) // 2, len(whole) - 3000):
        archive.write_bytes(whole[:length])
        said.add(refused(manage, archive, database=fresh).split(".")[0])
    assert said <= {
        "This is no complete backup of Webcare: it cannot be read to its end",
        "This archive is not complete: its end is missing",
    }
    assert ask(fresh, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]


def test_every_changed_byte_of_a_member_is_seen(archive: Path) -> None:
    whole = archive.read_bytes()
    with tarfile.open(archive) as tar:
        members = {member.name: member for member in tar.getmembers()}
    for name, member in members.items():
        if name == archives.MANIFEST:
            continue
        for offset in (0, member.size // 2, member.size - 1):
            at = member.offset_data + offset
            archive.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(BackupProblem, match=r"^This archive is damaged: "):
                archives.checked(archive)


def test_the_damaged_file_is_named(manage: Manage, archive: Path, fresh: str) -> None:
    whole = archive.read_bytes()
    archive.write_bytes(whole.replace(b"inhoud", b"inhoux"))
    name = Attachment.objects.get().file.name
    expected = f"This archive is damaged: media/{name} is not what was written. Use another backup."
    assert refused(manage, archive, "--verify", database=fresh) == expected


@pytest.mark.parametrize("name", ["media/../../evil", "media//etc/evil", "media/a/../../evil", "/etc/evil", "evil"])
def test_file_that_would_land_elsewhere_is_refused(name: str, archive: Path) -> None:
    with tarfile.open(archive, "w:", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo(name)
        info.size = 4
        tar.addfile(info, io.BytesIO(b"evil"))
    with pytest.raises(BackupProblem, match=r"^This archive holds a file that does not belong there"):
        archives.checked(archive)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_link_or_device_is_refused(kind: bytes, archive: Path) -> None:
    with tarfile.open(archive, "w:", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo("media/attachments/link")
        info.type, info.linkname = kind, "/etc/passwd"
        tar.addfile(info)
    with pytest.raises(BackupProblem, match=r"^This archive holds something that does not belong there"):
        archives.checked(archive)


def test_database_that_holds_something_is_refused_without_replace(manage: Manage, archive: Path) -> None:
    Message.objects.update(text="van na de back-up")
    said = refused(manage, archive)
    assert said.startswith("This database is not empty (channels_account, ")
    assert said.endswith("Give an empty one, or say --replace to throw away what it holds.")
    assert refused(manage, archive, "--replace").endswith("Say --yes as well to throw away what it holds.")
    assert Message.objects.get().text == "van na de back-up"


def test_database_that_is_in_use_is_refused(manage: Manage, archive: Path, fresh: str) -> None:
    with psycopg.connect(address(fresh)):
        said = refused(manage, archive, database=fresh)
    assert said.startswith("1 other connections use this database. Stop web, live, workers and scheduler first")


def test_restore_that_fails_half_way_leaves_the_database_as_it_was(manage: Manage, archive: Path) -> None:
    """The manifest promises a row more than the dump holds: seen before the commit."""
    whole = archive.read_bytes()
    assert whole.count(b'"inbox_message": 1') == 1
    archive.write_bytes(whole.replace(b'"inbox_message": 1', b'"inbox_message": 2'))
    Message.objects.update(text="van na de back-up")
    done = manage("restore", archive, "--replace", "--yes")
    assert (done.code, "the table inbox_message does not hold 2 rows" in done.error) == (1, True)
    assert Message.objects.get().text == "van na de back-up"


def test_another_key_is_said_aloud(manage: Manage, archive: Path, fresh: str) -> None:
    key = Fernet.generate_key().decode()
    done = manage("restore", archive, database=fresh, CREDENTIALS_KEY=key)
    assert done.code == 0
    assert done.error.startswith("CREDENTIALS_KEY is another than when it was made.")
    rotated = manage("restore", archive, "--verify", CREDENTIALS_KEY=f"{key},{os.environ['CREDENTIALS_KEY']}")
    assert (rotated.code, rotated.error) == (0, "")


def test_backup_of_a_newer_webcare_is_refused(manage: Manage, archive: Path, fresh: str) -> None:
    whole = archive.read_bytes()
    with tarfile.open(archive) as tar:
        manifest = tar.extractfile(archives.MANIFEST).read()  # type: ignore[union-attr]
    head = next(line for line in manifest.splitlines() if line.strip().startswith(b'"inbox": "'))
    archive.write_bytes(whole.replace(head, head.replace(b'"inbox": "0', b'"inbox": "9')))
    assert refused(manage, archive, database=fresh).startswith(
        "The backup is of a newer Webcare than this one (inbox 9"
    )


def test_programs_that_are_missing_or_too_old_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(programs, "_folders", lambda: iter([]))
    with pytest.raises(BackupProblem, match=r"none was found\. Install postgresql-client-18 and see"):
        programs.find(18)
    for name in ("pg_dump", "pg_restore", "psql"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 15.3 (Debian 15.3-1)'\n")
        program.chmod(0o700)
    monkeypatch.setattr(programs, "_folders", lambda: iter([tmp_path]))
    with pytest.raises(BackupProblem, match=r"found is only 15\.3 in "):
        programs.find(18)
    assert programs.find(15) == programs.Programs(tmp_path, "15.3")


def test_password_is_in_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = programs.find(programs.major(programs.server_version()))
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "zeer-geheim")
    assert programs.environment()["PGPASSWORD"] == "zeer-geheim"
    assert "zeer-geheim" not in " ".join(tools.command("pg_dump", "--format=custom"))


def test_backup_that_breaks_off_leaves_nothing(manage: Manage, tmp_path: Path) -> None:
    done = manage("backup", tmp_path / "webcare.tar", database="bestaat_niet")
    assert (done.code, [path.name for path in tmp_path.iterdir()]) == (1, ["media"])
    assert manage("backup", tmp_path / "nergens" / "webcare.tar").error == (
        f"CommandError: There is no folder {tmp_path / 'nergens'}.\n"
    )
