"""The files of an rpm package: what its header says of them, and their content out of its archive."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from collections.abc import Iterator, Sequence
from typing import IO, Any, NamedTuple, cast

from sdk_hooks.core.plain import plain
from sdk_hooks.core.rpm import capability, cpio
from sdk_hooks.core.rpm.header import Header, exactly
from sdk_hooks.packages import Member

BASENAMES, DIRNAMES, DIRINDEXES, OLDFILENAMES = 1117, 1118, 1116, 1027
SIZES, LONGSIZES, MODES, RDEVS, MTIMES, DIGESTS = 1028, 5008, 1030, 1033, 1034, 1035
LINKS, FLAGS, USERS, GROUPS, DEVICES, INODES = 1036, 1037, 1039, 1040, 1095, 1096
CAPABILITIES, DIGEST_ALGORITHM, PAYLOAD_DIGEST, PAYLOAD_ALGORITHM = 5010, 5011, 5092, 5093
CONFIGURATION, GHOST = 1, 64
ALGORITHMS = {0: "md5", 1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224",
              12: "sha3_256", 14: "sha3_512"}  # fmt: skip
"""OpenPGP's numbers; 0 where a package does not say."""
_KINDS = {stat.S_IFREG: "0", stat.S_IFLNK: "2", stat.S_IFCHR: "3", stat.S_IFBLK: "4", stat.S_IFDIR: "5",
          stat.S_IFIFO: "6"}  # fmt: skip


class File(NamedTuple):
    """One file, as the header has it."""

    path: str
    """Absolute."""
    mode: int
    """With its type."""
    size: int
    mtime: int
    digest: str
    link: str
    flags: int
    user: str
    group: str
    device: int
    linked: tuple[int, int]
    """The same of hard links."""
    caps: str

    @property
    def regular(self) -> bool:
        return stat.S_ISREG(self.mode)


def files(header: Header) -> list[File]:
    """
    :raises ValueError: When the header does not say the same of all.
    """
    paths = _paths(header)
    count = len(paths)
    sizes = header.numbers(LONGSIZES) or header.numbers(SIZES)
    columns: list[Sequence[Any]] = [
        header.numbers(MODES),
        sizes,
        header.numbers(MTIMES),
        header.texts(DIGESTS),
    ]
    columns += [header.texts(LINKS), header.numbers(FLAGS), header.texts(USERS), header.texts(GROUPS)]
    columns += [header.numbers(RDEVS)]
    columns.append(list(zip(header.numbers(DEVICES), header.numbers(INODES), strict=False)))
    if any(len(column) != count for column in columns):
        raise ValueError(f"its header has {count} files, and does not say the same of all")
    caps = header.texts(CAPABILITIES) or [""] * count
    if len(caps) != count:
        raise ValueError(f"its header has {count} files and the capabilities of {len(caps)}")
    return list(map(File, paths, *columns, caps))


def _paths(header: Header) -> list[str]:
    names, directories, indexes = header.texts(BASENAMES), header.texts(DIRNAMES), header.numbers(DIRINDEXES)
    if len(indexes) != len(names) or any(index >= len(directories) for index in indexes):
        raise ValueError("its header has files without directories")
    return [directories[i] + n for i, n in zip(indexes, names, strict=True)] or header.texts(OLDFILENAMES)


def members(header: Header, file: IO[bytes]) -> Iterator[Member]:
    """The files of a package, whose payload *file* has where it stands.

    :raises ValueError: When something is not as the header says.
    """
    _check(header, file)
    listed = files(header)
    with plain(file, "the package") as archive:
        yield from _Payload(listed, ALGORITHMS.get(header.number(DIGEST_ALGORITHM), ""), archive).members()


def _check(header: Header, file: IO[bytes]) -> None:
    """Compare the payload's digest, which is of the compressed one, and go back to where it begins."""
    said = header.text(PAYLOAD_DIGEST)
    if not said:
        return
    start = file.tell()
    algorithm = ALGORITHMS.get(header.number(PAYLOAD_ALGORITHM), "")
    if algorithm not in hashlib.algorithms_available:
        raise ValueError("the digest of its payload is of an unknown kind")
    found = hashlib.new(algorithm, usedforsecurity=False)
    while piece := file.read(1 << 20):
        found.update(piece)
    if found.hexdigest() != said.lower():
        raise ValueError("its payload is not what its header says")
    file.seek(start, os.SEEK_SET)


class _Payload:
    def __init__(self, listed: list[File], algorithm: str, archive: IO[bytes]) -> None:
        self.listed, self.algorithm, self.archive = listed, algorithm, archive
        self.numbers = {file.path.strip("/"): number for number, file in enumerate(listed)}
        self.left = {number for number, file in enumerate(listed) if not file.flags & GHOST}
        self.waiting: dict[tuple[int, int], list[int]] = {}
        """Hard links whose content is to come: the last one has it."""
        self.first: dict[tuple[int, int], str] = {}
        """Where that content is."""
        counts: dict[tuple[int, int], int] = {}
        for number in self.left:
            if listed[number].regular:
                counts[listed[number].linked] = counts.get(listed[number].linked, 0) + 1
        self.shared = {linked for linked, count in counts.items() if count > 1}

    def members(self) -> Iterator[Member]:
        for found in cpio.entries(self.archive, self._size):
            number = self._number(found)
            file = self.listed[number]
            if file.regular and file.linked in self.shared:
                yield from self._linked(number, found.size)
            elif file.regular:
                yield from self._file(file, found.size)
            else:
                yield self._other(file, exactly(self.archive, found.size))
            self.left.discard(number)
        for numbers in self.waiting.values():  # they are empty
            yield from self._file(self.listed[numbers[0]], 0)
            yield from (_hardlink(self.listed[n], self.listed[numbers[0]].path) for n in numbers[1:])
        if self.left:
            raise ValueError(f"its archive has no {self.listed[min(self.left)].path!r}, which its header has")

    def _number(self, found: cpio.Found) -> int:
        number = found.number
        if number < 0:
            number = self.numbers.get(found.name.removeprefix(".").strip("/"), -1)
        if number < 0:
            raise ValueError(f"its archive has {found.name!r}, which its header has not")
        if number not in self.left:
            raise ValueError(f"its archive has {self.listed[number].path!r} although it should not")
        return number

    def _size(self, number: int) -> int:
        """Of a file in rpm's own form of the archive, which leaves that to the header."""
        if number >= len(self.listed):
            raise ValueError(f"its archive has a file {number}, its header has {len(self.listed)}")
        file = self.listed[number]
        same = [n for n in sorted(self.left) if self.listed[n].linked == file.linked and file.regular]
        has = (file.regular and number == max(same, default=number)) or stat.S_ISLNK(file.mode)
        return file.size if has else 0

    def _linked(self, number: int, size: int) -> Iterator[Member]:
        caps = (each.caps for each in self.listed if each.linked == self.listed[number].linked)
        file = self.listed[number]._replace(caps=next(filter(None, caps), ""))  # they are of all its names
        if file.linked in self.first:
            exactly(self.archive, size)
            yield _hardlink(file, self.first[file.linked])
        elif not size:
            self.waiting.setdefault(file.linked, []).append(number)
        else:
            yield from self._file(file, size)
            self.first[file.linked] = file.path
            for other in self.waiting.pop(file.linked, ()):
                yield _hardlink(self.listed[other], file.path)

    def _file(self, file: File, size: int) -> Iterator[Member]:
        if size != file.size:
            raise ValueError(f"{file.path!r} has {size} bytes, and {file.size} in its header")
        content = _Content(self.archive, file, self.algorithm)
        yield _member(file)._replace(content=cast("IO[bytes]", io.BufferedReader(content, 1 << 20)))
        while content.readinto(bytearray(1 << 16)):
            pass

    def _other(self, file: File, content: bytes) -> Member:
        if stat.S_IFMT(file.mode) not in _KINDS:
            raise ValueError(f"{file.path!r} is of a type that packages do not have")
        if stat.S_ISLNK(file.mode) and content.decode(errors="surrogateescape") != file.link:
            raise ValueError(f"{file.path!r} leads elsewhere than its header says")
        return _member(file)


def _member(file: File) -> Member:
    return Member(
        file.path.removeprefix("/"),
        _KINDS[stat.S_IFMT(file.mode)],
        stat.S_IMODE(file.mode),
        size=file.size if file.regular else 0,
        mtime=file.mtime,
        link=file.link,
        user=file.user,
        group=file.group,
        device=(file.device >> 8, file.device & 0xFF)
        if stat.S_IFMT(file.mode) in (stat.S_IFCHR, stat.S_IFBLK)
        else (0, 0),
        xattrs=(("security.capability", capability.attribute(file.caps)),)
        if file.caps and file.regular
        else (),
    )


def _hardlink(file: File, to: str) -> Member:
    return _member(file)._replace(kind="1", link=to.removeprefix("/"), size=0, xattrs=())


class _Content(io.RawIOBase):
    """What the archive has of one file; at its end the digest is compared."""

    def __init__(self, archive: IO[bytes], file: File, algorithm: str) -> None:
        self.archive, self.file, self.left = archive, file, file.size
        if file.digest and algorithm not in hashlib.algorithms_available:
            raise ValueError(f"the digest of {file.path!r} is of an unknown kind")
        self.found = hashlib.new(algorithm, usedforsecurity=False) if file.digest else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = exactly(self.archive, min(len(buffer), self.left))
        if piece and self.found:
            self.found.update(piece)
        self.left -= len(piece)
        if piece and not self.left and self.found and self.found.hexdigest() != self.file.digest.lower():
            raise ValueError(f"{self.file.path!r} is not what its header says")
        buffer[: len(piece)] = piece
        return len(piece)
