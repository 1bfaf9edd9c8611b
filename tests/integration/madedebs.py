"""Feeds of made packages, deb or ipk, with all kinds of relations and files: the same for the same seed."""

import hashlib
import random
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from unit.debmaker import deb, member

from sdk_hooks.core.feeds.install import Allowed, install
from sdk_hooks.core.feeds.store import Have
from sdk_hooks.core.files.fileset import FILE, HARDLINK, SYMLINK, Entry, Merged
from sdk_hooks.packages import PackageFormat

VERSIONS = ("1.0", "1.5", "2.0~rc1", "2.0", "2.0-1", "1:0.1")
VIRTUAL = 14
"""Names that are provided, most of them by one package: which one of several is nobody's rule."""
NAMES = [f"p{number:02}" for number in range(30)]
PLACES = ("usr/share/d0", "usr/share/d1", "usr/share/d1/inner", "etc/d2", "opt/d3")
ABOUT = "Maintainer: me <me@example.org>\nDescription: {}\n"
MODES = (0o755, 0o755, 0o755, 0o700, 0o1777, 0o2775)
OURS = {"tmp", "usr", "usr/local", "etc", "etc/passwd", "etc/group"}
"""What the installer makes for users of an image, whatever is in it."""
Chance = random.Random
Member = tuple[tarfile.TarInfo, bytes]
Facts = tuple[object, ...]


def seeds(text: str) -> range:
    """Of `FIRST-LAST`."""
    first, last = map(int, text.split("-"))
    return range(first, last)


def relation(chance: Chance, versioned: bool) -> str:
    """What a package may need.

    :param versioned: Whether what is provided has a version: opkg does not find such.
    """
    operator, version = chance.choice((">=", "<=", "=", "<<", ">>")), chance.choice(VERSIONS)
    virtual = f"v{chance.randrange(VIRTUAL)}{chance.choice(('', '', ' (>= 2)' if versioned else ''))}"
    exact = f"{chance.choice(NAMES)} ({operator} {version})"
    return chance.choices((chance.choice(NAMES), exact, virtual), (50, 20, 30))[0]


def control(chance: Chance, name: str, versioned: bool) -> str:
    fields: dict[str, list[str]] = {}
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        kind = "Pre-Depends" if chance.random() < 0.1 else "Depends"
        count = chance.choice((1, 1, 1, 2, 3)) if versioned else 1  # of alternatives opkg takes several
        fields.setdefault(kind, []).append(" | ".join(relation(chance, versioned) for _ in range(count)))
    if chance.random() < 0.35:
        version = chance.choice(("", " (= 1)", " (= 2)", " (= 3)"))
        fields["Provides"] = [f"v{chance.randrange(VIRTUAL)}{version if versioned else ''}"]
    others = [each for each in NAMES if each != name]
    if chance.random() < 0.1:
        fields[chance.choice(("Conflicts", "Breaks"))] = [
            chance.choice(
                (chance.choice(others), f"{chance.choice(others)} (<< 2.0)", f"v{chance.randrange(VIRTUAL)}")
            )
        ]
    return "".join(f"{key}: {', '.join(words)}\n" for key, words in fields.items())


def files(chance: Chance, name: str, modes: Mapping[str, int]) -> list[Member]:
    """Directories, files, links and hard links; some directories that other packages have, too.

    :param modes: Of directories that are the same in all packages.
    """
    found = [member("./", kind=tarfile.DIRTYPE, mode=0o755)]
    for place in sorted(chance.sample(PLACES, chance.randrange(1, 4))):
        parts = place.split("/")
        for count in range(1, len(parts) + 1):
            path = "/".join(parts[:count])
            mode = modes.get(path) or (chance.choice(MODES) if path == place and not modes else 0o755)
            found.append(member(f"./{path}/", kind=tarfile.DIRTYPE, mode=mode))
        for number in range(chance.randrange(3)):
            path = f"./{place}/{name}-{number}"
            mode = chance.choice((0o644, 0o755, 0o600, 0o4755, 0o444))
            found.append(member(path, chance.randbytes(chance.choice((0, 1, 513))), mode=mode))
            if chance.random() < 0.3:
                found.append(member(f"{path}-link", kind=tarfile.SYMTYPE, linkname=chance.choice((path[2:], "/nowhere"))))  # fmt: skip # noqa: E501
            if chance.random() < 0.2:
                found.append(member(f"{path}-hard", kind=tarfile.LNKTYPE, linkname=path, mode=mode))
    return found


def make(directory: Path, chance: Chance, suffix: str = ".deb") -> None:
    """Some fifty packages with an index."""
    index, debian = [], suffix == ".deb"
    # opkg takes packages that need each other in its own order, and the first one gives the mode
    modes = {} if debian else {place: chance.choice(MODES) for place in PLACES}
    for name in NAMES:
        for version in chance.sample(VERSIONS, chance.choice((1, 1, 1, 2, 3))):
            said = control(chance, name, debian)
            path = deb(
                directory,
                name,
                *files(chance, name, modes),
                version=version,
                control=said + ABOUT.format(name),
            )
            path = path.rename(path.with_name(path.name.replace("%3a", "_")).with_suffix(suffix))
            raw = path.read_bytes()
            index.append(
                f"Package: {name}\nVersion: {version}\nArchitecture: all\n{said}{ABOUT.format(name)}"
                f"Filename: {path.name}\nSize: {len(raw)}\nMD5Sum: {hashlib.md5(raw).hexdigest()}\n"
                f"SHA256: {hashlib.sha256(raw).hexdigest()}\n"
            )
    (directory / "Packages").write_text("\n".join([*index, ""]))


def questions(chance: Chance, count: int) -> list[list[str]]:
    return [chance.sample(NAMES, chance.choice((1, 1, 2, 3))) for _ in range(count)]


def installed(have: Sequence[Have], form: PackageFormat) -> dict[str, Facts]:
    """Kind, mode, owner and content of what the installer makes of packages, without users and /tmp."""
    merged = Merged()
    for group in install(have, [], Allowed(setuid=("/**",)), None, form):
        merged.place(group)
    return {path: _facts(entry, merged) for path, entry in merged.entries.items() if path not in OURS}


def _facts(entry: Entry, merged: Merged) -> Facts:
    if entry.kind == HARDLINK:
        return _facts(merged.entries[entry.link], merged)
    content: object = entry.link if entry.kind == SYMLINK else b""
    if entry.kind == FILE:
        content = Path(entry.source).read_bytes() if entry.source else entry.data
    mode = "" if entry.kind == SYMLINK else oct(entry.mode)
    return (entry.kind, mode, entry.uid, entry.gid, content)


def of_directory(top: Path, without: Iterable[str]) -> dict[str, Facts]:
    """The same of what is below *top*, but not of what begins with one of *without*."""
    from sdk_hooks.core.files import scan

    merged = Merged()
    without = tuple(without)
    for entry in scan.tree(str(top), exact=True):
        if not entry.path.startswith(without) and entry.path not in OURS:
            merged.cover(entry)
    return {path: _facts(entry, merged) for path, entry in merged.entries.items()}
