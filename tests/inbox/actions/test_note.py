"""Notitie: written by who may work on it, and with no way out of the house."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

from inbox.actions import note, route
from inbox.actions.refused import NotVisible, Refused
from inbox.models import AuditEntry, Conversation, Message, Note, Notice
from tests.inbox.actions.together import codes, together

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


def test_whom_it_names_is_told_as_far_as_they_see_it(agent, colleague, lead, expert, make_conversation):
    conversation = make_conversation()
    made = note.add(conversation.pk, by=agent, text="@Joris en @bram, ook voor @burgerzaken. Mail j@joris.nl, @niemand")
    assert made.mentions == {
        "burgerzaken": {"name": "Burgerzaken", "told": True},  # Ingrid is a member there and sees this too
        "joris": {"name": "Joris Smit", "told": True},
        "bram": {"name": "Bram Visser", "told": False},
    }
    told = Notice.objects.values_list("user", "kind", "by", "data")
    assert set(map(str, told)) == {
        str((user.pk, "mentioned", agent.pk, {"note": made.pk})) for user in (colleague, lead)
    }


def test_with_a_routing_it_names_those_who_see_it_there(agent, colleague, expert, burgerzaken, make_conversation):
    route.route(make_conversation().pk, by=agent, department=burgerzaken, note="@bram kun jij dit? @joris weet meer")
    assert list(Notice.objects.filter(kind="mentioned").values_list("user", flat=True)) == [expert.pk]


def test_changed_by_its_author_alone_with_what_it_said_kept(agent, colleague, lead, make_conversation, standing_clock):
    made = note.add(make_conversation().pk, by=agent, text="Bel @joris")
    standing_clock.forward(minutes=4)
    note.edit(made.pk, by=agent, text="Bel @joris of @ingrid")
    note.edit(made.pk, by=agent, text=" Bel @joris of @ingrid ")  # the same: nothing changes
    made.refresh_from_db()
    assert (made.text, made.edited_at, set(made.mentions)) == (
        "Bel @joris of @ingrid",
        standing_clock(),
        {"joris", "ingrid"},
    )
    assert list(made.versions.values_list("text", "until")) == [("Bel @joris", standing_clock())]
    assert sorted(Notice.objects.values_list("user__username", flat=True)) == ["ingrid", "joris"]
    with pytest.raises(Refused) as caught:
        note.edit(made.pk, by=colleague, text="Iets anders")
    assert caught.value.code == "not_yours"
    assert list(AuditEntry.objects.values_list("verb", flat=True)) == ["noted", "note_edited"]


def test_taken_back_tells_who_had_not_looked_no_more(agent, colleague, make_conversation, standing_clock):
    made = note.add(make_conversation().pk, by=agent, text="Pas op, @joris")
    assert note.withdraw(made.pk, by=agent).withdrawn_at == standing_clock()
    assert Notice.objects.count() == 0
    for again in (lambda: note.withdraw(made.pk, by=agent), lambda: note.edit(made.pk, by=agent, text="x")):
        with pytest.raises(Refused) as caught:
            again()
        assert caught.value.code == "withdrawn"


def test_not_changed_by_who_sees_it_no_more(agent, expert, burgerzaken, make_conversation):
    made = note.add(make_conversation().pk, by=agent, text="Van ons")
    Conversation.objects.update(department=burgerzaken)
    for verb in (lambda: note.edit(made.pk, by=agent, text="x"), lambda: note.withdraw(made.pk, by=agent)):
        with pytest.raises(NotVisible):
            verb()


@pytest.mark.django_db(transaction=True)
def test_changed_in_two_tabs_at_once_keeps_both_texts(agent, make_conversation):
    made = note.add(make_conversation().pk, by=agent, text="Eerst")
    outcomes = together(*[lambda text=text: note.edit(made.pk, by=agent, text=text) for text in ("Links", "Rechts")])
    assert codes(outcomes) == ["ok", "ok"]
    made.refresh_from_db()
    kept = {made.text, *made.versions.values_list("text", flat=True)}
    assert (kept, made.versions.count()) == ({"Eerst", "Links", "Rechts"}, 2)


def test_nothing_links_a_note_to_a_message():
    """Structural: the tables do not know each other, so no query over messages can bring a note along."""
    fields = {field.related_model for field in Note._meta.get_fields() if field.is_relation}
    assert Message not in fields
    assert Note not in {field.related_model for field in Message._meta.get_fields() if field.is_relation}
    pointing = {
        model.__name__ for model in apps.get_models() for field in model._meta.fields if field.related_model is Note
    }
    assert pointing == {"NoteVersion"}


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
