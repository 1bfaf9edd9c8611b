"""What is said of a feed: where it is, which part of it is meant, and why it is trusted."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field, replace

from sdk_hooks.core.feeds import login
from sdk_hooks.core.feeds.login import Login

_URL = re.compile(r"(https?|file)://.+")
_APT = re.compile(r"deb\s+\[([^]]*)\]\s+(.*)")
"""A line of apt's sources.list with options."""
_OF_APT = {"signed-by": "key", "trusted": "trusted"}
_OPTIONS = ("key", "trusted", "archs", "format", "index")


@dataclass(frozen=True)
class Feed:
    """A feed of packages.

    Written as one line it is `[FORMAT] URL [SUITE COMPONENT...] [key=FILE] [trusted=yes] [archs=A,B]
    [index=no]`.
    """

    url: str
    """http, https; or a directory of this machine. User and password that are in it become *login*."""
    format: str = ""
    """Empty: what is found there."""
    suite: str = ""
    components: tuple[str, ...] = ()
    key: str = ""
    """A file with the public keys that may sign it."""
    trusted: bool = False
    """Whether it may be used without a signature."""
    archs: tuple[str, ...] = ()
    """Its subdirectories that are feeds, as OE has one for each PACKAGE_ARCH."""
    index: bool = True
    """Whether its index counts, and not what lies in the directory."""
    written: str = field(default="", compare=False)
    """The URL as it was written; empty when it is *url*."""
    login: Login | None = field(default=None, compare=False)
    """What its server is told; no part of what is written or printed of it."""

    def __post_init__(self) -> None:
        url, found = login.split(self.url)
        object.__setattr__(self, "url", url)
        object.__setattr__(self, "login", found or self.login)
        if not _URL.fullmatch(self.url) and "://" in self.url:
            raise ValueError(f"{self.url!r} is neither a directory nor a URL of http, https or file")
        if self.suite and not self.components:
            raise ValueError(f"{self.url!r} with the suite {self.suite!r} wants components, such as main")

    @property
    def local(self) -> bool:
        return not self.url.startswith("http")

    def __str__(self) -> str:
        return self._named(self.url)

    @property
    def place(self) -> str:
        """Where it is, for files that other people get: as it was written."""
        return self._named(self.written or self.url)

    def _named(self, url: str) -> str:
        return " ".join((url, *filter(None, [self.suite]), *self.components))

    @property
    def line(self) -> str:
        """All of it but the login, as `parse` reads it."""
        options = {"key": self.key, "trusted": "yes" if self.trusted else "", "archs": ",".join(self.archs)}
        options["index"] = "" if self.index else "no"
        words = [self.format, self.url, self.suite, *self.components]
        words += [f"{name}={value}" for name, value in options.items() if value]
        return shlex.join(filter(None, words))

    def below(self, directory: str) -> Feed:
        """The same with relative paths made absolute."""
        key = os.path.join(directory, self.key) if self.key else ""
        url = self.url if _URL.match(self.url) else os.path.join(directory, self.url)
        return replace(self, key=key, url=url, written=self.written or self.url)


def parse(text: str) -> Feed:
    """The feed of one line.

    :raises ValueError: Saying what is wrong.
    """
    words = _words(text)
    options = dict(word.split("=", 1) for word in words if word.partition("=")[0] in _OPTIONS and "=" in word)
    plain = [word for word in words if not (word.partition("=")[0] in _OPTIONS and "=" in word)]
    kind = plain.pop(0) if len(plain) > 1 and re.fullmatch(r"[a-z]+", plain[0]) else ""
    if not plain:
        raise ValueError(f"{text!r} names no feed: write it like URL [SUITE COMPONENT...]")
    url, suite, *components = [*plain, ""] if len(plain) == 1 else plain
    if suite in ("/", "./") and not components:  # sources.list has to say that a feed has no suites
        suite = ""
    url = re.sub(r"file:(?=/[^/])", "file://", url)  # as apt has it
    for name in ("trusted", "index"):
        if options.get(name, "no") not in ("yes", "no"):
            raise ValueError(f"{name} is {options[name]!r}, neither yes nor no")
    return Feed(
        url,
        options.get("format", kind),
        suite,
        tuple(components),
        options.get("key", ""),
        options.get("trusted") == "yes",
        tuple(filter(None, options.get("archs", "").split(","))),
        options.get("index", "yes") == "yes",
    )


def _words(text: str) -> list[str]:
    """Those of *text*, which may be a line of apt's sources.list or of opkg.conf.

    :raises ValueError: When it has an option of apt that means nothing here.
    """
    opkg = re.fullmatch(r"src(?:/gz)?\s+\S+\s+(\S.*)", text.strip())
    if opkg:
        return ["ipk", *shlex.split(opkg[1])]
    found = _APT.fullmatch(text.strip())
    if not found:
        return shlex.split(text)
    options = dict(word.partition("=")[::2] for word in shlex.split(found[1]))
    options.pop("arch", None)  # the image's platform says that
    words = [f"{_OF_APT.get(name, name)}={value}" for name, value in options.items()]
    unknown = sorted(set(options) - set(_OF_APT))
    if unknown:
        raise ValueError(f"{text!r}: {unknown[0]!r} means nothing here: key=FILE and trusted=yes do")
    return ["deb", *shlex.split(found[2]), *words]
