"""Signs and verifies with the openssl program: ECDSA on the curve P-256 with SHA-256, as cosign does."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.errors import SdkError

PASSPHRASE = "COSIGN_PASSWORD"  # noqa: S105  the name of the variable, which cosign reads as well
_MAKE = "make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY.pem"
_PUBLIC = "openssl pkey -in KEY.pem -pubout -out KEY.pub"
_LARGEST = 1 << 16
"""Bytes of a key file: who gives an image by mistake is told so."""


@dataclass(frozen=True)
class PrivateKey:
    """A key that can be used: it was tried."""

    path: Path
    public: bytes
    """Its public key as PEM."""

    def sign(self, content: bytes) -> bytes:
        """The signature of *content*; another one each time.

        :raises SdkError: When openssl fails.
        """
        done = _openssl("dgst", "-sha256", "-sign", str(self.path), *_passphrase(), stdin=content)
        if done.returncode:
            raise _unusable(self.path, _reason(done))
        return done.stdout


def private_key(path: Path) -> PrivateKey:
    """The private key in the PEM file at *path*; its passphrase is that of COSIGN_PASSWORD.

    :raises SdkError: When it can't be read, or is of another kind.
    """
    text = _read(path)
    if b"ENCRYPTED SIGSTORE PRIVATE KEY" in text or b"ENCRYPTED COSIGN PRIVATE KEY" in text:
        raise SdkError(
            f"the key '{path}' is encrypted in cosign's own way, which openssl can't read",
            hint=f"{_MAKE}; cosign takes it as well: cosign import-key-pair --key KEY.pem",
            code="bad-key",
        )
    if b"PRIVATE KEY-----" not in text:
        raise _unusable(path, "it has no private key in PEM form", _MAKE)
    if b"ENCRYPTED" in text and PASSPHRASE not in os.environ:
        raise SdkError(
            f"the key '{path}' has a passphrase, and nothing says which",
            hint=f"put it into the environment: {PASSPHRASE}",
            code="no-passphrase",
        )
    done = _openssl("pkey", "-in", str(path), "-pubout", *_passphrase())
    if done.returncode and b"ENCRYPTED" in text:
        raise _unusable(path, _reason(done), f"is {PASSPHRASE} its passphrase?")
    if done.returncode:
        raise _unusable(path, _reason(done), _MAKE)
    return PrivateKey(path, _p256(path, done.stdout))


def public_key(path: Path) -> bytes:
    """The public key in the PEM file at *path*, as PEM.

    :raises SdkError: When it can't be read, or is of another kind.
    """
    text = _read(path)
    if b"PRIVATE KEY-----" in text:
        raise _unusable(path, "it is a private key: to verify takes the public one", _PUBLIC)
    if b"-----BEGIN PUBLIC KEY-----" not in text:
        raise _unusable(path, "it has no public key in PEM form", _PUBLIC)
    done = _openssl("pkey", "-pubin", "-in", str(path), "-pubout")
    if done.returncode:
        raise _unusable(path, _reason(done), _PUBLIC)
    return _p256(path, done.stdout)


def good(public: bytes, content: bytes, signature: bytes) -> bool:
    """Whether *signature* is that of *content* by the key *public*.

    :raises SdkError: When openssl is missing.
    """
    with tempfile.TemporaryDirectory() as directory:
        for name, raw in (("key", public), ("signature", signature)):
            (Path(directory) / name).write_bytes(raw)
        words = ("-verify", f"{directory}/key", "-signature", f"{directory}/signature")
        return _openssl("dgst", "-sha256", *words, stdin=content).returncode == 0


def _p256(path: Path, public: bytes) -> bytes:
    text = _openssl("pkey", "-pubin", "-noout", "-text", stdin=public).stdout
    if b"prime256v1" not in text:
        raise _unusable(path, "it is not ECDSA on the curve P-256", _MAKE)
    return public


def _passphrase() -> tuple[str, ...]:
    """Never a question: there may be nobody to answer it."""
    return ("-passin", f"env:{PASSPHRASE}") if PASSPHRASE in os.environ else ("-passin", "pass:")


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError as error:
        hint = "make one: openssl ecparam -name prime256v1 -genkey -noout -out KEY.pem"
        raise SdkError(
            f"can't read the key '{path}'", detail=error.strerror or "", hint=hint, code="no-key"
        ) from error


def _openssl(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(("openssl", *words), input=stdin, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SdkError(
            "images can't be signed or verified without openssl",
            hint="install openssl",
            code="missing-program",
        ) from error


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    """The first line of what openssl said, without addresses."""
    lines = done.stderr.decode(errors="replace").splitlines() or ["openssl failed"]
    return re.sub(r"^[0-9A-F]{8,}:", "", lines[0])


def _unusable(path: Path, why: str, hint: str = "") -> SdkError:
    return SdkError(f"the key '{path}' can't be used", detail=why, hint=hint, code="bad-key")
