"""The names behind the ids that the stream tells of."""

import pytest
from django.test import Client

from inbox.models import Role
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


def test_colleagues_of_ones_departments_by_name(client: Client, agent, lead, colleague, expert, webcare) -> None:
    other = make_user("fatima2", "Fatima", "Bouzid", Role.VIEWER, webcare)
    make_user("weg", "Wim", "Weg", Role.AGENT, webcare).delete()
    client.force_login(agent)
    assert client.get("/colleagues/").json() == {
        str(agent.pk): {"name": "Fatima Amrani", "short": "Fatima Amrani", "initials": "FA"},
        str(colleague.pk): {"name": "Joris Smit", "short": "Joris", "initials": "JS"},
        str(lead.pk): {"name": "Ingrid de Boer", "short": "Ingrid", "initials": "ID"},
        str(other.pk): {"name": "Fatima Bouzid", "short": "Fatima Bouzid", "initials": "FB"},
    }


def test_colleagues_cost_one_query_however_many(client: Client, agent, webcare, django_assert_num_queries) -> None:
    client.force_login(agent)
    for number in range(20):
        make_user(f"a{number}", f"Agent{number}", "X", Role.AGENT, webcare)
    with django_assert_num_queries(3):  # the session, the colleague, and this
        assert len(client.get("/colleagues/").json()) == 21


def test_colleagues_only_for_who_is_logged_in(client: Client) -> None:
    assert client.get("/colleagues/").status_code == 302
