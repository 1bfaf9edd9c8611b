"""Where in which registry images go, as the user writes it: registry.example:5000/team."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from sdk_hooks.core.spec.model import NAME
from sdk_hooks.errors import UsageError

HUB = "docker.io"
"""The registry that is meant by names without one: it answers at another address than its name."""
_HUB_API = "registry-1.docker.io"
_LOGIN = re.compile(r"@(?!sha\d+:)")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(\[[0-9a-fA-F:.]+\]|{_LABEL}(?:\.{_LABEL})*)(?::(.*))?")
_PATH = re.compile(rf"{NAME}(?:/{NAME})*")
_HINT = "write HOST[:PORT][/PATH], such as registry.example:5000/team"


@dataclass(frozen=True)
class Place:
    """A registry, and the beginning of the names of the repositories in it that are meant."""

    host: str
    """Name or address; one of IPv6 in brackets."""
    port: int | None = None
    """None when it is that of the protocol, and not part of names."""
    prefix: str = ""
    """Path without slashes at its ends; may be empty."""
    plain: bool = False
    """Whether it is spoken to without TLS."""

    @property
    def name(self) -> str:
        """HOST[:PORT], as in the names of images."""
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        name = _HUB_API if self.host == HUB else self.name
        return f"{'http' if self.plain else 'https'}://{name}"

    @property
    def key(self) -> str:
        """What files with logins call it."""
        return "https://index.docker.io/v1/" if self.host == HUB else self.name

    def repository(self, image: str) -> str:
        """What the image *image*, a full name, is called there: without its own host and its tag."""
        own = path(image)
        return f"{self.prefix}/{own}" if self.prefix else own


def path(image: str) -> str:
    """The full name *image* without its registry and its tag."""
    name = untagged(image)
    return name.partition("/")[2] if has_host(name) else name


def has_host(name: str) -> bool:
    """Whether *name* begins with a registry."""
    host, slash, _ = name.partition("/")
    return bool(slash) and (host == "localhost" or "." in host or ":" in host)


def tag(image: str) -> str:
    """The tag in the full name *image*; `latest` when it has none."""
    return image.removeprefix(untagged(image)).removeprefix(":") or "latest"


def untagged(image: str) -> str:
    """The full name *image* without its tag; a colon before a port is none of a tag."""
    path, colon, last = image.rpartition(":")
    return path if colon and "/" not in last else image


def parse(text: str) -> Place:
    """The place that *text* means: `HOST[:PORT][/PATH]`, after http:// or https:// where that matters.

    Without these, only a loopback address is spoken to without TLS.

    :raises UsageError: When it is none.
    """
    if _LOGIN.search(text):
        raise UsageError(
            "a registry is named without user and password",
            hint="log in, once: skopeo login REGISTRY",
        )
    scheme, separator, rest = text.rpartition("://")
    if why := _wrong(scheme, separator, rest):
        raise UsageError(f"{text!r} is no registry", detail=why, hint=_HINT)
    authority, _, path = rest.rstrip("/").partition("/")
    matched = _HOST.fullmatch(authority)
    if not matched:
        raise UsageError(f"{text!r} is no registry", detail=f"{authority!r} is no host", hint=_HINT)
    host, port = matched[1].lower(), matched[2]
    if why := _wrong_host(host, port, bool(separator)) or _wrong_path(host, path):
        raise UsageError(f"{text!r} is no registry", detail=why, hint=_HINT)
    plain = scheme == "http" or (not separator and _loopback(host))
    return Place(host, int(port) if port else None, path, plain)


def _wrong(scheme: str, separator: str, rest: str) -> str:
    if not rest.strip("/"):
        return "it is empty"
    if any(character.isspace() for character in rest):
        return "it has blanks"
    if separator and scheme not in ("http", "https"):
        return f"it begins with {scheme}://, and not with http:// or https://"
    return "it has a digest" if "@" in rest else ""


def _wrong_host(host: str, port: str | None, certain: bool) -> str:
    if port is not None and not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        return f"{port!r} is no port"
    if host.startswith("[") and not _address(host):
        return f"{host!r} is no address"
    if certain or port or host == "localhost" or "." in host or host.startswith("["):
        return ""
    return f"{host!r} may be a user's name: write https://{host} when it is a host's"


def _wrong_path(host: str, path: str) -> str:
    if not path:
        return f"images there belong to a user: {HUB}/USER" if host == HUB else ""
    if ":" in path.rpartition("/")[2]:
        return "it has a tag"
    if path != path.lower():
        return f"{path!r} has upper-case letters"
    return "" if _PATH.fullmatch(path) else f"{path!r} is no path of a repository"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)
