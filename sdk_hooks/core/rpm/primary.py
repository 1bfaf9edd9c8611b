"""Packages as primary.xml of a repository has them, read and written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr, unescape

from sdk_hooks.core.rpm import entries
from sdk_hooks.core.rpm.entries import RPM, needs, recommends, relations
from sdk_hooks.core.rpm.header import Header
from sdk_hooks.core.rpm.payload import files
from sdk_hooks.packages import Package, Record, Relation

_BEGIN, _END = b"<package ", b"</package>"
_NAME = re.compile(rb"<name>([^<]*)</name>")
_PROVIDED = re.compile(rb'<rpm:entry\b[^>]*?\bname=(?:"([^"]*)"|\'([^\']*)\')')
_FILE = re.compile(rb"<file\b[^>]*>([^<]*)</file>")
_FLAGS = {2: "LT", 10: "LE", 8: "EQ", 12: "GE", 4: "GT"}
_DIGESTS = {"sha": "sha1"}
_SOURCE = re.compile(r"(.+)-[^-]+-[^-]+\.(no)?src\.rpm")
_DEPENDENCIES = (
    ("provides", 1047, 1112, 1113),
    ("requires", 1049, 1048, 1050),
    ("conflicts", 1054, 1053, 1055),
    ("obsoletes", 1090, 1114, 1115),
    ("recommends", 5046, 5048, 5047),
)


def records(index: bytes) -> Iterator[Record]:
    """Each package of primary.xml: its span begins at its name."""
    at = 0
    while (start := index.find(_BEGIN, at)) >= 0:
        end = index.find(_END, start)
        end = len(index) if end < 0 else end
        name = _NAME.search(index, start, end)
        if name:
            begin = index.find(b"<rpm:provides>", start, end)
            stop = index.find(b"</rpm:provides>", begin, end) if begin >= 0 else begin
            provided = (a or b for a, b in _PROVIDED.findall(index, begin, stop)) if stop > begin else ()
            names = (name[1], *provided, *_FILE.findall(index, start, end))
            yield Record(tuple(dict.fromkeys(map(_text, names))), name.start(), end)
        at = end


def _text(raw: bytes) -> str:
    text = raw.decode(errors="replace")
    return unescape(text, {"&quot;": '"', "&apos;": "'"}) if "&" in text else text


def package(record: bytes) -> Package:
    """
    :raises ValueError: Saying what is wrong.
    """
    root = _parsed(record)
    told = {element.tag: element for element in root}
    version = told.get("version")
    name, architecture = root.findtext("name", ""), root.findtext("arch", "")
    if not name or not architecture or version is None:
        raise ValueError("it has no name, version or architecture")
    form = told.get("format")
    form = ElementTree.Element("format") if form is None else form
    sizes = {key: value for size in root.iter("size") for key, value in size.items()}
    provides = (*relations(form, "provides"), *(Relation(each.text or "") for each in form.iter("file")))
    needed = needs(form, {name, *(each.name for each in provides)})
    return Package(
        name,
        entries.version(version),
        architecture,
        _path(told.get("location")),
        _number(sizes, "package"),
        _digest(told.get("checksum")),
        depends=needed.depends,
        conditions=needed.conditions,
        recommends=recommends(form),
        conflicts=needed.conflicts,
        provides=provides,
        obsoletes=relations(form, "obsoletes"),
        problem=needed.problem,
        source=source(form.findtext(f"{RPM}sourcerpm", "")) or name,
        installed_size=_number(sizes, "installed"),
        license=form.findtext(f"{RPM}license", "") or "",
        homepage=root.findtext("url", "") or "",
        summary=root.findtext("summary", "") or "",
        supplier=root.findtext("packager", "") or form.findtext(f"{RPM}vendor", "") or "",
        vendor=_vendor(version.get("rel", ""), form.findtext(f"{RPM}vendor", "") or ""),
    )


def _vendor(release: str, said: str) -> str:
    """Whose package it is: `fedora` of `Fedora Project`; OE's are told by their releases, such as r0."""
    if re.fullmatch(r"r\d[\d.]*", release):
        return "openembedded"
    return "".join(said.lower().split()[:1])


def _parsed(record: bytes) -> ElementTree.Element:
    start = f'<package xmlns:rpm="{RPM[1:-1]}">'.encode()
    try:
        # a record has no DTD: what could expand has no place in it
        return ElementTree.fromstring(start + record + _END)  # noqa: S314
    except ElementTree.ParseError as error:
        raise ValueError(f"it is no XML: {error}") from error


def source(sourcerpm: str) -> str:
    """The name of a source package by its file."""
    found = _SOURCE.fullmatch(sourcerpm)
    return found[1] if found else ""


def _path(location: ElementTree.Element | None) -> str:
    if location is None:
        return ""
    base = location.get("{http://www.w3.org/XML/1998/namespace}base", "")
    return f"{base.rstrip('/')}/{location.get('href', '')}" if base else location.get("href", "")


def _digest(checksum: ElementTree.Element | None) -> str:
    if checksum is None:
        return ""
    kind = checksum.get("type", "")
    return f"{_DIGESTS.get(kind, kind)}:{(checksum.text or '').strip().lower()}"


def _number(sizes: dict[str, str], name: str) -> int:
    text = sizes.get(name, "0")
    if not text.isdecimal():
        raise ValueError(f"its size is {text!r}, not a number")
    return int(text)


def record(header: Header) -> bytes:
    """What a package says of itself, as primary.xml would, all of its files included."""
    epoch = header.number(1003)
    lines = [
        f"<name>{_escaped(header.text(1000))}</name>",
        f"<arch>{'src' if is_source(header) else _escaped(header.text(1022))}</arch>",
        f"<version{_attributes(epoch=str(epoch), ver=header.text(1001), rel=header.text(1002))}/>",
        f"<summary>{_escaped(header.text(1004))}</summary>",
        f"<packager>{_escaped(header.text(1015))}</packager>",
        f"<url>{_escaped(header.text(1020))}</url>",
        f'<size installed="{header.number(5009) or header.number(1009)}"/>',
        f"<format><rpm:license>{_escaped(header.text(1014))}</rpm:license>",
        f"<rpm:vendor>{_escaped(header.text(1011))}</rpm:vendor>",
        f"<rpm:sourcerpm>{_escaped(header.text(1044))}</rpm:sourcerpm>",
        *(_listed(header, *each) for each in _DEPENDENCIES),
        *(f"<file>{_escaped(each.path)}</file>" for each in files(header)),
        "</format>",
    ]
    return "\n".join(lines).encode()


def is_source(header: Header) -> bool:
    return 1106 in header or not header.text(1044)


def described(own: bytes, path: str, size: int, digest: str) -> bytes:
    """*own* record with what an index adds."""
    algorithm, _, value = digest.partition(":")
    added = (
        f"<checksum{_attributes(type=algorithm)}>{value}</checksum>\n"
        f'<size package="{size}"/>\n<location{_attributes(href=path)}/>\n'
    )
    return b'<package type="rpm">' + own + b"\n" + added.encode() + _END


def _listed(header: Header, kind: str, names: int, flags: int, versions: int) -> str:
    rows = zip(header.texts(names), header.numbers(flags), header.texts(versions), strict=True)
    entries = "".join(f"<rpm:entry{_entry(*row)}/>" for row in rows)
    return f"<rpm:{kind}>{entries}</rpm:{kind}>"


def _entry(name: str, flags: int, version: str) -> str:
    sense = _FLAGS.get(flags & 14, "") if version else ""
    if not sense:
        return _attributes(name=name)
    epoch, colon, rest = version.partition(":")
    epoch, rest = (epoch, rest) if colon else ("0", version)
    ver, dash, release = rest.rpartition("-")
    return _attributes(
        name=name, flags=sense, epoch=epoch, ver=ver if dash else rest, rel=release if dash else ""
    )


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_clean(value))}" for name, value in values.items() if value)


def _escaped(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """Without what XML can't have."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "?", text)


def having(lists: bytes, path: str) -> Iterable[tuple[str, str]]:
    """Name and package id of those that have the file *path*, out of filelists.xml."""
    wanted, at = f">{escape(path)}</file>".encode(), 0
    while (at := lists.find(wanted, at)) >= 0:
        start = lists.rfind(_BEGIN, 0, at)
        head = lists[start : lists.find(b">", start)] if start >= 0 else b""
        told = {key: _text(value) for key, value in re.findall(rb'\b(pkgid|name)="([^"]*)"', head)}
        if len(told) == 2:
            yield told[b"name"], told[b"pkgid"]
        at += len(wanted)
