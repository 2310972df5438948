"""The simulated X in the street: what citizens do there, what the inbox hears of it, in both envelopes."""

import base64
import json
import queue
from typing import Any

import pytest
from starlette.requests import Request

from channels.connectors.x import simulated_wire as wire
from channels.connectors.x.connector import XConnector
from channels.connectors.x.simulator import SimulatedX
from channels.messages import (
    Context,
    DeliveryReceipt,
    Ignored,
    IncomingMessage,
    Item,
    MessageDeleted,
    ReceiptState,
)
from channels.simulator.town import citizen
from tests.channels.connectors.x.conftest import ACCOUNT_ID, Town, direct, reply, the_account

AISHA = citizen("aisha").x_id
PHOTO = {"content": base64.b64encode(b"\x89PNG....").decode(), "content_type": "image/png", "name": "tegel.png"}


@pytest.fixture(params=["xaa", "aaa"])
def both(town: Town, request: pytest.FixtureRequest) -> Town:
    """The town, speaking each envelope in turn."""
    town.play("envelope", to=request.param)
    return town


def only(items: list[Item]) -> IncomingMessage:
    (found,) = items
    assert isinstance(found, IncomingMessage)
    return found


def nothing_delivered(town: Town) -> bool:
    try:
        town.world.post.get_nowait()
    except queue.Empty:
        return True
    return False


def pinned(town: Town) -> str:
    return str(next(iter(town.x.state["posts"])))


def item(town: Town, post_id: str, items: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The item on the phone, wherever it hangs."""
    if items is None:
        items = [one for room in town.x.street()["rooms"] for one in room["items"]]
    for one in items:
        if one["id"] == post_id:
            return one
        try:
            return item(town, post_id, one["replies"])
        except KeyError:
            continue
    raise KeyError(post_id)


def test_mention_that_forgets_the_handle_gets_it_and_is_heard(both: Town) -> None:
    made = both.play(
        "mention", text="Waar is de stadswinkel? Op waterkant.nl staat <niets> & niemand belt", photo=PHOTO
    )
    found = only(both.webhooks())
    assert (found.external_id, found.kind, found.account_id, found.thread_id) == (
        made["id"],
        "mention",
        ACCOUNT_ID,
        made["id"],
    )
    assert found.text == "@gemwaterkant Waar is de stadswinkel? Op http://waterkant.nl staat <niets> & niemand belt"
    assert (found.author.external_id, found.author.name, found.author.handle) == (AISHA, "Aïsha Benali", "aisha_b")
    (photo,) = found.attachments
    assert (photo.kind, photo.content_type) == ("image", "image/png")
    assert photo.url.startswith("http://simulator.test/media/")
    assert found.answerable is True


def test_mention_longer_than_140_is_heard_whole(both: Town) -> None:
    text = "@gemwaterkant " + "Nog een heel verhaal. " * 11 + "Einde."
    both.play("mention", text=text)
    assert only(both.webhooks()).text == text


def test_reply_to_us_is_heard_with_what_it_answers(both: Town) -> None:
    both.play("reply", to=pinned(both), text="Dank u")
    found = only(both.webhooks())
    assert (found.kind, found.in_reply_to, found.text, found.answerable) == (
        "reply",
        pinned(both),
        "@gemwaterkant Dank u",
        True,
    )


def test_reply_that_names_nobody_is_heard_but_may_not_be_answered(town: Town) -> None:
    town.play("aside", to=pinned(town), text="Nou")
    found = only(town.webhooks())
    assert (found.text, found.answerable) == ("Nou", False)
    assert found.context == Context(
        external_id=pinned(town),
        text=town.x.state["posts"][pinned(town)]["text"],
        author_name="Gemeente Waterkant",
        url=f"https://x.com/gemwaterkant/status/{pinned(town)}",
        from_us=True,
    )


def test_reply_that_writes_our_name_out_is_heard_twice_as_one_message(town: Town) -> None:
    town.play("reply", to=pinned(town), text="@gemwaterkant dank")
    first, second = town.webhooks(2)
    assert first == second


def test_quote_of_ours_is_heard(both: Town) -> None:
    both.play("quote", to=pinned(both), text="Lees dit")
    found = only(both.webhooks())
    assert (found.kind, found.answerable, found.text) == ("quote", True, "Lees dit")
    assert found.context is not None
    assert (found.context.external_id, found.context.from_us) == (pinned(both), True)


def test_reply_to_someone_else_is_no_event_of_the_activity_api_but_is_of_the_older_one(both: Town) -> None:
    question = both.play("mention", text="Vraag")["id"]
    both.webhooks()
    both.play("reply", to=question, text="Ik ook", citizen="henk")
    if both.x.state["envelope"] == "xaa":
        assert nothing_delivered(both)
    else:
        assert only(both.webhooks()).text == "@aisha_b @gemwaterkant Ik ook"


def test_edit_is_a_new_post_that_names_the_old(both: Town) -> None:
    old = both.play("mention", text="Waar is de stadwinkel?")["id"]
    answer = both.play("reply", to=old, text="@gemwaterkant ja waar", citizen="henk")["id"]
    both.webhooks(2)
    new = both.play("edit", id=old, text="@gemwaterkant Waar is de stadswinkel?")["id"]
    found = only(both.webhooks())
    assert (found.external_id, found.previous_ids, found.text) == (
        new,
        (old,),
        "@gemwaterkant Waar is de stadswinkel?",
    )
    shown = item(both, new)
    assert (shown["edited"], [one["id"] for one in shown["replies"]]) == (True, [answer])
    newest = both.play("edit", id=old, text="@gemwaterkant Laat maar")["id"]
    assert only(both.webhooks()).previous_ids == (old, new)
    both.play("reply", to=old, text="Ok @gemwaterkant", citizen="sofie")
    assert only(both.webhooks()).in_reply_to == newest


def test_delete_is_heard_and_leaves_a_trace_only_above_replies(both: Town) -> None:
    lonely = both.play("mention", text="Weg")["id"]
    answered = both.play("mention", text="Ook weg")["id"]
    both.play("reply", to=answered, text="@gemwaterkant hoor", citizen="henk")
    both.webhooks(3)
    both.play("delete", id=lonely)
    both.play("delete", id=answered)
    gone = both.webhooks(2)
    assert [one.external_id for one in gone if isinstance(one, MessageDeleted)] == [lonely, answered]
    with pytest.raises(KeyError):
        item(both, lonely)
    assert (item(both, answered)["deleted"], item(both, answered)["text"], item(both, answered)["actions"]) == (
        True,
        "",
        [],
    )


def test_direct_message_with_photo_is_heard(both: Town) -> None:
    made = both.play("dm", text="Deze tegel & meer", photo=PHOTO)
    found = only(both.webhooks())
    assert (found.external_id, found.public, found.thread_id, found.text) == (
        made["id"],
        False,
        AISHA,
        "Deze tegel & meer",
    )
    assert [one.kind for one in found.attachments] == ["image"]


def test_our_direct_message_is_sent_then_read(both: Town, connector: XConnector) -> None:
    sent = connector.send(the_account(), direct(AISHA, "Hij wordt gemaakt"))
    echo = only(both.webhooks())
    assert (echo.from_us, echo.external_id, echo.peer is not None) == (True, sent.external_id, True)
    assert item(both, sent.external_id)["state"] == "sent"
    assert both.play("read") == {"id": sent.external_id, "read": 1}
    (receipt,) = both.webhooks()
    assert isinstance(receipt, DeliveryReceipt)
    assert (receipt.state, receipt.thread_id, receipt.external_id) == (ReceiptState.READ, AISHA, "")
    assert receipt.at >= echo.sent_at
    assert item(both, sent.external_id)["state"] == "read"
    assert both.play("read") == {"id": "", "read": 0}
    assert nothing_delivered(both)


def test_answers_are_in_the_street_and_in_the_books(both: Town, connector: XConnector) -> None:
    question = both.play("mention", text="Vraag")["id"]
    sent = connector.send(the_account(), reply(question, "Antwoord"))
    (shown,) = item(both, question)["replies"]
    assert (shown["id"], shown["from_us"], shown["citizen"], shown["text"], shown["state"]) == (
        sent.external_id,
        True,
        "",
        "Antwoord",
        "sent",
    )
    assert [(line["what"], line["external_id"]) for line in both.world.books] == [
        ("posted", question),
        ("answered", sent.external_id),
    ]


def test_street_has_the_shape_the_page_expects(town: Town) -> None:
    town.play("mention", text="Vraag")
    town.play("dm", text="Vraag")
    found = town.x.street()
    assert json.loads(json.dumps(found)) == found
    assert (found["kind"], found["title"]) == ("x", "X")
    assert [(room["id"], room["public"], room["per_citizen"]) for room in found["rooms"]] == [
        ("timeline", True, False),
        ("dm", False, True),
    ]
    timeline, private = found["rooms"]
    assert [one["from_us"] for one in timeline["items"]] == [False, True, True]
    assert "restafval" in timeline["items"][-1]["text"]
    assert [one["action"] for one in timeline["items"][0]["actions"]] == ["reply", "quote", "edit", "delete"]
    assert [one["action"] for one in timeline["items"][1]["actions"]] == ["reply", "aside", "quote"]
    assert [(one["citizen"], one["text"], one["state"]) for one in private["items"]] == [("aisha", "Vraag", "")]
    keys = "id citizen from_us name handle text at photos location edited deleted hidden state replies actions"
    assert all(set(keys.split()) <= set(one) for one in timeline["items"] + private["items"])


def test_state_survives_as_json(town: Town) -> None:
    town.play("mention", text="Vraag", photo=PHOTO)
    again = SimulatedX(town.world)
    again.state = json.loads(json.dumps(town.x.state))
    assert again.street() == town.x.street()


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("mention", {"text": "  "}, "Schrijf eerst een bericht."),
        ("mention", {"text": "x" * 281}, "Een bericht op X mag hooguit 280 tekens lang zijn."),
        ("mention", {"text": "x", "citizen": "koning"}, "Kies eerst welke inwoner u speelt."),
        ("mention", {"text": "x", "photo": {"content": "!", "content_type": "image/png"}}, "De foto is niet te lezen."),
        ("mention", {"photo": {"content_type": "text/html"}}, "Kies een foto: jpeg, png, gif of webp."),
        ("mention", {"photo": {"content": "", "content_type": "image/png"}}, "Een foto mag hooguit 5 MB groot zijn."),
        ("reply", {"text": "x", "to": "1"}, "Dit bericht bestaat niet meer."),
        ("quote", {"text": "x"}, "Dit bericht bestaat niet meer."),
        ("delete", {"id": "1"}, "Dit bericht bestaat niet meer."),
        ("envelope", {"to": "brief"}, "Kies xaa of aaa."),
        ("like", {}, "Dat kan niet op X."),
    ],
)
def test_what_cannot_be_done_is_said_in_dutch(town: Town, action: str, data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the whole sentence is compared
        town.play(action, **data)
    assert str(caught.value) == sentence
    assert nothing_delivered(town)


def test_only_own_posts_may_be_changed(town: Town) -> None:
    made = town.play("mention", text="Van mij")["id"]
    for action in ("edit", "delete"):
        with pytest.raises(ValueError, match=r"^U kunt alleen uw eigen berichten veranderen\.$"):
            town.play(action, citizen="henk", id=made, text="Van mij")


def test_batch_puts_older_events_together_and_leaves_newer_ones_apart(town: Town) -> None:
    town.play("mention", text="Nieuw")
    newer = town.world.post.get(timeout=5)
    assert town.x.batch([newer, newer]) is None
    town.play("envelope", to="aaa")
    town.play("mention", text="Een")
    town.play("dm", text="Twee")
    town.play("mention", text="Drie", citizen="henk")
    webhook = town.x.batch([town.world.post.get(timeout=5) for _ in range(3)])
    assert webhook is not None
    town.world.deliver("x", webhook)
    assert [one.text for one in town.webhooks() if isinstance(one, IncomingMessage)] == [
        "@gemwaterkant Een",
        "@gemwaterkant Drie",
        "Twee",
    ]


def test_refusals_are_those_of_x(town: Town) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": []})
    limited = town.x.refusal("rate_limit", request)
    assert (limited.status_code, limited.headers["x-rate-limit-remaining"]) == (429, "0")
    assert int(limited.headers["x-rate-limit-reset"]) > town.world.now().timestamp()
    assert town.x.refusal("token", request).status_code == 401
    assert town.x.refusal("server_error", request).status_code == 503


def test_post_can_be_asked_for_also_by_an_older_id(town: Town, connector: XConnector) -> None:
    old = town.play("mention", text="Een")["id"]
    new = town.play("edit", id=old, text="@gemwaterkant Twee")["id"]
    client = connector._client(the_account())
    answer = client.read(client.tweepy.get_tweet, old)
    assert (answer["data"]["id"], answer["data"]["edit_history_tweet_ids"]) == (new, [old, new])
    assert client.read(client.tweepy.get_tweet, "1")["errors"][0]["title"] == "Not Found Error"


def test_entities_stand_where_they_say(town: Town) -> None:
    made = town.play("mention", text="@gemwaterkant zie waterkant.nl & @henkdewit, <3")["id"]
    post = wire.v2_post(town.x.state["posts"][made])
    text = post["text"]
    (link,) = post["entities"]["urls"]
    assert text[link["start"] : link["end"]] == link["url"]
    assert [text[one["start"] : one["end"]] for one in post["entities"]["mentions"]] == ["@gemwaterkant", "@henkdewit"]
    assert text == f"@gemwaterkant zie {link['url']} &amp; @henkdewit, &lt;3"


def test_post_that_concerns_nobody_is_not_told(town: Town) -> None:
    other = town.play("mention", text="Vraag")["id"]
    town.webhooks()
    town.play("aside", to=other, text="Wat een weer", citizen="henk")
    assert nothing_delivered(town)
    assert town.world.books[-1]["what"] == "aside"


def test_ignored_is_not_what_any_play_gives(both: Town) -> None:
    made = both.play("mention", text="Een")["id"]
    both.play("quote", to=pinned(both), text="Twee")
    both.play("dm", text="Drie")
    both.play("delete", id=made)
    assert not [one for one in both.webhooks(4) if isinstance(one, Ignored)]
