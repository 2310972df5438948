"""The simulated Facebook by itself: the street, its rules, its signed webhooks and its API's refusals."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests

from channels.connectors.facebook.simulator import SimulatedFacebook
from channels.messages import Ignored, MessageDeleted, MessageEdited, Reacted, WebhookRequest
from channels.simulator.town import APPS, citizen
from tests.channels.connectors.facebook.conftest import (
    AISHA_PSID,
    FARM,
    PAGE,
    RECEIVED,
    Facebook,
    private,
    public,
)


def room(facebook: Facebook, identifier: str) -> dict[str, Any]:
    street = facebook.platform.street()
    return next(found for found in street["rooms"] if found["id"] == identifier)


def test_street_has_a_page_and_a_messenger_for_each_page(facebook: Facebook) -> None:
    street = facebook.platform.street()
    assert (street["kind"], street["title"]) == ("facebook", "Facebook")
    assert [(found["id"], found["public"], found["per_citizen"]) for found in street["rooms"]] == [
        (f"page-{PAGE}", True, False),
        (f"messenger-{PAGE}", False, True),
        (f"page-{FARM}", True, False),
        (f"messenger-{FARM}", False, True),
    ]
    assert [len(found["items"]) for found in street["rooms"]] == [2, 0, 2, 0]
    assert json.loads(json.dumps(street)) == street


def test_street_shows_the_answer_under_the_question(facebook: Facebook) -> None:
    comment = facebook.comment()
    facebook.connector.send(facebook.page, public("Om 10 uur.", comment["id"]))
    posts = {post["id"]: post for post in room(facebook, f"page-{PAGE}")["items"]}
    (question,) = posts[facebook.first_post()]["replies"]
    (answer,) = question["replies"]
    assert (question["citizen"], question["name"], question["from_us"]) == ("aisha", "Aïsha Benali", False)
    assert [action["action"] for action in question["actions"]] == ["comment", "react", "edit", "delete"]
    assert (answer["citizen"], answer["name"], answer["from_us"], answer["text"]) == (
        "",
        "Gemeente Waterkant",
        True,
        "Om 10 uur.",
    )


def test_street_shows_how_far_our_message_came(facebook: Facebook) -> None:
    facebook.chat()
    facebook.connector.send(facebook.page, private("Goedemorgen"))
    facebook.world.webhooks(3)
    ours = room(facebook, f"messenger-{PAGE}")["items"][1]
    assert (ours["citizen"], ours["from_us"], ours["state"]) == ("aisha", True, "delivered")
    assert facebook.platform.play("read", {"citizen": "aisha", "page": PAGE}) == {"id": "", "read": 1}
    assert room(facebook, f"messenger-{PAGE}")["items"][1]["state"] == "read"
    assert facebook.platform.play("read", {"citizen": "aisha", "page": PAGE}) == {"id": "", "read": 0}


def test_webhook_is_signed_and_escaped_as_meta_does(facebook: Facebook) -> None:
    facebook.comment("Één vraag: 24/7?")
    (webhook,) = facebook.world.webhooks(1)
    assert (webhook.path, webhook.content_type) == ("/webhooks/facebook/waterkant-meta/", "application/json")
    assert b"\\u00c9\\u00e9n vraag: 24\\/7?" in webhook.body
    headers = {key.lower(): value for key, value in webhook.sign("https://inbox.example/").items()}
    facebook.connector.verify(WebhookRequest("POST", "https://inbox.example/", {}, headers, webhook.body))


def test_edit_and_delete_reach_us(facebook: Facebook) -> None:
    comment, message = facebook.comment(), facebook.chat()
    facebook.platform.play("edit", {"citizen": "aisha", "id": comment["id"], "text": "En zondag?"})
    facebook.platform.play("edit", {"citizen": "aisha", "id": message["id"], "text": "Goedemiddag"})
    facebook.platform.play("delete", {"citizen": "aisha", "id": comment["id"]})
    edited, changed, deleted = facebook.received(5)[2:]
    assert edited == MessageEdited(account_id=PAGE, external_id=comment["id"], text="En zondag?", at=edited.at)
    assert changed == MessageEdited(account_id=PAGE, external_id=message["id"], text="Goedemiddag", at=changed.at)
    assert deleted == MessageDeleted(account_id=PAGE, external_id=comment["id"], at=deleted.at)
    assert room(facebook, f"messenger-{PAGE}")["items"][0]["edited"] is True


def test_reactions_reach_us_and_the_same_once_more_takes_it_back(facebook: Facebook) -> None:
    comment = facebook.comment()
    message = facebook.platform.add_message(PAGE, citizen("aisha"), "Hallo", [], from_us=False)
    for symbol in ("👍", "❤️", "❤️"):
        for one in (comment, message):
            facebook.platform.play("react", {"citizen": "aisha", "id": one["id"], "symbol": symbol})
    told = [item for item in facebook.received(8) if isinstance(item, Reacted)]
    assert [(item.external_id == comment["id"], item.symbol, item.removed) for item in told] == [
        (True, "👍", False),
        (False, "👍", False),
        (True, "❤️", False),
        (False, "❤️", False),
        (True, "", True),
        (False, "", True),
    ]


def test_visitor_post_with_photo_edited_and_deleted(facebook: Facebook) -> None:
    photo = {"content": "UE5H", "content_type": "image/png", "name": "stoep.png"}
    post = facebook.platform.play("visitor_post", {"citizen": "lot", "page": FARM, "text": "Los", "photo": photo})
    facebook.comment("Hier ook", to=post["id"])
    facebook.platform.play("edit", {"citizen": "lot", "id": post["id"], "text": "Nog los"})
    facebook.platform.play("delete", {"citizen": "lot", "id": post["id"]})
    posted, comment, edited, deleted = facebook.received(4)
    assert (posted.kind, posted.account_id, posted.attachments[0].kind) == ("visitor_post", FARM, "image")
    assert (comment.in_reply_to, comment.context.from_us) == (post["id"], False)
    assert (edited.text, deleted.external_id) == ("Nog los", post["id"])


def test_batch_is_one_signed_call_with_all_entries(facebook: Facebook) -> None:
    facebook.comment()
    facebook.chat()
    both = facebook.platform.batch(facebook.world.webhooks(2))
    assert both is not None
    assert [item.text for item in facebook.connector.parse(both.body, RECEIVED)] == [
        "Wanneer gaat het park open?",
        "Hallo",
    ]
    headers = {key.lower(): value for key, value in both.sign("https://x/").items()}
    facebook.connector.verify(WebhookRequest("POST", "https://x/", {}, headers, both.body))


def test_state_survives_json(facebook: Facebook) -> None:
    facebook.comment()
    facebook.chat()
    again = SimulatedFacebook(facebook.world)
    again.state = json.loads(json.dumps(facebook.platform.state))
    assert again.street() == facebook.platform.street()


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("dansen", {}, "Dit kan niet op Facebook: dansen."),
        ("message", {"citizen": "niemand", "text": "x"}, "Kies eerst wie u bent."),
        ("message", {"text": " "}, "Schrijf eerst iets, of kies een foto."),
        ("message", {"text": "a" * 2001}, "Deze tekst is te lang voor Facebook. Maak hem korter."),
        ("message", {"text": "x", "page": "1"}, "Deze pagina bestaat niet."),
        ("message", {"photo": {"content": "?"}}, "Deze foto is niet te lezen. Kies een andere."),
        ("comment", {"to": "1_2", "text": "x"}, "Dit bericht bestaat niet meer. Reageer op een ander bericht."),
        ("edit", {"id": "1_2", "text": "x"}, "Dit bericht bestaat niet meer."),
    ],
)
def test_play_that_cannot_be_done_says_so_in_dutch(
    facebook: Facebook, action: str, data: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        facebook.platform.play(action, {"citizen": "aisha"} | data)
    assert str(caught.value) == sentence


def test_play_on_somebody_elses_words(facebook: Facebook) -> None:
    comment, message = facebook.comment(), facebook.chat()
    with pytest.raises(ValueError, match=r"^U kunt alleen uw eigen berichten veranderen\.$"):
        facebook.platform.play("delete", {"citizen": "henk", "id": comment["id"]})
    with pytest.raises(ValueError, match=r"^Facebook vertelt een pagina niet"):
        facebook.platform.play("delete", {"citizen": "aisha", "id": message["id"]})
    with pytest.raises(ValueError, match=r"^Schrijf eerst de nieuwe tekst\.$"):
        facebook.platform.play("edit", {"citizen": "aisha", "id": message["id"], "text": ""})


def called(facebook: Facebook, method: str, path: str, **parts: Any) -> tuple[int, Any]:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, f"{facebook.address}/v26.0/{path}", timeout=2, **parts)
    error = answer.json().get("error", {})
    return answer.status_code, error.get("code") or answer.json()


TOKEN = {"access_token": "waterkant-page-token"}


@pytest.mark.parametrize(
    ("method", "path", "parts", "expected"),
    [
        ("GET", "me", {}, (401, 104)),
        ("GET", "me", {"params": {"access_token": "x"}}, (401, 190)),
        ("GET", "me", {"params": TOKEN}, (200, {"id": PAGE, "name": "Gemeente Waterkant"})),
        ("GET", "me", {"params": TOKEN | {"appsecret_proof": "x"}}, (400, 100)),
        ("GET", "1_2", {"params": TOKEN}, (400, 100)),
        ("GET", f"{FARM}/feed", {"params": TOKEN}, (403, 200)),
        ("GET", f"{PAGE}/feed", {"params": TOKEN | {"limit": "veel"}}, (400, 100)),
        ("GET", f"{PAGE}/dromen", {"params": TOKEN}, (400, 2500)),
        ("GET", "t_1/messages", {"params": TOKEN}, (400, 100)),
        ("POST", f"{PAGE}/subscribed_apps", {"data": TOKEN}, (400, 100)),
        ("POST", f"{PAGE}/subscribed_apps", {"data": TOKEN | {"subscribed_fields": "feed"}}, (200, {"success": True})),
        ("GET", "app", {"params": TOKEN}, (401, 190)),
        ("GET", "205552219930001/subscriptions", {"params": TOKEN}, (400, 15)),
        ("POST", "205552219930001/subscriptions", {"data": TOKEN}, (400, 15)),
        ("POST", f"{PAGE}/messages", {"data": TOKEN | {"recipient": "x"}}, (400, 100)),
        ("POST", f"{PAGE}/message_attachments", {"data": TOKEN | {"message": "{}"}}, (400, 100)),
    ],
)
def test_api_answers_as_graph_does(
    facebook: Facebook, method: str, path: str, parts: dict[str, Any], expected: Any
) -> None:
    assert called(facebook, method, path, **parts) == expected


def test_api_shows_objects_and_subscriptions(facebook: Facebook) -> None:
    comment = facebook.comment()
    reply = facebook.comment("Ja", to=comment["id"])
    status, shown = called(facebook, "GET", reply["id"], params=TOKEN)
    assert (status, shown["message"], shown["parent"]) == (200, "Ja", {"id": comment["id"]})
    status, shown = called(facebook, "GET", facebook.first_post(), params=TOKEN)
    assert (status, shown["from"]) == (200, {"id": PAGE, "name": "Gemeente Waterkant"})
    status, shown = called(facebook, "GET", f"{PAGE}/subscribed_apps", params=TOKEN)
    assert shown["data"][0]["subscribed_fields"][:2] == ["feed", "messages"]


def test_api_hides_only_what_citizens_said(facebook: Facebook) -> None:
    data = TOKEN | {"is_hidden": "true"}
    assert called(facebook, "POST", facebook.first_post(), data=data) == (400, 100)
    assert called(facebook, "POST", facebook.comment()["id"], data=TOKEN) == (400, 100)


def test_api_message_without_text_or_with_both(facebook: Facebook) -> None:
    facebook.chat()
    to = TOKEN | {"recipient": json.dumps({"id": AISHA_PSID}), "messaging_type": "RESPONSE"}
    assert called(facebook, "POST", f"{PAGE}/messages", data=to | {"message": "{}"}) == (400, 100)
    long = json.dumps({"text": "a" * 2001})
    assert called(facebook, "POST", f"{PAGE}/messages", data=to | {"message": long}) == (400, 100)


def test_window_seven_days_with_the_human_agent_tag(facebook: Facebook) -> None:
    facebook.chat()
    data = TOKEN | {"recipient": json.dumps({"id": AISHA_PSID}), "message": json.dumps({"text": "Nog iets"})}
    tag = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    facebook.world.ahead = timedelta(days=6)
    assert called(facebook, "POST", f"{PAGE}/messages", data=data) == (400, 10)
    assert called(facebook, "POST", f"{PAGE}/messages", data=data | tag)[0] == 200
    facebook.world.ahead = timedelta(days=8)
    assert called(facebook, "POST", f"{PAGE}/messages", data=data | tag) == (400, 10)


def test_town_and_connector_agree_on_secrets(facebook: Facebook) -> None:
    app = next(found for found in APPS if found.kind == "facebook")
    connector = facebook.connector
    assert set(app.secrets) == {*connector.app_secrets, *connector.connecting_secrets}
    assert [set(page.secrets) for page in app.accounts] == [set(facebook.connector.account_secrets)] * 2
    assert facebook.connector.parse(b'{"object":"page","entry":[]}', RECEIVED) == [Ignored(reason="empty event")]
