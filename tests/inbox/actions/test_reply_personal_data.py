"""Beantwoorden where everybody reads along: personal data goes out only when exactly that was confirmed."""

from uuid import uuid4

import pytest

from channels.models import Account
from inbox.actions import note, reply
from inbox.actions.refused import Refused
from inbox.models import AccountSettings, AuditEntry, Conversation, Message, Note, User

TEXT = "U kunt Jan bellen op 06-12345678 of mailen: jan@gmail.com."


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def public(agent, make_conversation) -> Conversation:
    return make_conversation("facebook", assignee=agent)


def refused(conversation: Conversation, by: User, text: str = TEXT, confirm: str = "") -> Refused:
    with pytest.raises(Refused) as caught:
        reply.reply(conversation.pk, by=by, text=text, submission=uuid4(), confirm_personal_data=confirm)
    assert not Message.objects.filter(direction="out").exists()
    assert caught.value.code == "personal_data"
    return caught.value


def send(conversation: Conversation, by: User, text: str = TEXT, confirm: str = "") -> str:
    (message,) = reply.reply(conversation.pk, by=by, text=text, submission=uuid4(), confirm_personal_data=confirm)
    return message.text


def test_refused_with_what_was_found_and_where(agent: User, public: Conversation) -> None:
    data = refused(public, agent).data
    assert data["kinds"] == ["phone", "email"]
    assert [TEXT[item["start"] : item["end"]] for item in data["findings"]] == ["06-12345678", "jan@gmail.com"]
    assert AuditEntry.objects.filter(verb="replied").count() == 0


def test_confirmed_goes_out_and_the_log_has_the_kinds_alone(agent: User, public: Conversation) -> None:
    confirm = refused(public, agent).data["confirm"]
    assert send(public, agent, confirm=confirm) == TEXT
    message = Message.objects.get(direction="out")
    entry = AuditEntry.objects.get(verb="replied")
    assert entry.data == {"messages": [message.pk], "personal_data": ["phone", "email"]}


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("5678", "5679"),
        TEXT + " Zijn BSN is 123456782.",
        TEXT.replace("06-12345678", "hem"),  # less than was confirmed is also something else
    ],
)
def test_other_data_after_confirming_is_asked_again(agent: User, public: Conversation, changed: str) -> None:
    confirm = refused(public, agent).data["confirm"]
    assert refused(public, agent, changed, confirm).data["confirm"] != confirm


def test_other_words_round_the_same_data_are_not_asked_again(agent: User, public: Conversation) -> None:
    confirm = refused(public, agent).data["confirm"]
    changed = "Dag. " + TEXT.replace("06-12345678", "+31 6 12345678")
    assert send(public, agent, changed, confirm) == changed


def test_confirmed_for_one_conversation_counts_for_no_other(agent: User, public, make_conversation) -> None:
    confirm = refused(public, agent).data["confirm"]
    refused(make_conversation("facebook", assignee=agent), agent, confirm=confirm)


def test_confirmation_says_nothing_about_the_data(agent: User, public: Conversation, settings) -> None:
    first = refused(public, agent).data["confirm"]
    settings.SECRET_KEY = "another"
    assert refused(public, agent).data["confirm"] != first


def test_private_answers_and_notes_are_not_stopped(agent: User, make_conversation) -> None:
    private = make_conversation("whatsapp", assignee=agent)
    assert send(private, agent) == TEXT
    note.add(private.pk, by=agent, text=TEXT)
    assert Note.objects.get().text == TEXT


def test_our_own_details_are_not_asked_about(agent: User, public: Conversation) -> None:
    AccountSettings.objects.filter(account=public.account).update(own_details="@waterkant.nl\nStationsplein 1")
    Account.objects.filter(kind="whatsapp").update(external_id="whatsapp:+31612345678")
    text = "Kom naar Stationsplein 1, mail loket@waterkant.nl of app 06 12 34 56 78."
    assert send(public, agent, text) == text
    with pytest.raises(Refused) as caught:
        reply.reply(public.pk, by=agent, text=text + " Of a@b.nl.", submission=uuid4())
    assert caught.value.data["kinds"] == ["email"]


def test_an_answer_without_personal_data_costs_no_query_more(
    agent: User, public: Conversation, django_assert_num_queries
) -> None:
    conversation = Conversation.objects.select_related("account").get(pk=public.pk)
    with django_assert_num_queries(0):
        assert reply.personal_data(conversation, "Donderdag tussen 8 en 10 uur, zaak 123456782.") == []
    with django_assert_num_queries(2):
        assert len(reply.personal_data(conversation, TEXT)) == 2
