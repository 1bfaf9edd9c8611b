"""For authors of package formats whose indexes are Debian control paragraphs: deb and ipk."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cmp_to_key
from pathlib import Path
from typing import IO

from sdk_hooks.core.feeds import ar, tarred
from sdk_hooks.core.feeds.version import MEANING, compare
from sdk_hooks.core.plain import DAMAGED, is_damage, plain
from sdk_hooks.core.untar import untar
from sdk_hooks.packages import Alternatives, Opened, Package, Record, Relation, ScriptRun, Scripts, Signer

_PACKAGE = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides:(.*(?:\n[ \t].*)*)", re.MULTILINE)
_FIELD = re.compile(r"^([^\s:]+):[ \t]*(.*(?:\n[ \t].*)*)", re.MULTILINE)
_RELATION = re.compile(r"([^\s(:\[<]+)(?::[\w-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?")
_OPERATORS = {"<": "<=", ">": ">="}  # as dpkg reads what old packages say
_PRIORITIES = {"required": 5, "important": 4, "standard": 3, "optional": 2, "extra": 1}
_DIGESTS = {"sha512": "SHA512", "sha256": "SHA256", "sha1": "SHA1", "md5": "MD5sum"}
_OPKG_DIGESTS = {"sha256": "SHA256sum", "md5": "MD5Sum"}
"""As opkg-utils spells them."""
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config")
LARGEST = 16 << 20
"""Bytes of a package's control archive: more than a hundred times what the largest of Debian has."""


class DebLike:
    """A subclass sets `name`, `summary`, `suffix`, `direct_alternatives`, and has `indexes` and `fits`."""

    scripts = Scripts(
        before=(ScriptRun("preinst", ("install",)),), last=(ScriptRun("postinst", ("configure", "")),)
    )
    shares_files = False
    first_alternative = True

    def records(self, index: bytes) -> Iterator[Record]:
        at, end = 0, len(index)
        while at < end:
            stop = index.find(b"\n\n", at)
            stop = end if stop < 0 else stop
            found = _PACKAGE.search(index, at, stop)
            if found:
                provides = _PROVIDES.search(index, at, stop)
                more = [each.name for each in relations(provides[1].decode())] if provides else []
                yield Record((found[1].decode(), *more), at, stop)
            at = stop + 2

    def package(self, record: bytes) -> Package:
        fields = paragraph(record.decode(errors="replace"))
        for needed in ("Package", "Version", "Architecture"):
            if not fields.get(needed):
                raise ValueError(f"it has no field {needed!r}")
        return Package(
            fields["Package"],
            fields["Version"],
            fields["Architecture"],
            fields.get("Filename", "").removeprefix("./"),
            number(fields, "Size"),
            _digest(fields),
            depends=(*clauses(fields.get("Pre-Depends", "")), *clauses(fields.get("Depends", ""))),
            recommends=clauses(fields.get("Recommends", "")),
            conflicts=(*relations(fields.get("Conflicts", "")), *relations(fields.get("Breaks", ""))),
            provides=relations(fields.get("Provides", "")),
            replaces=relations(fields.get("Replaces", "")),
            source=fields.get("OE") or _source(fields),
            priority=_PRIORITIES.get(fields.get("Priority", ""), 0),
            essential=fields.get("Essential") == "yes",
            installed_size=number(fields, "Installed-Size") * 1024,
            license=fields.get("License", ""),
            homepage=fields.get("Homepage", ""),
            summary=fields.get("Description", "").partition("\n")[0],
            supplier=fields.get("Maintainer", ""),
            vendor="openembedded" if fields.get("OE") else "",
        )

    def described(self, record: bytes, path: str, size: int, digest: str) -> bytes:
        algorithm, _, value = digest.partition(":")
        added = f"Filename: {path}\nSize: {size}\n{_DIGESTS[algorithm]}: {value}"
        return record.strip() + b"\n" + added.encode()

    def compare(self, one: str, other: str) -> int:
        return compare(one, other)

    def meets(self, provided: Relation, wanted: Relation) -> bool:
        """What is provided without a version has none."""
        if not wanted.operator:
            return True
        order = compare(provided.version, wanted.version) if provided.operator else 0
        return bool(provided.operator) and MEANING[wanted.operator](order)

    def preferred(
        self,
        name: str,
        found: Iterable[Package],
        old: Collection[Package] = (),  # noqa: ARG002  the newest comes first
    ) -> list[Package]:
        """Its own name, then how much the distribution wants it, then the newest."""
        newest = sorted(found, key=lambda each: _newest(each.version))
        return sorted(newest, key=lambda each: (each.name != name, _wanted(each, name), each.name))

    def publish(self, directory: Path, index: bytes, signer: Signer | None) -> str:
        """Of both; each adds what signs it."""
        _write(directory, "Packages", index)
        _write(directory, "Packages.gz", gzip.compress(index, mtime=0))
        for name, content in self.signatures(index, signer).items():
            _write(directory, name, content)
        return f"sha256:{hashlib.sha256(index).hexdigest()}"

    def signatures(self, index: bytes, signer: Signer | None) -> Mapping[str, bytes]:
        """Files that sign *index*, by name; and what else belongs to it."""
        if signer is None:
            return {}
        return {"Packages.asc": signer.detached(index), "Packages.sig": signer.detached(index, armor=False)}

    @contextlib.contextmanager
    def opened(self, file: IO[bytes]) -> Iterator[Opened]:
        try:
            members = ar.members(file)
            control = _control(members)
            data = _member(members, "data.tar")
            with plain(data, "the package") as archive:
                yield Opened(
                    control.pop("control", b""),
                    {
                        name: control.pop(name).decode(errors="replace")
                        for name in _SCRIPTS
                        if name in control
                    },
                    control.pop("conffiles", b"").decode(errors="replace").split(),
                    tarred.members(archive),
                    control,
                )
        except DAMAGED as error:
            if not is_damage(error):
                raise
            raise ValueError(str(error) or type(error).__name__) from error


def _digest(fields: Mapping[str, str]) -> str:
    """The strongest one that an index gives; empty when it gives none."""
    for kind, name in _DIGESTS.items():
        value = fields.get(name) or fields.get(_OPKG_DIGESTS.get(kind, ""))
        if value:
            return f"{kind}:{value.lower()}"
    return ""


def _write(directory: Path, name: str, content: bytes) -> None:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def paragraph(text: str) -> Mapping[str, str]:
    """The fields of one paragraph, their names as Debian writes them."""
    return {name: value.strip() for name, value in _FIELD.findall(text)}


def clauses(text: str) -> tuple[Alternatives, ...]:
    """What a field such as Depends asks for.

    :raises ValueError: Naming what can't be read.
    """
    return tuple(tuple(map(_relation, one.split("|"))) for one in text.split(",") if one.strip())


def relations(text: str) -> tuple[Relation, ...]:
    """What a field without alternatives says, such as Provides.

    :raises ValueError: Naming what can't be read.
    """
    return tuple(_relation(one) for one in text.split(",") if one.strip())


def number(fields: Mapping[str, str], name: str) -> int:
    """
    :raises ValueError: When it is there and no number.
    """
    text = fields.get(name) or "0"
    if not text.isdecimal():
        raise ValueError(f"{name} is {text!r}, not a number")
    return int(text)


def _relation(text: str) -> Relation:
    found = _RELATION.match(text.strip())
    if not found:
        raise ValueError(f"{text.strip()!r} is no relation to a package")
    name, operator, version = found.groups("")
    return Relation(name, _OPERATORS.get(operator, operator), version)


_newest = cmp_to_key(lambda one, other: compare(str(other), str(one)))


def _wanted(package: Package, name: str) -> int:
    return 0 if package.name == name else -package.priority


def _source(fields: Mapping[str, str]) -> str:
    return (fields.get("Source") or fields["Package"]).split()[0]


def _control(members: Iterator[tuple[str, IO[bytes]]]) -> dict[str, bytes]:
    """The files of control.tar, by name."""
    found = {}
    with (
        plain(_member(members, "control.tar"), "the package", LARGEST) as inner,
        untar(inner) as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isreg() else None
            if content:
                found[member.name.removeprefix("./")] = content.read()
    return found


def _member(members: Iterator[tuple[str, IO[bytes]]], name: str) -> IO[bytes]:
    for found, stream in members:
        if found.startswith(name):
            return stream
    raise ValueError(f"it has no {name}")
