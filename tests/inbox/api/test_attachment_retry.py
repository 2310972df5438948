"""A file that did not come, asked for once more by a program."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from inbox.models import Attachment, AuditEntry, Conversation, User
from tests.inbox.api.conftest import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(make_conversation: Callable[..., Conversation]) -> Attachment:
    return Attachment.objects.create(
        message=make_conversation().messages.get(),
        kind="image",
        state="failed",
        error="http_503",
        attempts=8,
        source_url="https://api.twilio.com/x",
    )


def test_failed_file_is_fetched_again_once(fatima: APIClient, agent: User, failed: Attachment) -> None:
    address = f"/api/v1/attachments/{failed.pk}/retry/"
    first, second = fatima.post(address), fatima.post(address)
    assert (first.status_code, first.json()["availability"]) == (200, "pending")
    assert (second.status_code, second.json()["code"]) == (409, "not_failed")
    entry = AuditEntry.objects.get(verb="media_retried")
    assert (entry.actor, entry.data) == (agent, {"attachment": failed.pk})


def test_who_only_reads_may_not_and_who_does_not_see_it_finds_nothing(
    api: Api, viewer: User, outsider: User, failed: Attachment
) -> None:
    address = f"/api/v1/attachments/{failed.pk}/retry/"
    assert [api(user).post(address).status_code for user in (viewer, outsider)] == [403, 404]
    failed.refresh_from_db()
    assert failed.state == "failed"
