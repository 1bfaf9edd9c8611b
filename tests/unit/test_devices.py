"""devices.py: what ls says of devices, with the programs of boards, and who may open them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sdk_hooks import Device
from sdk_hooks.core.deploy import devices
from sdk_hooks.core.deploy.devices import Node
from sdk_hooks.testing import TARGET

from .helpers import fails

GNU = "/dev/ttyS0 rw crw-rw---- 1 0 20 4, 64 Nov 24 08:58 /dev/ttyS0"
BUSYBOX = "/dev/ttyS0 rw crw-rw----    1 0        20          4,  64 Nov 24 08:58 /dev/ttyS0"
TTY = Node("c", 0o660, (0, 20), 4, 64, "rw", False)
USER = (65532, 65532)


@pytest.mark.parametrize(
    ("line", "node"),
    [
        (GNU, TTY),
        (BUSYBOX, TTY),
        ("/dev/sda - brw-rw----+ 1 0 6 8, 0 Jan  1  1970 /dev/sda", Node("b", 0o660, (0, 6), 8, 0, "", True)),
        ("/dev/k r crw-r--r--. 1 0 0 1,11 Nov 24 08:58 /dev/k", Node("c", 0o644, (0, 0), 1, 11, "r", False)),
        ("/etc/x r -rwsr-xr-t 1 0 0 31 Nov 24 08:58 /etc/x", Node("-", 0o755, (0, 0), 0, 0, "r", False)),
    ],
)
def test_ls_is_understood(line: str, node: Node) -> None:
    assert devices.parse([line, "nonsense"]) == {line.split()[0]: node}


@pytest.mark.parametrize(
    ("node", "user", "groups"),
    [
        (TTY, USER, (20,)),
        (TTY, (0, 0), ()),
        (TTY, (65532, 20), ()),
        (replace(TTY, mode=0o666), USER, ()),
        (replace(TTY, mode=0o600, owner=USER), USER, ()),
        (replace(TTY, mode=0o600, lists=True), USER, (20,)),
    ],
)
def test_groups_are_those_that_the_user_lacks(
    node: Node, user: tuple[int, int], groups: tuple[int, ...]
) -> None:
    found = devices.given([Device("/dev/x", "/dev/x")], {"/dev/x": node}, user, TARGET)

    assert devices.groups(found, user) == groups


@pytest.mark.parametrize(
    ("access", "mode", "uid", "may"),
    [("rwm", 0o644, 0, "rw"), ("r", 0o600, 0, "rw"), ("w", 0o644, 0, "rw"), ("rw", 0o600, 1000, "rw")],
)
def test_a_user_that_may_not_open_it_is_an_error(access: str, mode: int, uid: int, may: str) -> None:
    node = replace(TTY, mode=mode, owner=(uid, 20), may=may)
    with fails(
        "the device '/dev/x' of 'root@board' is not for the container's user 65532 [device-access]\n"
        f"  its mode is {mode:04o}, its owner {uid}:20\n"
        "  hint: let a udev rule give it to a group (GROUP=, MODE=), or set user: in container.yaml"
    ):
        devices.given([Device("/dev/x", "/dev/x", access)], {"/dev/x": node}, USER, replace(TARGET, uid=uid))


def test_a_login_that_may_not_open_it_is_an_error() -> None:
    node = replace(TTY, may="r")
    with fails(
        "the device '/dev/x' of 'root@board' is not for the login there [device-access]\n"
        "  its mode is 0660, its owner 0:20\n"
        "  hint: let a udev rule give it to a group (GROUP=, MODE=), or set user: in container.yaml"
    ):
        devices.given([Device("/dev/x", "/dev/x")], {"/dev/x": node}, (0, 0), replace(TARGET, uid=1000))
    devices.given([Device("/dev/x", "/dev/x", "r")], {"/dev/x": node}, (0, 0), replace(TARGET, uid=1000))
