"""What we ask X: is our answer there, what came in, does our access work; over real HTTP to the simulated X."""

import json
from datetime import timedelta
from typing import Any

import pytest

from channels.clock import now
from channels.connector import Found, Health, Tally
from channels.connectors.x.connector import XConnector
from channels.connectors.x.read import comparable, same
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.messages import AccountCredentials, IncomingMessage
from channels.simulator.town import citizen
from tests.channels.connectors.x.conftest import ACCOUNT_ID, Town, direct, reply, the_account

AISHA, HENK = citizen("aisha").x_id, citizen("henk").x_id
LONG_AGO = timedelta(minutes=2)


def test_lost_answer_is_found_by_what_it_says_and_answers(town: Town, connector: XConnector) -> None:
    question = town.play("mention", text="Waar meld ik een losse tegel?")["id"]
    message = reply(question, "Dat kan op https://waterkant.nl/melden & in de app. 👍")
    with town.hush(connector), pytest.raises(UnknownOutcome):
        connector.send(the_account(), message)
    found = connector.find_sent(the_account(), message, now() - LONG_AGO)
    assert found.sent is not None
    assert found.sent.external_id == list(town.x.state["posts"])[-1]
    assert found.sent.sent_at is not None
    assert abs(now() - found.sent.sent_at) < timedelta(seconds=5)


def test_answer_that_is_not_there_is_surely_absent(town: Town, connector: XConnector) -> None:
    first, other = (town.play("mention", text=text)["id"] for text in ("Eerste vraag", "Andere vraag"))
    connector.send(the_account(), reply(other, "Ja"))
    connector.send(the_account(), reply(first, "Nee"))
    assert connector.find_sent(the_account(), reply(first, "Ja"), now() - LONG_AGO) == Found(surely_absent=True)


def test_answer_of_long_before_is_another_one(town: Town, connector: XConnector) -> None:
    question = town.play("mention", text="Mag ik hier parkeren?")["id"]
    connector.send(the_account(), reply(question, "Ja"))
    connector.send(the_account(), direct(AISHA, "Ja"))
    later = now() + timedelta(hours=1)
    for message in (reply(question, "Ja"), direct(AISHA, "Ja")):
        with pytest.raises(TemporaryFailure) as caught:
            connector.find_sent(the_account(), message, later)
        assert caught.value.retry_at == later + timedelta(seconds=5)
    for kept in ("posts", "dms"):
        for one in town.x.state[kept].values():
            one["at"] = (now() - timedelta(hours=1)).isoformat()
    for message in (reply(question, "Ja"), direct(AISHA, "Ja")):
        assert connector.find_sent(the_account(), message, now() - LONG_AGO) == Found(surely_absent=True)


def test_answer_is_found_beyond_the_first_page(town: Town, connector: XConnector) -> None:
    question = town.play("mention", text="Vraag")["id"]
    wanted = connector.send(the_account(), reply(question, "Antwoord 0"))
    for number in range(1, 130):
        town.x.add_post(town.x.new_post(ACCOUNT_ID, f"Bericht {number}", [], None))
    found = connector.find_sent(the_account(), reply(question, "Antwoord 0"), now() - LONG_AGO)
    assert found.sent is not None
    assert found.sent.external_id == wanted.external_id


def test_direct_message_that_was_lost_is_found(town: Town, connector: XConnector) -> None:
    message = direct(AISHA, "Uw afspraak staat op waterkant.nl/afspraak")
    with town.hush(connector), pytest.raises(UnknownOutcome):
        connector.send(the_account(), message)
    found = connector.find_sent(the_account(), message, now() - LONG_AGO)
    assert found.sent is not None
    assert (found.sent.external_id, found.sent.thread_id) == (list(town.x.state["dms"])[-1], f"{ACCOUNT_ID}-{AISHA}")
    town.play("dm", text="Uw naam?", citizen="henk")
    assert connector.find_sent(the_account(), direct(HENK, "Uw naam?"), now() - LONG_AGO) == Found(surely_absent=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"errors": [{"title": "Forbidden"}]},
        {"data": [], "meta": {"result_count": 0, "next_token": "page0"}},
    ],
)
def test_list_that_is_no_whole_list_makes_nothing_surely_absent(
    town: Town, connector: XConnector, body: dict[str, Any]
) -> None:
    for _ in range(40):
        town.fail(200, json.dumps(body).encode())
    assert connector.find_sent(the_account(), reply("1"), now() - LONG_AGO) == Found()


@pytest.mark.parametrize("fault", ["rate_limit", "server_error"])
def test_trouble_while_looking_may_be_tried_again(town: Town, connector: XConnector, fault: str) -> None:
    town.refuse(fault)
    with pytest.raises(TemporaryFailure):
        connector.find_sent(the_account(), reply("1"), now() - LONG_AGO)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
def test_unreadable_list_may_be_tried_again(town: Town, connector: XConnector, body: bytes) -> None:
    town.fail(200, body)
    with pytest.raises(TemporaryFailure):
        connector.find_sent(the_account(), direct(AISHA), now() - LONG_AGO)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ("@aisha_b @henkdewit Ja", "Ja"),
        ("@aisha_b Ja", "@aisha_b Ja"),
        ("Zie https://t.co/abc123.", "Zie waterkant.nl/melden."),
        ("Zie http://waterkant.nl", "Zie waterkant.nl/"),
        ("Regel een\n\nregel  twee", "Regel een regel twee "),
        ("Foto https://t.co/abc123", "Foto"),
        ("e\u0301\u0301n", "é\u0301n"),
    ],
)
def test_text_is_the_same_after_a_round_through_x(found: str, wanted: str) -> None:
    assert same(found, comparable(wanted))


@pytest.mark.parametrize(
    ("found", "wanted"),
    [("Ja", "Nee"), ("Ja", "Ja hoor"), ("Zie https://t.co/abc123", "Zie ons"), ("Zie waterkant.nl", "Zie gent.be")],
)
def test_other_text_is_not_the_same(found: str, wanted: str) -> None:
    assert not same(found, comparable(wanted))


def fetched(
    connector: XConnector, since: timedelta = LONG_AGO, last_seen: str = "", **settings: Any
) -> list[IncomingMessage]:
    return list(connector.fetch_since(the_account(**settings), now() - since, last_seen))


def test_gap_is_filled_with_mentions_and_direct_messages_oldest_first(town: Town, connector: XConnector) -> None:
    town.play("mention", text="Een", citizen="aisha")
    town.play("dm", text="Twee", citizen="henk")
    third = town.play("mention", text="Drie &  zoveel", citizen="sofie")["id"]
    town.x.state["posts"][third]["media"] = [town.x.keep_photo(b"x", "image/png", "x.png")]
    found = fetched(connector)
    assert [(item.text, item.public, item.kind) for item in found] == [
        ("@gemwaterkant Een", True, "mention"),
        ("Twee", False, "message"),
        ("@gemwaterkant Drie &  zoveel", True, "mention"),
    ]
    assert [item.thread_id for item in found] == [found[0].external_id, HENK, found[2].external_id]
    assert found[1].author.name == "Henk de Wit"
    assert [one.kind for one in found[2].attachments] == ["image"]


def test_gap_and_webhook_give_the_same_message(town: Town, connector: XConnector) -> None:
    town.play("mention", text="Kijk op waterkant.nl & bel")
    town.play("dm", text="Kijk op waterkant.nl & bel")
    assert fetched(connector) == town.webhooks(2)


def test_reply_that_no_webhook_told_of_is_fetched(town: Town, connector: XConnector) -> None:
    question = town.play("mention", text="Vraag")["id"]
    town.play("reply", to=question, text="Ik ook", citizen="henk")
    assert [(item.kind, item.text, item.answerable) for item in fetched(connector)] == [
        ("mention", "@gemwaterkant Vraag", True),
        ("reply", "@aisha_b @gemwaterkant Ik ook", True),
    ]


def test_nothing_up_to_the_last_seen_post_is_read_again(town: Town, connector: XConnector) -> None:
    town.play("mention", text="Gelezen")
    seen = town.play("mention", text="Gezien")["id"]
    town.play("mention", text="Nieuw")
    tally = Tally()
    # However long ago: the id decides.
    found = list(connector.fetch_since(the_account(), now() - timedelta(days=3), seen, tally))
    assert ([item.text for item in found], tally.listed) == (["@gemwaterkant Nieuw"], 1)


def test_round_with_nothing_missed_lists_one_direct_message(town: Town, connector: XConnector) -> None:
    seen = town.play("mention", text="Gezien")["id"]
    for number in range(30):
        town.play("dm", text=f"Bericht {number}")
    for one in town.x.state["dms"].values():
        one["at"] = (now() - timedelta(hours=1)).isoformat()
    tally = Tally()
    assert list(connector.fetch_since(the_account(), now() - LONG_AGO, seen, tally)) == []
    assert (tally.listed, town.calls) == (1, [f"GET /2/users/{ACCOUNT_ID}/mentions", "GET /2/dm_events"])


@pytest.mark.parametrize(("missed", "listed", "calls"), [(1, 4, 2), (5, 20, 3), (30, 84, 4), (100, 184, 5)])
def test_direct_messages_are_read_in_growing_pages(
    town: Town, connector: XConnector, missed: int, listed: int, calls: int
) -> None:
    for number in range(200):
        town.play("dm", text=f"Bericht {number}")
    for one in list(town.x.state["dms"].values())[:-missed]:
        one["at"] = (now() - timedelta(hours=1)).isoformat()
    tally = Tally()
    found = list(connector.fetch_since(the_account(), now() - LONG_AGO, "1", tally))
    assert [item.text for item in found] == [f"Bericht {number}" for number in range(200 - missed, 200)]
    assert (tally.listed, town.calls.count("GET /2/dm_events")) == (listed, calls)
    assert listed <= missed + 3 * missed + 4


def test_what_came_before_x_stopped_is_given_first(town: Town, connector: XConnector) -> None:
    for number in range(150):
        town.x.add_post(town.x.new_post(AISHA, f"@gemwaterkant {number}", [], None))
    town.play("dm", text="Wel gelezen")
    town.pass_on(1)
    town.refuse("rate_limit")
    incoming = iter(connector.fetch_since(the_account(), now() - LONG_AGO))
    found = [next(incoming).text for _ in range(101)]
    with pytest.raises(TemporaryFailure) as caught:
        next(incoming)
    assert found == [*(f"@gemwaterkant {number}" for number in range(50, 150)), "Wel gelezen"]
    assert (caught.value.reason, caught.value.retry_at is not None) == ("rate_limit", True)


def test_gap_starts_at_the_time_given(town: Town, connector: XConnector) -> None:
    old = [town.play("mention", text="Oud")["id"], town.play("dm", text="Oud")["id"]]
    for one in (town.x.state["posts"][old[0]], town.x.state["dms"][old[1]]):
        one["at"] = (now() - timedelta(hours=3)).isoformat()
    town.play("mention", text="Nieuw")
    assert [item.text for item in fetched(connector)] == ["@gemwaterkant Nieuw"]
    assert len(fetched(connector, timedelta(hours=4))) == 3


def test_gap_of_several_pages_is_filled_up_to_the_newest_800(town: Town, connector: XConnector) -> None:
    for number in range(850):
        town.x.add_post(town.x.new_post(AISHA, f"@gemwaterkant {number}", [], None))
    found = fetched(connector, direct_messages=False)
    assert [item.text for item in found] == [f"@gemwaterkant {number}" for number in range(50, 850)]
    assert town.calls == [f"GET /2/users/{ACCOUNT_ID}/mentions"] * 8


def test_mentions_are_given_before_refused_direct_messages_raise(town: Town, connector: XConnector) -> None:
    town.fail(200, b'{"data":[{"id":"9","author_id":"8","text":"Hoi"},{"id":"7"}],"meta":{"result_count":2}}')
    town.fail(403, b"{}")
    incoming = iter(connector.fetch_since(the_account(), now() - LONG_AGO))
    assert next(incoming).text == "Hoi"
    with pytest.raises(PermanentFailure) as caught:
        next(incoming)
    assert caught.value.reason == "permission"


def test_check_names_whom_we_are_connected_as(town: Town, connector: XConnector) -> None:
    assert connector.check(the_account()) == Health(ok=True, name="@gemwaterkant")


def test_check_tells_of_a_refused_token(town: Town, connector: XConnector) -> None:
    town.refuse("token")
    assert connector.check(the_account()) == Health(ok=False, reason="token", code="401")
    nothing = AccountCredentials(external_id=ACCOUNT_ID, handle="", name="", secrets={})
    assert connector.check(nothing) == Health(ok=False, reason="token")


def test_check_tells_of_another_account(town: Town, connector: XConnector) -> None:
    other = AccountCredentials(external_id="1", handle="", name="", secrets=the_account().secrets)
    assert connector.check(other) == Health(
        ok=False, reason="configuration", code="other account", name="@gemwaterkant"
    )


def test_check_raises_for_what_is_no_answer(town: Town, connector: XConnector) -> None:
    for fault in ("rate_limit", "server_error"):
        town.refuse(fault)
        with pytest.raises(TemporaryFailure):
            connector.check(the_account())
    with town.hush(connector), pytest.raises(SendError) as caught:
        connector.check(the_account())
    assert type(caught.value) is TemporaryFailure
