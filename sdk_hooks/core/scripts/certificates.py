"""`update-ca-certificates`, whose script asks questions and calls openssl for each certificate."""

from __future__ import annotations

from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call
from sdk_hooks.core.scripts.root import Root

_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_CHOICE = "etc/ca-certificates.conf"
"""Which of them are trusted; lines with # or ! in front are not. OpenEmbedded's package brings it."""
_SHARED = "usr/share/ca-certificates"
_OPENSSL = ("usr/lib/ssl", "usr/lib/ssl-3", "etc/ssl")
"""Directories that OpenSSL may have been built with."""


def update(root: Root) -> None:
    """All certificates in one file, as libraries look for them; OpenSSL finds it by a link.

    Debian also makes links by the hash of each subject, which only OpenSSL can tell.
    """
    if root.find(_CHOICE) is None:
        names = sorted(e.path.removeprefix(f"{_SHARED}/") for e in _below(root, _SHARED))
        root.write(_CHOICE, "".join(f"{name}\n" for name in names).encode())
    chosen = (root.content(_CHOICE) or b"").decode(errors="replace").split("\n")
    paths = [f"{_SHARED}/{name}" for name in chosen if name and not name.startswith(("#", "!"))]
    paths += sorted(entry.path for entry in _below(root, "usr/local/share/ca-certificates"))
    texts = [text.rstrip(b"\n") + b"\n" for text in map(root.content, paths) if text is not None]
    root.write(_BUNDLE, b"".join(texts))
    for directory in _OPENSSL:
        if root.find(directory):
            root.put(Entry(root.inner(f"{directory}/cert.pem"), SYMLINK, 0o777, link=f"/{_BUNDLE}"))


def _below(root: Root, directory: str) -> list[Entry]:
    return [entry for entry in root.below(directory) if entry.path.endswith(".crt") and entry.kind == FILE]


def command(call: Call) -> int:
    update(call.root)
    return 0
