"""The file system of the reference target, made of packages that a test can write."""

from __future__ import annotations

import io
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from sdk_hooks.core.reftarget import initramfs
from sdk_hooks.core.reftarget.packages import merge

from .helpers import gcc, needs_gcc, write
from .test_reftarget_cpio import read
from .test_reftarget_modules import module

SCRIPTS = ("init.sh", "rcS.sh", "rcK.sh")


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Programs as Debian packages them: busybox in /bin, libraries in /lib, the rest below /usr."""
    top = write(tmp_path / "root", {"bin/busybox": b"\x7fno ELF\0sh\0cat\0init\0"})
    (top / "bin/busybox").chmod(0o755)
    library = top / "lib/libtool.so.1"
    gcc(library, "int tool(void) { return 0; }", "-shared", "-fPIC", "-nostdlib", "-Wl,-soname,libtool.so.1")
    source = "int tool(void); void _start(void) { tool(); }"
    for program in ("usr/bin/crun", "usr/sbin/dropbear"):
        gcc(top / program, source, "-nostdlib", "-Wl,--dynamic-linker=/lib/libtool.so.1", str(library))
    merge(top)
    return top


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    top = tmp_path / "kernel"
    modules = "lib/modules/6.1.0-lab/kernel"
    needed = module(depends="virtio")
    return write(
        top,
        {
            "boot/config-6.1.0-lab": "CONFIG_X=y\n",
            f"{modules}/virtio.ko": module(depends=""),
            f"{modules}/virtio_net.ko": needed,
            f"{modules}/unused.ko": module(depends=""),
        },
    )


@needs_gcc
def test_programs_libraries_modules_and_scripts_come_together(packages: Path, kernel: Path) -> None:
    stream = io.BytesIO()
    initramfs.write(stream, packages, kernel, "crun")
    members = {name: (fields, body) for name, fields, body in read(stream.getvalue())}

    assert {"usr/bin/busybox", "usr/bin/crun", "usr/sbin/dropbear", "usr/lib/libtool.so.1"} <= set(members)
    assert members["bin"][1] == b"usr/bin", "packages that know /bin and packages that know /usr/bin agree"
    applets = {name for name, (_, body) in members.items() if body == b"/bin/busybox"}
    assert applets == {"usr/bin/sh", "usr/bin/cat", "usr/sbin/init"}, "only those that this busybox has"
    assert members["etc/modules"][1] == b"kernel/virtio.ko\nkernel/virtio_net.ko\n"
    assert members["usr/lib/modules/6.1.0-lab/modules.dep"][1].endswith(b"virtio_net.ko: kernel/virtio.ko\n")
    assert members["boot/config-6.1.0-lab"][1] == b"CONFIG_X=y\n"
    assert members["etc/init.d/rcS"][0][1] == 0o100755, "the probe tells busybox's init by it"
    assert {(fields[2], fields[3]) for fields, _ in members.values()} == {(0, 0)}, "all is root's"


@needs_gcc
def test_the_same_packages_give_the_same_archive(packages: Path, kernel: Path) -> None:
    streams = [io.BytesIO(), io.BytesIO()]
    for stream in streams:
        initramfs.write(stream, packages, kernel, "crun")

    assert streams[0].getvalue() == streams[1].getvalue()


def test_what_is_personal_is_for_root_only() -> None:
    stream = io.BytesIO()
    initramfs.personal(stream, "board", b"host", "ssh-ed25519 key")
    members = {name: (oct(fields[1]), body) for name, fields, body in read(stream.getvalue())}

    assert members["etc/hostname"] == ("0o100644", b"board\n")
    assert members["etc/dropbear/hostkey"] == ("0o100600", b"host")
    assert members["root/.ssh/authorized_keys"] == ("0o100600", b"ssh-ed25519 key")
    assert members["root"][0] == members["root/.ssh"][0] == members["etc/dropbear"][0] == "0o40700"


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_for_any_posix_shell(name: str) -> None:
    text = files("sdk_hooks.core.reftarget").joinpath(name).read_bytes()
    for shell in ("dash", "busybox"):
        if shutil.which(shell):
            argv = (shell, "-n") if shell == "dash" else (shell, "sh", "-n")
            assert subprocess.run(argv, input=text, capture_output=True, check=False).stderr == b""


def test_a_disk_is_formatted_only_when_it_is_blank() -> None:
    """The words themselves: whether they work, the integration tests show."""
    text = files("sdk_hooks.core.reftarget").joinpath("rcS.sh").read_text()

    assert [line.strip() for line in text.splitlines() if "mke2fs" in line] == [
        "blank && mke2fs -L data /dev/vda >/dev/null"
    ]
