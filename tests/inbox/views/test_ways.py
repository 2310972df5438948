"""Beside the box for an answer: templates to fill in, going on in private, links between the two, other ways."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from channels.clock import now
from inbox.models import Contact, Identity, Message, MessageTemplate, PlatformDeed, PublicLine
from tests.conftest import MONDAY_10


@pytest.fixture(autouse=True)
def standing(standing_clock):
    return standing_clock


@pytest.fixture
def template(accounts) -> MessageTemplate:
    MessageTemplate.objects.create(account=accounts["whatsapp"], external_id="HX9", name="afgekeurd", status="rejected")
    return MessageTemplate.objects.create(
        account=accounts["whatsapp"],
        external_id="HX1",
        name="gesprek_hervatten",
        status="approved",
        body="Beste {{1}}, {{afdeling}} van {{gemeente}} heeft een vraag over {{onderwerp}}.",
        examples={"1": "Aïsha", "onderwerp": "uw verhuizing"},
    )


@pytest.fixture
def closed(agent, make_conversation):
    """On WhatsApp, three days ago."""
    return make_conversation(assignee=agent, at=MONDAY_10 - timedelta(days=3))


def page(client, conversation, **query) -> str:
    return client.get(reverse("conversation_in_view", args=["todo", conversation.pk]), query).content.decode()


def test_template_is_offered_when_the_window_has_closed(client, agent, closed, template):
    client.force_login(agent)
    shown = page(client, closed)
    assert f'data-testid="template-{template.pk}"' in shown
    assert "Gesprek hervatten" in shown
    assert "Afgekeurd" not in shown


def test_template_is_filled_in_with_what_we_know(client, agent, closed, template, settings):
    client.force_login(agent)
    shown = page(client, closed, template=template.pk)
    name = closed.identity.name
    assert f"Beste {name}, Webcare van {settings.MUNICIPALITY} heeft een vraag over {{{{onderwerp}}}}." in shown
    answer = client.get(reverse("choose_template", args=[closed.pk]), {"template": template.pk})
    assert f'value="{name}"' in answer.content.decode()


def test_template_without_a_field_keeps_what_was_filled_in(client, agent, closed, template):
    client.force_login(agent)
    given = {"template": template.pk, "submission": str(uuid4()), "variable-1": "mevrouw B.", "variable-onderwerp": ""}
    given["seen"] = str(closed.messages.get().pk)
    shown = client.post(reverse("send_template", args=[closed.pk]), given, headers={"hx-request": "true"})
    body = shown.content.decode()
    assert 'data-code="variables_missing"' in body
    assert 'value="mevrouw B."' in body
    assert not Message.objects.filter(direction="out").exists()


def test_template_is_sent_from_its_form(client, agent, closed, template):
    client.force_login(agent)
    values = {"1": "Aïsha", "afdeling": "Afval", "gemeente": "Waterkant", "onderwerp": "de\nkliko"}
    given = {f"variable-{name}": value for name, value in values.items()}
    given |= {"template": template.pk, "submission": str(uuid4()), "seen": str(closed.messages.get().pk)}
    for _ in range(2):
        client.post(reverse("send_template", args=[closed.pk]), given)
    message = Message.objects.get(direction="out")
    assert message.text == "Beste Aïsha, Afval van Waterkant heeft een vraag over de kliko."
    assert (message.template_id, message.template_variables) == ("HX1", values | {"onderwerp": "de kliko"})


def test_private_way_is_told_with_its_link_on_both_sides(client, agent, make_conversation):
    public = make_conversation("facebook", assignee=agent)
    client.force_login(agent)
    assert 'data-testid="private-text"' in page(client, public)
    given = {"text": "Mag ik uw adres?", "public_text": "Kijk in uw berichten.", "submission": str(uuid4())}
    given["seen"] = str(public.messages.get().pk)
    client.post(reverse("go_private", args=[public.pk]), given)
    public.refresh_from_db()
    private = public.continued_in
    assert PublicLine.objects.get().text == "Kijk in uw berichten."
    assert f'href="{reverse("conversation", args=[private.pk])}" data-testid="linked"' in page(client, public)
    assert f'href="{reverse("conversation", args=[public.pk])}" data-testid="linked"' in page(client, private)


def test_messenger_tells_of_both_its_windows(client, agent, make_conversation):
    conversation = make_conversation("facebook", public=False, assignee=agent, at=now() - timedelta(hours=30))
    client.force_login(agent)
    assert 'data-testid="by-hand"' in page(client, conversation)


def test_other_ways_to_the_citizen_are_told_when_this_one_is_closed(client, agent, make_conversation, standing_clock):
    contact = Contact.objects.create(name="Aïsha")
    there = make_conversation("whatsapp", contact=contact)
    Identity.objects.create(contact=contact, kind="x", external_id="77", handle="aisha_b", name="Aïsha")
    long_ago = standing_clock() - timedelta(days=9)
    here = make_conversation("facebook", contact=contact, public=False, assignee=agent, at=long_ago)
    client.force_login(agent)
    shown = page(client, here)
    assert reverse("conversation", args=[there.pk]) in shown.partition('data-testid="other-ways"')[2]
    assert "https://x.com/aisha_b" in shown


def test_menu_offers_what_the_platform_can(client, agent, make_conversation):
    facebook, x = make_conversation("facebook", assignee=agent), make_conversation("x", assignee=agent)
    client.force_login(agent)
    asked = facebook.messages.get()
    shown = page(client, facebook)
    assert [f'data-testid="{what}-{asked.pk}"' in shown for what in ("like", "hide", "delete")] == [True, True, False]
    assert "there-" not in page(client, x)


def test_hiding_is_told_until_it_is_done(client, agent, make_conversation):
    conversation = make_conversation("facebook", assignee=agent)
    asked = conversation.messages.get()
    client.force_login(agent)
    client.post(reverse("message_deed", args=[asked.pk, "hide"]))
    assert PlatformDeed.objects.get().what == "hide"
    assert f'data-testid="doing-{asked.pk}"' in page(client, conversation)
    PlatformDeed.objects.update(state="failed", due_at=None, reason="permission", code="200")
    assert "(200)" in page(client, conversation)


def test_viewer_sees_no_menu_and_no_ways(client, viewer, make_conversation):
    conversation = make_conversation("facebook")
    client.force_login(viewer)
    shown = page(client, conversation)
    assert [word in shown for word in ("there-", "ways-out", "private-text")] == [False] * 3


def test_deed_of_another_department_is_not_there(client, outsider, make_conversation):
    asked = make_conversation("facebook").messages.get()
    client.force_login(outsider)
    assert client.post(reverse("message_deed", args=[asked.pk, "hide"])).status_code == 404
