"""tweepy on our own session: signed in as one account, every outcome in the words of channels.errors."""

import logging
from collections.abc import Callable
from typing import Any

import requests
import tweepy
from requests.auth import AuthBase

from channels.connectors.x import failures
from channels.connectors.x.values import Json, obj
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error
from channels.messages import AccountCredentials, AppCredentials

HOST = "https://api.x.com"

# At DEBUG these write tokens, signatures and message texts; no setting of ours may turn that on.
for _name in ("tweepy", "oauthlib", "requests_oauthlib", "urllib3"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # noqa: TID251  not to log, but to silence


class XClient:
    """The API as one account. tweepy raises raw requests exceptions and chokes on odd bodies; ``call`` does not."""

    def __init__(self, app: AppCredentials, account: AccountCredentials, session: PlatformSession) -> None:
        secrets = account.secrets
        self.account = account
        self.session = session
        bearer = secrets.get("oauth2_token", "")
        # An OAuth 2.0 user token goes where tweepy expects the app's bearer, with user_auth off.
        self.user_auth = not bearer
        if self.user_auth and not (secrets.get("access_token") and secrets.get("access_token_secret")):
            raise PermanentFailure("", "token", "no access token")
        if self.user_auth and not (app.secrets.get("consumer_key") and app.secrets.get("consumer_secret")):
            raise PermanentFailure("", "configuration", "no consumer key")
        self.tweepy = tweepy.Client(
            bearer_token=bearer or None,
            consumer_key=app.secrets.get("consumer_key"),
            consumer_secret=app.secrets.get("consumer_secret"),
            access_token=secrets.get("access_token"),
            access_token_secret=secrets.get("access_token_secret"),
            return_type=dict,
            wait_on_rate_limit=False,  # it would sleep in the worker
        )
        self.tweepy.session = session

    def read(self, method: Callable[..., Any], *args: Any, **params: Any) -> Json:
        """A call that changes nothing, or that may be done twice: whatever fails may be tried again."""
        try:
            return self._call(method, *args, writing=False, **params)
        except UnknownOutcome as error:
            raise TemporaryFailure(error.code, "busy", error.detail) from None

    def write(self, method: Callable[..., Any], *args: Any, private: bool = False, **params: Any) -> Json:
        """A call that posts something: no answer, or one that cannot be read, means that it may have."""
        return self._call(method, *args, writing=True, private=private, **params)

    def _call(
        self, method: Callable[..., Any], *args: Any, writing: bool, private: bool = False, **params: Any
    ) -> Json:
        try:
            answer = method(*args, user_auth=self.user_auth, **params)
        except tweepy.HTTPException as error:
            # "from None": tweepy's own text repeats what X said, which may hold names and text.
            raise read_refusal(error.response, writing=writing, private=private) from None
        except requests.RequestException as error:
            raise from_network_error(error) from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # tweepy reads error bodies and headers as if X always wrote what it documents.
            raise UnknownOutcome("", "no_answer", f"unreadable answer: {type(error).__name__}") from None
        if not isinstance(answer, dict):
            raise UnknownOutcome("", "no_answer", "the answer is no object")
        return answer

    def post(self, path: str, **kwargs: Any) -> Json:
        """An endpoint tweepy has not: same session, same signature, for what may safely be done twice.

        Raises PermanentFailure or TemporaryFailure."""
        return answered(lambda: self.session.post(HOST + path, auth=self.signer(), **kwargs))

    def signer(self) -> AuthBase:
        """Signs a request of requests' own as this account."""
        if not self.user_auth:
            return Bearer(self.tweepy.bearer_token)
        signer: AuthBase = tweepy.OAuth1UserHandler(
            self.tweepy.consumer_key,
            self.tweepy.consumer_secret,
            self.tweepy.access_token,
            self.tweepy.access_token_secret,
        ).apply_auth()
        return signer


class Bearer(AuthBase):
    """An OAuth 2.0 user token in its header."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def answered(ask: Callable[[], requests.Response]) -> Json:
    """The JSON of an answer to a call that may safely be repeated.

    Raises PermanentFailure or TemporaryFailure, never UnknownOutcome."""
    try:
        response = ask()
        if response.ok and not response.is_redirect:
            return obj(response.json()) if response.content else {}
    except requests.RequestException as error:
        failure = from_network_error(error)
        if isinstance(failure, UnknownOutcome):
            failure = TemporaryFailure(failure.code, "busy", failure.detail)
        raise failure from None
    raise read_refusal(response, writing=False)


def read_refusal(response: requests.Response, *, writing: bool, private: bool = False) -> SendError:
    """The error to raise for a response that is no success; its body may be anything."""
    try:
        body = response.json()
    except requests.RequestException:  # an HTML page of a proxy
        body = {}
    return failures.refusal(response.status_code, body, response.headers, writing=writing, private=private)
