"""Notitie: written by who may work on it, and with no way out of the house."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

from inbox.actions import note
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Message, Note

ROOT = Path(__file__).resolve().parents[3]


def test_is_kept_with_its_author(agent, make_conversation, standing_clock):
    conversation = make_conversation()
    made = note.add(conversation.pk, by=agent, text=" Bel eerst \n")
    assert (made.text, made.author, made.created_at) == ("Bel eerst", agent, standing_clock())
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data) == ("noted", {"note": made.pk})


@pytest.mark.parametrize(("text", "code"), [("", "empty"), (" \n", "empty"), ("n" * 10_001, "too_long")])
def test_refused(agent, make_conversation, text, code):
    with pytest.raises(Refused) as caught:
        note.add(make_conversation().pk, by=agent, text=text)
    assert caught.value.code == code
    assert (Note.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_also_when_closed_or_of_another(agent, colleague, make_conversation, standing_clock):
    conversation = make_conversation(assignee=colleague, status="closed", result="answered", closed_at=standing_clock())
    assert note.add(conversation.pk, by=agent, text="Nagebeld").conversation_id == conversation.pk


def test_not_by_a_viewer_or_outsider(viewer, outsider, make_conversation):
    conversation = make_conversation()
    with pytest.raises(Refused):
        note.add(conversation.pk, by=viewer, text="x")
    with pytest.raises(NotVisible):
        note.add(conversation.pk, by=outsider, text="x")


def test_nothing_links_a_note_to_a_message():
    """Structural: the tables do not know each other, so no query over messages can bring a note along."""
    fields = {field.related_model for field in Note._meta.get_fields() if field.is_relation}
    assert Message not in fields
    assert Note not in {field.related_model for field in Message._meta.get_fields() if field.is_relation}
    pointing = {
        model.__name__ for model in apps.get_models() for field in model._meta.fields if field.related_model is Note
    }
    assert pointing == set()


def test_who_sends_has_never_heard_of_notes():
    """Structural: neither the outbox, nor what it records with, nor the gateway names the model or its table."""
    senders = [ROOT / "inbox" / f"{name}.py" for name in ("outbox", "lanes", "due", "tasks")]
    senders += [ROOT / "inbox" / "actions" / "resend.py", *ROOT.glob("channels/**/*.py")]
    senders += [ROOT / "inbox" / "incoming" / "record.py"]
    for path in senders:
        names = {
            name
            for found in ast.walk(ast.parse(path.read_text()))
            for name in (
                [found.id]
                if isinstance(found, ast.Name)
                else [found.attr]
                if isinstance(found, ast.Attribute)
                else [alias.name for alias in found.names]
                if isinstance(found, ast.ImportFrom)
                else []
            )
        }
        assert names & {"Note", "notes"} == set(), path
