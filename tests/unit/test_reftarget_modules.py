"""Kernel modules: what they say of themselves, in which order they go, and how they are unpacked."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.reftarget import modules

from .helpers import fails


def module(**info: str) -> bytes:
    """A file with the section .modinfo, as `ld -r` leaves it."""
    body = b"".join(f"{key}={value}".encode() + b"\0" for key, value in info.items())
    names = b"\0.shstrtab\0.modinfo\0"
    start = 64
    header = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, start + len(names + body), 0, 64, 0, 0, 64, 3, 1)
    )
    sections = [
        bytes(64),
        struct.pack("<IIQQQQIIQQ", 1, 3, 0, 0, start, len(names), 0, 0, 1, 0),
        struct.pack("<IIQQQQIIQQ", 11, 1, 0, 0, start + len(names), len(body), 0, 0, 1, 0),
    ]
    return header + names + body + b"".join(sections)


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Modules packed in every way: net needs failover and ring, which needs bus."""
    files = {
        "drivers/net/virtio-net.ko.xz": lzma.compress(
            module(name="virtio_net", depends="failover,virtio-ring")
        ),
        "net/failover.ko.gz": gzip.compress(module(name="failover", depends="")),
        "drivers/virtio/virtio_ring.ko": module(depends="bus", license="GPL"),
        "drivers/bus.ko": module(license="GPL"),
        "other.ko": module(depends="bus"),
    }
    for name, content in files.items():
        path = tmp_path / "6.1.0-lab" / "kernel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "6.1.0-lab"


def test_a_module_comes_after_all_that_it_needs(kernel: Path) -> None:
    found = modules.in_order(kernel, ("ext4", "virtio-net", "bus"))

    assert [one.name for one in found] == ["failover", "bus", "virtio_ring", "virtio_net"]
    assert found[-1].path == "kernel/drivers/net/virtio-net.ko"
    assert found[-1].depends == ("failover", "virtio_ring")
    assert all(one.content.startswith(b"\x7fELF") for one in found)


def test_modules_dep_is_as_depmod_would_write_it(kernel: Path) -> None:
    assert modules.dependencies(modules.in_order(kernel, ("virtio_net",))) == (
        "kernel/net/failover.ko:\n"
        "kernel/drivers/bus.ko:\n"
        "kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/bus.ko\n"
        "kernel/drivers/net/virtio-net.ko: kernel/net/failover.ko kernel/drivers/virtio/virtio_ring.ko\n"
    )


def test_modules_that_need_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/a.ko").write_bytes(module(depends="b"))
    (tmp_path / "kernel/b.ko").write_bytes(module(depends="a"))

    assert {one.name for one in modules.in_order(tmp_path, ("a",))} == {"a", "b"}


def test_a_module_without_information_says_nothing() -> None:
    assert modules.modinfo(module()) == {}


@pytest.mark.parametrize("cut", [0, 20, 63, 80])
def test_a_damaged_module_is_an_error(cut: int) -> None:
    with pytest.raises(modules.SdkError, match=r"^a kernel module is damaged \[bad-module\]\n  "):
        modules.modinfo(module(depends="x")[:cut])


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed")
def test_zstd_is_asked_for_what_it_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.ko"
    path.write_bytes(b"content")
    subprocess.run(("zstd", "-q", str(path)), check=True)
    packed = tmp_path / "x.ko.zst"

    assert modules.uncompressed(packed) == b"content"
    monkeypatch.setenv("PATH", "/nowhere")
    with fails(
        "there is no zstd here, which the modules of this kernel are packed with [missing-program]\n"
        "  hint: install it: apt-get install zstd"
    ):
        modules.uncompressed(packed)


@pytest.mark.skipif(shutil.which("modinfo") is None, reason="kmod is not installed")
def test_modinfo_says_the_same(kernel: Path) -> None:
    path = kernel / "kernel/drivers/virtio/virtio_ring.ko"
    done = subprocess.run(("modinfo", "-F", "depends", str(path)), capture_output=True, text=True, check=True)

    assert done.stdout.strip() == modules.modinfo(path.read_bytes())["depends"]
