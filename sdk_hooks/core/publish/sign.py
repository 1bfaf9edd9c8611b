"""Signs with gpg, by a key of the user's own keyring or of a file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator

from sdk_hooks.errors import SdkError


class Signer:
    """Makes OpenPGP signatures.

    :param home: gpg's directory; empty for the user's own.
    :param key: Which key of it; empty for the only one.
    """

    def __init__(self, home: str, key: str) -> None:
        self.home, self.key = home, key

    def clear(self, text: bytes) -> bytes:
        """*text* with its signature in it.

        :raises SdkError: When gpg can't sign.
        """
        return self._gpg(text, "--clearsign")

    def detached(self, content: bytes, *, armor: bool = True) -> bytes:
        """The signature of *content*.

        :raises SdkError: When gpg can't sign.
        """
        return self._gpg(content, *(["--armor"] if armor else []), "--detach-sign")

    def public(self) -> bytes:
        """The public key, armored, for those who check."""
        return self._gpg(b"", "--armor", "--export", *filter(None, [self.key]))

    def _gpg(self, content: bytes, *words: str) -> bytes:
        home = ("--homedir", self.home) if self.home else ()
        user = ("--local-user", self.key) if self.key else ()
        argv = ("gpg", *home, "--batch", "--quiet", *user, "--digest-algo", "SHA512", *words)
        return _run(argv, content)


@contextlib.contextmanager
def signer(key: str) -> Iterator[Signer | None]:
    """What signs with *key*: a file with a secret key, or whatever names one of the user's; None without one.

    :raises SdkError: When the file has no key.
    """
    if not key:
        yield None
        return
    if not os.path.isfile(key):
        yield Signer("", key)
        return
    with tempfile.TemporaryDirectory() as home:
        try:
            _run(("gpg", "--homedir", home, "--batch", "--quiet", "--import", key), b"")
            yield Signer(home, "")
        finally:  # its agent would outlive us
            with contextlib.suppress(FileNotFoundError):
                subprocess.run(
                    ("gpgconf", "--homedir", home, "--kill", "all"), capture_output=True, check=False
                )


def _run(argv: tuple[str, ...], content: bytes) -> bytes:
    try:
        done = subprocess.run(argv, input=content, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SdkError(
            "nothing can be signed without gpg", hint="install gnupg", code="missing-program"
        ) from error
    if done.returncode:
        raise SdkError(
            "gpg can't sign",
            detail=done.stderr.decode(errors="replace").strip(),
            hint="is it a secret key? gpg --list-secret-keys",
            code="no-key",
        )
    return done.stdout
