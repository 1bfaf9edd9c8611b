"""Whoever is not known any more is told what of theirs has expired, and when."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.k8s import credentials
from sdk_hooks.errors import SdkError

from .registrymaker import certificate

DENIED = "error: You must be logged in to the server (Unauthorized)"
UNKNOWN = SdkError("the cluster does not know you", detail=DENIED, hint="log in", code="unauthorized")
NOW = 1_790_000_000.0


def told(certificate: bytes = b"", token: str = "", now: float = NOW) -> str:
    said = base64.b64encode(certificate).decode() + "\n" + token
    return str(credentials.explained(UNKNOWN, said, now))


def token(**claims: object) -> str:
    """A JSON Web Token whose signature nobody looks at."""
    parts = (json.dumps({"alg": "RS256"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in parts)


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    certificate(tmp_path, "old")
    path = tmp_path / "old.crt"
    ends = subprocess.run(
        ("openssl", "x509", "-in", str(path), "-noout", "-enddate"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    day = subprocess.run(
        ("date", "-u", "-d", ends.partition("=")[2].strip(), "+%s %Y-%m-%d %H:%M:%S"),
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    seconds, _, text = day.strip().partition(" ")

    assert told(path.read_bytes(), now=float(seconds) - 1) == str(UNKNOWN)
    assert told(path.read_bytes() * 2, now=float(seconds) + 1) == (
        "your certificate for the cluster has expired [expired]\n"
        f"  it was valid until {text} UTC\n"
        f"  {DENIED}\n"
        "  hint: fetch the kubeconfig again; with kubeadm renew it before: kubeadm certs renew admin.conf"
    )


def test_a_token_that_has_expired() -> None:
    assert told(token=token(exp=int(NOW))) == str(UNKNOWN)
    assert told(token=token(exp=int(NOW) - 1, sub="system:serviceaccount:shop:a?>~")) == (
        "your token for the cluster has expired [expired]\n"
        "  it was valid until 2026-09-21 14:13:19 UTC\n"
        f"  {DENIED}\n"
        "  hint: log in again, or fetch another: kubectl create token NAME"
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (b"", ""),
        (b"", "opaque"),
        (b"", "a.b.c"),
        (b"", "..."),
        (b"", token()),
        (b"", token(exp="soon")),
        (b"", token(exp=None)),
        (b"\xff\xfe", ""),
        (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", ""),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", ""),
        (b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", ""),
    ],
)
def test_what_tells_nothing_changes_nothing(given: bytes, word: str) -> None:
    assert told(given, word) == str(UNKNOWN)


def test_what_ends_early_changes_nothing(tmp_path: Path) -> None:
    der = subprocess.run(
        ("openssl", "x509", "-in", str(certificate(tmp_path, "old")), "-outform", "DER"),
        capture_output=True,
        check=True,
    ).stdout
    for size in range(60):
        pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(der[:size]) + b"\n-----END CERTIFICATE-----"
        assert told(pem, now=NOW * 3) == str(UNKNOWN)
