"""Logging in at X over real HTTP: PKCE, tokens that are renewed, refused and revoked."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from channels.clock import now
from channels.connectors.x import sign_in
from channels.connectors.x.connector import XConnector
from channels.errors import PermanentFailure, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession
from channels.messages import AccountCredentials, OfferedAccount
from tests.channels.connectors.x.conftest import ACCOUNT_ID, WEBHOOK_URL, Town, credentials

BACK = "https://webcare.waterkant.example/setup/channels/signed-in/"
VERIFIER = "v" * 64


def code_of(town: Town, connector: XConnector, verifier: str = VERIFIER, who: str = ACCOUNT_ID) -> str:
    """Log in at the simulated X; the code it gives."""
    url = connector.sign_in_url(BACK, "de-state", verifier)
    with requests.Session() as browser:
        browser.trust_env = False
        back = browser.post(url, data={"answer": "allow", "who": who}, allow_redirects=False, timeout=5)
    query = parse_qs(urlsplit(back.headers["Location"]).query)
    assert query["state"] == ["de-state"]
    return query["code"][0]


def logged_in(town: Town, connector: XConnector, who: str = ACCOUNT_ID) -> OfferedAccount:
    (offered,) = connector.signed_in(BACK, code_of(town, connector, who=who), VERIFIER)
    return offered


def account_of(offered: OfferedAccount) -> AccountCredentials:
    return AccountCredentials(
        external_id=offered.external_id, handle=offered.handle, name=offered.name, secrets=offered.secrets
    )


def test_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert sign_in.challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(alphabet="abcXYZ019-._~", min_size=43, max_size=128))
def test_challenge_is_43_signs_that_need_no_escaping(verifier: str) -> None:
    found = sign_in.challenge(verifier)
    assert (len(found), set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")) == (
        43,
        True,
    )


def test_log_in_gives_the_account_with_all_permissions(town: Town, connector: XConnector) -> None:
    offered = logged_in(town, connector)
    assert (offered.external_id, offered.handle, offered.missing) == (ACCOUNT_ID, "gemwaterkant", ())
    assert offered.renew_at is not None
    assert timedelta(minutes=100) < offered.renew_at - now() < timedelta(minutes=110)
    health = connector.check(account_of(offered))
    assert (health.ok, health.name, health.missing) == (True, "@gemwaterkant", ())


def test_address_of_the_log_in_holds_no_secret(town: Town, connector: XConnector) -> None:
    url = connector.sign_in_url(BACK, "de-state", VERIFIER)
    assert [secret for secret in (VERIFIER, *credentials().secrets.values()) if secret in url] == [
        credentials().secrets["client_id"]
    ]


def test_code_is_good_once_and_with_its_own_verifier(town: Town, connector: XConnector) -> None:
    stolen = code_of(town, connector)
    with pytest.raises(PermanentFailure) as caught:
        connector.signed_in(BACK, stolen, "w" * 64)
    code = code_of(town, connector)
    connector.signed_in(BACK, code, VERIFIER)
    with pytest.raises(PermanentFailure) as again:
        connector.signed_in(BACK, code, VERIFIER)
    assert [caught.value.reason, again.value.reason] == ["token", "token"]


def test_wrong_client_secret_is_a_mistake_in_the_app(town: Town) -> None:
    with PlatformSession(town.url) as session:
        connector = XConnector(credentials(client_secret="anders"), session)
        with pytest.raises(PermanentFailure) as caught:
            logged_in(town, connector)
    assert caught.value.reason == "configuration"


def test_app_without_client_keys_cannot_log_in(town: Town) -> None:
    with PlatformSession(town.url) as session, pytest.raises(PermanentFailure):
        XConnector(credentials(client_id=""), session).sign_in_url(BACK, "s", VERIFIER)


def test_token_ends_and_is_renewed_once_by_each_refresh_token(town: Town, connector: XConnector) -> None:
    old = account_of(logged_in(town, connector))
    town.world.ahead = timedelta(hours=2, minutes=1)
    ended = connector.check(old)
    renewed = connector.renewed(old)
    assert renewed is not None
    new = AccountCredentials(external_id=ACCOUNT_ID, handle="", name="", secrets={**old.secrets, **renewed.secrets})
    assert ((ended.ok, ended.reason), connector.check(new).ok) == ((False, "token"), True)
    with pytest.raises(PermanentFailure):
        connector.renewed(old)


def test_account_by_keys_has_nothing_to_renew_and_tells_no_permissions(town: Town, connector: XConnector) -> None:
    keys = AccountCredentials(external_id=ACCOUNT_ID, handle="", name="", secrets={"access_token": "a"})
    assert (connector.renewed(keys), sign_in.missing(keys.secrets), town.calls) == (None, None, [])


@pytest.mark.parametrize(
    ("status", "kind"), [(500, UnknownOutcome), (503, UnknownOutcome), (429, TemporaryFailure), (200, UnknownOutcome)]
)
def test_renewal_without_a_token_in_the_answer_leaves_it_open(
    town: Town, connector: XConnector, status: int, kind: type[Exception]
) -> None:
    account = account_of(logged_in(town, connector))
    town.fail(status, b"<html>")
    with pytest.raises(kind):
        connector.renewed(account)


def test_renewal_that_was_never_answered_is_unknown(town: Town, connector: XConnector) -> None:
    account = account_of(logged_in(town, connector))
    with town.hush(connector), pytest.raises(UnknownOutcome):
        connector.renewed(account)


def test_disconnect_ends_subscriptions_and_tokens(town: Town, connector: XConnector) -> None:
    account = account_of(logged_in(town, connector))
    before = connector.webhook_problem(account, WEBHOOK_URL)
    connector.disconnect(account, WEBHOOK_URL)
    assert (before, connector.webhook_problem(account, WEBHOOK_URL)) == ("", "unsubscribed")
    assert (town.x.state["tokens"], connector.check(account).reason) == ({}, "token")
    assert len(town.x.state["webhooks"]) == 1  # the address serves the other accounts


def test_another_account_subscribes_for_itself_alone(town: Town, connector: XConnector) -> None:
    pool = account_of(logged_in(town, connector, who="2244994945002"))
    assert connector.webhook_problem(pool, WEBHOOK_URL) == "unsubscribed"
    connector.restore_webhook(pool, WEBHOOK_URL)
    assert connector.webhook_problem(pool, WEBHOOK_URL) == ""


@pytest.mark.parametrize(
    ("secrets", "ok"), [({}, True), ({"bearer_token": "anders"}, False), ({"bearer_token": ""}, False)]
)
def test_check_app_is_what_x_says_of_its_bearer(town: Town, secrets: dict[str, str], ok: bool) -> None:
    with PlatformSession(town.url) as session:
        assert XConnector(credentials(**secrets), session).check_app().ok is ok
