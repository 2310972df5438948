"""A backup is only one when it came back: data and files into a fresh database, by the commands themselves."""

import json
import stat
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection

from channels.clock import now
from inbox.models import Attachment, AuditEntry, Conversation, Message
from tests.inbox.backups.conftest import Manage, ask

pytestmark = pytest.mark.django_db(transaction=True)
FACTS = (
    "SELECT m.text, m.state, m.sent_at, c.status FROM inbox_message m"
    " JOIN inbox_conversation c ON c.id = m.conversation_id ORDER BY m.id"
)


def with_file(conversation: Conversation, content: bytes) -> Attachment:
    made = Attachment(message=conversation.messages.get(), kind="file", state="ready", size=len(content))
    made.file.save("brief.pdf", ContentFile(content), save=False)
    made.save()
    return made


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_data_and_files_come_back_in_a_fresh_database(
    manage: Manage, fresh: str, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    for number in range(3):
        with_file(make_conversation(text=f"Vraag {number} – één"), b"bestand %d" % number)
    before, archive = ask(str(connection.settings_dict["NAME"]), FACTS), tmp_path / "webcare.tar"
    assert manage("backup", archive).code == 0
    done = manage("restore", archive, database=fresh, MEDIA_ROOT=str(tmp_path / "elsewhere"))
    assert (done.code, done.error) == (0, "")
    assert (ask(fresh, FACTS), len(before)) == (before, 3)
    assert files_in(tmp_path / "elsewhere") == files_in(tmp_path / "media")
    assert ask(fresh, "SELECT verb, actor_id FROM inbox_auditentry WHERE conversation_id IS NULL") == [
        ("restored", None)
    ]
    # The log of before cannot be changed there either.
    assert ask(fresh, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger_append_only%'") == [(1,)]
    assert manage("makemigrations", "--check", database=fresh).code == 0


def test_archive_is_a_plain_tar_for_its_owner_alone(
    manage: Manage, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    attachment = with_file(make_conversation(), b"inhoud")
    archive = tmp_path / "webcare.tar"
    manage("backup", archive)
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        manifest = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert names == ["database.dump", f"media/{attachment.file.name}", "SHA256SUMS", "manifest.json"]
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert (manifest["rows"]["inbox_message"], manifest["files"], manifest["missing"]) == (1, 1, 0)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    whole = archive.read_bytes()
    assert [word for word in (b"tests-only", *_secrets()) if word in whole] == []


def _secrets() -> list[bytes]:
    told = connection.settings_dict
    return [str(told["PASSWORD"]).encode()] if told["PASSWORD"] else []


def test_backup_never_overwrites_by_itself(manage: Manage, tmp_path: Path) -> None:
    archive = tmp_path / "webcare.tar"
    archive.write_bytes(b"van gisteren")
    done = manage("backup", archive)
    assert (done.code, archive.read_bytes()) == (1, b"van gisteren")
    assert done.error == f"CommandError: {archive} exists already. Choose another name, or say --overwrite.\n"
    assert (manage("backup", archive, "--overwrite").code, manage("restore", "--verify", archive).code) == (0, 0)


def test_file_that_is_gone_is_named_and_the_rest_is_saved(
    manage: Manage, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    lost, kept = (with_file(make_conversation(), content) for content in (b"weg", b"hier"))
    Path(lost.file.path).unlink()
    done = manage("backup", tmp_path / "webcare.tar")
    assert (done.code, lost.file.name in done.error, kept.file.name in done.error) == (0, True, False)


def test_backup_while_messages_come_in_is_of_one_moment(
    manage: Manage, fresh: str, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    """Counts and dump are of one snapshot; restoring would refuse them otherwise."""
    conversation, stopping = make_conversation(), Event()

    def talk() -> None:
        number = 0
        try:
            while not stopping.is_set():
                number += 1
                Message.objects.create(
                    conversation=conversation,
                    account=conversation.account,
                    external_id=f"tegelijk-{number}",
                    direction="in",
                    public=False,
                    state="received",
                    sent_at=now(),
                )
        finally:
            connection.close()

    talking = Thread(target=talk)
    talking.start()
    try:
        assert manage("backup", tmp_path / "webcare.tar").code == 0
    finally:
        stopping.set()
        talking.join()
    done = manage("restore", tmp_path / "webcare.tar", database=fresh)
    assert (done.code, done.error) == (0, "")


def test_older_backup_is_migrated(manage: Manage, fresh: str, tmp_path: Path) -> None:
    """A database as an earlier version left it: one migration less."""
    assert manage("migrate", "-v0", database=fresh).code == 0
    assert manage("migrate", "inbox", "0004", "-v0", database=fresh).code == 0
    assert manage("backup", tmp_path / "old.tar", database=fresh).code == 0
    done = manage("restore", tmp_path / "old.tar", database=fresh)
    assert (done.code, "migrated to this version" in done.out) == (0, True)
    assert ask(fresh, "SELECT count(*) FROM inbox_message") == [(0,)]


def test_restoring_twice_ends_the_same_and_deletes_no_file(
    manage: Manage, fresh: str, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    attachment = with_file(make_conversation(), b"zoals het was")
    manage("backup", tmp_path / "webcare.tar")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "attachments").mkdir(parents=True)
    (elsewhere / "attachments" / "eigen").write_bytes(b"van iemand anders")
    (elsewhere / attachment.file.name).write_bytes(b"half")
    told = {"database": fresh, "MEDIA_ROOT": str(elsewhere)}
    assert manage("restore", tmp_path / "webcare.tar", **told).code == 0
    assert manage("restore", tmp_path / "webcare.tar", "--replace", "--yes", **told).code == 0
    assert files_in(elsewhere) == {
        "attachments/eigen": b"van iemand anders",
        attachment.file.name: b"zoals het was",
        f"{attachment.file.name}.before-restore": b"half",
    }
    assert ask(fresh, "SELECT count(*) FROM inbox_auditentry") == [(1,)]


def test_sessions_do_not_come_back(manage: Manage, fresh: str, client: Any, agent: Any, tmp_path: Path) -> None:
    client.force_login(agent)
    manage("backup", tmp_path / "webcare.tar")
    manage("restore", tmp_path / "webcare.tar", database=fresh)
    assert (ask(fresh, "SELECT count(*) FROM django_session"), ask(fresh, "SELECT username FROM inbox_user")) == (
        [(0,)],
        [("fatima",)],
    )


def test_old_answer_that_was_waiting_lies_before_a_person(
    manage: Manage, make_conversation: Callable[..., Conversation], tmp_path: Path
) -> None:
    conversation = make_conversation(status="waiting")
    values = {"conversation": conversation, "account": conversation.account, "direction": "out", "public": False}
    old = now() - timedelta(days=2)
    answer = Message.objects.create(**values, kind="answer", state="queued", sent_at=old, send_at=old)
    reply = Message.objects.create(**values, kind="auto_reply", state="queued", sent_at=old, send_at=old)
    manage("backup", tmp_path / "webcare.tar")
    done = manage("restore", tmp_path / "webcare.tar", "--replace", "--yes")
    assert (done.code, done.error) == (0, "")
    for message in (answer, reply, conversation):
        message.refresh_from_db()
    assert (answer.state, answer.send_at, reply.state) == ("unknown", None, "failed")
    assert (conversation.status, conversation.failed_count) == ("open", 1)
    assert AuditEntry.objects.get(verb="restored").data["before_a_person"] == 1
