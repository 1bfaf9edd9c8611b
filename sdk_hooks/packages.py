"""For authors of package formats: what a package says of itself, and what a format has to know."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from sdk_hooks.families import Plugin
from sdk_hooks.target import Platform


class Relation(NamedTuple):
    """A package by name, and which versions of it."""

    name: str
    operator: str = ""
    """`<<`, `<=`, `=`, `>=`, `>>`; empty when any version will do."""
    version: str = ""
    also: tuple[Relation, ...] = ()
    """What the same package has to be as well, as rpm's `(a >= 1 with a < 2)` has it."""
    but: tuple[Relation, ...] = ()
    """What the same package must not be, as rpm's `(a without b)` has it."""

    def __str__(self) -> str:
        own = f"{self.name} ({self.operator} {self.version})" if self.operator else self.name
        return " without ".join([" with ".join([own, *map(str, self.also)]), *map(str, self.but)])


Alternatives = tuple[Relation, ...]
"""One of them is enough; the first is the preferred one."""


class Condition(NamedTuple):
    """What a package needs only beside others, as rpm's `(a if b)` has it."""

    when: tuple[Relation, ...]  # all of these are installed
    then: Alternatives  # none: these must not be installed together


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
    conditions: tuple[Condition, ...] = ()
    recommends: tuple[Alternatives, ...] = ()
    conflicts: tuple[Relation, ...] = ()
    """What can't be installed beside it."""
    provides: tuple[Relation, ...] = ()
    """Names it also answers to, `=` with a version or none."""
    replaces: tuple[Relation, ...] = ()
    """Whose files it may overwrite."""
    obsoletes: tuple[Relation, ...] = ()
    """Packages, by their own names, that it is there instead of."""
    problem: str = ""
    """Why it can't be installed at all, such as "needs '(a unless b)', which can't be read"; else empty."""
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
    supplier: str = ""
    """Who answers for it: `name <address>`."""
    vendor: str = ""
    """Whose packages these are, as package URLs have it: `fedora`, `openembedded`; empty: nobody says."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Record(NamedTuple):
    """Where an index has one package: indexes have tens of thousands, of which a few are read."""

    names: tuple[str, ...]
    """Its name first, then those that it provides."""
    start: int
    end: int


@dataclass(frozen=True)
class Listing:
    """What lists packages of a feed."""

    text: bytes
    signed: bool = True
    """Whether a signature covers it, as far as the feed has a key; if not, each package needs its own."""
    more: Callable[[str], Iterable[tuple[str, str]]] = lambda _: ()
    """Of a name that *text* has not: name and digest of packages that have it by a longer list of files."""


class Member(NamedTuple):
    """One file of a package."""

    path: str
    """As the package has it, relative to the root."""
    kind: str
    """As tar: `0` a file, `1` a hard link, `2` a symbolic one, `3`, `4` devices, `5` directory, `6` FIFO."""
    mode: int
    content: IO[bytes] | None = None
    """Of a file; it can be read until the next member is asked for."""
    size: int = 0
    mtime: int = 0
    link: str = ""
    """Of a symbolic link as it is stored; of a hard link the path of a file that came before."""
    uid: int = 0
    gid: int = 0
    user: str = ""
    group: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()


class Signed(NamedTuple):
    """What a package's signature is for, and the signature."""

    content: bytes
    signature: bytes


@dataclass(frozen=True)
class Opened:
    """A package's file, opened."""

    record: bytes
    """What it says of itself, as an index would."""
    scripts: Mapping[str, str]
    """Text by the names that the format's `Scripts` have."""
    configuration: Sequence[str]
    """Paths of its configuration files."""
    members: Iterable[Member]
    """Its files, once; they are read, and what can be checked is checked, as one goes."""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    """Other files that its package manager keeps of it, by name."""
    signed: Signed | None = None
    """Of a package that has a signature of its own, which covers all of it."""


class ScriptRun(NamedTuple):
    """A script of a package, and what it is called with."""

    name: str
    arguments: tuple[str, ...] = ()
    made: bool = False
    """Whether the format makes it of what the package says: nobody has to run that for real."""


@dataclass(frozen=True)
class Scripts:
    """Which scripts run when a package is installed, in turn."""

    first: tuple[ScriptRun, ...] = ()
    """Of all packages, before the files of any are there."""
    before: tuple[ScriptRun, ...] = ()
    """Before the files of the package are there, those of what it needs being there."""
    after: tuple[ScriptRun, ...] = ()
    """Right after its files."""
    last: tuple[ScriptRun, ...] = ()
    """Of all packages, once the files of all are there."""


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

    def signed(self, content: bytes, *signatures: str) -> bool:
        """As `verify`, but only false when the feed has a key and none of the *signatures* is there.

        :raises SdkError: When there is one, and it is not good.
        """

    def clearsigned(self, path: str) -> bytes | None:
        """What the text *path* says that has its signature in it, which is checked if the feed has a key.

        :raises SdkError: As `verify`.
        """


class Signer(Protocol):
    """Signs what is published, with OpenPGP."""

    def clear(self, text: bytes) -> bytes:
        """*text* with its signature in it.

        :raises SdkError: When it can't be signed.
        """

    def detached(self, content: bytes, *, armor: bool = True) -> bytes:
        """The signature of *content*.

        :raises SdkError: When it can't be signed.
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

    @property
    def scripts(self) -> Scripts:
        """Which scripts run when."""

    @property
    def shares_files(self) -> bool:
        """Whether two packages may have a file that is the same in both."""

    @property
    def direct_alternatives(self) -> bool:
        """Whether its update-alternatives links to programs themselves, not by way of /etc/alternatives."""

    def indexes(self, place: Place, wanted: Wanted) -> Iterable[Listing]:
        """What lists the feed's packages; empty when *place* is no feed of this format."""

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

    def meets(self, provided: Relation, wanted: Relation) -> bool:
        """Whether who provides the one answers to the other of the same name, as far as versions go."""

    def preferred(self, name: str, found: Iterable[Package], old: Collection[Package] = ()) -> list[Package]:
        """*found*, which all answer to *name*, in the order in which they are to be taken.

        :param old: Those of which the feed has newer versions, known only once one is to be taken.
        """

    @property
    def first_alternative(self) -> bool:
        """Whether the first of several alternatives is preferred; else all are one list to choose from."""

    def publish(self, directory: Path, index: bytes, signer: Signer | None) -> str:
        """Write what lists the packages that are below *directory*, and its signatures.

        :param index: What `described` gave for each, an empty line after each.
        :returns: Digest of the list: the same for the same packages.
        :raises SdkError: When it can't be made.
        """

    def opened(self, file: IO[bytes]) -> AbstractContextManager[Opened]:
        """Open a package's file.

        :raises ValueError: Saying what is wrong.
        """
