"""What this machine must have to make guests and to run them, and where it keeps them."""

import os
import re
import shutil

from sdk_hooks import vm
from sdk_hooks.core.reftarget import packages
from sdk_hooks.errors import SdkError

CACHE = vm.cache_directory() / "guests"
"""As it is when the tests start: some of them change the environment."""

HOW = "make test-all"
_MIRROR, _KEYS = "http://deb.debian.org/debian", "/usr/share/keyrings/debian-archive-keyring.gpg"
_PACKAGES = {
    "mmdebstrap": "mmdebstrap",
    "depmod": "kmod",
    "mke2fs": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-system-aarch64": "qemu-system-arm",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "fakeroot": "fakeroot",
}


class Unavailable(Exception):  # noqa: N818 - it is no error: tests skip
    """This machine can't make or run a guest; the text says why and what to install."""


def require(*programs: str) -> None:
    """Raise Unavailable when one of *programs* is not installed."""
    for name in programs:
        if vm.tool(name) is None:
            raise Unavailable(f"{name} is not installed: apt-get install {_PACKAGES[name]}")


def as_root() -> tuple[str, ...]:
    """What goes before a command that gives files to root."""
    return () if os.geteuid() == 0 else ("fakeroot", "--")


def programs(architecture: str) -> tuple[str, ...]:
    """All that a guest of *architecture* takes."""
    emulator = {"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}[architecture]
    return ("mmdebstrap", "depmod", "mke2fs", "qemu-img", emulator, *as_root()[:1])


def source(suite: str) -> str:
    """The line of sources.list for *suite*, from the mirror that this machine has its own packages from."""
    try:
        given = "\n".join(packages.sources().values())
    except SdkError as error:
        raise Unavailable(str(error)) from error
    mirrors = re.findall(r"(?m)^(?:URIs:|deb\b(?: *\[.*\])?) *(\S+/debian)/?(?: |$)", given)
    if not os.path.exists(_KEYS):
        raise Unavailable("the keys of Debian are not here: apt-get install debian-archive-keyring")
    return f"deb [signed-by={_KEYS}] {mirrors[0] if mirrors else _MIRROR} {suite} main"


def free_space() -> int:
    """Bytes left where guests are kept."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(CACHE).free
