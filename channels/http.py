"""Every outbound call: timeouts, host rewriting to the simulator, SSRF guard, error mapping, redaction. No Django."""

import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 20.0


class PlatformSession(requests.Session):
    """A requests session for one platform's client library.

    With ``simulator_url`` every call goes to that scheme, host and port instead, path and query unchanged; the
    library does not notice. A call without a timeout gets ours. Redirects are never followed: no platform API needs
    them, and they carry credentials along.
    """

    def __init__(
        self,
        simulator_url: str = "",
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
    ) -> None:
        super().__init__()
        self.simulator_url = simulator_url.rstrip("/")
        self.default_timeout = timeout
        self.trust_env = not simulator_url  # no proxy in front of the simulator

    def rewritten(self, url: str) -> str:
        """The address that is really called."""
        if not self.simulator_url:
            return url
        base, parts = urlsplit(self.simulator_url), urlsplit(url)
        return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """As requests.Session.request, with our timeout, our host and no redirects."""
        address = url.decode() if isinstance(url, bytes) else url
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.default_timeout
        kwargs["allow_redirects"] = False
        return super().request(method, self.rewritten(address), *args, **kwargs)


def from_network_error(error: requests.RequestException) -> SendError:
    """A raw requests exception in our words: not connected = surely not done, anything later = unknown.

    The exception's own text may hold a token in a URL and is never passed on.
    """
    name = type(error).__name__
    # ConnectTimeout and a refused or unresolved connection fail before a byte of the request left.
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return TemporaryFailure("", "busy", name)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.MissingSchema):
        return PermanentFailure("", "configuration", name)
    return UnknownOutcome("", "no_answer", name)


def _never_connected(error: requests.RequestException) -> bool:
    cause: BaseException | None = error
    seen = 0
    while cause is not None and seen < 8:
        if type(cause).__name__ in {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"}:
            return True
        reason = getattr(cause, "reason", None)
        inner = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
        cause = reason if isinstance(reason, BaseException) else inner or cause.__cause__
        seen += 1
    return False


def is_public_address(host: str) -> bool:
    """Whether every address of ``host`` lies on the public internet (SSRF guard for files we fetch)."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(str(item[4][0])).is_global for item in found)
