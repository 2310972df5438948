"""Files of strangers: for who may see the conversation, as bytes that a browser does not run."""

from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from inbox.models import Attachment, Conversation, User


def png() -> bytes:
    written = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def make(make_conversation):
    def made(
        content: bytes | None = b"inhoud", conversation: Conversation | None = None, **fields: object
    ) -> Attachment:
        conversation = conversation or make_conversation()
        values = {"kind": "file", "state": "ready", "content_type": "application/pdf", "name": "brief.pdf"} | fields
        attachment = Attachment(message=conversation.messages.first(), **values)
        if content is not None:
            attachment.file.save("x", ContentFile(content), save=False)
        attachment.save()
        return attachment

    return made


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_file_is_a_download(client, agent: User, make):
    client.force_login(agent)
    response = client.get(f"/attachments/{make().pk}/")
    assert (response.status_code, body(response)) == (200, b"inhoud")
    assert response["Content-Disposition"] == 'attachment; filename="brief.pdf"'
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert response["Cache-Control"] == "private, max-age=600"


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/javascript", "image/png\n", ""],
)
def test_what_a_browser_could_run_is_only_bytes(client, agent, make, kind):
    client.force_login(agent)
    response = client.get(f"/attachments/{make(b'<script>', content_type=kind).pk}/")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].split(";")[0] == "attachment"
    assert body(response) == b"<script>"


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("C:\\fotos\\straat.jpg", 'attachment; filename="straat.jpg"'),
        ('a"b.pdf', 'attachment; filename="a\\"b.pdf"'),
        ("café.pdf", "attachment; filename*=utf-8''caf%C3%A9.pdf"),
        ("", None),
        ("map/", None),
    ],
)
def test_names_are_names_only(client, agent, make, name, disposition):
    client.force_login(agent)
    attachment = make(name=name)
    response = client.get(f"/attachments/{attachment.pk}/")
    assert response["Content-Disposition"] == (disposition or f'attachment; filename="file-{attachment.pk}"')
    body(response)


def test_preview_is_a_new_picture(client, agent, make):
    client.force_login(agent)
    response = client.get(f"/attachments/{make(png(), kind='image', content_type='image/png').pk}/preview/")
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert response["Content-Disposition"] == "inline"
    assert response["X-Content-Type-Options"] == "nosniff"
    with Image.open(BytesIO(response.content)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 30))


def test_preview_of_no_picture_is_404(client, agent, make):
    client.force_login(agent)
    attachment = make(b"<svg onload=alert(1)>", kind="image", content_type="image/png")
    assert client.get(f"/attachments/{attachment.pk}/preview/").status_code == 404


@pytest.mark.parametrize("state", ["pending", "failed", "none"])
def test_what_is_not_here_is_404(client, agent, make, state):
    client.force_login(agent)
    attachment = make(None, state=state)
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404
    assert client.get(f"/attachments/{attachment.pk}/preview/").status_code == 404


def test_a_file_that_vanished_is_404(client, agent, make):
    client.force_login(agent)
    attachment = make()
    attachment.file.storage.delete(attachment.file.name)
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404
    assert client.get(f"/attachments/{attachment.pk}/preview/").status_code == 404


def test_outsider_gets_404(client, outsider, make):
    attachment = make(png(), kind="image", content_type="image/png")
    client.force_login(outsider)
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404
    assert client.get(f"/attachments/{attachment.pk}/preview/").status_code == 404
    assert client.get(f"/attachments/{attachment.pk + 99}/").status_code == 404


def test_without_login_one_is_asked_to_log_in(client, make):
    response = client.get(f"/attachments/{make().pk}/")
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/login/")


def test_after_routing_it_is_no_longer_theirs(client, agent, burgerzaken, make):
    attachment = make()
    client.force_login(agent)
    body(client.get(f"/attachments/{attachment.pk}/"))
    Conversation.objects.update(department=burgerzaken)
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404


def test_taken_back_by_the_citizen_is_for_who_works_on_it(client, agent, viewer, make):
    attachment = make()
    attachment.message.deleted_at = attachment.message.sent_at
    attachment.message.save(update_fields=["deleted_at"])
    client.force_login(viewer)
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404
    client.force_login(agent)
    assert body(client.get(f"/attachments/{attachment.pk}/")) == b"inhoud"


def test_viewer_may_look(client, viewer, make):
    client.force_login(viewer)
    assert body(client.get(f"/attachments/{make().pk}/")) == b"inhoud"
