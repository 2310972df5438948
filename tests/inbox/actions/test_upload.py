"""Files to send: what each platform takes, made anew without the maker's data, described, and only one's own."""

import io

import pytest
from PIL import Image

from inbox import outbox, public_files
from inbox.actions import reply, upload
from inbox.actions.refused import NotVisible, Refused
from inbox.models import Upload

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def photo(name: str = "JPEG", size: tuple[int, int] = (60, 40)) -> bytes:
    """A picture whose maker left word of it in the file."""
    made = Image.new("RGB", size, "red")
    exif = made.getexif()
    exif[0x010F] = "Geheime camera"
    written = io.BytesIO()
    made.save(written, name, **({"exif": exif} if name in ("JPEG", "PNG", "WEBP") else {}))
    return written.getvalue()


def put_ready(conversation, by, content: bytes, name: str = "brug.jpg") -> Upload:
    return upload.add(conversation.pk, by=by, file=io.BytesIO(content), name=name, size=len(content))


def code(deed) -> str:
    with pytest.raises(Refused) as refused:
        deed()
    return refused.value.code


@pytest.fixture
def comment(agent, make_conversation):
    return make_conversation("facebook", assignee=agent)


@pytest.fixture
def chat(agent, make_conversation):
    return make_conversation("whatsapp", assignee=agent)


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_picture_is_kept_without_its_makers_data(comment, agent, name):
    made = put_ready(comment, agent, photo(name), "C:\\map\\brug.JPG")
    with made.file.open() as file:
        content = file.read()
    assert b"Geheime" in photo(name)
    assert b"Geheime" not in content
    assert (made.content_type, made.size) == (f"image/{name.lower()}", len(content))
    assert made.name == {"JPEG": "brug.JPG", "PNG": "brug.png"}[name]


def test_a_kind_the_platform_does_not_know_becomes_one_it_does(comment, agent):
    assert put_ready(comment, agent, photo("WEBP")).content_type == "image/jpeg"


def test_what_cannot_go_along_says_why(comment, chat, agent, colleague, make_conversation):
    assert code(lambda: put_ready(comment, agent, PDF, "a.pdf")) == "file_type"
    assert code(lambda: put_ready(comment, agent, b"<svg onload=alert(1)>", "a.jpg")) == "file_type"
    assert code(lambda: put_ready(comment, colleague, photo())) == "claimed_by_other"
    assert code(lambda: put_ready(chat, agent, PDF + b"0" * 17 * 2**20, "a.pdf")) == "file_size"
    assert put_ready(chat, agent, PDF, "a.pdf").content_type == "application/pdf"
    assert code(lambda: put_ready(chat, agent, photo())) == "too_many"


def test_a_picture_goes_with_its_words_or_said_to_be_decorative(comment, agent):
    made = put_ready(comment, agent, photo())
    send = {"by": agent, "text": "Kijk.", "uploads": [made.pk]}
    assert code(lambda: upload.for_answer(comment, agent, [made.pk])) == "alt_text"
    upload.describe(comment, agent, {made.pk: upload.Words("weg", True)})
    assert Upload.objects.get().alt_text == ""
    [message] = reply.reply(comment.pk, submission="6a5ad8b1-3a5f-4b52-9a3e-0e3a0a3d6a10", **send)
    assert not Upload.objects.exists()
    [file] = outbox.outgoing_of(message).files
    assert (file.content_type, file.alt_text) == ("image/jpeg", "")
    assert code(lambda: upload.for_answer(comment, agent, [made.pk])) == "file_gone"


def test_only_ones_own(comment, agent, colleague):
    made = put_ready(comment, agent, photo())
    assert upload.of(comment, colleague) == []
    upload.describe(comment, colleague, {made.pk: upload.Words("gekaapt", False)})
    assert Upload.objects.get().alt_text == ""
    with pytest.raises(NotVisible):
        upload.remove(made.pk, by=colleague)
    upload.remove(made.pk, by=agent)
    assert not made.file.storage.exists(made.file.name)


def test_the_platform_fetches_it_by_an_address_nobody_guesses(client, chat, agent, standing_clock):
    made = put_ready(chat, agent, PDF, "a.pdf")
    [message] = reply.reply(
        chat.pk, by=agent, text="", uploads=[made.pk], submission="6a5ad8b1-3a5f-4b52-9a3e-0e3a0a3d6a11"
    )
    [file] = outbox.outgoing_of(message).files
    path = "/files/" + file.public_url.partition("/files/")[2]
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"], b"".join(answer)) == (200, "application/pdf", PDF)
    token = path.split("/")[2]
    assert client.get(path.replace(token, token[:-2] + "xx")).status_code == 404
    assert public_files.attachment_id(token) == message.attachments.get().pk
