"""A part of an image that has a name: a package, or what was installed without one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """One package of an image, or the files of an install tree or a sysroot; empty where nobody says."""

    name: str
    version: str = ""
    architecture: str = ""
    """In the words of its package format."""
    kind: str = ""
    """The name of its package format: deb, ipk, rpm; empty when it is no package."""
    source: str = ""
    """The recipe or source package that it is made of."""
    feed: str = ""
    """Where it came from, as `feeds:` writes it."""
    path: str = ""
    """Of its file, below the feed."""
    size: int = 0
    """Of its file in bytes."""
    digest: str = ""
    """Of its file: `sha256:...`, `sha512:...`, `sha1:...` or `md5:...`."""
    license: str = ""
    homepage: str = ""
    summary: str = ""
    supplier: str = ""
    """Who answers for it: `name <address>`."""
    vendor: str = ""
    """Whose packages these are, as package URLs have it: `debian`, `fedora`, `openembedded`."""
    asked: bool = False
    """Whether somebody asked for it by name; others are there because one needs them."""
    needs: tuple[str, ...] = ()
    """Names of the components of the image that it needs."""
    files: tuple[str, ...] = ()
    """Paths in the image, without a leading slash; no directories."""
