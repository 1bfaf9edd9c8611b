"""Which packages an image has by what their package manager keeps there: dpkg, opkg, apk and rpm."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from sdk_hooks.core.bom import copyright, rpm
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.known import Known
from sdk_hooks.core.files.fileset import DIRECTORY, Entry
from sdk_hooks.core.files.links import Links
from sdk_hooks.deblike import DebLike, paragraph

_PLACES = (
    "var/lib/dpkg/",
    "var/lib/opkg/",
    "usr/lib/opkg/",
    "lib/apk/db/",
    "usr/lib/apk/db/",
    "usr/share/doc/",
    *(f"{each}/" for each in rpm.PLACES),
)
_FILES = ("var/lib/apt/extended_states", "etc/apk/world")
_WANTED = re.compile(
    r".*/(status|info/[^/]+\.list|status\.d/[^/]+|installed|[^/]+/copyright|rpmdb\.sqlite(-wal|-journal)?|Packages(\.db)?)"
)
_INSTALLED = re.compile(r"\S+\s+\S+\s+(installed|unpacked|half-configured|triggers-\S+)")

Tell = Callable[[str], None]


def wanted(path: str) -> bool:
    """Whether the content of the file *path* is needed to know the packages."""
    return (path.startswith(_PLACES) and _WANTED.fullmatch(path) is not None) or path in _FILES


def components(entries: Mapping[str, Entry], tell: Tell) -> tuple[Component, ...]:
    """The packages of an image.

    :param entries: What it shows, by path; the files that are `wanted` with their content.
    :param tell: Is told which database can't be read, and why.
    """
    known: list[Known] = []
    for read in (_dpkg, _distroless, _opkg, _apk):
        try:
            known += read(entries)
        except ValueError as error:
            tell(f"a package database of the image is damaged: {error}")
    known += rpm.read(entries, tell)
    links = Links(entries)
    names = _names(known)
    return tuple(replace(_needing(each, names), files=_files(each, links)) for each in known)


def _names(known: Iterable[Known]) -> dict[str, str]:
    """Whose each name is: a package's own before what others provide."""
    provided = {name: each.component.name for each in known for name in each.provides}
    return provided | {each.component.name: each.component.name for each in known}


def _needing(known: Known, names: Mapping[str, str]) -> Component:
    found = (next((names[name] for name in clause if name in names), "") for clause in known.depends)
    needs = set(found) - {"", known.component.name}
    return replace(known.component, needs=tuple(sorted(needs)))


def _files(known: Known, links: Links) -> tuple[str, ...]:
    """Its paths as they are in the image, without directories and without what is gone.

    A directory of the package may be a link in the image, which is another one's: /lib.
    """
    listed = {path.strip("/") for path in known.component.files}
    real = {links.real(path) for path in listed - {path.rpartition("/")[0] for path in listed}}
    found = (path for path in real if path in links.entries)
    return tuple(sorted(path for path in found if links.entries[path].kind != DIRECTORY))


def _dpkg(entries: Mapping[str, Entry]) -> Iterator[Known]:
    states = _paragraphs(_data(entries, "var/lib/apt/extended_states"))
    automatic = {fields.get("Package", "") for fields in states if fields.get("Auto-Installed") == "1"}
    for raw in _installed(_data(entries, "var/lib/dpkg/status")):
        found, name = _package(raw)
        lists = (f"{name}:{found.component.architecture}", name)
        texts = (_data(entries, f"var/lib/dpkg/info/{each}.list") for each in lists)
        paths = next(filter(None, texts), b"").decode(errors="surrogateescape").splitlines()
        asked = bool(automatic) and name not in automatic
        yield _with(found, kind="deb", files=tuple(paths), asked=asked, license=_license(found, entries))


def _distroless(entries: Mapping[str, Entry]) -> Iterator[Known]:
    """Images that Debian packages were unpacked into without dpkg: a file for each of them."""
    top = "var/lib/dpkg/status.d/"
    for path in [path for path in entries if path.startswith(top) and not path.endswith(".md5sums")]:
        if b"Package:" not in entries[path].data:
            continue
        found, name = _package(entries[path].data)
        sums = _data(entries, f"{path}.md5sums").decode(errors="surrogateescape").splitlines()
        files = (*(line.partition("  ")[2] for line in sums), f"usr/share/doc/{name}/copyright")
        yield _with(found, kind="deb", files=files, license=_license(found, entries))


def _license(found: Known, entries: Mapping[str, Entry]) -> str:
    """OE's packages have a field for it, Debian's a file."""
    said = _data(entries, f"usr/share/doc/{found.component.name}/copyright")
    return found.component.license or copyright.license_of(said.decode(errors="replace"))


def _opkg(entries: Mapping[str, Entry]) -> Iterator[Known]:
    for top in ("var/lib/opkg", "usr/lib/opkg"):
        for raw in _installed(_data(entries, f"{top}/status")):
            found, name = _package(raw)
            lines = _data(entries, f"{top}/info/{name}.list").decode(errors="surrogateescape").splitlines()
            paths = tuple(line.partition("\t")[0] for line in lines)
            asked = b"\nAuto-Installed: yes" not in raw
            yield _with(found, kind="ipk", files=paths, asked=asked)


def _apk(entries: Mapping[str, Entry]) -> Iterator[Known]:
    world = {_bare(word) for word in _data(entries, "etc/apk/world").decode(errors="replace").split()}
    for top in ("lib/apk/db", "usr/lib/apk/db"):
        text = _data(entries, f"{top}/installed").decode(errors="surrogateescape")
        for block in text.split("\n\n"):
            lines = [(line[:1], line[2:]) for line in block.splitlines() if line[1:2] == ":"]
            fields = dict(lines)
            if "P" in fields:
                yield _of_apk(fields, lines, world)


def _of_apk(fields: Mapping[str, str], lines: Iterable[tuple[str, str]], world: set[str]) -> Known:
    files, folder = [], ""
    for key, value in lines:
        if key == "F":
            folder = value
        elif key == "R":
            files.append(f"{folder}/{value}")
    depends = tuple((_bare(word),) for word in fields.get("D", "").split() if not word.startswith("!"))
    component = Component(
        fields["P"],
        fields.get("V", ""),
        fields.get("A", ""),
        "apk",
        fields.get("o", ""),
        license=fields.get("L", ""),
        homepage=fields.get("U", ""),
        summary=fields.get("T", ""),
        asked=fields["P"] in world,
        files=tuple(files),
    )
    return Known(component, depends, tuple(_bare(word) for word in fields.get("p", "").split()))


def _bare(word: str) -> str:
    """The name in `name>=1.2` or `name@tag`."""
    return re.split(r"[<>=~@]", word, maxsplit=1)[0]


def _package(raw: bytes) -> tuple[Known, str]:
    """
    :raises ValueError: Saying what is wrong with the paragraph.
    """
    found = DebLike().package(raw)
    told = ("name", "version", "architecture", "source", "license", "homepage", "summary")
    component = Component(**{each: getattr(found, each) for each in told})
    depends = tuple(tuple(relation.name for relation in clause) for clause in found.depends)
    return Known(component, depends, tuple(relation.name for relation in found.provides)), found.name


def _with(known: Known, **changes: object) -> Known:
    return replace(known, component=replace(known.component, **changes))  # type: ignore[arg-type]  # by name


def _installed(status: bytes) -> Iterator[bytes]:
    """The paragraphs of *status* of packages whose files are there."""
    for raw in status.split(b"\n\n"):
        if _INSTALLED.fullmatch(paragraph(raw.decode(errors="replace")).get("Status", "")):
            yield raw


def _paragraphs(text: bytes) -> list[Mapping[str, str]]:
    return [paragraph(raw.decode(errors="replace")) for raw in text.split(b"\n\n")]


def _data(entries: Mapping[str, Entry], path: str) -> bytes:
    entry = entries.get(path)
    return entry.data if entry else b""
