"""An image that the SDK built, booted as its `runqemu` would: what BitBake wrote to `<image>.qemuboot.conf`.

The file is that of qemuboot.bbclass; how its values become a command line is scripts/runqemu, with user
networking (`runqemu slirp nographic`).
"""

from __future__ import annotations

import configparser
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks import Argv, Machine, Platform, SdkError

from . import rootfs
from .boot import Boot

SECONDS = 240
_SUFFIX = ".qemuboot.conf"
_ARCHITECTURES = {
    "x86_64": Platform("amd64"),
    "aarch64": Platform("arm64", "v8"),
    "arm": Platform("arm", "v7"),
    "riscv64": Platform("riscv64"),
    "i586": Platform("386"),
    "i686": Platform("386"),
}
_SSH_SERVERS = ("dropbear", "openssh-sshd", "openssh")


@dataclass(frozen=True)
class Image:
    """A `.qemuboot.conf` and where the files lie that it names."""

    path: Path
    values: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.path.name.removesuffix(_SUFFIX)

    def get(self, key: str) -> str:
        return self.values.get(key.lower(), "").strip()

    def words(self, key: str) -> Argv:
        return tuple(shlex.split(self.get(key)))

    @property
    def kernel(self) -> Path:
        return self.path.parent / self.get("QB_DEFAULT_KERNEL")

    @property
    def rootfs(self) -> Path:
        """The ext4 file system to boot, maybe packed; a name that does not exist when there is none."""
        stem = self.path.parent / (self.get("IMAGE_LINK_NAME") or self.name)
        suffixes = (self.get("QB_DEFAULT_FSTYPE"), "ext4", "ext4.zst", "ext4.gz")
        names = [f"{stem}.{suffix}" for suffix in suffixes if suffix.partition(".")[0] == "ext4"]
        return next((Path(name) for name in names if os.path.exists(name)), Path(f"{stem}.ext4"))


def find(directory: Path) -> Image | None:
    """The newest image in *directory* that can be booted and has an ssh server; None when there is none."""
    # every image has a name with a time stamp and a link without one
    paths = {path.resolve(): path for path in sorted(directory.glob(f"*{_SUFFIX}")) if path.exists()}
    newest = sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)
    return next((image for image in (read(paths[path]) for path in newest) if _bootable(image)), None)


def read(path: Path) -> Image:
    """The image of *path*.

    :raises SdkError: When it is no such file.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text())
        return Image(path, dict(parser["config_bsp"]))
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise SdkError(
            f"'{path}' is not what qemuboot.bbclass writes",
            detail=str(error).splitlines()[0],
            hint="build the image again",
            code="bad-qemuboot",
        ) from error


def identity(image: Image) -> str:
    """Changes when *image* is built again."""
    return rootfs.identity(image.rootfs)


def _bootable(image: Image) -> bool:
    return image.rootfs.exists() and image.kernel.exists() and _has_ssh(image)


def _has_ssh(image: Image) -> bool:
    """Whether its list of packages names an ssh server; an image without a list may have one."""
    manifest = image.path.with_name(f"{image.name}.manifest")
    if not manifest.exists():
        return True
    packages = {line.split(" ", 1)[0] for line in manifest.read_text().splitlines()}
    return not packages.isdisjoint(_SSH_SERVERS)


def boot(image: Image, machine: Machine) -> Boot:
    """How to boot *image*, from a copy of its root file system: the build's own stays as BitBake made it.

    :raises SdkError: When it is for hardware that is not known here.
    """
    booted = rootfs.refresh(image.rootfs, machine)
    cpu = image.words("QB_CPU")
    dtb = image.get("QB_DTB")
    options = (
        *(*image.words("QB_MACHINE"), *_without_cpu(cpu), *image.words("QB_SMP"), "-m", _memory(image)),
        *("-kernel", str(image.kernel), "-append", _kernel_line(image)),
        *(("-dtb", str(image.path.parent / dtb)) if dtb else ()),
        *(*_drive(image), *image.words("QB_RNG")),
        *shlex.split(image.get("QB_OPT_APPEND").replace("@DEPLOY_DIR_IMAGE@", str(image.path.parent))),
        *("-serial", "null"),  # else the second of its two login prompts starts over and over
    )
    return Boot(
        f"{image.name} of the SDK",
        booted,
        _program(image),
        _platform(image),
        options,
        next((cpu[at + 1] for at, word in enumerate(cpu[:-1]) if word == "-cpu"), ""),
        network=_network(image),
        seconds=SECONDS,
        ssh=rootfs.ssh_options(machine),
    )


def _kernel_line(image: Image) -> str:
    root = image.words("QB_KERNEL_ROOT") or ("/dev/vda",)
    consoles = [part.partition(";")[2] for part in image.get("SERIAL_CONSOLES").split()]
    words = (
        *("root=" + root[0], *root[1:], *(() if {"ro", "rw"} & set(root) else ("rw",))),
        *(f"console={console}" for console in consoles[:1]),
        image.get("QB_CMDLINE_IP_SLIRP") or "ip=dhcp",
        image.get("QB_KERNEL_CMDLINE_APPEND"),
    )
    return " ".join(words).strip()


def _platform(image: Image) -> Platform:
    architecture = image.get("TUNE_ARCH")
    for known, platform in _ARCHITECTURES.items():
        if architecture == known or (known == "arm" and architecture.startswith("arm")):
            return platform
    what = f"the image {image.name!r} is for {architecture!r}, which QEMU is not started for"
    raise SdkError(what, code="bad-qemuboot")


def _program(image: Image) -> str:
    """QEMU of the SDK where it has one, else of this machine."""
    name = image.get("QB_SYSTEM_NAME") or "qemu-system-x86_64"
    native = (image.path.parent / image.get("STAGING_BINDIR_NATIVE") / name).resolve()
    return str(native) if image.get("STAGING_BINDIR_NATIVE") and native.exists() else name


def _memory(image: Image) -> str:
    """Of `-m 256`: at least 512 MiB, for containers have to fit in too."""
    text = image.get("QB_MEM").removeprefix("-m").strip().upper() or "0"
    number = int(text.removesuffix("M").removesuffix("G")) * (1024 if text.endswith("G") else 1)
    return f"{max(number, 512)}M"


def _without_cpu(words: Argv) -> Argv:
    """*words* of QB_CPU but the processor: it has the machine's type behind it in recent releases."""
    return tuple(word for at, word in enumerate(words) if "-cpu" not in (word, words[at - 1] if at else ""))


def _network(image: Image) -> str:
    words = image.words("QB_NETWORK_DEVICE")
    device = words[1] if words[:1] == ("-device",) and len(words) > 1 else "virtio-net-pci,netdev=net0"
    return device.replace("@MAC@", "52:54:00:12:35:02")


def _drive(image: Image) -> Argv:
    given = image.get("QB_ROOTFS_OPT")
    if given:
        return tuple(shlex.split(given.replace("@ROOTFS@", rootfs.NAME)))
    return ("-drive", f"if=virtio,format=raw,file={rootfs.NAME}")
