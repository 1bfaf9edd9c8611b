"""For authors of package formats: what a package says of itself, and what a format has to know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import IO, NamedTuple, Protocol

from sdk_hooks.families import Plugin
from sdk_hooks.target import Platform


class Relation(NamedTuple):
    """A package by name, and which versions of it."""

    name: str
    operator: str = ""
    """`<<`, `<=`, `=`, `>=`, `>>`; empty when any version will do."""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name


Alternatives = tuple[Relation, ...]
"""One of them is enough; the first is the preferred one."""


@dataclass(frozen=True)
class Package:
    """One package of a feed, as the feed's index or the package itself has it."""

    name: str
    version: str
    architecture: str
    """In the words of the format."""
    path: str
    """Of its file, below the feed."""
    size: int = 0
    """Of its file in bytes."""
    digest: str = ""
    """Of its file: `sha256:...`, `sha512:...`, `sha1:...` or `md5:...`; empty when the feed does not say."""
    depends: tuple[Alternatives, ...] = ()
    recommends: tuple[Alternatives, ...] = ()
    conflicts: tuple[Relation, ...] = ()
    """What can't be installed beside it."""
    provides: tuple[Relation, ...] = ()
    """Names it also answers to, `=` with a version or none."""
    replaces: tuple[Relation, ...] = ()
    """Whose files it may overwrite."""
    source: str = ""
    """The recipe or source package that it is made of."""
    priority: int = 0
    """How much a distribution wants it, higher is more: decides which one stands for a name of several."""
    essential: bool = False
    """Whether other packages take it for granted."""
    installed_size: int = 0
    """In bytes."""
    license: str = ""
    homepage: str = ""
    summary: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Record(NamedTuple):
    """Where an index has one package: indexes have tens of thousands, of which a few are read."""

    names: tuple[str, ...]
    """Its name first, then those that it provides."""
    start: int
    end: int


@dataclass(frozen=True)
class Opened:
    """A package's file, opened."""

    record: bytes
    """What it says of itself, as an index would."""
    scripts: Mapping[str, str]
    """Text by `preinst`, `postinst`, `prerm`, `postrm`, and what else the format has."""
    configuration: Sequence[str]
    """Paths of its configuration files."""
    archive: IO[bytes]
    """An uncompressed tar archive of its files."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    """Other files that its package manager keeps of it, by name."""


class Place(Protocol):
    """Where a feed is: a directory or a URL. Paths are relative, with slashes."""

    def read(self, path: str, digest: str = "") -> bytes | None:
        """The content of *path*, uncompressed; None when there is no such file.

        :param digest: Of the file as it is there, `sha256:...`.
        :raises SdkError: When it can't be had, or has another digest.
        """

    def verify(self, content: bytes, *signatures: str) -> None:
        """Check *content* by the first of the detached *signatures* that is there, if the feed has a key.

        :raises SdkError: When it has a key, and there is no good signature.
        """

    def clearsigned(self, path: str) -> bytes | None:
        """What the text *path* says that has its signature in it, which is checked if the feed has a key.

        :raises SdkError: As `verify`.
        """


@dataclass(frozen=True)
class Wanted:
    """Which part of a feed is meant."""

    platform: Platform
    suite: str = ""
    """`bookworm`; empty where the index lies at the top of the feed."""
    components: tuple[str, ...] = ()


class PackageFormat(Plugin, Protocol):
    """A format of packages and of the feeds that have them."""

    @property
    def suffix(self) -> str:
        """Of its files: `.deb`."""

    def indexes(self, place: Place, wanted: Wanted) -> Iterable[bytes]:
        """The texts that list the feed's packages; empty when *place* is no feed of this format."""

    def records(self, index: bytes) -> Iterator[Record]:
        """Each package of *index*, quickly."""

    def package(self, record: bytes) -> Package:
        """What a record says.

        :raises ValueError: Saying what is wrong.
        """

    def described(self, record: bytes, path: str, size: int, digest: str) -> bytes:
        """*record* of a package's file, with what an index adds: where it is, its size and `sha256:...`."""

    def fits(self, package: Package, platform: Platform) -> bool:
        """Whether its architecture may be one of *platform*."""

    def compare(self, one: str, other: str) -> int:
        """Of two versions: negative when *one* is older, 0 when they are the same."""

    def opened(self, file: IO[bytes]) -> AbstractContextManager[Opened]:
        """Open a package's file.

        :raises ValueError: Saying what is wrong.
        """
