"""Writes tar streams: POSIX ustar headers, and pax ones where ustar has no room.

`tarfile` costs about 280 us an entry, this about 35; writing layers is what this project exists for.
Tests compare the two, entry by entry.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from sdk_hooks.core.files.fileset import DIRECTORY, Entry
from sdk_hooks.errors import SdkError

_CHUNK = 1 << 20
_END = bytes(1024)
_ZEROS = bytes(512)
_USTAR = b"ustar\x0000" + bytes(64)  # magic, version, empty user and group names
_MAX_OCTAL_7, _MAX_OCTAL_11 = 0o7777777, 0o77777777777


def stream(entries: Iterable[Entry], epoch: int) -> Iterator[bytes]:
    """The tar archive of *entries* in the order given, in pieces of about 1 MiB.

    :param epoch: Seconds since 1970; no modification time is later (SOURCE_DATE_EPOCH).
    :raises SdkError: When a file changes while it is read, or can't be read.
    """
    parts: list[bytes] = []
    held = 0
    for entry in entries:
        parts.append(header(entry, epoch))
        size = entry.size
        if not size:
            held += 512
        elif size <= _CHUNK or entry.data:
            parts.append(entry.data or _small(entry))
            if size & 511:
                parts.append(_ZEROS[size & 511 :])
            held += size + 512
        else:
            yield b"".join(parts)
            yield from _large(entry)
            parts, held = [_ZEROS[size & 511 :]] if size & 511 else [], 0
        if held >= _CHUNK:
            yield b"".join(parts)
            parts, held = [], 0
    parts.append(_END)
    yield b"".join(parts)


def size(entries: Iterable[Entry], epoch: int) -> int:
    """Bytes that `stream` will give, without reading a file."""
    return sum(len(header(e, epoch)) + (e.size + 511 & ~511) for e in entries) + len(_END)


def header(entry: Entry, epoch: int) -> bytes:
    """The header block of *entry*, with a pax header before it where one is needed."""
    name = entry.path + "/" if entry.kind == DIRECTORY else entry.path
    raw = os.fsencode(name)
    link = os.fsencode(entry.link)
    mtime = entry.mtime if entry.mtime < epoch else epoch
    if (
        len(raw) <= 100
        and len(link) <= 100
        and not entry.xattrs
        and entry.uid <= _MAX_OCTAL_7
        and entry.gid <= _MAX_OCTAL_7
        and entry.size <= _MAX_OCTAL_11
        and raw.isascii()
        and link.isascii()
    ):
        return _block(raw, b"", entry, link, mtime)
    return _pax(raw, link, entry, mtime)


def _block(name: bytes, prefix: bytes, entry: Entry, link: bytes, mtime: int) -> bytes:
    major, minor = entry.device
    start = b"%s%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        name.ljust(100, b"\0"),
        entry.mode,
        entry.uid & _MAX_OCTAL_7,
        entry.gid & _MAX_OCTAL_7,
        entry.size & _MAX_OCTAL_11,
        mtime if mtime > 0 else 0,
    )
    end = b"%s%s%s%07o\0%07o\0%s" % (
        entry.kind.encode(),
        link.ljust(100, b"\0"),
        _USTAR,
        major,
        minor,
        prefix.ljust(167, b"\0"),
    )
    total = sum(start) + sum(end) + 256  # the checksum field counts as eight blanks
    return b"%s%06o\0 %s" % (start, total, end)


def _pax(raw: bytes, link: bytes, entry: Entry, mtime: int) -> bytes:
    """A pax extended header and the ustar block it extends.

    Only what ustar can't say goes there: some readers do not know other records.
    """
    records: list[tuple[bytes, bytes]] = []
    name, prefix = (raw, b"") if len(raw) <= 100 else _split(raw)
    if not name or not raw.isascii():
        records.append((b"path", raw))
        name, prefix = _ascii(raw)[-100:], b""
    if len(link) > 100 or not link.isascii():
        records.append((b"linkpath", link))
        link = _ascii(link)[:100]
    records += [(k, b"%d" % v) for k, v, top in _numbers(entry) if v > top]
    records += [(b"SCHILY.xattr." + os.fsencode(k), v) for k, v in entry.xattrs]
    block = _block(name, prefix, entry, link, mtime)
    if not records:
        return block
    body = b"".join(_record(key, value) for key, value in sorted(records))
    extension = Entry("PaxHeaders/" + os.fsdecode(_ascii(raw)[-80:]).rstrip("/"), "x", 0o644, size=len(body))
    before = _block(os.fsencode(extension.path), b"", extension, b"", 0)
    return before + body + bytes(-len(body) & 511) + block


def _numbers(entry: Entry) -> tuple[tuple[bytes, int, int], ...]:
    return (
        (b"uid", entry.uid, _MAX_OCTAL_7),
        (b"gid", entry.gid, _MAX_OCTAL_7),
        (b"size", entry.size, _MAX_OCTAL_11),
    )


def _record(key: bytes, value: bytes) -> bytes:
    """`LENGTH KEY=VALUE\\n`, where the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _split(raw: bytes) -> tuple[bytes, bytes]:
    """(name, prefix) of a long path, both empty when ustar has no room for it."""
    body = raw[:-1] if raw.endswith(b"/") else raw
    at = body.rfind(b"/", 0, 156)
    if at <= 0 or len(raw) - at - 1 > 100:
        return b"", b""
    return raw[at + 1 :], raw[:at]


def _ascii(raw: bytes) -> bytes:
    return bytes(byte if byte < 128 else 0x5F for byte in raw)


def _small(entry: Entry) -> bytes:
    try:
        handle = os.open(entry.source, os.O_RDONLY)
        try:
            content = os.read(handle, entry.size + 1)
        finally:
            os.close(handle)
    except OSError as error:
        raise _unreadable(entry, error.strerror or "") from error
    if len(content) != entry.size:
        raise _changed(entry)
    return content


def _large(entry: Entry) -> Iterator[bytes]:
    left = entry.size
    try:
        with open(entry.source, "rb", buffering=0) as file:
            while left:
                piece = file.read(min(_CHUNK, left))
                if not piece:
                    raise _changed(entry)
                left -= len(piece)
                yield piece
            if file.read(1):
                raise _changed(entry)
    except OSError as error:
        raise _unreadable(entry, error.strerror or "") from error


def _changed(entry: Entry) -> SdkError:
    return SdkError(
        f"{entry.source!r} changed while it was read",
        hint="wait until what writes it is done, then build again",
        code="changed-while-reading",
    )


def _unreadable(entry: Entry, why: str) -> SdkError:
    return SdkError(f"can't read {entry.source!r}", detail=why, code="unreadable")
