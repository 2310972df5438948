"""Laws: whatever order the platform's events come in, and however often, the books end the same."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from channels.messages import DeliveryReceipt, Item, MessageDeleted, MessageEdited, ReceiptState
from channels.models import Account
from inbox import ingest
from inbox.incoming import receipts
from inbox.models import Clock, Conversation, Delivery, Message
from tests.inbox.storing import at, person, put, said

RANK = {"sent": 1, "delivered": 2, "read": 3}


@given(st.lists(st.sampled_from(["sent", "delivered", "read", "failed"]), max_size=8))
def test_receipts_only_move_forward_and_failed_ends(states: list[str]) -> None:
    message = Message(direction="out", state=Delivery.SENT)
    for number, state in enumerate(states):
        before = str(message.state)
        moved = receipts.advance(message, state, at(number), "63016", "recipient")
        after = str(message.state)
        assert moved == (before != after)
        if before == "failed":
            assert after == "failed"
        elif state == "failed":
            assert after == ("failed" if before == "sent" else before)
        else:
            assert RANK[after] == max(RANK[before], RANK[state])


def story(account_id: str) -> list[Item]:
    """Two citizens; four messages; edits, a delete, a post that changed its id twice."""
    account = Account(external_id=account_id)
    aisha, henk = person("aisha"), person("henk")
    return [
        said(account, "a1", "een", author=aisha, sent_at=at(0)),
        said(account, "a2", "twee", author=aisha, sent_at=at(5)),
        said(account, "h1", "drie", author=henk, sent_at=at(3)),
        said(account, "h1v2", "drie!", author=henk, sent_at=at(4), previous_ids=("h1",)),
        said(account, "h1v3", "drie!!", author=henk, sent_at=at(6), previous_ids=("h1", "h1v2")),
        MessageEdited(account_id=account_id, external_id="a1", text="een, beter", at=at(6)),
        MessageEdited(account_id=account_id, external_id="a1", text="een, best", at=at(7)),
        MessageDeleted(account_id=account_id, external_id="a2", at=at(8)),
        DeliveryReceipt(account_id=account_id, external_id="o9", state=ReceiptState.READ, at=at(9)),
    ]


@pytest.mark.usefixtures("accounts_of_class")
class TestAnyOrder(TestCase):
    @settings(max_examples=40, deadline=timedelta(seconds=20), suppress_health_check=list(HealthCheck))
    @given(
        order=st.permutations([*range(9), 0, 3, 5, 7]),
        batches=st.lists(st.integers(1, 13), max_size=5),
    )
    def test_books_end_the_same(self, order: list[int], batches: list[int]) -> None:
        account = self.account  # type: ignore[attr-defined]
        items = story(account.external_id)
        for count, number in enumerate(order, 1):
            put(account, items[number])
            if count in batches:
                ingest.drain()
        ingest.drain()
        found = Message.objects.order_by("sent_at").values_list("external_id", "text", "sent_at", "deleted_at")
        texts = {external_id: (text, deleted) for external_id, text, _, deleted in found}
        assert texts == {"a1": ("een, best", None), "a2": ("", at(8)), "h1v3": ("drie!!", None)}
        counted = Conversation.objects.order_by("identity__handle").values_list("identity__handle", "inbound_count")
        assert list(counted) == [("aisha", 2), ("henk", 1)]
        started = dict(Clock.objects.values_list("conversation__identity__handle", "started_at"))
        assert started["aisha"] == at(0)
