"""Whom to believe that it is a registry: the system's certificates, and those that engines are given."""

from __future__ import annotations

import glob
import os
import ssl
from collections.abc import Iterator
from pathlib import Path

from sdk_hooks.errors import SdkError

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions have all their CAs: an SDK's own Python looks in a place that only its builder had."""
SYSTEM = "/etc"


def context(name: str) -> ssl.SSLContext:
    """What a connection to *name*, HOST[:PORT], is made with.

    $SSL_CERT_FILE counts; `*.crt` in certs.d/HOST[:PORT] of any engine is a CA, `*.cert` and `*.key` are
    shown to the registry.

    :raises SdkError: When a file there can't be used.
    """
    made = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not paths.capath:
        for bundle in filter(os.path.isfile, _BUNDLES):
            made.load_verify_locations(bundle)
    for path in _given(name):
        _load(made, path)
    return made


def _given(name: str) -> Iterator[Path]:
    for top in (SYSTEM, str(Path.home() / ".config")):
        yield from map(Path, sorted(glob.glob(f"{glob.escape(top)}/*/certs.d/{glob.escape(name)}/*")))


def _load(made: ssl.SSLContext, path: Path) -> None:
    try:
        if path.suffix == ".crt":
            made.load_verify_locations(path)
        elif path.suffix == ".cert":
            made.load_cert_chain(path, path.with_suffix(".key"), password="")  # asks nobody
    except OSError as error:  # ssl.SSLError is one
        raise SdkError(
            f"can't use the certificate '{path}'",
            detail=error.strerror or str(error),
            hint=f"look at it: openssl x509 -in {path} -noout -text",
            code="bad-certificate",
        ) from error
