"""Files of strangers: for who may see the conversation, as bytes that a browser does not run."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from channels import media
from inbox.actions.refetch import refetch
from inbox.actions.refused import Refused
from inbox.models import Attachment, AuditEntry, Conversation, User
from inbox.views import files
from tests.inbox.threads import together


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


@pytest.fixture
def failed(make) -> Attachment:
    return make(None, state="failed", kind="image", error="http_410", attempts=8, source_url="https://api.twilio.com/x")


def pane(client, conversation_id: int) -> str:
    response = client.get(f"/conversations/{conversation_id}/pane/", headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def test_failure_is_shown_in_its_place_and_can_be_fetched_again(client, agent, failed):
    conversation_id = failed.message.conversation_id
    client.force_login(agent)
    page = pane(client, conversation_id)
    form = f'<form method="post" action="/attachments/{failed.pk}/retry/"'
    assert page.count(form) == 1
    assert page.count(files.why_failed("http_410")) == 1
    answer = client.post(f"/attachments/{failed.pk}/retry/")  # without scripts
    assert (answer.status_code, answer["Location"]) == (302, f"/conversations/{conversation_id}/")
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error) == ("pending", 0, "")
    entry = AuditEntry.objects.get(verb="media_retried")
    assert (entry.actor, entry.conversation_id, entry.data) == (agent, conversation_id, {"attachment": failed.pk})
    page = pane(client, conversation_id)
    assert page.count(form) == 0


def test_fetched_again_through_htmx_the_pane_shows_it(client, agent, failed):
    client.force_login(agent)
    answer = client.post(f"/attachments/{failed.pk}/retry/", headers={"HX-Request": "true"})
    assert (answer.status_code, f"attachment-{failed.pk}" in answer.content.decode()) == (200, True)
    assert f"/attachments/{failed.pk}/retry/" not in answer.content.decode()


def test_fetching_again_is_a_post_by_who_works_on_it(client, agent, viewer, outsider, failed):
    for user, method, status in ((agent, client.get, 405), (outsider, client.post, 404)):
        client.force_login(user)
        assert method(f"/attachments/{failed.pk}/retry/").status_code == status
    client.force_login(viewer)
    page = pane(client, failed.message.conversation_id)
    assert f"/attachments/{failed.pk}/retry/" not in page
    client.post(f"/attachments/{failed.pk}/retry/")
    failed.refresh_from_db()
    assert (failed.state, AuditEntry.objects.filter(verb="media_retried").count()) == ("failed", 0)


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_have_it_fetched_again_once(agent, colleague, failed):
    def ask(by: User) -> str:
        try:
            refetch(failed.pk, by=by)
        except Refused as refusal:
            return refusal.code
        return "asked"

    assert sorted(together(lambda: ask(agent), lambda: ask(colleague))) == ["asked", "not_failed"]
    assert AuditEntry.objects.filter(verb="media_retried").count() == 1


def test_file_without_an_address_offers_no_retry(client, agent, make):
    attachment = make(None, state="failed", kind="image", error="no_address")
    client.force_login(agent)
    page = pane(client, attachment.message.conversation_id)
    assert f"/attachments/{attachment.pk}/retry/" not in page
    with pytest.raises(Refused) as refusal:
        refetch(attachment.pk, by=agent)
    assert refusal.value.code == "no_address"


CODES = ["too_large", "content", "host", "http_404", "http_403", "timeout", "http_503", "disk", "no_address"]


def test_every_reason_has_words_of_its_own():
    words = {code: files.why_failed(code) for code in CODES}
    assert len(set(words.values())) == len(CODES) - 1  # a platform that is silent and one that is broken are alike
    assert files.why_failed("something new") == files.why_failed("no_address")


@pytest.mark.parametrize(
    ("content_type", "shape", "preview"),
    [
        ("image/png", "image", True),
        ("image/heic", "file", False),
        ("image/svg+xml", "file", False),
        ("text/html", "file", False),
        ("application/pdf", "file", False),
        ("application/octet-stream", "file", False),
        ("audio/ogg", "audio", False),
        ("video/mp4", "video", False),
    ],
)
def test_shown_by_the_type_its_bytes_told(make, content_type, shape, preview):
    found = files.file(make(content_type=content_type, kind="image"), retry=True)
    assert (found.shape, bool(found.preview), found.retry) == (shape, preview, False)


def test_preview_is_made_once_and_kept(client, agent, make):
    client.force_login(agent)
    attachment = make(png(), kind="image", content_type="image/png")
    first = client.get(f"/attachments/{attachment.pk}/preview/")
    kept = media.preview_path(Path(attachment.file.path))
    assert kept.read_bytes() == first.content
    kept.write_bytes(b"zoals bewaard")
    assert client.get(f"/attachments/{attachment.pk}/preview/").content == b"zoals bewaard"


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=0-3", 206, b"inho", "bytes 0-3/6"),
        ("bytes=2-", 206, b"houd", "bytes 2-5/6"),
        ("bytes=-2", 206, b"ud", "bytes 4-5/6"),
        ("bytes=0-99", 206, b"inhoud", "bytes 0-5/6"),
        ("bytes=6-", 416, b"", "bytes */6"),
        ("bytes=3-1", 200, b"inhoud", None),
        ("bytes=0-1,3-4", 200, b"inhoud", None),
        ("pages=1", 200, b"inhoud", None),
    ],
)
def test_film_can_be_wound(client, agent, make, asked, status, content, told):
    client.force_login(agent)
    attachment = make(kind="video", content_type="video/mp4")
    response = client.get(f"/attachments/{attachment.pk}/", headers={"Range": asked})
    assert (response.status_code, body(response), response.get("Content-Range")) == (status, content, told)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].split(";")[0] == "attachment"
