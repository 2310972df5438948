"""Automatic replies: their texts, how a citizen sees them, and what goes at a given moment."""

import pytest
from django.test import Client

from inbox.models import AccountSettings, AuditEntry
from tests.inbox.views.test_lists import browser

pytestmark = pytest.mark.django_db

SATURDAY = "2026-11-28T11:00"
MONDAY = "2026-11-30T11:00"


@pytest.fixture
def bea(admin, accounts, standing_clock) -> Client:
    return browser(admin)


@pytest.fixture
def texts(accounts):
    """Both, for every account."""
    AccountSettings.objects.update(
        out_of_hours_text="{inwoner}, wij zijn er {volgende_opening} weer. {gemeente}",
        acknowledgement_text="{inwoner}, wij hebben uw vraag.",
    )


def asked(client, account, at, public="0"):
    return client.get("/setup/replies/", {"account": account.pk, "public": public, "at": at}).context["told"]


def test_saturday_morning_gets_the_out_of_hours_reply(bea, texts, whatsapp):
    told = asked(bea, whatsapp, SATURDAY)
    assert (told.moment, told.hours, told.reason) == (
        "zaterdag 28 november 2026 11:00",
        "Gesloten tot ma 30 nov 09:00",
        "",
    )
    part = told.preview.parts[0]
    assert (told.preview.shape, part.html) == ("chat", "Aïsha, wij zijn er maandag 09:00 weer. Gemeente Waterkant")


def test_office_hours_get_the_acknowledgement(bea, texts, accounts):
    told = asked(bea, accounts["x"], MONDAY, public="1")
    assert (told.preview.shape, told.preview.parts[0].html, told.preview.parts[0].length) == (
        "post",
        "@aisha_b, wij hebben uw vraag.",
        "30 / 280",
    )


def test_nothing_is_explained(bea, whatsapp):
    told = {at: asked(bea, whatsapp, at) for at in (SATURDAY, MONDAY)}
    assert [each.preview for each in told.values()] == [None, None]
    assert [each.reason for each in told.values()] == [
        "Geen automatisch antwoord: voor dit kanaal is geen tekst ingesteld.",
        "Geen ontvangstbevestiging: dit kanaal heeft er geen tekst voor.",
    ]


def test_hour_that_does_not_exist_is_refused_in_words(bea, whatsapp):
    answer = bea.get("/setup/replies/", {"account": whatsapp.pk, "public": "0", "at": "2027-03-28T02:30"})
    assert (answer.context["told"], bool(answer.context["form"]["at"].errors)) == (None, True)


def test_whatsapp_has_no_public(bea, texts, whatsapp):
    assert asked(bea, whatsapp, SATURDAY, public="1").preview.shape == "chat"


def test_asked_by_default_for_the_coming_saturday(bea):
    assert 'value="2026-11-28T11:00"' in bea.get("/setup/replies/").content.decode()


def test_texts_are_saved_and_written_down_without_their_words(bea, admin, whatsapp):
    page = f"/setup/replies/{whatsapp.pk}/"
    bea.post(page, {"out_of_hours_text": "", "acknowledgement_text": "Wij hebben uw vraag.", "save": "1"})
    settings = AccountSettings.objects.get(account=whatsapp)
    assert (settings.out_of_hours_text, settings.acknowledgement_text) == ("", "Wij hebben uw vraag.")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.data) == (
        "replies_changed",
        admin,
        {"account": whatsapp.pk, "fields": ["acknowledgement_text"]},
    )


def test_look_shows_both_reaches_and_saves_nothing(bea, accounts):
    page = f"/setup/replies/{accounts['x'].pk}/"
    sent = {"out_of_hours_text": "Tot {volgende_opening}. €", "acknowledgement_text": "", "look": "1"}
    first, second = bea.post(page, sent).context["fields"]
    assert [(reach, preview.shape) for reach, preview in first["previews"]] == [("openbaar", "post"), ("privé", "chat")]
    assert first["previews"][0][1].parts[0].html == "Tot dinsdag 09:00. €"
    assert first["previews"][0][1].parts[0].length == "21 / 280"  # the euro counts for two
    assert (second["previews"], AccountSettings.objects.get(account=accounts["x"]).out_of_hours_text) == ([], "")


@pytest.mark.parametrize(
    ("field", "text", "error"),
    [
        ("out_of_hours_text", "Wij zijn er {straks}.", "Hier onbekend: {straks}."),
        ("acknowledgement_text", "Tot {volgende_opening}.", "Hier onbekend: {volgende_opening}."),
        ("acknowledgement_text", "a" * 281, "Te lang voor één openbaar bericht op X"),
        ("out_of_hours_text", "{inwoner} " + "a" * 265, "Te lang voor één openbaar bericht op X"),
    ],
)
def test_text_that_would_not_do_is_refused(bea, accounts, field, text, error):
    sent = {"out_of_hours_text": "", "acknowledgement_text": "", "save": "1"} | {field: text}
    answer = bea.post(f"/setup/replies/{accounts['x'].pk}/", sent)
    assert [str(found).startswith(error) for found in answer.context["form"].errors[field]] == [True]
    assert AccountSettings.objects.filter(**{field: text}).count() == 0


def test_long_text_is_no_trouble_on_facebook(bea, accounts):
    sent = {"out_of_hours_text": "a" * 900, "acknowledgement_text": "", "save": "1"}
    assert bea.post(f"/setup/replies/{accounts['facebook'].pk}/", sent).status_code == 302
