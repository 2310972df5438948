"""Whatever arrives with a right signature: parse gives items or MalformedEvent, and nothing else."""

import json
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.connectors.facebook.parse import parse
from channels.errors import MalformedEvent
from channels.messages import Item
from tests.channels.connectors.facebook.conftest import PAGE, RECEIVED

ITEMS = get_args(Item)
WORDS = [
    "object", "page", "entry", "id", "time", "changes", "field", "feed", "value", "item", "verb", "add", "edited",
    "remove", "hide", "comment", "status", "photo", "share", "from", "name", "post_id", "comment_id", "parent_id",
    "created_time", "message", "post", "messaging", "standby", "sender", "recipient", "timestamp", "mid", "text",
    "attachments", "type", "payload", "url", "sticker_id", "coordinates", "lat", "delivery", "mids", "watermark",
    "read", "postback", "message_edit", "is_echo", "policy_enforcement", "action", "block", PAGE,
]  # fmt: skip
words = st.sampled_from(WORDS)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), words)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=20,
)
values = st.fixed_dictionaries(
    {},
    optional={
        "item": st.sampled_from(["comment", "status", "photo", "share"]) | anything,
        "verb": st.sampled_from(["add", "edited", "remove", "hide"]) | anything,
        "comment_id": st.sampled_from(["1_2"]) | anything,
        "post_id": st.sampled_from([f"{PAGE}_1"]) | anything,
        **dict.fromkeys(("from", "parent_id", "created_time", "message", "post", "photo", "link", "photos"), anything),
    },
)
ids = st.just({"id": "7"}) | anything
events = st.fixed_dictionaries(
    {"sender": ids, "recipient": ids, "timestamp": anything},
    optional={
        "message": st.fixed_dictionaries(
            {"mid": st.just("m_1") | anything},
            optional=dict.fromkeys(("text", "attachments", "quick_reply", "is_echo", "reply_to"), anything),
        ),
        **dict.fromkeys(("postback", "delivery", "read", "message_edit", "policy_enforcement"), anything),
    },
)
entries = st.fixed_dictionaries(
    {"id": st.just(PAGE) | anything},
    optional={
        "time": anything,
        "changes": st.lists(st.fixed_dictionaries({"field": st.just("feed"), "value": values}) | anything, max_size=3),
        "messaging": st.lists(events | anything, max_size=3),
        "standby": anything,
    },
)
envelopes = st.fixed_dictionaries({"object": st.just("page"), "entry": st.lists(entries | anything, max_size=3)})


def items_or_malformed(content: bytes) -> None:
    try:
        found = parse(content, RECEIVED)
    except MalformedEvent:
        return
    assert found
    assert all(isinstance(item, ITEMS) for item in found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(envelopes | anything)
def test_parse_any_json_gives_items_or_malformed(content: Any) -> None:
    items_or_malformed(json.dumps(content).encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_parse_any_bytes_gives_items_or_malformed(content: bytes) -> None:
    items_or_malformed(content)
