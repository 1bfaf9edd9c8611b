"""The ssh keys of a machine: its host key, and the one that logs in."""

from __future__ import annotations

import base64
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.core.vm.programs import run
from sdk_hooks.errors import SdkError

_MAGIC = b"openssh-key-v1\0"
_TYPE = b"ssh-ed25519"


@dataclass(frozen=True)
class Keys:
    """Files in the machine's directory; the public half of each has .pub behind its name."""

    host: Path
    login: Path

    @property
    def host_public(self) -> str:
        """Type and key, as in known_hosts."""
        return " ".join(_public(self.host).split()[:2])

    @property
    def login_public(self) -> str:
        """A line for authorized_keys."""
        return _public(self.login)


def keys(directory: Path, name: str) -> Keys:
    """The keys of the machine *name*, which keeps its files in *directory*; made when there are none.

    :raises SdkError: When they can't be made.
    """
    if shutil.which("ssh-keygen") is None or shutil.which("ssh") is None:
        hint = "install it: apt-get install openssh-client"
        raise SdkError("there is no ssh here", hint=hint, code="missing-program")
    found = Keys(directory / "host_key", directory / "login_key")
    for path in (found.host, found.login):
        if not path.exists() or not _public_path(path).exists():
            path.unlink(missing_ok=True)
            comment = f"devtool-containers {name}"
            argv = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))
            run(argv, directory)
    return found


def dropbear(openssh: str) -> bytes:
    """The ed25519 private key *openssh* as dropbear keeps it.

    OpenSSH's form is that of its PROTOCOL.key; dropbear's is string "ssh-ed25519", then seed and public key
    as one string of 64 bytes (gen_ed25519.c). So no dropbearconvert is needed.

    :raises ValueError: When it is no such key, or has a passphrase.
    """
    raw = base64.b64decode("".join(line for line in openssh.splitlines() if not line.startswith("-")))
    if not raw.startswith(_MAGIC):
        raise ValueError("not a private key of OpenSSH")
    cipher, _kdf, _options, rest = _strings(raw[len(_MAGIC) :], 3)
    if cipher != b"none":
        raise ValueError("it has a passphrase")
    _public_key, private, _ = _strings(rest[4:], 2)  # a count of keys, always 1
    kind, _public_half, key, _ = _strings(private[8:], 3)  # two check values
    if kind != _TYPE:
        raise ValueError(f"it is a key of type {kind.decode(errors='replace')}")
    return _string(kind) + _string(key)


def _strings(raw: bytes, count: int) -> list[bytes]:
    """The first *count* strings of *raw*, and what is behind them."""
    found = []
    for _ in range(count):
        (size,) = struct.unpack_from(">I", raw)
        found.append(raw[4 : 4 + size])
        raw = raw[4 + size :]
    return [*found, raw]


def _string(raw: bytes) -> bytes:
    return struct.pack(">I", len(raw)) + raw


def _public(path: Path) -> str:
    return _public_path(path).read_text()


def _public_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")
