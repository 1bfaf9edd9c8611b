"""Makes the reference target, and keeps what it made for the next time."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sdk_hooks.core.disk import writing
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.reftarget import initramfs, kernel, packages
from sdk_hooks.core.reftarget.packages import Apt
from sdk_hooks.core.vm.lock import locked
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.target import Platform

READY = "ready"
DISK_UNUSABLE = "the data disk can't be mounted"
"""What its init script prints, after `target: SECONDS `."""

ARCHITECTURES = ("amd64", "arm64")
_PACKAGES = ("busybox-static", "dropbear-bin")
"""Besides the runtime's."""


@dataclass(frozen=True)
class ReferenceTarget:
    """What a hypervisor boots: a Linux kernel and its first file system, with a runtime and an ssh server.

    It takes 10.0.2.15 as its address, and the first virtio disk for its data when it has one; a blank disk
    is formatted, any other is never changed but by what runs there.
    """

    kernel: Path
    initramfs: Path
    """Has no keys and no name yet: `personal()` of it goes behind it."""
    release: str
    """Of the kernel, as uname -r."""


def reference_target(platform: Platform, progress: Progress, runtime: str) -> ReferenceTarget:
    """The reference target for *platform*; downloads about 35 MB the first time, nothing later.

    :param runtime: The OCI runtime that it has: a program, and the distribution's package of that name.
    :raises SdkError: When it can't be made here.
    """
    if platform.architecture not in ARCHITECTURES:
        raise SdkError(
            f"there is no reference target for {platform}",
            detail=f"there is one for: {', '.join(ARCHITECTURES)}",
            hint="boot an image of your SDK: build one in it, and give this command there",
            code="no-reference-target",
        )
    given = packages.sources()
    wanted = sorted((*_PACKAGES, runtime))
    key = _digest({**given, "programs": " ".join(wanted)})
    directory = cache_directory() / "reference-target" / f"{platform.architecture}-{key}"
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
        with locked(directory, progress):
            _fetch(directory, platform.architecture, given, wanted, progress)
            return _assemble(directory, runtime)


def _digest(texts: dict[str, str]) -> str:
    return hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:12]


def _fetch(
    directory: Path, architecture: str, given: dict[str, str], wanted: Iterable[str], progress: Progress
) -> None:
    if (directory / "done").exists():
        return
    progress.step("the reference target: fetching its packages (about 45 MB, once)")
    apt = Apt(directory / "apt", architecture, given)
    apt.update()
    names = kernel.packages(apt)
    packages.unpack(apt.closure(*wanted), directory / "root")
    packages.unpack(apt.exact(*names), directory / "kernel")
    shutil.rmtree(directory / "apt")  # what is unpacked is all that is needed
    (directory / "done").touch()
    for old in directory.parent.glob(f"{architecture}-*"):  # of the release that this machine had before
        if old != directory:
            shutil.rmtree(old, ignore_errors=True)


def _assemble(directory: Path, runtime: str) -> ReferenceTarget:
    archive = directory / f"initramfs-{_own_digest()}.cpio"
    if not archive.exists():
        for old in directory.glob("initramfs-*"):
            old.unlink()
        fresh = directory / "initramfs-new"
        with open(fresh, "wb") as stream:
            initramfs.write(stream, directory / "root", directory / "kernel", runtime)
        fresh.rename(archive)
    release = kernel.modules_directory(directory / "kernel").name
    return ReferenceTarget(kernel.image(directory / "kernel"), archive, release)


def _own_digest() -> str:
    """Changes with this package, so that nobody has to remember to count a version up."""
    texts = {path.name: path.read_text() for path in files(__package__).iterdir() if path.is_file()}
    return _digest(texts)
