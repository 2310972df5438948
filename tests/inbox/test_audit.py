"""The audit log can only grow; the database itself refuses anything else."""

import pytest
from django.db import ProgrammingError, connection, transaction

from inbox import audit
from inbox.models import AuditEntry


@pytest.fixture
def entry(agent, make_conversation) -> AuditEntry:
    return audit.record(make_conversation(), "claimed", agent, to=agent.pk)


def test_an_entry_tells_who_what_and_when(agent, make_conversation, standing_clock):
    conversation = make_conversation()
    made = audit.record(conversation, "assigned", agent, to=7)
    found = AuditEntry.objects.get(pk=made.pk)
    told = (found.conversation, found.verb, found.actor, found.data, found.at)
    assert told == (conversation, "assigned", agent, {"to": 7}, standing_clock())


def test_update_is_refused(entry):
    with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(verb="released")
    entry.verb = "released"
    with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
        entry.save()
    entry.refresh_from_db()
    assert entry.verb == "claimed"


def test_delete_is_refused(entry):
    with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
        entry.delete()
    with pytest.raises(ProgrammingError, match="Cannot update or delete rows"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


@pytest.mark.parametrize(
    "sql", ["UPDATE inbox_auditentry SET verb = 'x' WHERE id = %s", "DELETE FROM inbox_auditentry WHERE id = %s"]
)
def test_plain_sql_is_refused_too(entry, sql):
    with (
        pytest.raises(ProgrammingError, match="Cannot update or delete rows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, [entry.pk])
    assert AuditEntry.objects.get(pk=entry.pk).verb == "claimed"
