"""Devices of the target in a container: its user can open them, and nobody else's are there."""

from collections.abc import Callable, Iterator

import pytest
from lab import NamespaceTarget

from .conftest import ROOTLESS, STACKS, found
from .place import Place
from .tester import Cli

pytestmark = pytest.mark.integration
FUSE = "10 229"
"""A device that no engine lets containers open by itself."""


@pytest.fixture(scope="module", params=(*STACKS, *ROOTLESS))
def stack(
    request: pytest.FixtureRequest, cli: Cli, start_board: Callable[[str], NamespaceTarget]
) -> Iterator[Place]:
    """A board with devices of its group 5, in which its ordinary user is."""
    place = found(request.param, cli, start_board)
    made = "".join(
        f"rm -f /dev/{name}; mknod -m {mode} /dev/{name} c {FUSE}; chgrp {group} /dev/{name}\n"
        for name, mode, group in (("one", 660, 5), ("all", 666, 0), ("root", 600, 0))
    )
    made += "sed -i s/^tty:.*/tty:x:5:user/ /etc/group"
    done = place.board.run(("sh", "-ec", made))
    assert done.returncode == 0, done.stderr
    yield place


def test_user_gets_the_group_of_its_device(place: Place) -> None:
    if place.board.kind == "containerd":
        done = place.deploy("plain", "v1", "--device", "/dev/one")
        assert done.stderr == (
            "error: ctr can't put a container's user into the group 5 of its device [no-device]\n"
            "  hint: use another stack, or user: root in container.yaml\n"
        )
        return
    place.deployed("plain", "v1", "--device", "/dev/one:/dev/given:rw")

    assert place.facts()["device"] == "open"


def test_device_for_all_keeps_its_path(place: Place) -> None:
    place.board.run(("sh", "-c", "mv /dev/all /dev/given"))
    place.deployed("plain", "v1", "--device", "/dev/given")
    try:
        assert place.facts()["device"] == "open"
    finally:
        place.board.run(("sh", "-c", "mv /dev/given /dev/all"))
    place.deployed("plain", "v2")
    assert place.facts()["device"] == ""


def test_device_that_is_not_there_is_told_before_anything_is_sent(place: Place) -> None:
    for path, what in (("/dev/ttyUSB9", "is not there"), ("/etc/passwd", "is no device")):
        done = place.deploy("plain", "v1", "--device", path)
        assert (done.status, place.normal(done.stderr)) == (1, (
            f"error: the device '{path}' {what} on 'BOARD' [no-device]\n"
            "  hint: connect it, or load its driver; else change devices: in container.yaml\n"
        ))  # fmt: skip
    assert not [name for name in place.files() if "plain" in name]


def test_device_that_its_user_may_not_open_is_told(place: Place) -> None:
    done = place.deploy("plain", "v1", "--device", "/dev/root")

    who = "the login there" if place.user else "the container's user 65532"
    assert place.normal(done.stderr) == (
        f"error: the device '/dev/root' of 'BOARD' is not for {who} [device-access]\n"
        "  its mode is 0600, its owner 0:0\n"
        "  hint: let a udev rule give it to a group (GROUP=, MODE=), or set user: in container.yaml\n"
    )
