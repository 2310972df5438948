"""Statements that are kept: the same rows as Django would find, in one round trip, with nothing of an earlier call."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from channels.clock import now
from inbox.kept import Statement, any_of, kept, slot, together, unseen
from inbox.models import Conversation, Department, Message, User

MESSAGES = kept(lambda: Message.objects.filter(conversation=slot("conversation")).order_by("pk"))
WITH_ALL = kept(lambda: Conversation.objects.filter(pk=slot("conversation")).for_list())
OF_THESE = kept(lambda: Message.objects.filter(conversation=any_of("conversations")).values_list("pk", flat=True))
BY_NAME = kept(lambda: Department.objects.filter(slug=any_of("slugs", "text")))
AT = "timestamptz"
SINCE = kept(lambda: Message.objects.filter(sent_at__gte=slot("at")).values_list("pk", "direction").order_by("pk"))


def test_rows_are_those_of_the_queryset(make_conversation):
    one, other = make_conversation(text="één"), make_conversation(text="twee")
    assert [message.text for message in MESSAGES(conversation=one.pk)] == ["één"]
    assert [message.text for message in MESSAGES(conversation=other.pk)] == ["twee"]
    assert MESSAGES(conversation=0).rows() == []
    assert MESSAGES(conversation=0).first() is None


def test_related_instances_come_along(make_conversation, agent):
    conversation = make_conversation(assignee=agent)
    with CaptureQueriesContext(connection) as queries:
        found = WITH_ALL(conversation=conversation.pk).first()
        names = (found.assignee.username, found.topic, found.account.kind, found.identity.contact.pk)
    assert (found, names) == (
        conversation,
        (agent.username, None, conversation.account.kind, conversation.identity.contact_id),
    )
    assert len(queries) == 1


def test_lists_of_values_and_moments(make_conversation, burgerzaken):
    one, other = make_conversation(), make_conversation()
    pks = list(Message.objects.order_by("pk").values_list("pk", flat=True))
    assert sorted(OF_THESE(conversations=[one.pk, other.pk])) == pks
    assert OF_THESE(conversations=[]).rows() == []
    assert [found.slug for found in BY_NAME(slugs=["burgerzaken", "'; --"])] == ["burgerzaken"]
    assert SINCE(at=now()).rows() == []
    assert SINCE(at="-infinity").rows() == [(pk, "in") for pk in pks]


def test_together_is_one_round_trip_and_asked_once(make_conversation):
    one, other = make_conversation(text="één"), make_conversation(text="twee")
    asked = [MESSAGES(conversation=one.pk), BY_NAME(slugs=[]), MESSAGES(conversation=other.pk)]
    with CaptureQueriesContext(connection) as queries:
        together(*asked)
        assert [[str(row) for row in rows] for rows in asked] == [
            [str(message) for message in one.messages.all()],
            [],
            [str(message) for message in other.messages.all()],
        ]
    assert len(queries) == 3  # one, and the two of this test


def test_what_is_found_may_be_changed_without_touching_what_is_kept(make_conversation):
    conversation = make_conversation(text="één")
    MESSAGES(conversation=conversation.pk).rows()[0].text = "anders"
    MESSAGES(conversation=conversation.pk).rows().clear()
    assert [message.text for message in MESSAGES(conversation=conversation.pk)] == ["één"]


def test_statement_is_prepared_when_it_is_asked_again(make_conversation):
    one, other = make_conversation(text="één"), make_conversation(text="twee")
    statement = Statement(
        "SELECT text, %s, text LIKE '%%n' FROM inbox_message "
        "WHERE conversation_id = %s AND kind <> %s ORDER BY id LIMIT %s",
        [5, slot("conversation"), "it's 100%% %s", 1],
    )
    with CaptureQueriesContext(connection) as queries:
        found = [statement.rows(conversation=pk) for pk in (one.pk, other.pk, one.pk, 0)]
    assert found == [[("één", 5, True)], [("twee", 5, False)], [("één", 5, True)], []]
    sent = [query["sql"] for query in queries]
    assert [sql.startswith("SELECT") for sql in sent] == [True, False, False, False]
    assert sent[1:] == [f"EXECUTE {statement.name} ({pk})" for pk in (other.pk, one.pk, 0)]


@pytest.mark.django_db(transaction=True)
def test_another_connection_prepares_it_for_itself(make_conversation):
    conversation = make_conversation(text="één")
    for _connection in range(3):
        for _turn in range(3):
            assert [message.text for message in MESSAGES(conversation=conversation.pk)] == ["één"]
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_prepared_statement_outlives_a_change_that_was_rolled_back(make_conversation):
    conversation = make_conversation(text="één")
    with transaction.atomic():
        for _turn in range(3):
            MESSAGES(conversation=conversation.pk).rows()
        transaction.set_rollback(True)
    assert [message.text for message in MESSAGES(conversation=conversation.pk)] == ["één"]


@pytest.mark.django_db(transaction=True)
def test_many_threads_use_one_statement(make_conversation):
    made = [make_conversation(text=f"gesprek {number}") for number in range(8)]

    def read(conversation: Conversation) -> list[str]:
        try:
            return [message.text for _turn in range(20) for message in MESSAGES(conversation=conversation.pk)]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, made)) == [[f"gesprek {number}"] * 20 for number in range(8)]


def test_value_unseen_is_compared_as_any_other(make_conversation):
    conversation = make_conversation(text="één")
    unseen_of = kept(lambda: Message.objects.filter(conversation=unseen("conversation"), sent_at__lt=unseen("at", AT)))
    assert [message.text for message in unseen_of(conversation=conversation.pk, at="infinity")] == ["één"]
    assert unseen_of(conversation=conversation.pk, at="-infinity").rows() == []
    assert unseen_of(conversation=0, at="infinity").rows() == []


def test_no_page_starts_processes_in_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_parallel_workers_per_gather")
        assert cursor.fetchone() == ("0",)


def test_colleague_of_a_request_brings_departments_as_they_are_now(client, agent, burgerzaken, make_conversation):
    conversation = make_conversation(department=burgerzaken)
    client.force_login(agent)
    assert client.get(f"/conversations/{conversation.pk}/").status_code == 404
    agent.departments.add(burgerzaken)
    assert client.get(f"/conversations/{conversation.pk}/").status_code == 302
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.get(f"/conversations/{conversation.pk}/")["Location"].startswith("/login/")
