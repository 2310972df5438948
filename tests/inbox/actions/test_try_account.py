"""A test message there and back: known by its code, answered once, to nobody else."""

from collections.abc import Callable

import pytest

from channels.models import Account
from inbox import ingest
from inbox.actions import try_account
from inbox.actions.refused import Refused
from inbox.models import AuditEntry, Conversation, Message, User
from tests.inbox.actions.together import together
from tests.inbox.conftest import StandingClock
from tests.inbox.storing import person, put, said

pytestmark = pytest.mark.django_db


def send(account: Account, text: str, number: str = "t1", who: str = "aisha") -> None:
    put(account, said(account, number, text=text, author=person(who)))
    ingest.drain()


def test_message_is_known_by_its_code_and_others_are_not(
    whatsapp: Account, admin: User, standing_clock: StandingClock
) -> None:
    send(whatsapp, "Wanneer is het zwembad open?", "t0", "henk")
    text = try_account.start(whatsapp.pk, admin)
    before = try_account.last(whatsapp.pk, standing_clock())
    send(whatsapp, f"{text} graag")
    trial = try_account.last(whatsapp.pk, standing_clock())
    assert before is not None
    assert trial is not None
    assert (before.arrived, before.code in text) == (None, True)
    assert (trial.arrived, trial.answer) == (Message.objects.get(external_id="t1"), None)


def test_new_test_ends_the_one_before(whatsapp: Account, admin: User, standing_clock: StandingClock) -> None:
    send(whatsapp, try_account.start(whatsapp.pk, admin))
    standing_clock.forward(seconds=1)
    try_account.start(whatsapp.pk, admin)
    trial = try_account.last(whatsapp.pk, standing_clock())
    assert trial is not None
    assert trial.arrived is None


def test_test_of_another_account_is_another(
    accounts: dict[str, Account], admin: User, standing_clock: StandingClock
) -> None:
    text = try_account.start(accounts["facebook"].pk, admin)
    send(accounts["whatsapp"], text)
    trial = try_account.last(accounts["facebook"].pk, standing_clock())
    assert (try_account.last(accounts["whatsapp"].pk, standing_clock()), trial.arrived if trial else "") == (None, None)


def test_it_is_late_after_five_minutes_and_forgotten_after_a_day(
    whatsapp: Account, admin: User, standing_clock: StandingClock
) -> None:
    try_account.start(whatsapp.pk, admin)
    trial = try_account.last(whatsapp.pk, standing_clock())
    assert trial is not None
    late = []
    for _minute in range(2):
        standing_clock.forward(minutes=3)
        late.append(trial.late(standing_clock()))
    standing_clock.forward(hours=24)
    assert (late, try_account.last(whatsapp.pk, standing_clock())) == ([False, True], None)


def test_answer_before_the_message_is_refused(whatsapp: Account, admin: User) -> None:
    try_account.start(whatsapp.pk, admin)
    with pytest.raises(Refused) as refused:
        try_account.answer(whatsapp.pk, admin)
    assert refused.value.code == "not_there"


@pytest.mark.django_db(transaction=True)
def test_answer_of_many_who_press_goes_once_to_who_sent_the_code(
    whatsapp: Account, admin: User, standing_clock: StandingClock
) -> None:
    send(whatsapp, "Is de balie open?", "t0", "henk")
    send(whatsapp, try_account.start(whatsapp.pk, admin))
    outcomes = together(*[lambda: try_account.answer(whatsapp.pk, admin)] * 3)
    message = Message.objects.get(direction="out")
    assert sorted(map(str, outcomes)) == ["False", "False", "True"]
    assert message.conversation == Conversation.objects.get(messages__external_id="t1")
    assert AuditEntry.objects.filter(verb="test_answered", actor=admin).count() == 1


def test_code_is_no_word(whatsapp: Account, admin: User, make_conversation: Callable[..., Conversation]) -> None:
    made = {try_account.start(whatsapp.pk, admin) for _time in range(50)}
    assert (len(made), [text for text in made if set("AEIOU01") & set(text.split()[-1])]) == (50, [])
