"""Devices by what they are, on a machine that has them: QEMU's, with the kernel's own drivers."""

import os
import subprocess
from pathlib import Path

import pytest
from guests import Guest, Unavailable
from guests.host import HOW, require

from .tester import Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get("GUESTS"),
        reason=f"takes minutes: {HOW}, or GUESTS=1 with pytest -k guest_devices",
    ),
]

ARM64 = "aarch64-linux-gnu"
HARDWARE = (
    *("-device", "intel-iommu"),
    *("-device", "edu"),
    *("-device", "qemu-xhci", "-chardev", "null,id=gps"),
    *("-device", "usb-serial,chardev=gps,serial=GPS-7,always-plugged=on"),
)
# What udev does on other machines: load drivers, and give nodes to a group.
DRIVERS = """\
modprobe -a xhci_pci ftdi_sio i2c-dev vfio-pci loop
modprobe i2c-stub chip_addr=0x50
echo of a file >/run/medium
truncate -s 4096 /run/medium
losetup /dev/loop0 /run/medium
n=0
until [ -c /dev/ttyUSB0 ] || [ $n -ge 60 ]; do sleep 1; n=$((n + 1)); done
"""
NODES = """\
for node in /dev/ttyUSB0 /dev/i2c-* /dev/loop0 /dev/vfio/[0-9]*; do chgrp 20 $node && chmod 660 $node; done
"""
VFIO = """\
for edu in /sys/bus/pci/devices/*; do read -r model <$edu/device; [ "$model" != 0x11e8 ] || break; done
echo vfio-pci >$edu/driver_override
echo ${edu##*/} >/sys/bus/pci/drivers_probe
"""
SPEC = """\
entrypoint: [/bin/sh, -c, 'for n in $NODES; do (exec 3<>$n) && echo "opened $n"; done; exec sleep 9999']
env: {PATH: /bin, NODES: /dev/gps /dev/sensors /dev/vfio/*}
stop_signal: SIGKILL
devices:
  - {tty: GPS-7, path: /dev/gps}
  - {i2c: SMBus stub driver, path: /dev/sensors}
  - {pci: "1234:11e8"}
  - {udev: {SUBSYSTEM: block, DEVNAME: loop0}, path: /dev/medium}
tests:
  - {log: ^opened /dev/gps$}
  - {log: ^opened /dev/sensors$}
  - {log: ^opened /dev/vfio/vfio$}
  - {log: "^opened /dev/vfio/[0-9]+$"}
  - {name: medium, command: [busybox, head, -n1, /dev/medium], output: ^of a file$, within: 60s}
  - {name: no others, command: [sh, -c, '[ ! -e /dev/ttyUSB0 ] && [ ! -e /dev/i2c-0 ] && [ ! -e /dev/vda ]']}
"""
LINES = """\
entrypoint: [/usr/bin/gpiotool, /dev/lines]
stop_signal: SIGKILL
devices: [{gpio: 9030000.pl061, path: /dev/lines}]
tests:
  - {log: ^uid 65532 has 9030000.pl061 with 8 lines$}
  - {log: ^set to 1 it is 1$}
  - {log: ^set to 0 it is 0$}
"""
MISSING = """\
error: no device of 'guest-devices' matches 'tty: GPS-7' [no-device]
  there is ttyS0 ("""
UNBOUND = """\
error: no device of 'guest-devices' matches 'pci: 1234:11e8' [no-device]
  0000:00:02.0 is bound to no driver, which has made no device node
  hint: bind it to VFIO there: modprobe vfio-pci; \
echo vfio-pci >/sys/bus/pci/devices/0000:00:02.0/driver_override; \
echo 0000:00:02.0 >/sys/bus/pci/drivers_probe
"""
CLOSED = """\
error: the device '/dev/ttyUSB0' of 'guest-devices' is not for the container's user 65532 [device-access]
  its mode is 0600, its owner 0:0
"""


def test_devices_are_found_by_what_they_are_and_opened(cli: Cli) -> None:
    file, images = cli.home / "devices.yaml", cli.home / "devices"
    file.write_text(SPEC)
    cli.build("devices", "--from", f"{cli.home}/tester-tree-v1", "-f", str(file), "-o", str(images))
    try:
        guest = Guest("devices", words="intel_iommu=on", hardware=HARDWARE)
    except Unavailable as reason:
        pytest.skip(str(reason))
    with guest:
        try:
            tried(guest, cli, ("-o", str(images), "--ssh-config", guest.ssh_config))
        except BaseException:
            print(guest.console())
            raise


def tried(guest: Guest, cli: Cli, words: tuple[str, ...]) -> None:
    """What is not there, not bound, or not for its user is told; then all of them are in the container."""
    for step, told in (("", MISSING), (DRIVERS, UNBOUND), (VFIO, CLOSED)):
        guest.sh(step)
        done = cli("container-deploy", "devices", guest.name, *words, timeout=600)
        assert (done.status, done.stderr[: len(told)]) == (1, told)
    guest.sh(NODES)
    for verb in ("container-deploy", "container-test"):
        done = cli(verb, "devices", guest.name, *words, timeout=600)
        assert done.status == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\n6 tests on guest-devices (none), 0 failed\n")


def test_a_line_of_a_gpio_chip_is_set_and_read(cli: Cli) -> None:
    """Debian has no driver of a chip that is made up: this one is of QEMU's board for ARM."""
    tree, images = cli.home / "gpio-tree", str(cli.home / "gpio")
    (tree / "usr/bin").mkdir(parents=True)
    source = Path(__file__).with_name("gpiotool.c")
    try:
        require(f"{ARM64}-gcc")
        guest = Guest("arm64")
    except Unavailable as reason:
        pytest.skip(str(reason))
    subprocess.run((f"{ARM64}-gcc", "-static", "-o", tree / "usr/bin/gpiotool", source), check=True)
    file = cli.home / "lines.yaml"
    file.write_text(LINES)
    cli.build("lines", "--from", str(tree), "-f", str(file), "-o", images)
    with guest:
        guest.sh("chgrp 20 /dev/gpiochip0 && chmod 660 /dev/gpiochip0")
        for stack in ("none", "podman"):
            words = ("-o", images, "--ssh-config", guest.ssh_config)
            for verb, more in (("container-deploy", ("--stack", stack)), ("container-test", ())):
                done = cli(verb, "lines", guest.name, *words, *more, timeout=600)
                assert done.status == 0, done.stdout + done.stderr
            assert done.stdout.endswith(f"\n3 tests on guest-arm64 ({stack}), 0 failed\n")
            done = cli("container-undeploy", "lines", guest.name, "--ssh-config", guest.ssh_config)
            assert done.status == 0, done.stderr
