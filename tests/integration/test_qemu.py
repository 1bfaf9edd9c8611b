"""The target named `qemu`: a real machine that is booted, deployed to, rebooted, cut off and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from sdk_plugins.hypervisors.qemu import Qemu

from sdk_hooks import Machine, Platform, SdkError, vm
from sdk_hooks.core.ui import Ui

from .machine_home import Home, answer, sdk_images, wait
from .tester import build_example

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="apt-get install qemu-system-x86"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the hand-made SDK image is for x86-64"),
]
AMD64 = Platform("amd64")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Where `qemu` runs with version 1 of the example; whatever a test does, it is ended."""
    made = Home(tmp_path_factory.mktemp("home"))
    for version in ("v1", "v2"):
        build_example(made, version)
    try:
        yield made
    finally:
        vm.process.end(made.directory / "pid")


def deploy(home: Home, version: str) -> tuple[dict[str, object], str]:
    """Deploy the example; gives the record of it and where it answers."""
    done = home.ok(
        "container-deploy", "hello-http", "qemu", "-o", str(home.home / version), "--format", "json"
    )
    address = done.stderr.rpartition(" answers on ")[2].split()[0]
    return done.json()[0], address


def test_the_machine_from_its_first_start_to_its_last(home: Home) -> None:
    """One story, not ten tests: each part needs what the parts before it left."""
    both = [home.start("machine", "start") for _ in range(2)]
    told = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("is up" in text for text in told) == 1, "two starts at once make one machine"
    pid = home.pid
    assert home.there("test -x /etc/init.d/rcS && cat /sys/fs/cgroup/cgroup.controllers").split()

    first, url = deploy(home, "v1")
    assert home.pid == pid
    assert answer(url) == "hello from a container, version 1\n"
    second, same = deploy(home, "v2")
    assert same == url
    assert answer(url) == "hello from a container, version 2\n"
    sent = [record["sent"]["wire"] for record in (first, second)]  # type: ignore[index]  # of JSON
    assert sent[1] < 20_000 < sent[0], sent
    home.ok("container-deploy", "hello-http", "qemu", "--rollback")
    assert answer(url) == "hello from a container, version 1\n"

    home.there("reboot")
    wait(lambda: vm.console.text(home.directory / "console.log").count(" ready") == 2)
    assert answer(url) == "hello from a container, version 1\n", "it starts again when the machine does"

    home.kill()
    assert "qemu     stopped" in home.ok("machine", "status").stdout
    home.ok("machine", "start")
    assert answer(url) == "hello from a container, version 1\n", (
        "its disk outlives it, and so does its address"
    )
    assert home.there("uname -n") == "qemu\n"

    stopped = home.ok("machine", "stop")
    assert stopped.stderr == "qemu: stopped\n"
    assert not home.pid
    assert home.ok("machine", "stop").stderr == "qemu: not running\n"


def test_ctrl_c_leaves_nothing_running(home: Home) -> None:
    process = home.start("machine", "start")
    wait(lambda: home.pid)
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, told = process.communicate(timeout=3)
    except subprocess.TimeoutExpired:  # Python drops one that arrives while it finalizes an object
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=20)

    assert (process.returncode, told.splitlines()[-1]) == (130, "error: interrupted"), told
    assert not home.pid


def test_a_disk_that_can_not_be_mounted_is_kept_as_it_is(home: Home) -> None:
    directory = home.home / "bad"
    directory.mkdir()
    disk = directory / "data.img"
    with open(disk, "wb") as stream:
        stream.write(b"somebody's photographs")
        stream.truncate(16 << 20)
    before = disk.read_bytes()
    os.environ["XDG_CACHE_HOME"] = str(home.cache.parent)
    with pytest.raises(SdkError) as caught:
        Qemu().start(Machine("qemu", directory, AMD64), Ui(StringIO()))

    assert str(caught.value) == (
        "the data disk of 'qemu' can't be mounted [bad-disk]\n"
        f"  '{disk}' is kept as it is\n"
        f"  hint: mend it: e2fsck -f {disk}; or give its data up: rm {disk}"
    )
    assert disk.read_bytes() == before
    assert not Qemu().running(Machine("qemu", directory, AMD64))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file system that root owns")
def test_an_image_of_the_sdk_is_booted_where_there_is_one(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home.cache.parent))
    machine = Machine("qemu", tmp_path / "machine", AMD64, images=tmp_path / "images")
    story = StringIO()
    sdk_images(tmp_path / "images", machine, Ui(StringIO()))
    built = (tmp_path / "images" / "lab-image.ext4").read_bytes()
    try:
        Qemu().start(machine, Ui(story))
        config = Qemu().ssh_config(machine)

        assert "lab-image.rootfs of the SDK is up" in story.getvalue()
        status, text = vm.ssh.run(config, "qemu", "uname -n; df -m / | tail -n 1; cat /proc/cmdline")
        name, space, kernel = text.splitlines()
        assert (status, name) == (0, "sdk-image")
        assert int(space.split()[1]) > 1000, "there is room for containers"
        assert "root=/dev/vda rw console=ttyS0 ip=dhcp tsc=reliable" in kernel
        assert (tmp_path / "images" / "lab-image.ext4").read_bytes() == built, (
            "the build's own stays as it is"
        )
        os.utime(tmp_path / "images" / "lab-image.ext4", (1, 1))
        Qemu().start(machine, Ui(story))
        assert (
            story.getvalue().splitlines()[-1].startswith("qemu: runs since before the SDK's image was built")
        )
    finally:
        Qemu().stop(machine)
    assert not Qemu().running(machine)


def test_a_kernel_that_panics_is_told_with_its_last_words(home: Home, tmp_path: Path) -> None:
    from sdk_plugins.hypervisors.qemu.boot import Boot
    from sdk_plugins.hypervisors.qemu.launch import launch
    from sdk_plugins.hypervisors.qemu.state import State

    kernel = next((home.cache / "reference-target").glob("amd64-*/kernel/boot/vmlinuz-*"))
    options = ("-machine", "q35", "-m", "256", "-kernel", str(kernel), "-append", "console=ttyS0 panic=0")
    boot = Boot("nothing", "x", "qemu-system-x86_64", AMD64, options, "max")
    with pytest.raises(SdkError) as caught:
        launch(boot, Machine("board", tmp_path, AMD64), State(), Ui(StringIO()))

    assert str(caught.value).startswith("the machine 'board' has a kernel that panics [machine-failed]\n")
    assert "Kernel panic - not syncing: VFS: Unable to mount root fs" in caught.value.detail
    assert not vm.process.pid(tmp_path / "pid")


def test_qemu_says_itself_what_it_does_not_like(home: Home, tmp_path: Path) -> None:
    from sdk_plugins.hypervisors.qemu import launch
    from sdk_plugins.hypervisors.qemu.boot import Boot
    from sdk_plugins.hypervisors.qemu.state import State

    boot = Boot(
        "nothing", "x", "qemu-system-x86_64", Platform("arm64"), ("-machine", "none", "-smp", "x"), "max"
    )
    with pytest.raises(SdkError) as caught:
        launch.launch(boot, Machine("board", tmp_path, AMD64), State(), Ui(StringIO()))

    assert str(caught.value).startswith(
        "qemu-system-x86_64 does not start [qemu-failed]\n  qemu-system-x86_64: "
    )


def test_the_monitor_of_a_real_qemu(tmp_path: Path) -> None:
    """QEMU without a machine: what it forwards, what it refuses, and what it says when it is gone."""
    from sdk_plugins.hypervisors.qemu import qmp
    from sdk_plugins.hypervisors.qemu.forward import forward

    deep = tmp_path / ("d" * 100)  # the name of a socket has room for 107 bytes
    deep.mkdir()
    said = vm.process.daemon(
        ("qemu-system-x86_64", "-machine", "q35", "-S", "-nodefaults", "-display", "none", "-daemonize",
         "-pidfile", "pid", "-qmp", "unix:qmp,server=on,wait=off",
         "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0"),
        deep,
    )  # fmt: skip
    assert said == ""
    machine = Machine("board", deep, AMD64)
    taken = vm.ssh.free_port()
    try:
        with subprocess.Popen(
            ("python3", "-m", "http.server", str(taken)), stderr=subprocess.DEVNULL
        ) as other:
            wait(lambda: vm.ssh.free_port(taken) != taken)
            free = vm.ssh.free_port()
            given = forward(machine, [free, taken])
            assert given[free] == free
            assert given[taken] not in (free, taken), "another one where the same is taken"
            assert forward(machine, [taken, free]) == given, "asked again, the same"
            other.terminate()
        with pytest.raises(
            SdkError, match=r"^QEMU refused 'nonsense' \[qmp\]\n  .*nonsense has not been found"
        ):
            qmp.execute(deep / "qmp", "nonsense")
        qmp.execute(deep / "qmp", "quit")
        wait(lambda: not vm.process.pid(deep / "pid"))
        with pytest.raises(SdkError, match=r"^QEMU does not answer \[qmp\]\n  .*qmp: "):
            qmp.execute(deep / "qmp", "quit")
    finally:
        vm.process.end(deep / "pid")
