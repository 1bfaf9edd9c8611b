"""Devices by what they are, on a machine that has them: QEMU's, with the kernel's own drivers."""

import os

import pytest
from guests import Guest, Unavailable
from guests.host import HOW

from .tester import Cli

pytestmark = pytest.mark.integration

HARDWARE = (
    *("-device", "intel-iommu"),
    *("-device", "edu"),
    *("-device", "qemu-xhci", "-chardev", "null,id=gps"),
    *("-device", "usb-serial,chardev=gps,serial=GPS-7,always-plugged=on"),
)
# What udev does on other machines: load drivers, and give nodes to a group.
DRIVERS = """\
modprobe -a xhci_pci ftdi_sio i2c-dev vfio-pci
modprobe i2c-stub chip_addr=0x50
n=0
until [ -c /dev/ttyUSB0 ] || [ $n -ge 60 ]; do sleep 1; n=$((n + 1)); done
"""
NODES = "for node in /dev/ttyUSB0 /dev/i2c-* /dev/vfio/[0-9]*; do chgrp 20 $node && chmod 660 $node; done"
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
tests:
  - {log: ^opened /dev/gps$}
  - {log: ^opened /dev/sensors$}
  - {log: ^opened /dev/vfio/vfio$}
  - {log: "^opened /dev/vfio/[0-9]+$"}
  - {name: no others, command: [sh, -c, '[ ! -e /dev/ttyUSB0 ] && [ ! -e /dev/i2c-0 ] && [ ! -e /dev/vda ]']}
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
    if not os.environ.get("GUESTS"):
        pytest.skip(f"takes minutes: {HOW}, or GUESTS=1 with pytest -k guest_devices")
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
        done = cli("container-deploy", "devices", guest.name, *words, timeout=300)
        assert (done.status, done.stderr[: len(told)]) == (1, told)
    guest.sh(NODES)
    for verb in ("container-deploy", "container-test"):
        done = cli(verb, "devices", guest.name, *words, timeout=300)
        assert done.status == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\n5 tests on guest-devices (none), 0 failed\n")
