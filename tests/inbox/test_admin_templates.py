"""Templates in the administration: what WhatsApp thinks of each, and asking anew."""

import pytest
from django.urls import reverse

from channels import registry
from channels.errors import TemporaryFailure
from inbox.models import MessageTemplate
from tests.inbox.test_message_templates import HELLO, TemplateConnector


@pytest.fixture(autouse=True)
def twilio(monkeypatch, standing_clock):
    monkeypatch.setitem(registry.CONNECTORS, "whatsapp", "tests.inbox.test_message_templates.TemplateConnector")
    registry.connector_class.cache_clear()
    TemplateConnector.told[:] = [HELLO]
    TemplateConnector.failure.clear()
    yield standing_clock
    registry.connector_class.cache_clear()


def test_templates_are_asked_for_and_shown(client, admin, whatsapp):
    client.force_login(admin)
    answer = client.post(reverse("admin:channels_account_templates", args=[whatsapp.pk]), follow=True)
    assert MessageTemplate.objects.get().name == "hallo"
    assert "<li>hallo: " in answer.content.decode()


def test_trouble_is_told(client, admin, whatsapp):
    TemplateConnector.failure.append(TemporaryFailure("503", "busy"))
    client.force_login(admin)
    answer = client.post(reverse("admin:channels_account_templates", args=[whatsapp.pk]), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]


def test_not_for_who_does_not_administer(client, agent, whatsapp):
    client.force_login(agent)
    client.post(reverse("admin:channels_account_templates", args=[whatsapp.pk]))
    assert not MessageTemplate.objects.exists()
