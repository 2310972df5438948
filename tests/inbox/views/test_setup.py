"""Inrichten: for administrators, and nobody else."""

import pytest
from django.urls import reverse

from inbox.models import User
from inbox.views import setup
from tests.inbox.views.test_lists import browser


def test_overview_leads_to_every_section(admin: User) -> None:
    text = browser(admin).get("/setup/").content.decode()
    main = text[text.index("<main") :]
    assert [main.count(f'href="{reverse(each.address)}"') for each in setup.SECTIONS] == [1] * len(setup.SECTIONS)


@pytest.mark.parametrize("who", ["agent", "lead", "viewer", "outsider"])
def test_overview_is_for_administrators(who: str, request: pytest.FixtureRequest) -> None:
    assert browser(request.getfixturevalue(who)).get("/setup/").status_code == 403
