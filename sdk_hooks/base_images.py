"""For authors of base images: what one is made of, as facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PackageList:
    """Packages that a base image is made of, where the feed has all of them."""

    packages: tuple[str, ...]
    """As `install:` of container.yaml has them; of `A | B` the first that the feed has."""
    alone: tuple[str, ...] = ()
    """Those of them that are taken without what they need: for their data, not for their programs."""
    format: str = ""
    """Of the feed: deb, ipk, rpm; empty when any will do."""


@dataclass(frozen=True)
class BaseImage:
    """A member of its family: a base image that is made of packages, and empty without any."""

    name: str
    """What the user types: lower case, letters, digits and hyphens."""
    summary: str
    """One line for listings: what it is, and for whom."""
    lists: tuple[PackageList, ...] = ()
    """The first one of which the feed has every package is taken; nothing is installed without one."""
    foundation: bool = True
    """Whether an image without packages gets users to look up and a /tmp."""
    exclude: tuple[str, ...] = ()
    """Globs of paths of packages that are left out, with `!` of those that stay; the last match counts.

    They hold for packages on top, too, unless `exclude:` of container.yaml says otherwise.
    """
    setuid: tuple[str, ...] = ()
    """Globs of programs that keep the rights of their owner; others of its packages lose them."""
    applets: str = ""
    """A busybox, as a path, whose applets get links where no package has a program of that name."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Symbolic links that it has besides: what they lead to, by path; units only where systemd is."""
    package_database: bool = False
    """Whether dpkg or opkg in the image know its packages, when container.yaml does not say."""
    entrypoint: tuple[str, ...] = ()
    """The program of every image on top that names none: an init."""
    cmd: tuple[str, ...] = ()
    """What runs when there is no other program."""
    user: str = ""
    """Who runs these two; `uid:gid`, or empty for the same as everywhere."""
    env: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = ""
