"""The kernel of the reference target: the distribution's one for virtual machines, which is small."""

from __future__ import annotations

from pathlib import Path

from sdk_hooks.core.reftarget.packages import Apt
from sdk_hooks.errors import SdkError

MODULES = ("virtio_pci", "virtio_mmio", "virtio_net", "virtio_blk", "ext4", "overlay")
_META = ("linux-image-cloud-{}", "linux-image-virtual")  # Debian, Ubuntu


def packages(apt: Apt) -> list[str]:
    """Names of the packages with the newest kernel and its modules.

    :raises SdkError: When the distribution has none for this architecture.
    """
    for meta in _META:
        image = next((one for one in apt.depends(meta.format(apt.architecture)) if _is_image(one)), None)
        if image:
            return [image, *(one for one in apt.depends(image) if one.startswith("linux-modules-"))]
    raise SdkError(
        f"the package sources of this machine have no kernel for virtual machines of {apt.architecture}",
        detail=f"looked for: {', '.join(meta.format(apt.architecture) for meta in _META)}",
        code="no-kernel",
    )


def _is_image(name: str) -> bool:
    return name.startswith("linux-image-")


def image(directory: Path) -> Path:
    """The kernel in *directory*, where its packages were unpacked."""
    return _one(directory, "boot/vmlinu[xz]-*")


def modules_directory(directory: Path) -> Path:
    """Where its modules are; named after its release."""
    return _one(directory, "lib/modules/*")


def config(directory: Path, release: str) -> bytes:
    """What it was built with."""
    return _one(directory, f"boot/config-{release}").read_bytes()


def _one(directory: Path, pattern: str) -> Path:
    found = sorted(directory.glob(pattern))
    if not found:
        raise SdkError(f"the kernel's packages have no {pattern!r}", code="no-kernel")
    return found[0]
