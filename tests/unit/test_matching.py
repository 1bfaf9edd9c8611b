"""matching.py: what the probe asks of devices, and what is made of the answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sdk_hooks import Device, DeviceMatch
from sdk_hooks.core.deploy import matching
from sdk_hooks.core.deploy.matching import There
from sdk_hooks.core.registry import load
from sdk_hooks.testing import TARGET

from .helpers import fails

PLUGINS = load()
TTY = DeviceMatch("tty", ("0403:6001",))
KEY = matching.key(TTY)
HINT = "  hint: connect it, or load its driver; else change devices: in container.yaml"


def there(*lines: str) -> There:
    return matching.answer({"match": [f"{KEY} {line}" for line in lines]})


def test_a_path_alone_needs_no_search() -> None:
    text = matching.question([Device("/dev/a", "/dev/b")], PLUGINS)
    assert text.endswith("\n}\nshown /dev/a\n")
    assert len(text.splitlines()) < 10
    assert matching.question([], PLUGINS) == ""


def test_the_words_of_a_match_are_words_for_the_shell() -> None:
    match = DeviceMatch("video", ("it's $(x)",))
    text = matching.question([match, DeviceMatch("video", ("1",)), DeviceMatch("cdi", ("a/b=c",))], PLUGINS)

    assert text.count("find_video() {") == 1
    assert "find_video 'it'\"'\"'s $(x)'\n" in text
    assert text.endswith("find_video 1\ncdi_specs\n")


@pytest.mark.parametrize(
    ("match", "message"),
    [
        (
            DeviceMatch("tyt", ("x",)),
            "no device is named 'tyt' [unknown-plugin]\n"
            "  known: fpga, gpio, gpu, i2c, pci, spi, tty, udev, video\n"
            "  hint: did you mean 'tty'?",
        ),
        (
            DeviceMatch("pci", ("8086",)),
            "'8086' is no 'pci' of 'devices' [bad-spec]\n"
            "  hint: pci wants an address such as 0000:03:00.0, or vendor:device in lower-case hexadecimal",
        ),
        (
            DeviceMatch("tty", ("a=b", "c=d")),
            "'a=b, c=d' is no 'tty' of 'devices' [bad-spec]\n"
            "  hint: tty wants a name such as ttyS0, a USB adapter's product, serial number or "
            "vendor:product, or its USB port",
        ),
    ],
)
def test_what_no_plugin_understands_is_told_before_the_target_is_asked(
    match: DeviceMatch, message: str
) -> None:
    with fails(message):
        matching.question([match], PLUGINS)


def test_the_nodes_of_one_device_are_given() -> None:
    found = there("near x", "found /sys/a /dev/a0", "found /sys/a /dev/a1", "found /sys/a /dev/a0")

    assert matching.found(TTY, found, TARGET) == (
        Device("/dev/a0", "/dev/a0"),
        Device("/dev/a1", "/dev/a1"),
    )


def test_one_node_can_have_a_path() -> None:
    match = DeviceMatch("tty", TTY.words, "/dev/gps", "r")

    assert matching.found(match, there("found /sys/a /dev/a"), TARGET) == (Device("/dev/a", "/dev/gps", "r"),)
    with fails(
        "the device 'tty: 0403:6001' of 'root@board' has 2 nodes, which can't have one path"
        " [several-devices]\n"
        "  there is /dev/a\n  there is /dev/b\n"
        "  hint: leave out path:, or say more of the node that is meant: devices: in container.yaml"
    ):
        matching.found(match, there("found /sys/a /dev/a", "found /sys/a /dev/b"), TARGET)


def test_two_devices_are_told_apart() -> None:
    with fails(
        "several devices of 'root@board' match 'tty: 0403:6001' [several-devices]\n"
        "  there is ttyUSB0 (1-1:1.0, A5)\n  there is /dev/ttyUSB1\n"
        "  hint: say more of the one that is meant: devices: in container.yaml"
    ):
        matching.found(
            TTY,
            there("near ttyUSB0 (1-1:1.0, A5)", "found /sys/a /dev/ttyUSB0", "found /sys/b /dev/ttyUSB1"),
            TARGET,
        )


@pytest.mark.parametrize(
    ("lines", "rest"),
    [
        ((), f"  nothing is like it\n{HINT}"),
        (("near a (b)", "near c"), f"  there is a (b)\n  there is c\n{HINT}"),
        (
            tuple(f"near {number}" for number in range(14)),
            "".join(f"  there is {number}\n" for number in range(12)) + f"  and 2 more\n{HINT}",
        ),
        (("near a", "problem it is off", "hint turn it on"), "  it is off\n  hint: turn it on"),
    ],
)
def test_nothing_that_matches_is_told_with_what_is_there(lines: tuple[str, ...], rest: str) -> None:
    with fails(f"no device of 'root@board' matches 'tty: 0403:6001' [no-device]\n{rest}"):
        matching.found(TTY, there(*lines), TARGET)


def test_specs_arrive_as_they_are() -> None:
    lines = ["@/etc/cdi/a.yaml", "+kind: a", "+  b: c", "@/etc/cdi/b.json", "+{}"]

    assert matching.answer({"spec": lines}).specs == {
        "/etc/cdi/a.yaml": "kind: a\n  b: c\n",
        "/etc/cdi/b.json": "{}\n",
    }


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")], ids=["dash", "busybox"])
def test_nodes_that_specs_name_are_looked_at(shell: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"x":[{"path":"/dev/full"}, {"hostPath": "/dev/zero"}]}')
    (tmp_path / "b.yml").write_text("- path: /dev/null\n  v: '/dev/tty'\n# no end of line")
    (tmp_path / "c.txt").write_text("/dev/random")
    text = matching.library().replace("/etc/cdi", str(tmp_path)).replace("/var/run/cdi", "/nothing")
    text += "shown() { echo node $1; }\ncdi_specs\n"
    said = subprocess.run((*shell, "-c", text), capture_output=True, text=True, check=True).stdout

    assert [line for line in said.splitlines() if not line.startswith("spec +")] == [
        f"spec @{tmp_path}/a.json",
        "node /dev/full",
        "node /dev/zero",
        f"spec @{tmp_path}/b.yml",
        "node /dev/null",
        "node /dev/tty",
    ]
    assert "spec +# no end of line\n" in said
