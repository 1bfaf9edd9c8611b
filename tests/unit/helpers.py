"""What the tests of the build half share: files, C programs, archives, and asking for exact error text."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sdk_hooks.core import build
from sdk_hooks.core.build import Built
from sdk_hooks.core.files import tree
from sdk_hooks.core.files.fileset import DIRECTORY, FILE, Entry, Group
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.target import Platform

AMD64 = Platform("amd64")
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may do this")


def write(top: Path, files: Mapping[str, str | bytes]) -> Path:
    """Make *files* below *top*: a name ending in / is a directory, `-> x` a link, a `#!` a program."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        elif isinstance(content, str) and content.startswith("-> "):
            path.symlink_to(content[3:])
        else:
            raw = content.encode() if isinstance(content, str) else content
            path.write_bytes(raw)
            path.chmod(0o755 if raw.startswith((b"#!", b"\x7fELF")) else 0o644)
    return top


def gcc(target: Path, source: str, *options: str) -> Path:
    """Compile *source*, a C program or library, to *target*."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # -x c is for standard input only: -x none makes the linker's files be told by their names again
    argv = ["gcc", "-x", "c", "-", "-x", "none", "-o", str(target), *options]
    subprocess.run(argv, input=source.encode(), check=True)
    return target


def file(path: str, content: bytes = b"", mode: int = 0o644, **more: object) -> Entry:
    """A file of the image whose content is in memory."""
    return Entry(path, FILE, mode, size=len(content), data=content)._replace(**more)  # type: ignore[arg-type]  # fields by name


def folder(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    return Entry(path, DIRECTORY, mode, uid, gid)


def group(name: str, *entries: Entry) -> Group:
    made = Group(name)
    made.add(entries)
    return made


def source(*entries: Entry, platform: Platform | None = AMD64) -> Source:
    """An application of *entries*."""
    return Source([group("application", *entries)], platform)


def make(
    target: Path, *entries: Entry, name: str = "web", spec: Spec | None = None, epoch: int = 1000
) -> Built:
    """Build an image of *entries*, or of one program when there are none."""
    app = source(*(entries or (file("usr/bin/web", b"#!", 0o755),)))
    return build.build(name, app, spec or Spec(), target, epoch)


def build_tree(top: Path, target: Path, sysroot: str = "/", spec: Spec | None = None) -> Built:
    return build.build("web", tree.read(str(top), sysroot), spec or Spec(), target, 1000)


def members(image: Image) -> list[dict[str, tarfile.TarInfo]]:
    """The members of each layer by name, bottom first."""
    found = []
    for layer in image.layers:
        with tarfile.open(image.blob(layer), "r:") as archive:
            found.append({member.name: member for member in archive})
    return found


def flat(image: Image) -> dict[str, tarfile.TarInfo]:
    """What all layers together show."""
    return {name: member for layer in members(image) for name, member in layer.items()}


def content(image: Image, path: str) -> bytes:
    """Content of the file at *path*, from the topmost layer that has it."""
    for layer in reversed(image.layers):
        with tarfile.open(image.blob(layer), "r:") as archive:
            if path in archive.getnames():
                stream = archive.extractfile(path)
                return stream.read() if stream else b""
    raise KeyError(path)


def unpack(image: Image, directory: Path) -> Path:
    """Extract all layers as the user who runs the tests."""
    for layer in image.layers:
        with tarfile.open(image.blob(layer), "r:") as archive:
            archive.extraction_filter = lambda member, _: member  # the whole layer: it is ours
            for member in archive:
                member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
                archive.extract(member, directory)
    return directory


def untar(raw: bytes) -> tarfile.TarFile:
    return tarfile.open(fileobj=io.BytesIO(raw), mode="r:", errors="surrogateescape")


@contextlib.contextmanager
def fails(text: str) -> Iterator[None]:
    """Expect an SdkError that prints exactly *text*."""
    with pytest.raises(SdkError) as caught:
        yield

    assert str(caught.value) == text


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Be somebody without root's power to read everything; nothing changes for who is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
