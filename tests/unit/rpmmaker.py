"""Makes rpm packages and repositories of any content, also of what rpmbuild would not make."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import re
import stat
import struct
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sdk_hooks.core.rpm.primary import described
from sdk_hooks.packages import PackageFormat

_SENSE = {"": 0, "<": 2, ">": 4, "=": 8, "<=": 10, ">=": 12}
_DEPENDENCIES = {
    "provides": (1047, 1112, 1113),
    "requires": (1049, 1048, 1050),
    "conflicts": (1054, 1053, 1055),
    "obsoletes": (1090, 1114, 1115),
    "recommends": (5046, 5048, 5047),
}
_SCRIPTS = {"pre": (1023, 1085), "post": (1024, 1086), "pretrans": (1151, 1153), "posttrans": (1152, 1154)}
_FORMATS = {2: "B", 3: ">H", 4: ">I", 5: ">Q"}
MAGIC = b"\x8e\xad\xe8\x01\0\0\0\0"
PACK: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda raw: gzip.compress(raw, mtime=0),
    "xz": lzma.compress,
    "lzma": lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": lambda raw: subprocess.run(["zstd", "-qc"], input=raw, capture_output=True, check=True).stdout,
    "none": lambda raw: raw,
}


class File(NamedTuple):
    """One file of a package."""

    path: str
    content: bytes = b""
    mode: int = 0o100644
    link: str = ""
    user: str = "root"
    group: str = "root"
    flags: int = 0
    caps: str = ""
    inode: int = 0
    """The same of two files: hard links."""
    device: int = 0
    digest: str | None = None
    """Another one than that of its content."""
    name: str | None = None
    """Another one in the archive."""


Tag = tuple[int, int, object]
"""Number, type and value."""


def header(tags: Iterable[Tag], region: int) -> bytes:
    """A header with its magic; *region* is the tag that covers it."""
    index, store = b"", b""
    known = sorted({tag[0]: tag for tag in tags}.values())  # the last one of a number
    for tag, kind, value in known:
        count, raw = _value(kind, value)
        size = struct.calcsize(_FORMATS[kind]) if kind in _FORMATS else 1
        store += bytes(-len(store) % size)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += raw
    index = struct.pack(">IIII", region, 7, len(store), 16) + index
    store += struct.pack(">IIiI", region, 7, -len(index), 16)
    return MAGIC + struct.pack(">II", len(known) + 1, len(store)) + index + store


def _raw(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _value(kind: int, value: object) -> tuple[int, bytes]:
    if kind == 7:
        assert isinstance(value, bytes)
        return len(value), value
    if kind == 6:
        return 1, _raw(str(value)) + b"\0"
    assert isinstance(value, Sequence)
    if kind in (8, 9):
        return len(value), b"".join(_raw(str(each)) + b"\0" for each in value)
    return len(value), b"".join(struct.pack(_FORMATS[kind], each) for each in value)


def cpio(files: Sequence[File], *, stripped: bool = False) -> bytes:
    out = b""
    last = {each.inode: number for number, each in enumerate(files) if each.inode}
    for number, each in enumerate(files):
        content = _raw(each.link) if stat.S_ISLNK(each.mode) else each.content
        content = b"" if last.get(each.inode, number) != number else content
        name = _raw(each.name if each.name is not None else f".{each.path}") + b"\0"
        if stripped:
            out += b"07070X%08x" % number
        else:
            fields = (number + 1, each.mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
            out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += bytes(-len(out) % 4) + content
        out += bytes(-len(out) % 4)
    fields = (0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 11, 0)
    return out + b"070701" + b"".join(b"%08x" % field for field in fields) + b"TRAILER!!!\0" + b"\0\0\0"


def dependency(text: str) -> tuple[str, int, str]:
    """`name >= 1.0` or a rich one as header tags have it."""
    found = re.fullmatch(r"(\S+)(?: (<|>|=|<=|>=) (\S+))?", text) if not text.startswith("(") else None
    name, operator, version = found.groups("") if found else (text, "", "")
    return name, _SENSE[operator] | (1 << 24 if name.startswith("rpmlib(") else 0), version


def _of_files(files: Sequence[File]) -> list[Tag]:
    directories = sorted({f"{each.path.rpartition('/')[0]}/" for each in files})
    digests = [hashlib.sha256(each.content).hexdigest() if stat.S_ISREG(each.mode) else "" for each in files]
    if not files:
        return []
    return [
        (1117, 8, [each.path.rpartition("/")[2] for each in files]),
        (1118, 8, directories),
        (1116, 4, [directories.index(f"{each.path.rpartition('/')[0]}/") for each in files]),
        (1028, 4, [len(each.link) if stat.S_ISLNK(each.mode) else len(each.content) for each in files]),
        (1030, 3, [each.mode for each in files]),
        (1033, 3, [each.device for each in files]),
        (1034, 4, [1_000_000_000] * len(files)),
        (1035, 8, [d if e.digest is None else e.digest for d, e in zip(digests, files, strict=True)]),
        (1036, 8, [each.link for each in files]),
        (1037, 4, [each.flags for each in files]),
        (1039, 8, [each.user for each in files]),
        (1040, 8, [each.group for each in files]),
        (1045, 4, [0] * len(files)),
        (1095, 4, [1] * len(files)),
        (1096, 4, [each.inode or number + 1000 for number, each in enumerate(files)]),
        (1097, 8, [""] * len(files)),
        (5010, 8, [each.caps for each in files]),
        (5011, 4, [8]),
    ]


def rpm(
    directory: Path,
    name: str,
    *files: File,
    version: str = "1.0",
    release: str = "1",
    epoch: int = 0,
    arch: str = "noarch",
    source: str = "",
    scripts: Mapping[str, str | tuple[str, str]] | None = None,
    compression: str = "gzip",
    stripped: bool = False,
    tags: Iterable[Tag] = (),
    payload: bytes | None = None,
    signer: Callable[[bytes], bytes] | None = None,
    **dependencies: Sequence[str],
) -> Path:
    """A package in *directory*.

    :param scripts: Text by `pre`, `post`, ...; or program and text.
    :param tags: More of them.
    :param payload: Another one than the archive of *files*.
    :param signer: Gives a signature of the header.
    :param dependencies: `requires=["lib >= 1.0"]` and the like.
    """
    full = f"{epoch}:{version}-{release}" if epoch else f"{version}-{release}"
    provides = [f"{name} = {full}", *dependencies.pop("provides", ())]
    ghost = 64
    raw = cpio([each for each in files if not each.flags & ghost], stripped=stripped)
    packed = PACK[compression](raw) if payload is None else payload
    found: list[Tag] = [
        (100, 8, ["C"]), (1000, 6, name), (1001, 6, version), (1002, 6, release), (1004, 9, [f"the {name}"]),
        (1005, 9, [f"the {name}"]), (1009, 4, [sum(len(each.content) for each in files)]), (1014, 6, "MIT"),
        (1016, 9, ["Unspecified"]), (1021, 6, "linux"), (1022, 6, arch), (1124, 6, "cpio"),
        (1125, 6, compression),
        (1126, 6, "9"), (5092, 8, [hashlib.sha256(packed).hexdigest()]), (5093, 4, [8]),
        *_of_files(files),
    ]  # fmt: skip
    found += [(1003, 4, [epoch])] if epoch else []
    if source != "src":
        found.append((1044, 6, source or f"{name}-{version}-{release}.src.rpm"))
    for kind, wanted in (("provides", provides), *dependencies.items()):
        if wanted:
            names, senses, versions = zip(*map(dependency, wanted), strict=True)
            a, b, c = _DEPENDENCIES[kind]
            found += [(a, 8, names), (b, 4, senses), (c, 8, versions)]
    for kind, text in (scripts or {}).items():
        program, body = ("/bin/sh", text) if isinstance(text, str) else text
        found += [(_SCRIPTS[kind][0], 6, body)] if body else []
        found.append((_SCRIPTS[kind][1], 8, program.split()))
    found += tags
    path = directory / f"{name}-{version}-{release}.{arch}.rpm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(assembled(f"{name}-{version}-{release}", header(found, 63), packed, signer))
    return path


def assembled(
    name: str, main: bytes, payload: bytes, signer: Callable[[bytes], bytes] | None = None, *more: Tag
) -> bytes:
    """The file of a package: lead, signatures, header, payload."""
    tags: list[Tag] = [
        (269, 6, hashlib.sha1(main).hexdigest()),
        (273, 6, hashlib.sha256(main).hexdigest()),
        *more,
    ]
    tags += [(1000, 4, [len(main) + len(payload)])]
    if signer:
        tags.append((268, 7, signer(main)))
    signatures = header([tag for tag in tags if tag[2] is not None], 62)
    lead = struct.pack(">IBBHH66sHH16s", 0xEDABEEDB, 3, 0, 0, 1, name.encode()[:65], 1, 5, b"")
    return lead + signatures + bytes(-len(signatures) % 8) + main + payload


def repository(directory: Path, form: PackageFormat) -> Path:
    """Index the packages of *directory* as createrepo_c does, with what they say of themselves."""
    records, lists = [], []
    for path in sorted(directory.rglob("*.rpm")):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with open(path, "rb") as file, form.opened(file) as opened:
            record = described(
                opened.record, str(path.relative_to(directory)), path.stat().st_size, f"sha256:{digest}"
            ).decode()
        files = re.findall(r"<file.*?</file>", record)
        name = re.search(r"<name>(.*?)</name>", record)
        lists.append(f'<package pkgid="{digest}" name="{name and name[1]}">{"".join(files)}</package>')
        for each in files:
            if not re.search(r"bin/|>/etc/", each):
                record = record.replace(each, "")
        records.append(record)
    data = {"primary": "\n".join(records), "filelists": "\n".join(lists)}
    write_repodata(directory, {kind: f"<metadata>\n{text}\n</metadata>" for kind, text in data.items()})
    return directory


def write_repodata(directory: Path, data: Mapping[str, str]) -> None:
    """repomd.xml, and the files that it names."""
    top = directory / "repodata"
    top.mkdir(exist_ok=True)
    lines = []
    for kind, text in data.items():
        raw = gzip.compress(text.encode(), mtime=0)
        digest = hashlib.sha256(raw).hexdigest()
        (top / f"{digest}-{kind}.xml.gz").write_bytes(raw)
        lines.append(
            f'<data type="{kind}"><checksum type="sha256">{digest}</checksum>'
            f'<location href="repodata/{digest}-{kind}.xml.gz"/></data>'
        )
    (top / "repomd.xml").write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo">'
        f"{''.join(lines)}</repomd>\n"
    )
