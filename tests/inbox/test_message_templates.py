"""Templates: asked of the platform and kept, filled in with what we know, sent once."""

from datetime import timedelta
from functools import partial
from typing import ClassVar
from uuid import uuid4

import pytest

from channels import registry
from channels.errors import SendError, TemporaryFailure
from channels.messages import AccountCredentials, Capabilities, Template, Window
from channels.models import Account
from inbox import message_templates
from inbox.actions import send_template
from inbox.actions.refused import Refused
from inbox.models import Message, MessageTemplate, TemplateRound
from inbox.outbox import outgoing_of
from tests.conftest import MONDAY_10
from tests.inbox.actions.together import codes, together
from tests.inbox.platform import PlainConnector

HELLO = Template(external_id="HX1", name="hallo", status="approved", body="Beste {{1}}, dag.", examples={"1": "Aïsha"})
OTHER = Template(external_id="HX2", name="anders", status="pending", body="Dag.")


class TemplateConnector(PlainConnector):
    """Tells of ``told``; ``failure`` instead, once."""

    told: ClassVar[list[Template]] = []
    failure: ClassVar[list[SendError]] = []
    calls: ClassVar[list[str]] = []

    def templates(self, account: AccountCredentials) -> list[Template]:
        self.calls.append(account.external_id)
        if self.failure:
            raise self.failure.pop(0)
        return list(self.told)

    @classmethod
    def capabilities(cls) -> Capabilities:
        window = Window(length=timedelta(hours=24), template_afterwards=True)
        return Capabilities(max_length_public=None, max_length_private=60, window=window, has_templates=True)


@pytest.fixture(autouse=True)
def twilio(monkeypatch, standing_clock):
    monkeypatch.setitem(registry.CONNECTORS, "whatsapp", "tests.inbox.test_message_templates.TemplateConnector")
    registry.connector_class.cache_clear()
    TemplateConnector.told[:] = [HELLO, OTHER]
    TemplateConnector.failure.clear()
    TemplateConnector.calls.clear()
    yield standing_clock
    registry.connector_class.cache_clear()


class TestAsking:
    def test_keeps_what_is_told_and_what_is_gone(self, whatsapp, twilio):
        assert message_templates.refresh(whatsapp)
        assert [one.name for one in message_templates.usable(whatsapp)] == ["hallo"]
        TemplateConnector.told[:] = [OTHER]
        twilio.forward(hours=1)
        assert message_templates.refresh_due() == 1
        assert message_templates.usable(whatsapp) == []
        assert MessageTemplate.objects.get(external_id="HX1").gone_at == twilio()

    def test_fresh_ones_are_not_asked_for_again(self, whatsapp, twilio):
        message_templates.refresh_due()
        twilio.forward(minutes=59)
        assert (message_templates.refresh_due(), message_templates.is_stale(whatsapp)) == (0, False)
        twilio.forward(minutes=2)
        assert message_templates.is_stale(whatsapp)

    def test_two_at_once_ask_once(self, transactional_db, whatsapp):
        together(*[partial(message_templates.refresh, whatsapp) for _ in range(2)])
        assert len(TemplateConnector.calls) == 1

    def test_trouble_keeps_what_we_had(self, whatsapp, twilio):
        message_templates.refresh(whatsapp)
        twilio.forward(hours=2)
        TemplateConnector.failure.append(TemporaryFailure("503", "busy"))
        assert not message_templates.refresh(whatsapp)
        assert len(message_templates.usable(whatsapp)) == 1
        assert TemplateRound.objects.get().reason == "busy"
        assert Account.objects.get(pk=whatsapp.pk).state == "active"


class TestSending:
    @pytest.fixture
    def asked_long_ago(self, agent, make_conversation):
        return make_conversation(assignee=agent, at=MONDAY_10 - timedelta(days=3))

    @pytest.fixture
    def hello(self, whatsapp) -> MessageTemplate:
        message_templates.refresh(whatsapp)
        return MessageTemplate.objects.get(external_id="HX1")

    def send(self, conversation, by, template, **named) -> Message:
        fields = {"variables": {"1": "Aïsha"}, "submission": uuid4()} | named
        return send_template.send_template(conversation.pk, by=by, template=template.pk, **fields)

    def test_goes_out_after_the_window_with_its_variables(self, agent, asked_long_ago, hello):
        message = self.send(asked_long_ago, agent, hello)
        outgoing = outgoing_of(message)
        assert (outgoing.template_id, outgoing.template_variables) == ("HX1", {"1": "Aïsha"})
        assert (message.text, message.state) == ("Beste Aïsha, dag.", "queued")

    def test_the_same_form_twice_at_once_is_one(self, transactional_db, agent, asked_long_ago, hello):
        seen = asked_long_ago.messages.get().pk
        deed = partial(self.send, asked_long_ago, agent, hello, submission=uuid4(), seen_message_id=seen)
        assert codes(together(deed, deed)) == ["ok", "ok"]
        assert Message.objects.filter(direction="out").count() == 1

    @pytest.mark.parametrize(
        ("change", "named", "code"),
        [
            ({}, {"variables": {"1": " "}}, "variables_missing"),
            ({}, {"variables": {"1": "x" * 60}}, "too_long"),
            ({"status": "rejected"}, {}, "template_not_approved"),
            ({"gone_at": MONDAY_10}, {}, "template_gone"),
        ],
    )
    def test_refused(self, agent, asked_long_ago, hello, change, named, code):
        MessageTemplate.objects.filter(pk=hello.pk).update(**change)
        with pytest.raises(Refused) as caught:
            self.send(asked_long_ago, agent, hello, **named)
        assert caught.value.code == code
        assert not Message.objects.filter(direction="out").exists()

    def test_not_on_a_channel_without_templates(self, agent, make_conversation, hello):
        with pytest.raises(Refused) as caught:
            self.send(make_conversation("facebook", public=False, assignee=agent), agent, hello)
        assert caught.value.code == "no_templates"


def test_what_we_know_is_filled_in(agent, make_conversation, whatsapp):
    conversation = make_conversation()
    template = MessageTemplate(account=whatsapp, body="Geachte {{1}}, {{2}} en {{afdeling}} van {{gemeente_naam}}.")
    name = conversation.identity.name
    known = message_templates.known(template, conversation, agent, "Gemeente Waterkant")
    assert known == {"1": name, "afdeling": "Webcare", "gemeente_naam": "Gemeente Waterkant"}
