"""What QEMU is told, for the reference target and for images of the SDK, without starting it."""

from __future__ import annotations

import json
import subprocess
from io import StringIO
from pathlib import Path

import pytest
from sdk_plugins.hypervisors.qemu import Qemu, accelerator, boot, launch, rootfs, sdk_image, state

from sdk_hooks import Machine, Platform, vm
from sdk_hooks.core import machines
from sdk_hooks.core.ui import Ui
from sdk_hooks.testing import check_plugin

from .helpers import fails, write

AMD64 = Platform("amd64")
X86 = """\
[config_bsp]
image_link_name = core-image-minimal-qemux86-64.rootfs
image_name = core-image-minimal-qemux86-64.rootfs-20260101000000
qb_cpu = -cpu Skylake-Client -machine q35,i8042=off
qb_default_fstype = ext4.zst
qb_default_kernel = bzImage--6.18-qemux86-64-20260101.bin
qb_drive_type = /dev/sd
qb_kernel_cmdline_append = oprofile.timer=1 tsc=reliable no_timer_check rcupdate.rcu_expedited=1 swiotlb=0
qb_mem = -m 256
qb_network_device = -device virtio-net-pci,netdev=net0,mac=@MAC@
qb_opt_append = -usb -device usb-tablet -usb -device usb-kbd
qb_rng = -object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0
qb_smp = -smp 4
qb_system_name = qemu-system-x86_64
serial_consoles = 115200;ttyS0 115200;ttyS1
staging_bindir_native = ../../../work/native/usr/bin
tune_arch = x86_64
"""
ARM = """\
[config_bsp]
image_link_name = board
qb_cpu = -cpu cortex-a57
qb_default_kernel = Image
qb_dtb = board.dtb
qb_kernel_root = /dev/vda2 ro
qb_machine = -machine virt
qb_mem = 1G
qb_rootfs_opt = -drive id=disk0,file=@ROOTFS@,if=none,format=raw -device virtio-blk-pci,drive=disk0
qb_system_name = qemu-system-aarch64
serial_consoles = 115200;ttyAMA0 115200;hvc0
tune_arch = aarch64
"""


def images(top: Path, **texts: str) -> Path:
    for name, text in texts.items():
        image = sdk_image.read(write(top, {f"{name}.qemuboot.conf": text}) / f"{name}.qemuboot.conf")
        stem = image.get("IMAGE_LINK_NAME")
        write(top, {f"{stem}.ext4": "file system", image.get("QB_DEFAULT_KERNEL"): "kernel"})
    return top


def booted(directory: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> boot.Boot:
    """How the image in *directory* is booted; its root file system is text here and stays as it is."""
    monkeypatch.setattr(vm, "tool", lambda name: None)
    found = sdk_image.find(directory)
    assert found is not None
    machine = Machine("qemu", tmp_path / "machine", AMD64)
    machine.directory.mkdir(exist_ok=True)
    return sdk_image.boot(found, machine)


def test_the_plugin_holds_what_every_plugin_promises() -> None:
    check_plugin(Qemu())


def test_the_command_line_for_an_x86_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = images(tmp_path / "deploy", core=X86)
    made = booted(top, monkeypatch, tmp_path)
    machine = Machine("qemu", tmp_path / "machine", AMD64)
    line = boot.argv(made, machine, "tcg", launch.netdev({2200: 22, 8080: 80}))

    assert " ".join(line).replace(str(top), "DEPLOY") == (
        "qemu-system-x86_64 -name qemu -accel tcg -cpu Skylake-Client -nodefaults -display none -daemonize "
        "-pidfile pid -qmp unix:qmp,server=on,wait=off -chardev file,id=console,path=console.log "
        "-serial chardev:console "
        "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2200-:22,hostfwd=tcp:127.0.0.1:8080-:80 "
        "-device virtio-net-pci,netdev=net0,mac=52:54:00:12:35:02 -machine q35,i8042=off -smp 4 -m 512M "
        "-kernel DEPLOY/bzImage--6.18-qemux86-64-20260101.bin -append root=/dev/vda rw console=ttyS0 ip=dhcp "
        "oprofile.timer=1 tsc=reliable no_timer_check rcupdate.rcu_expedited=1 swiotlb=0 "
        "-drive if=virtio,format=raw,file=rootfs.img "
        "-object rng-random,filename=/dev/urandom,id=rng0 -device virtio-rng-pci,rng=rng0 "
        "-usb -device usb-tablet -usb -device usb-kbd -serial null"
    )
    assert made.title == "core of the SDK"
    assert made.platform == AMD64


def test_the_command_line_for_an_arm_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = images(tmp_path / "deploy", board=ARM)
    made = booted(top, monkeypatch, tmp_path)

    assert (made.program, made.cpu, made.platform) == (
        "qemu-system-aarch64",
        "cortex-a57",
        Platform("arm64", "v8"),
    )
    assert " ".join(made.options).replace(str(top), "DEPLOY") == (
        "-machine virt -m 1024M -kernel DEPLOY/Image -append root=/dev/vda2 ro console=ttyAMA0 ip=dhcp "
        "-dtb DEPLOY/board.dtb -drive id=disk0,file=rootfs.img,if=none,format=raw "
        "-device virtio-blk-pci,drive=disk0 -serial null"
    )
    assert made.network == "virtio-net-pci,netdev=net0"
    assert not boot.native(made) or made.platform.architecture == "arm64"


def test_kvm_gives_the_processor_of_this_machine(tmp_path: Path) -> None:
    what = boot.Boot("x", "x", "qemu-system-x86_64", AMD64, (), "max")
    line = boot.argv(what, Machine("qemu", tmp_path, AMD64), "kvm", "")

    assert line[3:7] == ("-accel", "kvm", "-cpu", "host")


def test_the_qemu_of_the_sdk_goes_before_that_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = images(tmp_path / "a/b/c/deploy", core=X86)
    native = tmp_path / "a/work/native/usr/bin/qemu-system-x86_64"
    write(native.parent, {native.name: "#!"})

    assert booted(top, monkeypatch, tmp_path).program == str(native)


def test_the_newest_image_with_an_ssh_server_is_taken(tmp_path: Path) -> None:
    import os

    top = images(tmp_path, old=ARM, new=X86, mute=X86)
    write(top, {"mute.manifest": "busybox x86_64 1.37\n", "new.manifest": "dropbear x86_64 2025\n"})
    for age, name in enumerate(("mute", "new", "old")):
        os.utime(top / f"{name}.qemuboot.conf", (1000 - age, 1000 - age))
    (top / "link.qemuboot.conf").symlink_to("old.qemuboot.conf")

    assert getattr(sdk_image.find(top), "name", "") == "new"


def test_what_lacks_a_part_can_not_be_booted(tmp_path: Path) -> None:
    top = images(tmp_path, core=X86)
    (top / "core-image-minimal-qemux86-64.rootfs.ext4").unlink()
    assert sdk_image.find(top) is None
    write(top, {"core-image-minimal-qemux86-64.rootfs.ext4.zst": "packed"})
    assert sdk_image.find(top) is not None
    (top / "bzImage--6.18-qemux86-64-20260101.bin").unlink()
    assert sdk_image.find(top) is None


def test_a_file_that_bitbake_did_not_write_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.qemuboot.conf": "nonsense"}) / "x.qemuboot.conf"
    with fails(
        f"'{path}' is not what qemuboot.bbclass writes [bad-qemuboot]\n"
        "  File contains no section headers.\n"
        "  hint: build the image again"
    ):
        sdk_image.read(path)


def test_an_architecture_that_is_not_known_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = images(tmp_path / "deploy", board=ARM.replace("aarch64\n", "mips\n"))
    with fails("the image 'board' is for 'mips', which QEMU is not started for [bad-qemuboot]"):
        booted(top, monkeypatch, tmp_path)


def test_a_copy_is_sparse_and_made_again_for_a_new_image(tmp_path: Path) -> None:
    source, copy = tmp_path / "image.ext4", tmp_path / "copy"
    source.write_bytes(bytes(3 << 20) + b"end" + bytes(1 << 20))
    rootfs._copy(source, copy)  # the rest needs a real file system: see the integration tests

    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_blocks * 512 < 2 << 20
    before = rootfs.identity(source)
    source.write_bytes(b"built again")
    assert rootfs.identity(source) != before


@pytest.mark.parametrize(("suffix", "packer"), [(".gz", "gzip"), (".zst", "zstd")])
def test_a_packed_image_is_unpacked(tmp_path: Path, suffix: str, packer: str) -> None:
    source = tmp_path / "image.ext4"
    source.write_bytes(b"x" * 100_000)
    subprocess.run((packer, "-q", "-k", str(source)), check=True)
    rootfs._copy(tmp_path / f"image.ext4{suffix}", tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"port": "x", "booted": "", "accelerator": "", "forwards": {}}']
)
def test_a_damaged_state_is_a_blank_one(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"state.json": text})

    assert state.read(tmp_path) == state.State()


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = state.State(2200, "reference", "tcg", {80: 8080})
    made.write(tmp_path)

    assert state.read(tmp_path) == made


def test_whether_kvm_works_is_remembered_by_kernel_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "openable", lambda: True)
    write(tmp_path, {"one": "#!/bin/sh\necho QEMU 1\n", "two": "#!/bin/sh\necho QEMU 2\n"})
    one, two = accelerator.Answers(str(tmp_path / "one")), accelerator.Answers(str(tmp_path / "two"))
    assert one.may_work()
    one.remember(False)

    assert not one.may_work()
    assert two.may_work()
    assert list(json.loads(one.path.read_text()).values()) == [False]


def test_a_kvm_that_can_not_be_opened_is_not_tried(tmp_path: Path) -> None:
    assert not accelerator.openable(tmp_path / "kvm")


def test_without_qemu_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    what = boot.Boot("x", "x", "qemu-system-aarch64", Platform("arm64"), (), "max")
    with fails(
        "there is no qemu-system-aarch64 here [missing-program]\n"
        "  hint: install it: apt-get install qemu-system-arm"
    ):
        launch.launch(what, Machine("qemu", tmp_path, AMD64), state.State(), Ui(StringIO()))


def test_without_qemu_nothing_is_fetched_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with fails(
        "there is no qemu-system-x86_64 here [missing-program]\n"
        "  hint: install it: apt-get install qemu-system-x86"
    ):
        boot.reference(Machine("qemu", tmp_path, AMD64), Ui(StringIO()))


def test_a_machine_that_says_nothing_in_time_is_an_error(tmp_path: Path) -> None:
    with fails(
        f"the machine 'qemu' has ended [machine-failed]\n  its console, '{tmp_path}/console.log', is empty"
    ):
        raise launch.failed(Machine("qemu", tmp_path, AMD64), "has ended")


def test_every_sdk_has_a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVTOOL_CONTAINERS_MACHINES", str(tmp_path))
    own, sdk, other = (machines.machine("qemu", path) for path in (None, tmp_path / "a", tmp_path / "b"))

    assert own.directory == tmp_path / "qemu"
    assert len({own.directory, sdk.directory, other.directory}) == 3
    assert machines.kept("qemu") == []
    for made in (own, sdk):
        made.directory.mkdir()
    assert [found.directory for found in machines.kept("qemu")] == [own.directory, sdk.directory]
    assert not Qemu().running(own)
    Qemu().stop(own)
    Qemu().stop(other)
