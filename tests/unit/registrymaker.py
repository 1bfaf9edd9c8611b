"""A registry that does what tests want of one: faults, and the logins that no packaged registry has."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import re
import socket
import ssl
import struct
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sdk_hooks.core.push import link

from .supplies import _openssl

Act = Callable[["Handler"], None]
API = ("Docker-Distribution-Api-Version", "registry/2.0")


@dataclass
class Registry:
    """What it has, what it was asked, and what is to go wrong."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """`PUT blobs/uploads/1`, without the repository."""
    shown: list[tuple[str, str]] = field(default_factory=list)
    """Each request's path with the Authorization header that came with it."""
    faults: list[tuple[str, Act]] = field(default_factory=list)
    """Each is used once, by the first request that its pattern matches."""
    basic: str = ""
    """user:password that everything wants."""
    bearer: str = ""
    """WWW-Authenticate that everything wants without the token."""
    token: str = "t0ken"
    header: bool = True
    """Whether it says what it is."""
    referrers: bool = False
    """Whether it keeps lists of referrers."""
    uploads: str = "/up/"
    """Where uploads are to go."""
    url: str = ""

    def fail(self, pattern: str, act: Act, times: int = 1) -> None:
        self.faults += [(pattern, act)] * times

    @property
    def name(self) -> str:
        return self.url.partition("://")[2]

    def sent(self) -> list[str]:
        """Digests of the blobs that came, in their order."""
        found = [re.search(r"digest=sha256(?:%3A|:)(\w+)", line) for line in self.asked if "PUT" in line]
        return [f"sha256:{match[1]}" for match in found if match]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers as the distribution-spec has it."""

    protocol_version = "HTTP/1.1"
    registry: Registry

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.take()
        self.send_response(status)
        if self.registry.header:
            self.send_header(*API)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def take(self) -> bytes:
        """The content of the request, once."""
        if not hasattr(self, "_taken") or self._taken is None:
            self._taken = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return self._taken

    def reset(self) -> None:
        """End the connection as one that is cut."""
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def serve(self) -> None:
        self._taken: bytes | None = None
        own = self.registry
        path = re.sub(r"^/v2/\w+(/\w+)*/(?=blobs|manifests|referrers)", "", self.path)
        line = f"{self.command} {path}"
        own.asked.append(line)
        own.shown.append((self.path, self.headers.get("Authorization", "")))
        for fault in own.faults:
            if re.match(fault[0], line):
                own.faults.remove(fault)
                return fault[1](self)
        wanted = self.wanted()
        if wanted and not path.startswith(("/up/", "/token")):
            return self.answer(401, b"", WWW_Authenticate=wanted)
        return self.plainly(path)

    def wanted(self) -> str:
        own, given = self.registry, self.headers.get("Authorization", "")
        if own.basic and given != f"Basic {base64.b64encode(own.basic.encode()).decode()}":
            return 'Basic realm="it"'
        return own.bearer if own.bearer and given != f"Bearer {own.token}" else ""

    def plainly(self, path: str) -> None:
        own = self.registry
        kind, _, rest = path.partition("/")
        if path == "/v2/":
            self.answer(200, b"{}", Content_Type="application/json")
        elif path == "blobs/uploads/":
            self.answer(202, Location=f"{own.uploads}{len(own.asked)}?state=a%2Fb")
        elif path.startswith("/up/"):
            self.upload(path)
        elif kind == "blobs":
            self.answer(200 if rest in own.blobs else 404)
        elif kind == "manifests":
            self.manifest(rest)
        else:
            self.answer(200 if own.referrers else 404, b'{"manifests": []}')

    def upload(self, path: str) -> None:
        digest = urllib.parse.parse_qs(path.partition("?")[2])["digest"][0]
        if f"sha256:{hashlib.sha256(self.take()).hexdigest()}" != digest:
            return self.answer(400, problem("DIGEST_INVALID", "provided digest did not match"))
        self.registry.blobs[digest] = self.take()
        return self.answer(201, Location="/there")

    def manifest(self, name: str) -> None:
        own = self.registry
        if self.command == "PUT":
            digest = f"sha256:{hashlib.sha256(self.take()).hexdigest()}"
            own.manifests[name] = own.manifests[digest] = (self.headers["Content-Type"], self.take())
            return self.answer(201, Docker_Content_Digest=digest)
        if name not in own.manifests:
            return self.answer(404, problem("MANIFEST_UNKNOWN", "manifest unknown"))
        kind, content = own.manifests[name]
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return self.answer(200, content, Content_Type=kind, Docker_Content_Digest=digest)

    do_GET = do_HEAD = do_POST = do_PUT = serve  # noqa: N815  http.server's names


def problem(code: str, message: str, **more: object) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message, **more}]}).encode()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that a test has cut."""


@contextlib.contextmanager
def serving(registry: Registry, context: ssl.SSLContext | None = None) -> Iterator[Registry]:
    """*registry* on a port of the loopback address; with *context* by TLS."""
    server = _Server(("127.0.0.1", 0), type("Own", (Handler,), {"registry": registry}))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    registry.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once, and uses no proxy of this machine."""
    monkeypatch.setattr(link, "PAUSE", 0.01)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def there() -> Iterator[Registry]:
    """A registry without TLS that lets everyone in."""
    with serving(Registry()) as made:
        yield made


def certificate(top: Path, name: str, about: str = "IP:127.0.0.1", *, expired: bool = False) -> Path:
    """A key with a certificate of its own for *about*, in one file."""
    key, made, path = top / "key", top / f"{name}.crt", top / f"{name}.pem"
    words = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}")
    _openssl(
        "req", "-x509", *words, "-addext", f"subjectAltName={about}", "-keyout", str(key), "-out", str(path)
    )
    time = _past() if expired else ("-days", "30")
    _openssl("x509", "-in", str(path), "-signkey", str(key), *time, "-out", str(made))
    path.write_bytes(key.read_bytes() + made.read_bytes())
    return path


def _past() -> tuple[str, ...]:
    known = subprocess.run(("openssl", "x509", "-help"), capture_output=True, text=True, check=True)
    if "-not_after" in known.stdout + known.stderr:  # from 3.4 on, which takes no negative days
        return ("-not_before", "20200101000000Z", "-not_after", "20200102000000Z")
    return ("-days", "-1")


def tls(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def login(top: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> Path:
    """Log in to *name* as `user:password`, as the engines' commands do."""
    path = top / "auth.json"
    entry = {"auth": base64.b64encode(text.encode()).decode()}
    path.write_text(json.dumps({"auths": {name: entry}}))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
    return path
