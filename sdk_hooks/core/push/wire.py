"""Connections by HTTP, with TLS or without it, through a proxy or not, and single requests on them."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from ssl import SSLContext
from typing import NamedTuple

CONNECTING = 15.0
"""Seconds until a connection has to be there."""
PATIENCE = 60.0
"""Seconds without a byte."""
THINKING = 600.0
"""Seconds until a registry has to answer that got a blob: it may still copy all of it."""
_USUAL = {"http": http.client.HTTP_PORT, "https": http.client.HTTPS_PORT}


class Origin(NamedTuple):
    """Whom one speaks with."""

    scheme: str
    host: str
    """Without the brackets that one of IPv6 has."""
    port: int

    @property
    def name(self) -> str:
        """HOST[:PORT], the port when it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL[self.scheme] else f"{host}:{self.port}"


def joined(base: str, url: str) -> str:
    """Where *url*, which may be relative, leads from *base*; empty when it is no address."""
    try:
        found = urllib.parse.urljoin(base, url)
        known = origin(found).scheme in _USUAL and origin(found).host
    except (ValueError, KeyError):
        return ""
    return found if known and found.isascii() and found.isprintable() and " " not in found else ""


def origin(url: str) -> Origin:
    split = urllib.parse.urlsplit(url)
    return Origin(split.scheme, split.hostname or "", split.port or _USUAL[split.scheme])


def server(url: str) -> str:
    """*url* without what follows the server, which may be secret."""
    return f"{origin(url).scheme}://{origin(url).name}"


class Body(NamedTuple):
    """What goes with a request."""

    size: int
    pieces: Callable[[], Iterable[bytes]]
    """All of it, from its beginning, each time that it is called."""


def of_bytes(content: bytes) -> Body:
    return Body(len(content), lambda: (content,))


NOTHING = of_bytes(b"")


def connection(to: Origin, context: Callable[[], SSLContext]) -> http.client.HTTPConnection:
    """A connection that is still to be opened; $https_proxy, $http_proxy and $no_proxy count.

    :param context: Called when there is to be TLS.
    """
    proxy = _proxy(to)
    first = proxy or to
    if to.scheme == "http":
        return http.client.HTTPConnection(first.host, first.port, timeout=CONNECTING)
    made = http.client.HTTPSConnection(first.host, first.port, timeout=CONNECTING, context=context())
    if proxy:
        made.set_tunnel(to.host, to.port, proxy.headers)
    return made


class _Proxy(NamedTuple):
    host: str
    port: int
    headers: Mapping[str, str]


def _proxy(to: Origin) -> _Proxy | None:
    url = urllib.request.getproxies().get(to.scheme, "")
    if not url or _loopback(to.host) or urllib.request.proxy_bypass(f"{to.host}:{to.port}"):
        return None
    split = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
    login = ":".join(map(urllib.parse.unquote, filter(None, (split.username, split.password))))
    shown = {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
    return _Proxy(split.hostname or "", split.port or http.client.HTTP_PORT, shown)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def opened(made: http.client.HTTPConnection) -> socket.socket:
    """The socket of *made*, which is opened unless it is."""
    before: socket.socket | None = made.sock
    if before is not None:
        return before
    made.connect()
    handle: socket.socket = made.sock
    handle.settimeout(PATIENCE)
    _watch(handle)
    return handle


def sent(
    connection: http.client.HTTPConnection, method: str, url: str, body: Body, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """The answer to a request on *connection*, which is open."""
    target, more = _target(url)
    fixed = {**headers, **more, "User-Agent": "devtool-containers"}
    if body.size:
        fixed["Content-Length"] = str(body.size)
    try:
        connection.request(method, target, body.pieces() if body.size else None, fixed)
    except (ConnectionError, TimeoutError) as error:
        try:  # who hangs up may have said why
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise error from None
    if body.size:
        connection.sock.settimeout(THINKING)
    response = connection.getresponse()
    if connection.sock:
        connection.sock.settimeout(PATIENCE)
    return response


def _target(url: str) -> tuple[str, Mapping[str, str]]:
    """What is asked for, with headers: of a proxy that is to pass it on unencrypted, all of the address."""
    split = urllib.parse.urlsplit(url)
    proxy = _proxy(origin(url)) if split.scheme == "http" else None
    first = split[:2] if proxy else ("", "")
    target = urllib.parse.urlunsplit((*first, split.path or "/", split.query, ""))
    return target, proxy.headers if proxy else {}


def _watch(handle: socket.socket) -> None:
    """Notice a dead network while nobody has anything to say."""
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, 20),
        (socket.TCP_KEEPINTVL, 10),
        (socket.TCP_KEEPCNT, 4),
        (socket.TCP_USER_TIMEOUT, int(PATIENCE * 1000)),
    ):
        handle.setsockopt(socket.IPPROTO_TCP, option, value)


def wake(connection: http.client.HTTPConnection) -> None:
    """End what a thread waits for on it, if one does."""
    handle = connection.sock
    if handle is not None:
        with contextlib.suppress(OSError):
            # of the socket below TLS: TLS' own first forgets that it has to encrypt
            socket.socket.shutdown(handle, socket.SHUT_RDWR)
