"""Every reason a connector may give has words of its own, on every platform."""

import pytest

from channels.errors import REASONS
from inbox import failure_words
from inbox.models import Message

PLATFORMS = ["x", "facebook", "whatsapp"]


@pytest.mark.parametrize("kind", PLATFORMS)
def test_every_reason_of_a_failure_has_a_sentence_of_its_own(kind: str) -> None:
    fallback = failure_words.failed("other", kind)
    said = {reason: failure_words.failed(reason, kind) for reason in REASONS}
    assert [reason for reason, words in said.items() if words == fallback] == ["other"]
    assert len(set(said.values())) == len(said)
    assert not any("%" in words for words in said.values())


@pytest.mark.parametrize("kind", PLATFORMS)
@pytest.mark.parametrize("reason", [*REASONS, "paused"])
def test_every_reason_to_wait_has_a_sentence(kind: str, reason: str) -> None:
    words = failure_words.waiting(reason, kind)
    assert words.endswith(".")
    assert "%" not in words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "send_at", "expected"),
    [
        ("failed", None, failure_words.failed("gone", "whatsapp")),
        ("queued", None, failure_words.waiting("gone", "whatsapp")),
        ("unknown", None, failure_words.uncertain("whatsapp", for_a_person=True)),
        ("sent", None, ""),
    ],
)
def test_sentence_follows_the_state(accounts: dict, state: str, send_at: None, expected: str) -> None:
    message = Message(account=accounts["whatsapp"], state=state, send_at=send_at, error_reason="gone")
    assert failure_words.sentence(message) == expected
