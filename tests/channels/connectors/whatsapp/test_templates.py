"""Twilio's templates as its library lists them, and what becomes of one that may not be sent."""

import pytest

from channels.connectors.whatsapp import templates
from channels.connectors.whatsapp.connector import WhatsAppConnector
from channels.connectors.whatsapp.simulated_templates import TEMPLATES
from channels.errors import TemporaryFailure
from channels.messages import AccountCredentials, ReceiptState
from tests.channels.connectors.whatsapp.conftest import Refusal, Town
from tests.channels.connectors.whatsapp.test_send import answer, failed, received

AGAIN = "HX00000000000000000000000000000002"
GIVEN = {"naam": "Aïsha", "onderwerp": "afval", "afdeling": "Stadsbeheer", "gemeente": "Waterkant"}


def test_templates_are_told_with_what_whatsapp_thinks_of_them(
    connector: WhatsAppConnector, account: AccountCredentials
) -> None:
    found = {template.external_id: template for template in connector.templates(account)}
    assert list(found) == list(TEMPLATES)
    assert [template.status for template in found.values()] == ["approved"] * 5 + ["pending", "rejected"]
    again, buttons = found[AGAIN], found["HX00000000000000000000000000000003"].buttons
    assert (again.name, again.language, again.category) == ("gesprek_hervatten", "nl", "UTILITY")
    assert list(again.examples) == ["naam", "onderwerp", "afdeling", "gemeente"]
    assert buttons == ("Ik kom", "Andere dag")


def test_templates_are_read_page_by_page(
    connector: WhatsAppConnector, account: AccountCredentials, monkeypatch: pytest.MonkeyPatch, twilio: Town
) -> None:
    monkeypatch.setattr(templates, "PAGE_SIZE", 3)
    assert len(connector.templates(account)) == len(TEMPLATES)
    assert twilio.world.asked == ["GET /v1/ContentAndApprovals"] * 3


def test_template_of_a_shape_we_do_not_know_is_left_out(
    connector: WhatsAppConnector, account: AccountCredentials, twilio: Town
) -> None:
    odd = [
        {"sid": "HX1", "types": {"twilio/carousel": {}}},
        {"sid": None, "types": None},
        {"types": {"twilio/text": 1}},
    ]
    card = {"sid": "HX2", "types": {"whatsapp/card": {"body": "Dag {{1}}", "footer": "Groet"}}, "variables": {"2": "x"}}
    twilio.world.script.append(Refusal(200, {"contents": [*odd, card], "meta": {"key": "contents"}}))
    (found,) = connector.templates(account)
    assert (found.body, dict(found.examples), found.status) == ("Dag {{1}}\nGroet", {"1": "", "2": "x"}, "other")


def test_templates_while_twilio_is_down_may_be_asked_again(
    connector: WhatsAppConnector, account: AccountCredentials, twilio: Town
) -> None:
    twilio.world.script.append(Refusal(503, {"code": 20503, "status": 503}))
    with pytest.raises(TemporaryFailure):
        connector.templates(account)


def test_template_goes_with_its_variables(
    connector: WhatsAppConnector, account: AccountCredentials, twilio: Town
) -> None:
    sent = connector.send(account, answer("", template_id=AGAIN, template_variables=GIVEN))
    message = twilio.platform.find(sent.external_id)
    assert message is not None
    assert message["body"].startswith("Beste Aïsha, u stuurde ons een bericht over afval. Stadsbeheer van Waterkant")


@pytest.mark.parametrize("given", [{}, GIVEN | {"naam": " "}, GIVEN | {"naam": "Aïsha\nBenali"}])
def test_template_without_all_its_variables_is_refused(
    connector: WhatsAppConnector, account: AccountCredentials, given: dict[str, str]
) -> None:
    error = failed(connector, account, answer("", template_id=AGAIN, template_variables=given))
    assert (error.code, error.reason) == ("21656", "template")


@pytest.mark.parametrize(("status", "code"), [("rejected", "63040"), ("pending", "63041")])
def test_template_that_whatsapp_took_back_comes_to_nothing(
    connector: WhatsAppConnector, account: AccountCredentials, twilio: Town, status: str, code: str
) -> None:
    twilio.platform.play("template", {"sid": AGAIN, "status": status})
    connector.send(account, answer("", template_id=AGAIN, template_variables=GIVEN))
    receipt = received(twilio, connector)
    assert (receipt.state, receipt.code, receipt.reason) == (ReceiptState.FAILED, code, "template")


def test_template_taken_out_of_the_account_is_refused(
    connector: WhatsAppConnector, account: AccountCredentials, twilio: Town
) -> None:
    twilio.platform.play("template", {"sid": AGAIN, "status": "gone"})
    error = failed(connector, account, answer("", template_id=AGAIN, template_variables=GIVEN))
    assert (error.code, error.reason) == ("21655", "template")
    assert AGAIN not in [template.external_id for template in connector.templates(account)]
