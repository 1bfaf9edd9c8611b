"""Reads what a tar archive has, quickly: about 5 us an entry, where `tarfile` takes 60.

Tests compare the two, entry by entry.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import IO

from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry

_KINDS = {ord(kind): kind for kind in (FILE, HARDLINK, SYMLINK, CHARACTER, BLOCK, DIRECTORY, FIFO)}
_EMPTY = frozenset(b"123456")
"""Types without content, whatever their size says."""
_LARGEST = 1 << 20
"""Bytes of a header's own content: names and attributes."""
_PIECE = 1 << 20
_HUGE = 1 << 62
_XATTR = b"SCHILY.xattr."
MOST = 1 << 28
"""Bytes of a file whose content is kept, whoever asks for it."""

Extended = dict[bytes, bytes]


def read(stream: IO[bytes], keep: Callable[[str], bool], *, digest: bool = False) -> Iterator[Entry]:
    """The entries of the uncompressed archive *stream* in its order, whiteouts too.

    :param keep: Of which files to read the content into `data`; asked for regular files.
    :param digest: Whether to make a `stamp` of each file's content.
    :raises tarfile.TarError: When it is no tar archive, or is cut off, or a path leads out of it.
    """
    for entry, _ in _walk(stream, keep, digest=digest):
        yield entry


def files(stream: IO[bytes]) -> dict[str, tuple[Entry, int]]:
    """The files and hard links of the uncompressed archive *stream* with their times and attributes.

    By path, and with each where in the archive its content begins; -1 of a sparse one.
    """
    found = _walk(stream, lambda _: False, exact=True)
    return {entry.path: (entry, at) for entry, at in found if entry.kind in (FILE, HARDLINK)}


def _walk(
    stream: IO[bytes], keep: Callable[[str], bool], *, digest: bool = False, exact: bool = False
) -> Iterator[tuple[Entry, int]]:
    skip = _seek if stream.seekable() else _read_over
    extended: Extended = {}
    first = True
    while (block := stream.read(512)) and block.count(0) != 512:
        _check(block, first)
        first = False
        size, kind = _number(block[124:136]), block[156]
        if kind in b"xgLK":
            _extend(extended, kind, _exactly(stream, size))
            continue
        size = _decimal(extended, b"size", size)
        stored = 0 if kind in _EMPTY else size
        if kind == 83:  # S, of GNU: a sparse file
            size = _sparse(stream, block)
        entry, at = _entry(block, size, extended), 0
        if exact:
            at = stream.tell() if entry.size == stored else -1
            entry = _exact(block, entry, extended)
        extended = {}
        if entry.kind == FILE and stored and (digest or keep(entry.path)):
            entry = _with_content(stream, entry, stored, keep, digest)
        else:
            skip(stream, stored + 511 & ~511)
        if entry.path != ".":
            yield entry, at
    if first and not block:
        raise tarfile.ReadError("empty file")


def _check(block: bytes, first: bool) -> None:
    try:
        said = int(block[148:156].strip(b" \0"), 8)
    except ValueError:
        said = -1
    # Adler-32 has the sum of all bytes in it, and is ten times as fast as sum()
    expected = (1 + said + sum(block[148:156]) - 256) % 65521
    if len(block) < 512 or said < 0 or zlib.adler32(block) & 0xFFFF != expected:
        raise tarfile.ReadError("invalid header" if first else "bad checksum")


def _entry(block: bytes, size: int, extended: Extended) -> Entry:
    name, link = block[:100].partition(b"\0")[0], block[157:257].partition(b"\0")[0]
    if block[257:263] == b"ustar\0" and block[345]:
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    mode, uid, gid = _owner(block[100:124])
    if extended:
        name, link = extended.get(b"path", name), extended.get(b"linkpath", link)
        name = extended.get(b"GNU.sparse.name", name)
        size = _decimal(extended, b"GNU.sparse.realsize", size)
        uid, gid = _decimal(extended, b"uid", uid), _decimal(extended, b"gid", gid)
    path = os.path.normpath(os.fsdecode(name).lstrip("/"))
    if path.startswith("..") and path[2:3] in ("", "/"):
        raise tarfile.ReadError(f"{path!r} leads out of the image")
    kind = DIRECTORY if name.endswith(b"/") and block[156] in b"0\0" else _KINDS.get(block[156], FILE)
    text = os.fsdecode(link) if link else ""
    return Entry(path, kind, mode, uid, gid, size if kind == FILE else 0, 0, text)


def _exact(block: bytes, entry: Entry, extended: Extended) -> Entry:
    """*entry* with its time, in whole seconds, and its attributes."""
    said, mtime = extended.get(b"mtime", b"").partition(b".")[0], 0
    if re.fullmatch(rb"-?\d{1,18}", said):
        mtime = int(said)
    elif not block[136] & 0x80:  # else it is before 1970, or after 2242
        mtime = _number(block[136:148])
    names = (key for key in extended if key.startswith(_XATTR))
    xattrs = tuple((os.fsdecode(name.removeprefix(_XATTR)), extended[name]) for name in sorted(names))
    return entry._replace(mtime=mtime, xattrs=xattrs)


@lru_cache
def _owner(fields: bytes) -> tuple[int, int, int]:
    """Mode, user and group: a layer has few combinations."""
    return _number(fields[:8]) & 0o7777, _number(fields[8:16]), _number(fields[16:24])


def _number(field: bytes) -> int:
    """Octal, or as GNU writes what has no room so."""
    if field[0] & 0x80:
        value = int.from_bytes(field[1:], "big") if field[0] == 0x80 else _HUGE
        if value >= _HUGE:
            raise tarfile.ReadError("invalid header")
        return value
    try:
        return int(field.partition(b"\0")[0] or b"0", 8)
    except ValueError:
        if field.strip(b" \0"):
            raise tarfile.ReadError("invalid header") from None
        return 0


def _decimal(extended: Extended, key: bytes, value: int) -> int:
    """What a pax header says of *key*; *value* when it says nothing."""
    text = extended.get(key)
    if text is None:
        return value
    if not text.isdigit() or len(text) > 19 or int(text) >= _HUGE:
        raise tarfile.ReadError("invalid header")
    return int(text)


def _extend(extended: Extended, kind: int, content: bytes) -> None:
    """Take in a header that says more of the entry after it; what is for all of them has no use here."""
    if kind in b"LK":
        extended[b"path" if kind == 76 else b"linkpath"] = content.partition(b"\0")[0]
    elif kind == 120:
        extended.update(_records(content))


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of a pax header, `LENGTH KEY=VALUE\\n`."""
    while content.strip(b"\0"):
        length, _, _ = content.partition(b" ")
        if not length.isdigit() or not 5 <= int(length) <= len(content):
            raise tarfile.ReadError("invalid header")
        key, _, value = content[len(length) + 1 : int(length) - 1].partition(b"=")
        yield key, value
        content = content[int(length) :]


def _sparse(stream: IO[bytes], block: bytes) -> int:
    """The size that a sparse file has, after the blocks that say where its holes are."""
    more = block[482]
    while more:
        more = stream.read(512)[504:505] not in (b"\0", b"")
    return _number(block[483:495])


def _exactly(stream: IO[bytes], size: int) -> bytes:
    if size > _LARGEST:
        raise tarfile.ReadError("invalid header")
    content = stream.read(size + 511 & ~511)
    if len(content) < size:
        raise tarfile.ReadError("unexpected end of data")
    return content[:size]


def _with_content(
    stream: IO[bytes], entry: Entry, stored: int, keep: Callable[[str], bool], digest: bool
) -> Entry:
    kept, summed, left = [], hashlib.blake2b(digest_size=16), stored + 511 & ~511
    wanted = stored <= MOST and keep(entry.path)
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise tarfile.ReadError("unexpected end of data")
        left -= len(piece)
        if digest:
            summed.update(piece)
        if wanted:
            kept.append(piece)
    stamp = (int.from_bytes(summed.digest(), "big"),) if digest else ()
    return entry._replace(data=b"".join(kept)[:stored], stamp=stamp)


def _seek(stream: IO[bytes], count: int) -> None:
    if count:
        stream.seek(count - 1, os.SEEK_CUR)
        if not stream.read(1):
            raise tarfile.ReadError("unexpected end of data")


def _read_over(stream: IO[bytes], count: int) -> None:
    while count:
        piece = stream.read(min(count, _PIECE))
        if not piece:
            raise tarfile.ReadError("unexpected end of data")
        count -= len(piece)
