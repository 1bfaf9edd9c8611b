"""How dynamic linkers find libraries: what they expand, where they look, what glibc opens by itself."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from sdk_hooks.core.files import elf
from sdk_hooks.core.files.elf import Elf
from sdk_hooks.core.files.root import Root

# glibc opens these by itself, so no DT_NEEDED names them. The symbol is what a program imports.
_HIDDEN = {
    b"\0pthread_exit\0": ("libgcc_s.so.1",),  # "libgcc_s.so.1 must be installed for pthread_exit to work"
    b"\0pthread_cancel\0": ("libgcc_s.so.1",),
    b"\0getaddrinfo\0": ("libnss_files.so.2", "libnss_dns.so.2"),  # inside libc since 2.34
    b"\0getpwnam\0": ("libnss_files.so.2",),
}
_SYSTEM_DIRECTORIES = re.compile(rb"(?<![\w.])(/(?:usr/)?(?:local/)?lib[\w.+-]*(?:/[\w.+-]+)?)/?(?=[\0:\n])")

_MUSL = re.compile(r".*/ld-musl-([^/]+)\.so\.1")
_MUSL_DEFAULT = ("/lib", "/usr/local/lib", "/usr/lib")
_MUSL_ITSELF = re.compile(r"lib(c|pthread|rt|m|dl|util|xnet)\.")


def is_itself(linker: str, name: str) -> bool:
    """Whether the library *name* is the dynamic linker *linker*: musl's is all of the C library."""
    return bool(_MUSL.fullmatch(linker) and _MUSL_ITSELF.match(name))


def path_file(linker: str) -> str:
    """The file that says where *linker* looks instead of where it does without; empty for glibc's."""
    match = _MUSL.fullmatch(linker)
    return f"/etc/ld-musl-{match[1]}.path" if match else ""


def expand(directory: str, path: str, user: Elf | None) -> str:
    """*directory* of a search path of the file at *path*, with $ORIGIN and $LIB replaced."""
    lib = "lib64" if user and user.bits == 64 else "lib"
    values = {"ORIGIN": os.path.dirname(path), "LIB": lib, "PLATFORM": ""}
    text = re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda m: values.get(m[1] or m[2], m[0]), directory)
    return os.path.normpath(text)


def hidden(path: str) -> list[str]:
    """Libraries that the C library will open by itself for the program at *path*."""
    names = elf.strings(path)
    return [library for symbol, libraries in _HIDDEN.items() if symbol in names for library in libraries]


def system_directories(root: Root, linker: str) -> tuple[str, ...]:
    """Where the dynamic linker at *linker* looks without any configuration: it has them built in as text.

    musl's has a file instead, and three directories where there is none.
    """
    file = path_file(linker)
    if file:
        said = root.read_text(file).strip() if root.is_file(file) else ""
        return tuple(re.split(r"[:\n]+", said)) if said else _MUSL_DEFAULT
    found: list[str] = []
    real = root.resolve(linker) if linker else ""
    if real and root.is_file(real):
        with open(root.host(real), "rb") as stream:
            found = [d.decode() for d in _SYSTEM_DIRECTORIES.findall(stream.read())]
    return tuple(dict.fromkeys([*found, "/lib", "/usr/lib", "/lib64", "/usr/lib64"]))


def configured_directories(root: Root) -> tuple[str, ...]:
    """Where the linker's cache would point to: the directories of ld.so.conf."""
    return tuple(dict.fromkeys(_ld_so_conf(root, "/etc/ld.so.conf", ())))


def _ld_so_conf(root: Root, path: str, above: tuple[str, ...]) -> Iterator[str]:
    if path in above:
        return  # a file that includes itself
    for line in root.read_text(path).splitlines():
        words = line.split("#", 1)[0].split()
        if words[:1] == ["include"]:
            for pattern in words[1:]:
                for found in root.glob(os.path.join(os.path.dirname(path), pattern)):
                    yield from _ld_so_conf(root, found, (*above, path))
        elif words and words[0].startswith("/"):
            yield words[0].rstrip("/")
