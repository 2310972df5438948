"""Clients that call as one of the cast, with a real token."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from inbox.models import User
from inbox.models.tokens import ApiToken

type Api = Callable[[User], APIClient]


def client_of(user: User) -> APIClient:
    """Raises nothing on 500: the answer is looked at."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.issue(user)}")
    return client


@pytest.fixture
def api() -> Api:
    return client_of


@pytest.fixture
def fatima(agent: User) -> APIClient:
    return client_of(agent)
