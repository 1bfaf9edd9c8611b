"""Makes deb packages of any content, also of what no packager would make."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **more: object
) -> tuple[tarfile.TarInfo, bytes]:
    """A member of data.tar; *more* are attributes of tarfile.TarInfo."""
    info = tarfile.TarInfo(name)
    info.size, info.type, info.mode = len(content), kind, 0o644
    info.uname = info.gname = "root"
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]], compression: str = "gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{compression}") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def ar(members: Mapping[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, content in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def deb(
    directory: Path,
    name: str,
    *members: tuple[tarfile.TarInfo, bytes],
    version: str = "1.0",
    control: str = "",
    scripts: Mapping[str, str] | None = None,
    architecture: str = "all",
) -> Path:
    """A package in *directory*.

    :param control: More fields, such as "Depends: libc6\\n".
    """
    text = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{control}"
    files = {"control": text, **(scripts or {})}
    inner = tar([member(f"./{each}", content.encode()) for each, content in files.items()])
    path = directory / f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(ar({"debian-binary": b"2.0\n", "control.tar.gz": inner, "data.tar.gz": tar(members)}))
    return path
