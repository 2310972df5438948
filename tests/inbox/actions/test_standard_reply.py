"""Standard replies: which fit, in what order, filled in, and counted."""

from datetime import time
from uuid import uuid4

import pytest

from channels.clock import now
from inbox import standard_texts
from inbox.actions import reply, standard_reply
from inbox.actions.refused import NotVisible, Refused
from inbox.models import StandardReply
from inbox.office_hours import Hours, Period


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


def make(name, text="Dag {inwoner}, uw nummer is {zaaknummer}.", **fields):
    return StandardReply.objects.create(name=name, text=text, changed_at=now(), **fields)


def names(user, conversation, words=""):
    return [each.name for each in standard_reply.fitting(user, conversation, words)]


def test_those_of_department_platform_account_and_reach(agent, burgerzaken, webcare, accounts, make_conversation):
    chat = make_conversation("whatsapp")
    for name, fields in {
        "alle": {},
        "webcare": {"department": webcare},
        "burgerzaken": {"department": burgerzaken},
        "x": {"kind": "x"},
        "whatsapp": {"kind": "whatsapp"},
        "kanaal": {"account": accounts["whatsapp"]},
        "ander kanaal": {"account": accounts["x"]},
        "openbaar": {"reach": "public"},
        "privé": {"reach": "private"},
        "weg": {"active": False},
    }.items():
        make(name, **fields)
    assert sorted(names(agent, chat)) == ["alle", "kanaal", "privé", "webcare", "whatsapp"]
    public = ["alle", "ander kanaal", "openbaar", "webcare", "x"]
    assert sorted(names(agent, make_conversation("x"))) == public


def test_every_word_and_the_most_used_first(agent, make_conversation):
    chat = make_conversation()
    make("Afval", "Restafval halen wij op.", used_count=1)
    make("Grofvuil", "Grofvuil halen wij op na afspraak.", used_count=7)
    assert names(agent, chat) == ["Grofvuil", "Afval"]
    assert names(agent, chat, "halen op") == ["Grofvuil", "Afval"]
    assert names(agent, chat, "AFSPRAAK halen") == ["Grofvuil"]
    assert names(agent, chat, "niets") == []


def test_taken_over_it_is_filled_in_and_counted(agent, standing, make_conversation):
    chat = make_conversation(assignee=agent)
    made = make("Melding", "{ inwoner }, {voornaam} van {afdeling}: {zaaknummer}. {openingstijden}, {volgende_opening}")
    taken = standard_reply.use(made.pk, by=agent, conversation_id=chat.pk)
    name = chat.identity.contact.name
    assert taken.text == (
        f"{name}, Fatima van Webcare: [zaaknummer]. maandag tot en met vrijdag van 9:00 tot 17:00 uur, dinsdag 09:00"
    )
    assert taken.unfilled == ("zaaknummer",)
    made.refresh_from_db()
    assert (made.used_count, made.used_at) == (1, standing())


def test_not_where_it_does_not_belong(agent, outsider, make_conversation):
    chat = make_conversation()
    with pytest.raises(NotVisible):
        standard_reply.use(make("x", kind="x").pk, by=agent, conversation_id=chat.pk)
    with pytest.raises(NotVisible):
        standard_reply.use(make("alle").pk, by=outsider, conversation_id=chat.pk)


def test_what_nobody_filled_in_stops_the_answer_once(agent, make_conversation):
    chat = make_conversation(assignee=agent)
    with pytest.raises(Refused) as refused:
        reply.reply(chat.pk, by=agent, text="Uw nummer: [zaaknummer].", submission=uuid4())
    assert (refused.value.code, refused.value.data["names"]) == ("unfilled", ["zaaknummer"])
    text = "Uw nummer: [zaaknummer]."
    [message] = reply.reply(chat.pk, by=agent, text=text, submission=uuid4(), confirm_unfilled=True)
    assert message.text == text


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((0, 1, 2, 3, 4), "maandag tot en met vrijdag van 9:00 tot 17:00 uur"),
        ((2, 5, 6), "woensdag van 9:00 tot 17:00 uur, zaterdag en zondag van 9:00 tot 17:00 uur"),
        ((), ""),
    ],
)
def test_opening_hours_in_words(days, words):
    hours = Hours(periods=tuple(Period(day, time(9), time(17)) for day in days), closings={}, holidays_on=True)
    assert standard_reply.hours_words(hours) == words


@pytest.mark.parametrize(
    ("text", "ending", "signed"),
    [
        ("Dag.", "^FA", "Dag. ^FA"),
        ("Dag. ^FA", "^FA", "Dag. ^FA"),
        ("Dag.", "Groet, Fatima", "Dag.\nGroet, Fatima"),
        ("Dag.", "", "Dag."),
        ("", "^FA", ""),
    ],
)
def test_an_ending_comes_once(text, ending, signed):
    assert standard_texts.signed(text, ending) == signed
    assert standard_texts.unsigned(signed, ending) == text.removesuffix(" ^FA")
