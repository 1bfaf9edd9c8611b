"""An API server without a cluster: what kubectl asks of a real one (1.36), over HTTP on loopback."""

import contextlib
import gzip
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from .clock import Clock
from .store import Object, RefusedError, Store

HERE = Path(__file__).parent
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_PATH = re.compile(
    r"/(?:api/v1|apis/([^/]+)/v1)(?:/namespaces/([^/]+)(?=/))?/([a-z]+)(?:/([^/]+))?(?:/(log|status|scale))?"
)


class Api:
    """The server's state, and what a test says about it."""

    def __init__(self, *, version: str = "v1.36.2", delay: float = 0.3) -> None:
        """:param version: Of the node's kubelet, which tells the distribution."""
        self.told: dict[str, Any] = json.loads((HERE / "discovery.json").read_text())
        self.openapi = gzip.decompress((HERE / "openapi.pb.gz").read_bytes())
        self.store = Store()
        self.clock = Clock(self.store, "edge", delay)
        self.forbidden: dict[tuple[str, str], str] = {}
        """For (verb, resource) who may not."""
        self.unauthorized = False
        self.before: Callable[[bytes], None] = lambda _: None
        """Given what is sent before it counts; other requests go on meanwhile."""
        self.busy = 0
        """How often it still has too much to do to say what pods there are."""
        self.answers: list[Object] = []
        self.kinds = {
            each["name"]: (each["kind"], path.removeprefix("/apis/").removeprefix("/api/"))
            for path, answer in self.told.items()
            for each in answer.get("resources", ())
        }
        for name in ("default", "shop"):
            self.store.put(
                "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            )
        self.store.put("nodes", _node("edge", version))

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        """What is answered, as an object or as text.

        :raises RefusedError: With what is answered instead.
        """
        if self.unauthorized:
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        if method == "GET" and path in self.told:
            return self.told[path]
        match = _PATH.fullmatch(path)
        if not match or match[3] not in self.kinds:
            raise RefusedError(404, "NotFound", "the server could not find the requested resource")
        group, namespace, resource, name, inner = (each or "" for each in match.groups())
        self._may(method, group, namespace, resource, name)
        self.clock.tick()
        answer = self._do(method, (resource, namespace, name), inner, query, body)
        self.clock.tick()
        return answer

    def _may(self, method: str, group: str, namespace: str, resource: str, name: str) -> None:
        verbs = {"GET": "get" if name else "list", "POST": "create", "PATCH": "patch", "DELETE": "delete"}
        who = self.forbidden.get((verbs[method], resource))
        if who:
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            what = f'cannot {verbs[method]} resource "{resource}" in API group "{group}" {where}'
            named = f'{resource} "{name}"' if name else resource
            raise RefusedError(403, "Forbidden", f'{named} is forbidden: User "{who}" {what}')

    def _do(
        self, method: str, key: tuple[str, str, str], inner: str, query: dict[str, str], body: bytes
    ) -> Any:
        resource, namespace, name = key
        dry = query.get("dryRun") == "All"
        if resource == "pods" and method == "GET" and self.busy:
            self.busy -= 1
            message = "the server is currently unable to handle the request"
            raise RefusedError(503, "ServiceUnavailable", message)
        if inner == "log":
            return self.clock.printed(self.store.get(key))
        if method == "GET" and not name:
            kind, version = self.kinds[resource]
            chosen = query.get("labelSelector", ""), query.get("fieldSelector", "")
            items = self.store.find(resource, namespace, *chosen)
            return {
                "kind": f"{kind}List",
                "apiVersion": version,
                "metadata": {"resourceVersion": "1"},
                "items": items,
            }
        if method == "GET":
            return self.store.get(key)
        if method == "POST":
            return self.store.create(resource, namespace, json.loads(body), dry=dry)
        if method == "DELETE":
            gone = self.store.delete(key)
            details = {"name": name, "kind": resource, "uid": gone["metadata"]["uid"]}
            return {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Success",
                "details": details,
            }
        manager, force = query.get("fieldManager", "somebody"), query.get("force") == "true"
        return self.store.apply(key, yaml.safe_load(body), manager, force=force, dry=dry)


def _node(name: str, version: str) -> Object:
    info = dict.fromkeys(
        (
            "bootID",
            "kernelVersion",
            "kubeProxyVersion",
            "machineID",
            "osImage",
            "operatingSystem",
            "systemUUID",
        ),
        "-",
    )
    runtime = {
        "containerRuntimeVersion": "containerd://1.6.20",
        "kubeletVersion": version,
        "architecture": "amd64",
    }
    return {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name}},
        "spec": {},
        "status": {
            "nodeInfo": {**info, **runtime}, "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and content are two packets
    api: Api
    lock: threading.Lock

    def _serve(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path == "/openapi/v2" and PROTOBUF in self.headers.get("Accept", ""):
            self._send(200, PROTOBUF.replace("@", "."), self.api.openapi)
            return
        try:
            self.api.before(body)
            with self.lock:
                found = self.api.answer(self.command, url.path, dict(parse_qsl(url.query)), body)
                text = found if isinstance(found, str) else json.dumps(found)
                code = 201 if self.command == "POST" else 200
        except RefusedError as refused:
            code, found, text = refused.code, refused.status, json.dumps(refused.status)
        if isinstance(found, dict):
            self.api.answers.append(json.loads(text))
        kind = "text/plain" if isinstance(found, str) else "application/json"
        self._send(code, kind, text.encode())

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _send(self, code: int, kind: str, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def served(api: Api, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Gives the port on loopback where *api* answers."""
    handler = type("Handler", (_Handler,), {"api": api, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def kubeconfig(directory: Path, port: int, namespace: str = "shop") -> Path:
    """The file by which kubectl finds the server."""
    path = directory / "kubeconfig"
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "edge",
        "clusters": [{"name": "edge", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "us", "user": {}}],
        "contexts": [{"name": "edge", "context": {"cluster": "edge", "user": "us", "namespace": namespace}}],
    }))  # fmt: skip
    return path
