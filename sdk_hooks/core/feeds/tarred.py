"""Reads the tar archives that deb and ipk packages have their files in."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

from sdk_hooks.core.files.fileset import BLOCK, CHARACTER, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK
from sdk_hooks.core.untar import untar
from sdk_hooks.packages import Member

_KINDS = {
    tarfile.REGTYPE: FILE,
    tarfile.AREGTYPE: FILE,
    tarfile.CONTTYPE: FILE,
    tarfile.LNKTYPE: HARDLINK,
    tarfile.SYMTYPE: SYMLINK,
    tarfile.CHRTYPE: CHARACTER,
    tarfile.BLKTYPE: BLOCK,
    tarfile.DIRTYPE: DIRECTORY,
    tarfile.FIFOTYPE: FIFO,
}
_XATTR = "SCHILY.xattr."


def members(archive: IO[bytes]) -> Iterator[Member]:
    """The members of an uncompressed tar archive.

    :raises ValueError: Saying what no package may have.
    What is damaged raises one of `plain.DAMAGED`.
    """
    with untar(archive) as tar:
        for info in tar:
            kind = _KINDS.get(info.type)
            if kind is None:
                raise ValueError(f"{info.name!r} is of a type that tar does not know")
            yield _member(info, kind, tar.extractfile(info) if kind == FILE else None)


def _member(info: tarfile.TarInfo, kind: str, content: IO[bytes] | None) -> Member:
    xattrs = sorted((name, value) for name, value in info.pax_headers.items() if name.startswith(_XATTR))
    return Member(
        info.name,
        kind,
        info.mode & 0o7777,
        content,
        info.size if kind == FILE else 0,
        int(info.mtime),
        info.linkname,
        info.uid,
        info.gid,
        info.uname,
        info.gname,
        (info.devmajor, info.devminor) if kind in (CHARACTER, BLOCK) else (0, 0),
        tuple((name.removeprefix(_XATTR), value.encode(errors="surrogateescape")) for name, value in xattrs),
    )
