"""Base images out of feeds of OpenEmbedded: its names of packages, its alternatives, its order of scripts."""

# ruff: noqa: E501  a list of packages is read best in one line

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks.core.feeds import bases, feed, install, pool, store
from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.registry import load
from sdk_hooks.target import Platform

from .debmaker import deb, member
from .helpers import fails
from .rpmmaker import File, rpm
from .test_feeds_packages import Quiet, entries, groups

DATA = ("base-files", "base-passwd", "netbase", "busybox")
SYSTEMD = (*DATA, "systemd", "dbus-1", "systemd-networkd", "sysvinit-pidof")
SYSVINIT = (*DATA, "sysvinit", "sysvinit-inittab", "initscripts", "dbus-1")
MEDIUM = (*DATA, "bash", "coreutils", "ca-certificates", "opkg", "apt", "dpkg")
LARGE = (
    *MEDIUM,
    "packagegroup-core-buildessential",
    "libc6-dev",
    "gcc",
    "gcc-symlinks",
    "openssh-ssh",
    "openssh-sshd",
    "python3-core",
    "vim-tiny",
)
CASES = [
    ("system", SYSTEMD, "base-files base-passwd busybox dbus-1 netbase systemd"),
    ("system", SYSVINIT, "base-files base-passwd busybox initscripts netbase sysvinit"),
    ("medium", MEDIUM, "apt base-files base-passwd bash busybox ca-certificates coreutils dpkg netbase"),
    ("large", LARGE, "apt base-files base-passwd bash busybox ca-certificates coreutils dpkg libc6-dev netbase openssh-ssh packagegroup-core-buildessential python3-core vim-tiny"),
    ("system", (*SYSTEMD[:3], "systemd", "packagegroup-core-base-utils"), "base-files base-passwd netbase packagegroup-core-base-utils systemd"),
]  # fmt: skip


def read(directory: Path) -> pool.Pool:
    return pool.read([feed.Feed(str(directory))], load().package_formats(), Platform("amd64"), pytest.fail)


@pytest.mark.parametrize(("base", "packages", "chosen"), CASES)
def test_its_names_make_a_base(tmp_path: Path, base: str, packages: tuple[str, ...], chosen: str) -> None:
    for name in packages:
        deb(tmp_path, name)
    found = bases.choose(read(tmp_path), load().base_image(base))
    assert " ".join(sorted(str(each) for each in found.wanted)) == chosen


def test_an_init_that_it_lacks_is_told(tmp_path: Path) -> None:
    for name in DATA:
        deb(tmp_path, name)
    with fails(
        "the base image 'system' can't be made out of these feeds [no-base-packages]\n  they lack systemd\n"
        "  hint: give a feed that has them: --feed URL"
    ):
        bases.choose(read(tmp_path), load().base_image("system"))


USERS = """
mkdir -p $D/etc
if [ ! -e $D/etc/passwd ]; then
	cat << 'EOF' > $D/etc/passwd
root::0:0:root:/home/root:/bin/sh
daemon:*:1:1:daemon:/usr/sbin:/sbin/nologin
EOF
fi
if [ ! -e $D/etc/group ]; then
	cat << 'EOF' > $D/etc/group
root:*:0:
shutdown:*:70:
EOF
fi
"""


@pytest.mark.parametrize("form", ["deb", "rpm"])
def test_its_users_stand_in_a_script(tmp_path: Path, form: str) -> None:
    """As base-passwd writes it before its files, in a script that rpm has by another name."""
    halt = File("/sbin/halt", b"x", 0o100754, group="shutdown")
    if form == "rpm":
        rpm(tmp_path, "base-passwd", scripts={"pre": USERS})
        rpm(tmp_path, "sysvinit", halt, requires=["base-passwd"])
    else:
        deb(tmp_path, "base-passwd", scripts={"preinst": f"#!/bin/sh{USERS}"})
        program = member("./sbin/halt", b"x", mode=0o754, gname="shutdown")
        deb(tmp_path, "sysvinit", program, control="Depends: base-passwd\n")
    found = read(tmp_path)
    have = store.bring(found, [found.named(name)[0] for name in ("base-passwd", "sysvinit")], Quiet())  # type: ignore[arg-type]  # only steps are told
    made = entries(install.install(have, have[:1], Allowed(), None, found.form))

    assert made["etc/passwd"].data.decode().splitlines()[:2] == [
        "root:x:0:0:root:/home/root:/bin/sh",
        "daemon:x:1:1:daemon:/usr/sbin:/sbin/nologin",
    ]
    assert made["sbin/halt"].gid == 70


def test_nothing_is_mounted_by_an_init_in_a_container(tmp_path: Path) -> None:
    entry = member("./etc/fstab", b"tmpfs /var/volatile tmpfs defaults 0 0\n")
    deb(tmp_path, "base-files", entry, member("./etc/motd", b"x"))
    base = load().base_image("system")
    made = entries(groups(tmp_path, "base-files", allowed=Allowed(exclude=base.exclude)))
    assert {"etc/fstab", "etc/motd"} & set(made) == {"etc/motd"}


def test_its_own_alternatives_make_no_detour(tmp_path: Path) -> None:
    text = "#!/bin/sh\n\tupdate-alternatives --install /bin/ls ls /bin/ls.app 50\n"
    deb(tmp_path / "oe", "app", member("./bin/ls.app", b"x"), scripts={"postinst": text}, control="Depends: update-alternatives-opkg\n")  # fmt: skip
    deb(tmp_path / "oe", "update-alternatives-opkg")
    deb(tmp_path / "debian", "app", member("./bin/ls.app", b"x"), scripts={"postinst": text})

    assert entries(groups(tmp_path / "oe", "app"))["bin/ls"].link == "/bin/ls.app"
    assert entries(groups(tmp_path / "debian", "app"))["bin/ls"].link == "/etc/alternatives/ls"


POST = """
if type systemctl >/dev/null 2>/dev/null; then
	systemctl ${OPTS} enable app.service
fi
if true && type update-rc.d >/dev/null 2>/dev/null; then
	update-rc.d -s app defaults 10
fi
"""


def test_a_service_is_started_by_an_init_that_is_installed_after_it(tmp_path: Path) -> None:
    """rpm orders packages by what they need, and a service needs no init."""
    unit = File("/usr/lib/systemd/system/app.service", b"[Install]\nWantedBy=multi-user.target\n")
    script = File("/etc/init.d/app", b"#!/bin/sh\n", 0o100755)
    link, started = "etc/systemd/system/multi-user.target.wants/app.service", "etc/rc2.d/S10app"
    rpm(tmp_path, "app", unit, script, scripts={"post": POST})
    rpm(tmp_path, "z-systemd", File("/usr/bin/systemctl", b"\x7fELF", 0o100755), requires=["app"])
    rpm(tmp_path, "z-sysvinit", File("/etc/inittab", b"id:5:initdefault:\n"), requires=["app"])

    assert {link, started} & set(entries(groups(tmp_path, "app"))) == set()
    assert {link, started} & set(entries(groups(tmp_path, "z-systemd"))) == {link}
    assert {link, started} & set(entries(groups(tmp_path, "z-sysvinit"))) == {started}
