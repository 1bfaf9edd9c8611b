"""Base images out of feeds: which packages they are made of, and what they have besides."""

from __future__ import annotations

import re
from typing import NamedTuple

from sdk_hooks.base_images import BaseImage, PackageList
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import PATH
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Relation

LAYERS = 8
"""A base image has at most so many: what lies on it wants some, too."""
_FIRST_APPLETS = b"[\0[[\0"
_APPLET = re.compile(rb"[\w.+\[-]+")
_OF_ROOT = (
    "acpid adjtimex arp arping blkid blockdev brctl chroot crond depmod devmem fbset fdisk findfs"
    " freeramdisk fsck fsfreeze fstrim getty halt httpd hwclock i2cdetect i2cdump i2cget i2cset"
    " i2ctransfer ifconfig ifdown ifup init insmod ip ipaddr iplink ipneigh iproute iprule iptunnel klogd"
    " loadfont loadkmap logread losetup lsmod mdev mim mkdosfs mke2fs mkfs.vfat mkswap modinfo modprobe"
    " nameif nologin ntpd partprobe pivot_root poweroff rdate reboot rmmod route run-init runlevel"
    " sendmail setconsole start-stop-daemon sulogin swapoff swapon switch_root sysctl syslogd tc telnetd"
    " tunctl ubirename udhcpc udhcpd uevent vconfig watchdog"
)
"""Applets that busybox puts into sbin."""


class Chosen(NamedTuple):
    """The packages of a base image, as a feed has them."""

    wanted: tuple[Relation, ...] = ()
    alone: frozenset[str] = frozenset()


def choose(found: Pool, base: BaseImage) -> Chosen:
    """Which packages of the feeds *base* is made of.

    :raises SdkError: When they have not all that it needs.
    """
    lacking = []
    for each in base.lists:
        if each.format not in ("", found.form.name):
            continue
        missing = [text for text in each.packages if not text.endswith("?") and not _first(found, text)]
        if not missing:
            return _chosen(found, each)
        lacking.append(missing)
    least = min(lacking, key=len, default=[])
    raise SdkError(
        f"the base image {base.name!r} can't be made out of these feeds",
        detail=f"they lack {', '.join(least)}"
        if least
        else f"it is not made of packages of {found.form.name}",
        hint="give a feed that has them: --feed URL",
        code="no-base-packages",
    )


def _chosen(found: Pool, listed: PackageList) -> Chosen:
    names = [name for text in listed.packages if (name := _first(found, text.removesuffix("?")))]
    return Chosen(tuple(Relation(name) for name in names), frozenset(listed.alone))


def _first(found: Pool, text: str) -> str:
    """The first name of `A | B` that is a package; empty when none is."""
    names = (name.strip() for name in text.split("|"))
    return next((name for name in names if any(p.name == name for p in found.named(name))), "")


def finish(root: Root, base: BaseImage) -> None:
    """Make what *base* has besides its packages."""
    busybox = root.find(base.applets) if base.applets else None
    if busybox and busybox.kind == FILE:
        of_root = _OF_ROOT.split()
        for name in applets(root.content(busybox.path) or b""):
            if not any(root.find(f"{directory}/{name}") for directory in PATH):
                place = f"{'sbin' if name in of_root else 'bin'}/{name}"
                root.put(Entry(root.inner(place), SYMLINK, 0o777, link=base.applets))
    runs_units = any(root.find(place) for place in ("usr/lib/systemd/systemd", "lib/systemd/systemd"))
    for path, target in base.links.items():
        if path.startswith("/etc/systemd/") and not runs_units:
            continue  # the same base has another init in this feed
        root.put(Entry(root.inner(path), SYMLINK, 0o777, link=target))


def applets(busybox: bytes) -> list[str]:
    """Names of the applets of a busybox, which has them in alphabetical order; empty when it has none."""
    at = busybox.find(_FIRST_APPLETS)
    names: list[bytes] = []
    while at >= 0 and (end := busybox.find(b"\0", at)) > at:
        name = busybox[at:end]
        if not _APPLET.fullmatch(name) or (names and name <= names[-1]):
            break
        names.append(name)
        at = end + 1
    return [name.decode() for name in names if name != b"linuxrc"]
