"""Logging in at Facebook over real HTTP: all Pages at once, what was not given, and no token in an address."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from channels.errors import PermanentFailure, TemporaryFailure
from channels.messages import AccountCredentials, OfferedAccount
from channels.simulator.town import accounts
from tests.channels.connectors.facebook.conftest import FARM, PAGE, Facebook, graph_error

BACK = "https://webcare.example.nl/setup/channels/signed-in/"
POOL = "104000000000003"
ALL = [one.external_id for one in accounts("facebook")]


def code_of(facebook: Facebook, pages: list[str] = ALL, without: str = "") -> str:
    """Log in at the simulated Facebook; the code it gives."""
    url = facebook.connector.sign_in_url(BACK, "de-state", "")
    given = [name for name in facebook.connector.permissions if name != without]
    with requests.Session() as browser:
        browser.trust_env = False
        form = {"answer": "allow", "who": pages, "permission": given}
        back = browser.post(url, data=form, allow_redirects=False, timeout=5)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query["state"] == ["de-state"]
    return query["code"][0]


def logged_in(facebook: Facebook, pages: list[str] = ALL, without: str = "") -> list[OfferedAccount]:
    return facebook.connector.signed_in(BACK, code_of(facebook, pages, without), "")


def test_log_in_gives_every_page_also_beyond_the_first_of_the_list(facebook: Facebook) -> None:
    offered = logged_in(facebook)
    assert [(one.external_id, one.missing, one.expires_at) for one in offered] == [
        (PAGE, (), None),
        (FARM, (), None),
        (POOL, (), None),
    ]
    assert len({one.secrets["page_token"] for one in offered}) == 3


def test_tokens_of_a_log_in_work_for_their_own_page(facebook: Facebook) -> None:
    checks = []
    for one in logged_in(facebook, [FARM, POOL]):
        account = AccountCredentials(external_id=one.external_id, handle="", name="", secrets=one.secrets)
        health = facebook.connector.check(account)
        checks.append((health.ok, health.name, health.missing))
    assert checks == [(True, "Stadsboerderij Waterkant", ()), (True, "Zwembad Waterkant", ())]


@pytest.mark.parametrize("lacks", ["pages_messaging", "pages_manage_metadata"])
def test_permission_that_was_not_given_is_told_at_once_and_by_every_check(facebook: Facebook, lacks: str) -> None:
    (one,) = logged_in(facebook, [PAGE], without=lacks)
    account = AccountCredentials(external_id=PAGE, handle="", name="", secrets=one.secrets)
    assert (one.missing, facebook.connector.check(account).missing) == ((lacks,), (lacks,))


def test_log_in_without_the_list_of_pages_gives_none(facebook: Facebook) -> None:
    assert logged_in(facebook, without="pages_show_list") == []


def test_code_is_good_once(facebook: Facebook) -> None:
    code = code_of(facebook)
    facebook.connector.signed_in(BACK, code, "")
    with pytest.raises(PermanentFailure):
        facebook.connector.signed_in(BACK, code, "")


def test_no_call_of_a_log_in_carries_a_secret_in_its_address(facebook: Facebook) -> None:
    code = code_of(facebook)
    facebook.stage.calls.clear()
    offered = facebook.connector.signed_in(BACK, code, "")
    secrets = [code, facebook.connector.app.secrets["app_secret"]]
    secrets += [one.secrets["page_token"] for one in offered] + list(facebook.platform.state["logins"])
    addresses = "".join(f"{path}?{query}" for _, path, query, _ in facebook.stage.calls)
    assert [secret for secret in secrets if secret in addresses] == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(graph_error(190, 463, 401), PermanentFailure), (graph_error(2, status=500), TemporaryFailure)],
)
def test_what_goes_wrong_is_in_our_words(facebook: Facebook, answer: object, kind: type[Exception]) -> None:
    code = code_of(facebook)
    facebook.stage.answers.append(answer)
    with pytest.raises(kind):
        facebook.connector.signed_in(BACK, code, "")


@pytest.mark.parametrize("lacks", ["app_id", "app_secret"])
def test_app_without_its_keys_cannot_log_in(facebook: Facebook, lacks: str) -> None:
    secrets = {name: value for name, value in facebook.connector.app.secrets.items() if name != lacks}
    object.__setattr__(facebook.connector.app, "secrets", secrets)
    with pytest.raises(PermanentFailure):
        facebook.connector.sign_in_url(BACK, "s", "")
    health = facebook.connector.check_app()
    assert (health.ok, health.reason) == (False, "configuration")


def test_wrong_secret_shows_when_the_app_is_checked(facebook: Facebook) -> None:
    right = facebook.connector.check_app()
    object.__setattr__(facebook.connector.app, "secrets", {**facebook.connector.app.secrets, "app_secret": "anders"})
    assert (right.ok, facebook.connector.check_app().ok) == (True, False)
