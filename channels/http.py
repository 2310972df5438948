"""Every outbound call: timeouts, host rewriting to the simulator, SSRF guard, error mapping, redaction. No Django."""

import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from channels.errors import PermanentFailure, SendError, TemporaryFailure, UnknownOutcome

CONNECT_TIMEOUT = 5.0  # seconds
READ_TIMEOUT = 20.0  # seconds without a byte
TOTAL_TIMEOUT = 60.0  # seconds for a whole answer: a server that drips a byte now and then never hits the other
MAX_ANSWER = 16 * 1024 * 1024  # bytes; no platform's API answers anything near it


class PlatformSession(requests.Session):
    """A requests session for one platform's client library.

    With ``simulator_url`` every call goes to that scheme, host and port instead, path and query unchanged; the
    library does not notice. A call without a timeout gets ours. Redirects are never followed: no platform API needs
    them, and they carry credentials along. An answer that takes longer than TOTAL_TIMEOUT or is larger than
    MAX_ANSWER raises requests.ReadTimeout or requests.ConnectionError, as if the line had broken. ``deadline``
    (time.monotonic()) ends every call of this session sooner.
    """

    def __init__(
        self,
        simulator_url: str = "",
        timeout: tuple[float, float] = (CONNECT_TIMEOUT, READ_TIMEOUT),
    ) -> None:
        super().__init__()
        self.simulator_url = simulator_url.rstrip("/")
        self.default_timeout = timeout
        self.deadline = float("inf")
        self.trust_env = not simulator_url  # no proxy in front of the simulator
        for scheme in ("https://", "http://"):
            self.mount(scheme, WatchedAdapter())

    def rewritten(self, url: str) -> str:
        """The address that is really called."""
        if not self.simulator_url:
            return url
        base, parts = urlsplit(self.simulator_url), urlsplit(url)
        return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, ""))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """As requests.Session.request, with our timeout, our host and no redirects."""
        address = url.decode() if isinstance(url, bytes) else url
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.default_timeout
        kwargs["allow_redirects"] = False
        return super().request(method, self.rewritten(address), *args, **kwargs)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Never: even without following, requests would read the whole body of an answer that redirects."""
        return None

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """As requests.Session.send; what is not streamed is read here, within our limits."""
        streamed = kwargs.get("stream", False)
        kwargs["stream"] = True
        deadline = min(time.monotonic() + TOTAL_TIMEOUT, self.deadline)
        line = _Line(deadline)
        token = _calling.set(line)
        try:
            response = super().send(request, **kwargs)
        except requests.RequestException:
            if line.cut:
                raise requests.ReadTimeout("took longer than allowed") from None
            raise
        finally:
            _calling.reset(token)
            line.let_go()
        if line.cut:  # headers that were cut off look like headers that ended
            response.close()
            raise requests.ReadTimeout("took longer than allowed")
        if not streamed:
            # Where requests itself keeps what it read; `content`, `text` and `json` go on working.
            response._content = b"".join(limited(response, MAX_ANSWER, deadline))
            response._content_consumed = True  # type: ignore[attr-defined]
        return response


class _Line:
    """The connections of one call, cut at ``deadline`` (time.monotonic()): a server that sends a byte of its headers,
    or of its handshake, now and then never hits the time-out of a single read."""

    def __init__(self, deadline: float) -> None:
        self.cut = False
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(deadline - time.monotonic(), 0), self._cut)
        self._timer.daemon = True
        self._timer.start()

    def hold(self, sock: socket.socket) -> None:
        """Watch this one too. Another handle on the same line: cutting it touches no object that is being read."""
        with self._lock:
            handle = socket.socket(fileno=os.dup(sock.fileno()))
            self._held.append(handle)
            if self.cut:
                self._shut(handle)

    def let_go(self) -> None:
        """The answer has begun, or never will."""
        self._timer.cancel()
        with self._lock:
            while self._held:
                self._held.pop().close()

    def _cut(self) -> None:
        with self._lock:
            self.cut = True
            for handle in self._held:
                self._shut(handle)

    @staticmethod
    def _shut(handle: socket.socket) -> None:
        with suppress(OSError):  # closed by the other side already
            handle.shutdown(socket.SHUT_RDWR)


_calling: ContextVar[_Line | None] = ContextVar("calling", default=None)


def _watched[Sock: socket.socket](sock: Sock) -> Sock:
    line = _calling.get()
    if line is not None:
        line.hold(sock)
    return sock


class AnswerTooLarge(requests.ConnectionError):
    """More bytes than we were willing to take; the connection was closed."""


def limited(response: requests.Response, max_bytes: int, deadline: float) -> Iterator[bytes]:
    """The body of a streamed response in pieces, at most ``max_bytes`` and until ``deadline`` (time.monotonic()).

    Raises AnswerTooLarge, requests.ReadTimeout, or requests' own exceptions for a broken line. Decoded bytes are
    counted, so a small compressed body cannot become a large one.
    """
    size = 0
    try:
        # Not iter_content: that waits for a full piece, for as long as a byte comes now and then.
        while piece := response.raw.read1(64 * 1024, decode_content=True):
            size += len(piece)
            if size > max_bytes:
                raise AnswerTooLarge("more bytes than allowed")
            if time.monotonic() > deadline:
                raise requests.ReadTimeout("took longer than allowed")
            yield piece
    except urllib3.exceptions.ReadTimeoutError:
        raise requests.ReadTimeout("silent half-way") from None
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(f"broken off: {type(error).__name__}") from None
    finally:
        response.close()


def from_network_error(error: requests.RequestException) -> SendError:
    """A raw requests exception in our words: not connected = surely not done, anything later = unknown.

    The exception's own text may hold a token in a URL and is never passed on.
    """
    name = type(error).__name__
    # ConnectTimeout, a refused or unresolved connection and a certificate we do not trust: each fails before a
    # byte of the request left.
    if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
        return TemporaryFailure("", "busy", name)
    if isinstance(
        error,
        requests.exceptions.InvalidURL
        | requests.exceptions.MissingSchema
        | requests.exceptions.InvalidSchema
        | requests.exceptions.InvalidHeader,
    ):
        return PermanentFailure("", "configuration", name)
    return UnknownOutcome("", "no_answer", name)


def _never_connected(error: requests.RequestException) -> bool:
    cause: BaseException | None = error
    seen = 0
    while cause is not None and seen < 8:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
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
    except (OSError, UnicodeError):  # UnicodeError: no name that DNS could hold
        return False
    return bool(found) and all(_is_public(str(item[4][0])) for item in found)


def _is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    checked = mapped or parsed
    return bool(checked.is_global) and not checked.is_multicast


def _only_public(sock: socket.socket, connection: HTTPConnection) -> socket.socket:
    # The name may answer differently now than when it was checked; the far end of the line cannot.
    address = str(sock.getpeername()[0])
    if not _is_public(address):
        sock.close()
        raise NewConnectionError(connection, "not a public address")
    return sock


class _WatchedHTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def getresponse(self) -> Any:
        _watched(self.sock)  # a line of an earlier call is used again
        return super().getresponse()


class _WatchedHTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _watched(super()._new_conn())

    def getresponse(self) -> Any:
        _watched(self.sock)
        return super().getresponse()


class _GuardedHTTPConnection(_WatchedHTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _only_public(super()._new_conn(), self)


class _GuardedHTTPSConnection(_WatchedHTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _only_public(super()._new_conn(), self)


class _WatchedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _WatchedHTTPConnection


class _WatchedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPSConnection


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection


class WatchedAdapter(HTTPAdapter):
    """Lets a call end at its deadline, whatever the other side does. Not behind an outbound proxy."""

    pools: dict[str, type] = {"http": _WatchedHTTPPool, "https": _WatchedHTTPSPool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """As HTTPAdapter's, with our connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(self.pools)


class PublicOnlyAdapter(WatchedAdapter):
    """Connects to public addresses only, judged by the connection itself before a byte is sent (DNS rebinding).

    Behind an outbound proxy it is the proxy that connects, and ``is_public_address`` is the guard.
    """

    pools: dict[str, type] = {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}
