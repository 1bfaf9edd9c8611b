"""Records what a real API server tells of itself, and keeps what is needed: record.py DIRECTORY.

The documents are those that kubectl asks for before it does anything: the discovery of the API, and the
OpenAPI document, version 2, as protobuf: with the definitions of the kinds below and of what these are made
of, and of its paths the patch of each, which says that it can be tried. Those here are of Kubernetes 1.36.2.
"""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KINDS = {
    "api/v1": ("configmaps", "events", "namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes",
               "pods", "pods/log", "secrets", "serviceaccounts", "services"),
    "apis/apps/v1": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "apis/batch/v1": ("cronjobs", "jobs"),
    "apis/networking.k8s.io/v1": ("networkpolicies",),
    "apis/policy/v1": ("poddisruptionbudgets",),
    "apis/storage.k8s.io/v1": ("storageclasses",),
}  # fmt: skip
_PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_PATCH = 8


def raw(path: str) -> Any:
    return json.loads(
        subprocess.run(("kubectl", "get", "--raw", path), capture_output=True, check=True).stdout
    )


def fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """(number, content, the whole field) of each length-delimited field of a protobuf message."""
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        if key & 7 == 0:
            _, at = _varint(data, at)
            yield key >> 3, b"", data[start:at]
            continue
        length, at = _varint(data, at)
        at += length
        yield key >> 3, data[at - length : at], data[start:at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def field(number: int, content: bytes) -> bytes:
    length, out = len(content), bytearray()
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    return bytes((number << 3 | 2,)) + bytes(out) + bytes((length,)) + content


def name(content: bytes) -> str:
    """The key of an entry of a map."""
    return next(value for number, value, _ in fields(content) if number == 1).decode()


def trimmed(document: bytes, definitions: set[str], paths: set[str]) -> bytes:
    out = b""
    for number, content, whole in fields(document):
        if number == 8:
            kept = [_patch(each) for _, each, _ in fields(content) if name(each) in paths]
            out += field(8, b"".join(field(2, each) for each in kept))
        elif number == 9:
            entries = [(name(each), whole) for _, each, whole in fields(content)]
            out += field(9, b"".join(whole for key, whole in entries if key in definitions))
        elif number in (1, 2):
            out += whole
    return out


def _patch(entry: bytes) -> bytes:
    out = b""
    for number, content, whole in fields(entry):
        kept = b"".join(each for key, _, each in fields(content) if key == _PATCH)
        out += field(2, kept) if number == 2 else whole
    return out


def wanted(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The definitions and the paths to keep."""
    paths = {
        path
        for group, kinds in KINDS.items()
        for path in document["paths"]
        for kind in kinds
        if path in (f"/{group}/namespaces/{{namespace}}/{kind}/{{name}}", f"/{group}/{kind}/{{name}}")
    }
    left = {
        parameter["schema"]["$ref"].rpartition("/")[2]
        for path in paths
        for parameter in document["paths"][path].get("put", {}).get("parameters", [])
        if "schema" in parameter
    }
    found: set[str] = {"io.k8s.apimachinery.pkg.apis.meta.v1.Patch"}
    while left:
        key = left.pop()
        found.add(key)
        left |= {*_references(document["definitions"][key])} - found
    return found, paths


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def openapi() -> bytes:
    """The document as protobuf, through kubectl's proxy: kubectl get --raw takes JSON only."""
    with subprocess.Popen(("kubectl", "proxy", "--port=0"), stdout=subprocess.PIPE, text=True) as proxy:
        try:
            assert proxy.stdout is not None
            url = f"http://{proxy.stdout.readline().split()[-1]}/openapi/v2"
            return subprocess.run(
                ("curl", "-sf", "-H", f"Accept: {_PROTOBUF}", url), capture_output=True, check=True
            ).stdout
        finally:
            proxy.terminate()


def main(directory: Path) -> None:
    told: dict[str, Any] = {"/version": raw("/version"), "/api": raw("/api"), "/apis": raw("/apis")}
    told["/api"]["serverAddressByClientCIDRs"] = []
    names = {path.split("/")[1] for path in KINDS if path.startswith("apis/")}
    told["/apis"]["groups"] = [group for group in told["/apis"]["groups"] if group["name"] in names]
    for group in told["/apis"]["groups"]:
        group["versions"] = [each for each in group["versions"] if each["version"] == "v1"]
    for path, kinds in KINDS.items():
        told[f"/{path}"] = raw(f"/{path}")
        told[f"/{path}"]["resources"] = [
            each for each in told[f"/{path}"]["resources"] if each["name"] in kinds
        ]
    document = raw("/openapi/v2")
    (directory / "discovery.json").write_text(json.dumps(told, indent=1) + "\n")
    (directory / "openapi.pb.gz").write_bytes(
        gzip.compress(trimmed(openapi(), *wanted(document)), 9, mtime=0)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
