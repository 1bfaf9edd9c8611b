"""Makes the disk, the kernel and the first file system of a guest, and keeps them for the next time."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from sdk_hooks import vm
from sdk_hooks.core.files.fileset import CHARACTER, Entry, Group, Merged, directory
from sdk_hooks.core.reftarget import cpio, modules
from sdk_hooks.core.reftarget.initramfs import file, link

from .host import CACHE, Unavailable, as_root, free_space, programs, require, source
from .recipes import Recipe, text

# crc32c_generic: ext4 asks for it by what it does, which no list of dependencies says
MODULES = ("virtio_pci", "virtio_mmio", "virtio_net", "virtio_blk", "crc32c_generic", "ext4", "overlay")
SIZE = "3G"
"""Of the disk that the guest sees, as mke2fs has it; what is not used takes no space here."""
_SPACE = 800 << 20
_LIMIT = 1200.0


def made(name: str, recipe: Recipe) -> Path:
    """The directory with disk.img, kernel and initrd of *recipe*, made when it is not there yet.

    :raises Unavailable: When it can't be made here.
    """
    require(*programs(recipe.architecture))
    line = source(recipe.suite)
    key = hashlib.sha256(repr((recipe, line, sorted(_own_texts().items()))).encode()).hexdigest()[:12]
    CACHE.mkdir(parents=True, exist_ok=True)
    place = CACHE / f"{name}-{key}"
    with vm.locked(CACHE, limit=_LIMIT):
        if not place.exists():
            if free_space() < _SPACE:
                raise Unavailable(f"'{CACHE}' has too little space: a guest takes {_SPACE >> 20} MB")
            for old in (*CACHE.glob(f"{name}-????????????"), *CACHE.glob(".new-*")):
                shutil.rmtree(old)
            with _fresh() as work:
                _make(recipe, line, work)
                work.rename(place)
    return place


def _own_texts() -> dict[str, str]:
    """What a guest is made with: whoever changes it need not remember to throw guests away."""
    here = files(__package__)
    found = {path.name: path.read_text() for path in here.joinpath("files").iterdir() if path.is_file()}
    return {**found, "build.py": here.joinpath("build.py").read_text()}


@contextmanager
def _fresh() -> Iterator[Path]:
    work = CACHE / f".new-{os.getpid()}"
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _make(recipe: Recipe, line: str, work: Path) -> None:
    _write(work / "files", recipe)
    _packages(recipe, line, work / "packages.tar")
    script = str(files("guests").joinpath("files/assemble.sh"))
    vm.run((*as_root(), "sh", script, "packages.tar", "files", SIZE), work, cwd=work)
    _boot(work)
    for name in ("packages.tar", "busybox"):
        (work / name).unlink()
    for name in ("files", "boot", "modules"):
        shutil.rmtree(work / name)


def _write(top: Path, recipe: Recipe) -> None:
    for path, content in recipe.texts().items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(content)
        (top / path).chmod(0o755 if content.startswith("#!") else 0o644)


def _packages(recipe: Recipe, line: str, tar: Path) -> None:
    """Fetch the packages; they are configured for systemd only, which needs the users that they add."""
    configured = recipe.init == "systemd"
    variant = ("--variant=essential", f"--customize-hook={_USER}") if configured else ("--variant=extract",)
    chroot = () if os.geteuid() == 0 or configured else ("--mode=chrootless",)
    argv = (
        *("mmdebstrap", "--quiet", *variant, *chroot, f"--architectures={recipe.architecture}"),
        *(f"--include={recipe.included}", "--format=tar", recipe.suite, str(tar), line),
    )
    done = subprocess.run(
        (*(as_root() if chroot else ()), *argv),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"mmdebstrap failed: {' '.join(done.stderr.splitlines()[-4:])}")


_USER = 'chroot "$1" useradd --create-home --shell /bin/sh user'


def _boot(work: Path) -> None:
    """The kernel, and a first file system that has the drivers of its disk."""
    next(work.glob("boot/vmlinuz-*")).rename(work / "kernel")
    release = next(work.glob("modules/*"))
    loaded = modules.in_order(release, MODULES)
    top = f"lib/modules/{release.name}"
    names = ("bin", "dev", "lib", "lib/modules", top, "etc", "mnt", "personal")
    group = Group("first")
    group.add(directory(name) for name in names)
    group.add([Entry("dev/console", CHARACTER, 0o600, device=(5, 1))])
    group.add([file("init", text("first.sh"), 0o755), link("bin/sh", "busybox")])
    group.add([file("bin/busybox", (work / "busybox").read_bytes(), 0o755)])
    group.add(file(f"{top}/{module.name}.ko", module.content) for module in loaded)
    group.add([file("etc/modules", "".join(f"{module.name}.ko\n" for module in loaded))])
    with open(work / "initrd", "wb") as stream:
        cpio.write(stream, Merged().place(group))
