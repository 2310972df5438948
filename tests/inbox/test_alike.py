"""Which open questions are proposed as alike: of one's departments, not answered, of the last hours."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox import alike
from inbox.alike import Window
from inbox.models import Conversation, Department, User
from tests.conftest import MONDAY_10

type Make = Callable[..., Conversation]

OUT = "Wanneer is de stroomstoring in de Molenstraat voorbij?"


@pytest.fixture(autouse=True)
def standing(standing_clock: object) -> None:
    return None


@pytest.fixture
def storm(make_conversation: Make) -> list[Conversation]:
    """Four about the power, over three platforms; two others."""
    said = [
        ("x", OUT),
        ("facebook", "Hoe lang duurt de stroomstoring in de Molenstraat nog?"),
        ("whatsapp", "Goedemorgen, ook hier stroomstoring, Molenstraat"),
        ("whatsapp", "stroomstooring molenstraat wanneer voorbij"),
        ("x", "Ik wil graag mijn paspoort verlengen, kan dat vandaag?"),
        ("whatsapp", "Wanneer wordt het restafval opgehaald?"),
    ]
    return [make_conversation(kind, text, at=MONDAY_10 + timedelta(seconds=n)) for n, (kind, text) in enumerate(said)]


def test_like_a_conversation_over_all_platforms(storm: list[Conversation], agent: User) -> None:
    found = alike.like_conversation(agent, storm[0].pk, Window())
    assert found is not None
    assert {each.pk for each in found} == {conversation.pk for conversation in storm[:4]}
    assert [each.score for each in found if each.pk == storm[0].pk] == [1.0]
    assert {each.pk for each in found if each.sure} == {conversation.pk for conversation in storm[:4]}


def test_how_long_it_takes_can_be_asked_of_anything(make_conversation: Make, agent: User) -> None:
    first = make_conversation("facebook", "Hoe lang duurt de stroomstoring nog?")
    make_conversation("facebook", "Hoe lang duurt de wegafsluiting nog?")
    found = alike.like_conversation(agent, first.pk, Window())
    assert [each.pk for each in found or [] if each.sure] == [first.pk]


def test_like_a_text_on_one_account(storm: list[Conversation], agent: User) -> None:
    found = alike.like_text(agent, "stroomstoring Molenstraat", Window(account=storm[2].account_id))
    assert {each.pk for each in found} == {storm[2].pk, storm[3].pk}
    assert alike.like_text(agent, "\0", Window()) == []


def test_groups_are_proposed(storm: list[Conversation], agent: User) -> None:
    with CaptureQueriesContext(connection) as queries:
        [group] = alike.proposed(agent, Window())
    assert group == [storm[n].pk for n in (3, 2, 1, 0)] or set(group) == {storm[n].pk for n in (0, 1, 2)}
    assert len(queries) == 3


def test_not_who_was_answered_nor_of_others_nor_of_long_ago(
    storm: list[Conversation], agent: User, outsider: User, burgerzaken: Department
) -> None:
    Conversation.objects.filter(pk=storm[1].pk).update(last_message_out=True)
    Conversation.objects.filter(pk=storm[2].pk).update(department=burgerzaken)
    Conversation.objects.filter(pk=storm[3].pk).update(status="waiting")
    found = alike.like_conversation(agent, storm[0].pk, Window())
    assert [each.pk for each in found or []] == [storm[0].pk]
    Conversation.objects.update(last_message_at=MONDAY_10 - timedelta(hours=7))
    assert alike.like_conversation(agent, storm[0].pk, Window(hours=6)) == []
    assert alike.like_conversation(outsider, storm[0].pk, Window()) is None
    assert alike.like_text(outsider, OUT, Window()) == []


def test_a_word_alone_is_read_with_what_came_before(storm: list[Conversation], agent: User) -> None:
    Conversation.objects.filter(pk=storm[1].pk).update(last_message_text="En??")
    found = alike.like_conversation(agent, storm[0].pk, Window())
    assert storm[1].pk in {each.pk for each in found or []}
