"""An OpenPGP key of a test's own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_gpg = pytest.mark.skipif(
    not (shutil.which("gpg") and shutil.which("gpgv")),
    reason="gpg is not installed: apt-get install gnupg gpgv",
)


@dataclass(frozen=True)
class Key:
    """Files with the two halves."""

    secret: Path
    public: Path


def make(directory: Path) -> Key:
    """A key without a passphrase."""
    key = Key(directory / "secret.asc", directory / "public.asc")
    with tempfile.TemporaryDirectory() as home:  # a short path: the agent has a socket there

        def gpg(*words: str) -> bytes:
            argv = ("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", *words)
            return subprocess.run(argv, check=True, capture_output=True).stdout

        gpg("--quick-gen-key", "publisher@example.org", "ed25519", "sign")
        key.secret.write_bytes(gpg("--armor", "--export-secret-keys"))
        key.public.write_bytes(gpg("--armor", "--export"))
        subprocess.run(("gpgconf", "--homedir", home, "--kill", "all"), check=True, capture_output=True)
    return key
