"""facebook-sdk under our rules: version, timeouts, proof, no token in a URL, and only our own exceptions."""

import json
import warnings
from typing import Any
from urllib.parse import urlencode

import requests

from channels.connectors.facebook.failures import Call, graph_error, judge
from channels.connectors.facebook.signature import appsecret_proof
from channels.connectors.facebook.values import number, text
from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome
from channels.http import PlatformSession, from_network_error

with warnings.catch_warnings():
    # facebook-sdk 3.1.0 has '\d' in a plain string: a SyntaxWarning at its first compilation, an error
    # under -W error.
    warnings.simplefilter("ignore", SyntaxWarning)
    import facebook

VERSION = "v26.0"  # 29 Jul 2026; the SDK's constructor refuses anything after 3.1, its attribute does not


class Wire:
    """What the SDK takes for its requests session, for one call.

    The SDK puts the token in the query string of every GET and DELETE, never sends a proof, and throws
    status and headers away. Here the token moves to the Authorization header, the proof goes along, and the
    answer is kept.
    """

    def __init__(self, session: PlatformSession, token: str, app_secret: str) -> None:
        self.session = session
        self.token = token
        self.app_secret = app_secret
        self.answer: requests.Response | None = None

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        **rest: Any,
    ) -> requests.Response:
        """As requests.Session.request, for the way the SDK calls it."""
        query = {key: value for key, value in (params or {}).items() if key != "access_token"}
        form = {key: value for key, value in (data or {}).items() if key != "access_token"}
        proof = {"appsecret_proof": appsecret_proof(self.app_secret, self.token)} if self.app_secret else {}
        if method == "POST":
            form |= ({"access_token": self.token} if self.token else {}) | proof
        else:
            query |= proof
        # A function as auth also keeps requests from looking into ~/.netrc.
        self.answer = self.session.request(method, url, params=query, data=form or None, auth=self._authorise, **rest)
        return self.answer

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if request.method != "POST":
            request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class Graph:
    """The Graph API for one account. Every method raises a SendError, and nothing else, when it does not
    succeed."""

    def __init__(self, session: PlatformSession, token: str, app_secret: str) -> None:
        self.session = session
        self.token = token
        self.app_secret = app_secret

    def get(self, path: str, **fields: Any) -> dict[str, Any]:
        """GET /<version>/<path>; the JSON object."""
        found: dict[str, Any] = self._call(Call.READ, "GET", path, args=fields)
        return found

    def get_unseen(self, path: str, **fields: str) -> dict[str, Any]:
        """As ``get``, with the fields in the body instead of the address (one of Meta's batch requests): for a token
        as a field."""
        part = {"method": "GET", "relative_url": f"{path}?{urlencode(fields)}"}
        form = {"batch": json.dumps([part]), "include_headers": "false"}
        answers = self._call(Call.READ, "POST", "", list, post_args=form)
        told = answers[0] if answers and isinstance(answers[0], dict) else {}
        answer = requests.Response()  # as if it had been asked by itself
        answer.status_code = int(number(told.get("code")) or 500)
        answer._content = text(told.get("body")).encode()
        result = _json(answer)
        if not answer.ok or not isinstance(result, dict) or graph_error(answer):
            raise judge(answer, Call.READ)
        return result

    def post(
        self, path: str, form: dict[str, str], files: dict[str, Any] | None = None, call: Call = Call.SEND
    ) -> dict[str, Any]:
        """POST a form (nested values already JSON text) to /<version>/<path>; the JSON object."""
        made: dict[str, Any] = self._call(call, "POST", path, post_args=dict(form), files=files)
        return made

    def delete(self, path: str) -> dict[str, Any]:
        """DELETE /<version>/<path>; the JSON object."""
        gone: dict[str, Any] = self._call(Call.CHANGE, "DELETE", path)
        return gone

    def _call(self, call: Call, method: str, path: str, kind: type = dict, **arguments: Any) -> Any:
        wire = Wire(self.session, self.token, self.app_secret)
        client = facebook.GraphAPI(access_token=self.token, session=wire)
        client.version = VERSION
        try:
            result = client.request(f"{client.version}/{path}", method=method, **arguments)
        except (facebook.GraphAPIError, ValueError, LookupError, OSError) as error:
            # JSONDecodeError is a RequestException too: what counts is whether an answer came.
            if wire.answer is not None:
                raise judge(wire.answer, call) from None
            if isinstance(error, requests.RequestException):
                raise _network(error, call) from None
            if isinstance(error, OSError):  # a file of ours that could not be read to its end
                raise PermanentFailure("", "content", type(error).__name__) from None
            raise
        answer = wire.answer
        if answer is None or not answer.ok or not isinstance(result, kind) or graph_error(answer):
            raise judge(answer, call) if answer is not None else UnknownOutcome("", "no_answer", "no answer")
        return result


def _json(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):
        return None


def _network(error: requests.RequestException, call: Call) -> SendError:
    failure = from_network_error(error)
    if isinstance(failure, UnknownOutcome) and call is not Call.SEND:
        return TemporaryFailure(failure.code, "busy", failure.detail)  # nothing a citizen could have got
    return failure
