"""The device plugins: what their scripts find in sysfs, under the shells of boards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sdk_plugins.devices.fpga import Fpga
from sdk_plugins.devices.gpio import Gpio
from sdk_plugins.devices.gpu import Gpu
from sdk_plugins.devices.i2c import I2c
from sdk_plugins.devices.pci import Pci
from sdk_plugins.devices.spi import Spi
from sdk_plugins.devices.tty import Tty
from sdk_plugins.devices.udev import Udev
from sdk_plugins.devices.video import Video

from .sysfsmaker import SHELLS, USB, Sysfs

pytestmark = pytest.mark.skipif(
    not all(shutil.which(shell[0]) for shell in SHELLS), reason="dash or busybox is not installed"
)
ONE = {"idVendor": "0403", "idProduct": "6001", "product": "FT232R USB UART", "serial": "A50285BI"}
TWO = {"idVendor": "0403", "idProduct": "6015", "product": "FT230X", "serial": "DK0"}
CARD = "pci0000:00/0000:00:02.0"


@pytest.fixture
def sysfs(tmp_path: Path) -> Sysfs:
    """A machine with two USB adapters, two graphics cards, and terminals that are no hardware."""
    made = Sysfs(tmp_path)
    made.usb_serial("1-1", "ttyUSB0", "188:0", **ONE)
    made.usb_serial("1-2", "ttyUSB1", "188:1", **TWO)
    made.member("virtual/tty/tty1", "class/tty", "tty1", "4:1")
    for card, address in enumerate(("0000:00:02.0", "0000:03:00.0")):
        made.hardware(f"pci0000:00/{address}", vendor="0x8086", device=f"0x123{card}", uevent="DRIVER=i915")
        for name in (f"card{card}", f"renderD{128 + card}"):
            made.member(f"pci0000:00/{address}/drm/{name}", "class/drm", f"dri/{name}", f"226:{name[-3:]}")
        made.link(f"sys/bus/pci/devices/{address}", f"sys/devices/pci0000:00/{address}")
    made.hardware(f"{CARD}/drm/card0/card0-HDMI-A-1")
    made.link("sys/class/drm/card0-HDMI-A-1", f"sys/devices/{CARD}/drm/card0/card0-HDMI-A-1")
    return made


@pytest.mark.parametrize(
    ("word", "nodes"),
    [
        ("ttyUSB0", ["ttyUSB0 /dev/ttyUSB0"]),
        ("A50285BI", ["ttyUSB0 /dev/ttyUSB0"]),
        ("FT232R USB UART", ["ttyUSB0 /dev/ttyUSB0"]),
        ("FT232*", ["ttyUSB0 /dev/ttyUSB0"]),
        ("0403:6015", ["ttyUSB1 /dev/ttyUSB1"]),
        ("1-2:1.0", ["ttyUSB1 /dev/ttyUSB1"]),
        ("tty1", ["tty1 /dev/tty1"]),
        ("0403:*", ["ttyUSB0 /dev/ttyUSB0", "ttyUSB1 /dev/ttyUSB1"]),
        ("ttyUSB9", []),
    ],
)
def test_a_serial_port_is_found_by_name_and_by_its_adapter(sysfs: Sysfs, word: str, nodes: list[str]) -> None:
    assert sysfs.found(Tty(), word) == nodes


def test_what_else_there_is_is_told_with_all_of_its_names(sysfs: Sysfs) -> None:
    assert sysfs.find(Tty(), "ttyUSB9") == [
        "near ttyUSB0 (1-1:1.0, 0403:6001, FT232R USB UART, A50285BI)",
        "near ttyUSB1 (1-2:1.0, 0403:6015, FT230X, DK0)",
    ]


@pytest.mark.parametrize(
    ("word", "nodes"),
    [
        ("card0", ["0000:00:02.0 /dev/dri/card0", "0000:00:02.0 /dev/dri/renderD128"]),
        ("8086:1231", ["0000:03:00.0 /dev/dri/card1", "0000:03:00.0 /dev/dri/renderD129"]),
        ("first", ["0000:00:02.0 /dev/dri/card0", "0000:00:02.0 /dev/dri/renderD128"]),
        ("all", [f"all /dev/dri/{name}" for name in ("card0", "card1", "renderD128", "renderD129")]),
    ],
)
def test_a_gpu_has_all_of_its_nodes(sysfs: Sysfs, word: str, nodes: list[str]) -> None:
    assert sysfs.found(Gpu(), word) == nodes


def test_buses_are_found_by_number_and_by_the_adapters_name(sysfs: Sysfs) -> None:
    bus = "platform/soc/fe804000.i2c/i2c-1"
    sysfs.hardware(bus)
    sysfs.member(f"{bus}/i2c-dev/i2c-1", "class/i2c-dev", "i2c-1", "89:1", name="bcm2835 (i2c@7e804000)")
    chip = "platform/soc/fe204000.spi/spi_master/spi0/spi0.0"
    sysfs.hardware(chip, modalias="spi:mcp3008")
    sysfs.member(f"{chip}/spidev/spidev0.0", "class/spidev", "spidev0.0", "153:0")

    for word in ("1", "i2c-1", "bcm2835*", "bcm2835 (i2c@7e804000)", "fe804000.i2c"):
        assert sysfs.found(I2c(), word) == ["i2c-1 /dev/i2c-1"], word
    assert sysfs.found(I2c(), "11") == []
    for word in ("0.0", "spidev0.0", "spi:mcp3008"):
        assert sysfs.found(Spi(), word) == ["spi0.0 /dev/spidev0.0"], word


def test_a_camera_is_found_by_its_name(sysfs: Sysfs) -> None:
    sysfs.hardware(f"{USB}/1-3/1-3:1.0")
    for number in "01":
        path = f"{USB}/1-3/1-3:1.0/video4linux/video{number}"
        sysfs.member(path, "class/video4linux", f"video{number}", f"81:{number}", name="HD Webcam: HD")

    assert sysfs.found(Video(), "0") == ["1-3:1.0 /dev/video0"]
    assert sysfs.found(Video(), "HD Webcam*") == ["1-3:1.0 /dev/video0", "1-3:1.0 /dev/video1"]


def test_a_gpio_chip_is_found_by_its_label(sysfs: Sysfs) -> None:
    chip = "platform/gpio-sim.0"
    sysfs.member(f"{chip}/gpiochip0", "bus/gpio", "gpiochip0", "254:0")
    sysfs.hardware(f"{chip}/gpio/gpiochip512", label="relays")

    for word in ("gpiochip0", "0", "relays", "gpio-sim.0"):
        assert sysfs.found(Gpio(), word)[0] == "gpiochip0 /dev/gpiochip0", word
    assert sysfs.found(Gpio(), "gpiochip1") == []


def test_a_pci_device_has_the_nodes_of_its_driver(sysfs: Sysfs) -> None:
    nodes = ["0000:00:02.0 /dev/dri/card0", "0000:00:02.0 /dev/dri/renderD128"]
    for word in ("0000:00:02.0", "00:02.0", "8086:1230"):
        assert sysfs.found(Pci(), word) == nodes, word
    assert sysfs.find(Pci(), "8086:9999") == [
        "near 0000:00:02.0 (8086:1230, no driver)",
        "near 0000:03:00.0 (8086:1231, no driver)",
    ]


def _edu(sysfs: Sysfs, driver: str) -> None:
    path = "sys/devices/pci0000:00/0000:00:05.0"
    sysfs.hardware("pci0000:00/0000:00:05.0", vendor="0x1234", device="0x11e8")
    sysfs.link("sys/bus/pci/devices/0000:00:05.0", path)
    if driver:
        sysfs.write(f"sys/bus/pci/drivers/{driver}/bind", "")
        sysfs.link(f"{path}/driver", f"sys/bus/pci/drivers/{driver}")
    sysfs.write("sys/kernel/iommu_groups/7/type", "DMA")
    sysfs.link(f"{path}/iommu_group", "sys/kernel/iommu_groups/7")


def test_a_pci_device_of_vfio_has_the_node_of_its_group(sysfs: Sysfs) -> None:
    _edu(sysfs, "vfio-pci")

    assert sysfs.found(Pci(), "1234:11e8") == ["0000:00:05.0 /dev/vfio/vfio", "0000:00:05.0 /dev/vfio/7"]
    sysfs.write("dev/vfio/noiommu-7", "")
    assert sysfs.found(Pci(), "1234:11e8")[1] == "0000:00:05.0 /dev/vfio/noiommu-7"


@pytest.mark.parametrize("driver", ["", "edu"])
def test_a_pci_device_without_nodes_says_how_to_bind_it(sysfs: Sysfs, driver: str) -> None:
    _edu(sysfs, driver)
    unbind = "echo 0000:00:05.0 >/sys/bus/pci/drivers/edu/unbind; " if driver else ""

    assert [line for line in sysfs.find(Pci(), "1234:11e8") if not line.startswith("near ")] == [
        f"problem 0000:00:05.0 is bound to {driver or 'no driver'}, which has made no device node",
        "hint bind it to VFIO there: modprobe vfio-pci; "
        "echo vfio-pci >/sys/bus/pci/devices/0000:00:05.0/driver_override; "
        f"{unbind}echo 0000:00:05.0 >/sys/bus/pci/drivers_probe",
    ]


def test_an_fpga_region_has_the_nodes_of_what_is_loaded_into_it(sysfs: Sysfs) -> None:
    card = "pci0000:00/0000:3b:00.0"
    for name in ("region0", "region1"):
        sysfs.hardware(f"{card}/fpga_region/{name}", uevent="")
        sysfs.link(f"sys/class/fpga_region/{name}", f"sys/devices/{card}/fpga_region/{name}")
        sysfs.link(f"sys/devices/{card}/fpga_region/{name}/device", f"sys/devices/{card}")
    sysfs.hardware(f"{card}/fpga_region/region0/dfl-fme.0/dfl-fme", uevent="DEVNAME=dfl-fme.0", dev="243:0")
    sysfs.hardware("platform/fpga/fpga_manager/fpga0", name="Some FPGA Manager")
    sysfs.link("sys/class/fpga_manager/fpga0", "sys/devices/platform/fpga/fpga_manager/fpga0")

    assert sysfs.found(Fpga(), "region0") == ["region0 /dev/dfl-fme.0"]
    assert sysfs.find(Fpga(), "Some FPGA*")[-1] == (
        "problem fpga0 has no device node: nothing that has one is loaded into it"
    )
    assert [line for line in sysfs.find(Fpga(), "x") if line.startswith("near")] == [
        "near region0 (0000:3b:00.0, pci0000:00)",
        "near region1 (0000:3b:00.0, pci0000:00)",
        "near fpga0 (Some FPGA Manager, fpga_manager)",
    ]


ADAPTER = ("SUBSYSTEM=tty", "ID_VENDOR_ID=0403", "ID_SERIAL_SHORT=A5*")


def test_udevs_database_is_asked(sysfs: Sysfs) -> None:
    sysfs.write("run/udev/data/c188:0", "E:ID_VENDOR_ID=0403\nE:ID_SERIAL_SHORT=A50285BI\nE:ID_PATH=x y")
    sysfs.write("run/udev/data/c188:1", "E:ID_VENDOR_ID=0403\nE:ID_SERIAL_SHORT=DK0")

    assert sysfs.found(Udev(), *ADAPTER) == ["ttyUSB0 /dev/ttyUSB0"]
    assert sysfs.found(Udev(), "ID_PATH=x y") == ["ttyUSB0 /dev/ttyUSB0"]
    assert sysfs.find(Udev(), "SUBSYSTEM=tty", "ID_VENDOR_ID=0403", "ID_SERIAL_SHORT=A6") == [
        "near /dev/ttyUSB0 (SUBSYSTEM=tty, ID_VENDOR_ID=0403, ID_SERIAL_SHORT=A50285BI)",
        "near /dev/ttyUSB1 (SUBSYSTEM=tty, ID_VENDOR_ID=0403, ID_SERIAL_SHORT=DK0)",
    ]


def test_without_udev_the_kernel_is_asked(sysfs: Sysfs) -> None:
    assert sysfs.found(Udev(), *ADAPTER) == ["ttyUSB0 /dev/ttyUSB0"]
    assert sysfs.found(Udev(), "DRIVER=ftdi_sio", "DEVNAME=ttyUSB1") == ["ttyUSB1 /dev/ttyUSB1"]
    assert sysfs.found(Udev(), "SUBSYSTEM=drm", "DRIVER=i915", "DEVNAME=dri/card0") == [
        "0000:00:02.0 /dev/dri/card0"
    ]
    assert sysfs.found(Udev(), "SUBSYSTEM=tty", "ID_VENDOR_ID=0404") == []
