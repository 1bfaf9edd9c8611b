"""What packages may have only with a word: device nodes, programs with the rights of others, capabilities."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import struct
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core.feeds.install import Allowed

from .debmaker import deb, member
from .helpers import fails
from .test_feeds_packages import entries, groups

NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)
CAPABLE = {"SCHILY.xattr.security.capability": NET_RAW.decode(errors="surrogateescape")}


@pytest.mark.parametrize(("kind", "what", "hint"), [
    (member("./dev/mem", kind=tarfile.CHRTYPE, devmajor=1, devminor=1), "a device node\n  bad: /dev/mem",
     "containers get devices by devices: in container.yaml"),
    (member("./bin/ping", b"x", mode=0o755, pax_headers=CAPABLE), "a program with capabilities\n  bad: /bin/ping (cap_net_raw)",
     "take them away: --setuid none; or allow it: --setuid /bin/ping"),
    (member("./bin/odd", b"x", pax_headers={"SCHILY.xattr.security.capability": "\1\2"}), "a program with capabilities\n  bad: /bin/odd (0102)",
     "take them away: --setuid none; or allow it: --setuid /bin/odd"),
    (member("./bin/su", b"x", mode=0o4755), "a program with the rights of another user\n  bad: /bin/su", "take them away: --setuid none; or allow it: --setuid /bin/su"),
])  # fmt: skip
def test_devices_and_rights_are_refused(
    tmp_path: Path, kind: tuple[tarfile.TarInfo, bytes], what: str, hint: str
) -> None:
    deb(tmp_path, "bad", kind)
    first, _, second = what.partition("\n")

    with fails(f"the package 'bad' has {first} [refused]\n{second}\n  hint: {hint}"):
        groups(tmp_path, "bad")


def test_rights_are_taken_from_those_that_were_not_named(tmp_path: Path) -> None:
    deb(tmp_path, "su", member("./bin/su", b"x", mode=0o4755), member("./bin/sg", b"x", mode=0o2755))

    found = entries(groups(tmp_path, "su", allowed=Allowed(setuid=("/bin/sg", "none"))))

    assert (found["bin/su"].mode, found["bin/sg"].mode) == (0o755, 0o2755)


def test_capabilities_are_there_only_of_those_that_were_named(tmp_path: Path) -> None:
    for each in ("ping", "arping"):
        deb(tmp_path, each, member(f"./bin/{each}", b"x", mode=0o755, pax_headers=CAPABLE))

    found = entries(groups(tmp_path, "ping", "arping", allowed=Allowed(setuid=("/bin/ping", "none"))))

    assert found["bin/ping"].xattrs == (("security.capability", NET_RAW),)
    assert found["bin/arping"].xattrs == ()


def test_capabilities_that_scripts_give_are_refused_just_so(tmp_path: Path) -> None:
    deb(tmp_path, "ping", member("./bin/ping", b"x", mode=0o755),
        scripts={"postinst": "#!/bin/sh\nsetcap cap_net_raw+ep /bin/ping\n"})  # fmt: skip

    with fails("the package 'ping' has a program with capabilities [refused]\n  ping: /bin/ping (cap_net_raw)\n"
               "  hint: take them away: --setuid none; or allow it: --setuid /bin/ping"):  # fmt: skip
        groups(tmp_path, "ping")
    assert entries(groups(tmp_path, "ping", allowed=Allowed(("/bin/ping",))))["bin/ping"].xattrs


def test_rights_that_were_asked_for_are_there(tmp_path: Path) -> None:
    deb(tmp_path, "good", member("./bin/su", b"x", mode=0o4755))

    assert entries(groups(tmp_path, "good", allowed=Allowed(("/bin/*",))))["bin/su"].mode == 0o4755
