"""`update-ca-certificates`, whose script asks questions and calls openssl for each certificate."""

from __future__ import annotations

from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call
from sdk_hooks.core.scripts.root import Root

_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_OPENSSL = ("usr/lib/ssl", "usr/lib/ssl-3", "etc/ssl")
"""Directories that OpenSSL may have been built with."""


def update(root: Root) -> None:
    """All certificates in one file, as libraries look for them; OpenSSL finds it by a link.

    Debian also makes links by the hash of each subject, which only OpenSSL can tell.
    """
    shared = [entry for entry in root.below("usr/share/ca-certificates") if entry.path.endswith(".crt")]
    local = [entry for entry in root.below("usr/local/share/ca-certificates") if entry.path.endswith(".crt")]
    found = sorted((entry for entry in (*shared, *local) if entry.kind == FILE), key=lambda entry: entry.path)
    texts = [(root.content(entry.path) or b"").rstrip(b"\n") + b"\n" for entry in found]
    names = "".join(f"{entry.path.removeprefix('usr/share/ca-certificates/')}\n" for entry in found)
    root.write("etc/ca-certificates.conf", names.encode())
    root.write(_BUNDLE, b"".join(texts))
    for directory in _OPENSSL:
        if root.find(directory):
            root.put(Entry(root.inner(f"{directory}/cert.pem"), SYMLINK, 0o777, link=f"/{_BUNDLE}"))


def command(call: Call) -> int:
    update(call.root)
    return 0
