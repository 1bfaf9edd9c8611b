"""Checks OpenPGP signatures with gpgv, which needs no keyring of the user and no agent."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from sdk_hooks.errors import SdkError

_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*?\r?\n(.*?)^(?:=|-----END)",
    re.DOTALL | re.M,
)
_SIGNED = re.compile(
    rb"-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n(.*?)\r?\n-----BEGIN PGP SIGNATURE-----",
    re.DOTALL,
)


def check(what: str, key: str, content: bytes, signature: bytes) -> None:
    """Check *content* by its detached *signature*.

    :param what: The name of what is signed, for people.
    :param key: File with the public keys, armored or not.
    :raises SdkError: When none of the keys has signed it.
    """
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "content").write_bytes(content)
        (Path(directory) / "signature").write_bytes(signature)
        _gpgv(what, key, Path(directory), "signature", "content")


def cleartext(what: str, key: str, text: bytes) -> bytes:
    """What a clear-signed *text* says: exactly the part that the signature is for.

    :raises SdkError: As `check`.
    """
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "text").write_bytes(text)
        _gpgv(what, key, Path(directory), "--output", f"{directory}/plain", "text")
        return (Path(directory) / "plain").read_bytes()


def unchecked(text: bytes) -> bytes:
    """What a clear-signed *text* says when nobody wants to know who has signed it."""
    found = _SIGNED.search(text)
    return re.sub(rb"^- ", b"", found[1], flags=re.M) if found else text


def _gpgv(what: str, key: str, directory: Path, *words: str) -> None:
    if shutil.which("gpgv") is None:
        raise SdkError(
            "signatures can't be checked without gpgv", hint="install gpgv", code="missing-program"
        )
    (directory / "keys").write_bytes(_keys(key))
    argv = ("gpgv", "--homedir", str(directory), "--keyring", str(directory / "keys"), *words)
    done = subprocess.run(argv, cwd=directory, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        raise SdkError(
            f"the signature of {what} is not good",
            detail="\n".join(line.removeprefix("gpgv: ") for line in lines[-3:]),
            hint=f"is '{key}' the key of that feed?",
            code="bad-signature",
        )


def _keys(path: str) -> bytes:
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        hint = "name the file that has it: key=PATH of the feed"
        raise SdkError(
            f"can't read the key '{path}'", detail=error.strerror or "", hint=hint, code="no-key"
        ) from error
    blocks = _ARMOR.findall(raw)
    return b"".join(base64.b64decode(block) for block in blocks) if blocks else raw
