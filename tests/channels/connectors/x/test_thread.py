"""A thread on X as it is fetched to read along: the post, then its replies; over real HTTP to the simulated X."""

from channels.connectors.x.connector import XConnector
from tests.channels.connectors.x.conftest import Town, reply, the_account


def test_post_first_then_what_stands_under_it(town: Town, connector: XConnector) -> None:
    question = town.play("mention", text="Wanneer gaat de brug open?")["id"]
    town.play("aside", citizen="henk", to=question, text="Dat vraag ik me ook af")
    connector.send(the_account(), reply(question, "Morgen om 10 uur."))
    town.play("mention", text="Iets heel anders")
    found = connector.fetch_thread(the_account(), question)
    assert [(item.text, item.from_us) for item in found] == [
        ("@gemwaterkant Wanneer gaat de brug open?", False),
        ("Dat vraag ik me ook af", False),
        ("@aisha_b Morgen om 10 uur.", True),
    ]
    assert {item.thread_id for item in found} == {question}


def test_post_that_is_gone_shows_what_is_left(town: Town, connector: XConnector) -> None:
    assert connector.fetch_thread(the_account(), "1") == []


def test_thread_stands_under_its_first_post(connector: XConnector) -> None:
    assert connector.thread_root("2244994945001", "100", "101") == "100"
