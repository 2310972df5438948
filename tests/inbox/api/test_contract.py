"""The schema: complete, checked in, kept by every answer; and no answer holds a secret."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from rest_framework.test import APIClient

from channels.models import Account, PlatformApp
from inbox.actions import advice, note
from inbox.api.urls import urlpatterns
from inbox.models import Conversation, GroupAnswer, User
from tests.conftest import MONDAY_10
from tests.inbox.api.conftest import Api
from tests.inbox.api.test_messages import attach

OPENAPI = Path(settings.BASE_DIR) / "openapi.yaml"
PHONE = "+31600000007"
Make = Callable[..., Conversation]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(OPENAPI.read_text())
    return loaded


def test_schema_is_complete_and_the_one_that_is_checked_in(tmp_path: Path) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "now.yaml"), stderr=StringIO())
    assert (tmp_path / "now.yaml").read_text() == OPENAPI.read_text()


def test_schema_is_served_to_anyone(db: None, schema: dict[str, Any]) -> None:
    response = APIClient().get("/api/v1/openapi.json", headers={"Authorization": "Token nope"})
    assert response.status_code == 200
    assert json.loads(response.content)["paths"].keys() == schema["paths"].keys()


def test_every_address_is_in_the_schema(schema: dict[str, Any]) -> None:
    addresses = {f"/api/v1/{str(found.pattern).replace('<int:pk>', '{id}')}" for found in urlpatterns}
    assert addresses - schema["paths"].keys() == {"/api/v1/openapi.json", "/api/v1/"}


def test_every_operation_has_a_name_words_and_problems(schema: dict[str, Any]) -> None:
    for address, methods in schema["paths"].items():
        for operation in methods.values():
            assert operation["summary"], address
            problems = {code: set(told["content"]) for code, told in operation["responses"].items() if code >= "400"}
            assert problems
            assert all(content == {"application/problem+json"} for content in problems.values()), address
            assert operation["security"] == [{"tokenAuth": []}]


@pytest.fixture
def town(accounts: dict[str, Account], agent: User, expert: User, make_conversation: Make) -> dict[str, Any]:
    """A conversation with everything in it, of a citizen with a phone number."""
    made = make_conversation(
        assignee=agent,
        thread_id=f"whatsapp:{PHONE}",
        context={"text": "Kerstmarkt", "url": "https://x.example/1", "from_us": True},
        clock_kind="first",
        clock_started_at=MONDAY_10,
        warn_at=MONDAY_10,
        due_at=MONDAY_10,
    )
    identity = made.identity
    identity.phone, identity.external_id, identity.name = PHONE, f"whatsapp:{PHONE}", ""
    identity.save()
    message = made.messages.get()
    note.add(made.pk, by=agent, text="Belt terug")
    asked = advice.ask(made.pk, by=agent, question="Mag dit?", minutes=60, of=expert)
    group = GroupAnswer.objects.create(by=agent, text="Morgen.", submission=uuid4(), at=MONDAY_10)
    group.items.create(conversation=made, seen=message.pk)
    return {
        "advice": asked.pk,
        "group-answers": group.pk,
        "conversations": made.pk,
        "messages": message.pk,
        "attachments": attach(message).pk,
        "accounts": made.account_id,
        "contacts": identity.contact_id,
    }


def strict(part: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: nullable becomes a choice, and nothing may be told that is not described."""
    if isinstance(part, list):
        return [strict(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: strict(value) for name, value in part.items() if name not in ("nullable", "readOnly")}
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return {"anyOf": [made, {"type": "null"}]} if part.get("nullable") else made


def answers(client: APIClient, schema: dict[str, Any], town: dict[str, Any]) -> dict[str, Any]:
    """Every GET of the schema, by its address."""
    told = {}
    for address, methods in schema["paths"].items():
        if "get" not in methods or address.endswith("/file/"):
            continue
        response = client.get(address.replace("{id}", str(town.get(address.split("/")[3], ""))))
        assert response.status_code == 200, (address, response.json())
        told[address] = response.json()
    return told


@pytest.mark.django_db
def test_every_answer_keeps_to_the_schema(schema: dict[str, Any], town: dict[str, Any], fatima: APIClient) -> None:
    told = answers(fatima, schema, town)
    assert len(told) == 28
    for address, body in told.items():
        found = schema["paths"][address]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        whole = strict({**found, "components": schema["components"]})
        jsonschema.Draft202012Validator(whole).validate(body)


@pytest.mark.django_db
def test_no_answer_holds_a_secret_nor_a_number_beside_the_contact(
    schema: dict[str, Any], town: dict[str, Any], api: Api, admin: User
) -> None:
    told = {address: json.dumps(body) for address, body in answers(api(admin), schema, town).items()}
    holders = [*PlatformApp.objects.all(), *Account.objects.all()]
    secrets = {value for holder in holders for value in holder.secrets.values()}
    secrets |= {app.key for app in PlatformApp.objects.all()} | {"token=abc", "password", "md5$"}
    assert len(secrets) > 10
    assert [(address, secret) for address, text in told.items() for secret in secrets if secret in text] == []
    assert sorted(address for address, text in told.items() if "0000007" in text) == [
        "/api/v1/contacts/",
        "/api/v1/contacts/{id}/",
    ]
