"""The file system of the reference target: init scripts, programs with the libraries they need, modules."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import IO

from sdk_hooks.core.files import scan
from sdk_hooks.core.files.closure import Resolver
from sdk_hooks.core.files.fileset import CHARACTER, FILE, SYMLINK, Entry, Group, Merged, directory
from sdk_hooks.core.files.root import Root
from sdk_hooks.core.reftarget import cpio, modules
from sdk_hooks.core.reftarget.modules import Module

PROGRAMS = ("/usr/sbin/dropbear", "/usr/bin/busybox")
"""Besides the runtime."""

# A fixed list, not what busybox prints: it may be for another architecture.
_APPLETS = """
sh ash cat cp mv rm ln ls mkdir mkfifo mknod mktemp rmdir chmod chown chgrp chroot mount umount echo printf
test [ true false env sleep date stat touch tar gzip gunzip zcat xz unxz xzcat sha256sum md5sum head tail tr
sort uniq wc cut sed awk grep egrep find xargs tee dd df du id uname hostname dirname basename readlink
realpath ps kill killall pidof setsid start-stop-daemon timeout nohup logger dmesg free wget nc httpd sync
vi less more od hexdump cmp diff cpio flock nproc seq expr yes who whoami uptime mountpoint nsenter unshare
fsync truncate top ping netstat run-parts which stty tty
"""
_SYSTEM_APPLETS = """
init ip ifconfig insmod modprobe lsmod rmmod reboot poweroff halt route switch_root pivot_root mke2fs sysctl
losetup blkid udhcpc
"""
_TEXTS = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
    "etc/shells": "/bin/sh\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/os-release": 'ID=reference-target\nNAME="devtool-containers reference target"\nVERSION_ID=1\n',
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::shutdown:/etc/rcK\n::ctrlaltdel:/sbin/reboot\n",
}


def write(stream: IO[bytes], packages: Path, kernel: Path, runtime: str) -> None:
    """Write the archive that the kernel boots.

    :param packages: Where the packages of the programs were unpacked.
    :param kernel: Where those of the kernel were.
    :param runtime: Name of the OCI runtime among them.
    :raises SdkError: When one of them lacks something.
    """
    merged, entries = Merged(), []
    for group in (_skeleton(), _programs(Root(str(packages)), runtime), _kernel(kernel)):
        entries += merged.place(group)
    cpio.write(stream, entries)


def personal(stream: IO[bytes], name: str, host_key: bytes, login_key: str) -> None:
    """Write the archive that makes one machine of it: its name, its host key, and who may log in."""
    group = _group(
        "personal",
        directory("root", 0o700),
        directory("root/.ssh", 0o700),
        directory("etc/dropbear", 0o700),
        file("root/.ssh/authorized_keys", login_key, 0o600),
        file("etc/dropbear/hostkey", host_key, 0o600),
        file("etc/hostname", f"{name}\n"),
    )
    cpio.write(stream, Merged().place(group))


def file(path: str, content: str | bytes, mode: int = 0o644) -> Entry:
    raw = content.encode() if isinstance(content, str) else content
    return Entry(path, FILE, mode, size=len(raw), data=raw)


def link(path: str, target: str) -> Entry:
    return Entry(path, SYMLINK, 0o777, link=target)


def _group(name: str, *entries: Entry) -> Group:
    made = Group(name)
    made.add(entries)
    return made


def _skeleton() -> Group:
    places = ("dev", "etc/init.d", "mnt", "proc", "run", "sys", "var/lib/devtool-containers", "var/log")
    merged = ("bin", "lib", "lib64", "sbin")
    scripts = {"init": "init.sh", "etc/init.d/rcS": "rcS.sh", "etc/rcK": "rcK.sh"}
    return _group(
        "skeleton",
        *(directory(place) for place in (*places, *(f"usr/{name}" for name in merged))),
        directory("tmp", 0o1777),
        directory("root", 0o700),
        *(link(name, f"usr/{name}") for name in merged),
        link("var/run", "/run"),
        Entry("dev/console", CHARACTER, 0o600, device=(5, 1)),
        Entry("dev/null", CHARACTER, 0o666, device=(1, 3)),
        *(file(path, text) for path, text in _TEXTS.items()),
        file("etc/shadow", "root:*:19000:0:99999:7:::\n", 0o600),
        *(file(path, _script(name), 0o755) for path, name in scripts.items()),
    )


def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _programs(root: Root, runtime: str) -> Group:
    """*runtime*, dropbear and busybox out of *root*, with all that they need there."""
    with tempfile.TemporaryDirectory() as empty:
        resolver = Resolver(Root(empty), root)
        for program in (f"/usr/bin/{runtime}", *PROGRAMS):
            resolver.include(program)
        closure = resolver.finish()
    group = Group("programs")
    for path in sorted(closure.paths):
        found = scan.entry(root.host(path), path[1:], os.lstat(root.host(path)))
        if found is not None:
            group.add([found._replace(uid=0, gid=0)])
    group.add(link(place, "/bin/busybox") for place in _applets(root.host("/usr/bin/busybox")))
    return group


def _applets(busybox: str) -> Iterator[str]:
    """Where the applets that *busybox* has are found: it holds their names, each between two NULs."""
    content = Path(busybox).read_bytes()
    for place, names in (("usr/bin", _APPLETS), ("usr/sbin", _SYSTEM_APPLETS)):
        yield from (f"{place}/{name}" for name in names.split() if b"\0%s\0" % name.encode() in content)


def _kernel(directory: Path) -> Group:
    from sdk_hooks.core.reftarget.kernel import MODULES, config, modules_directory

    release = modules_directory(directory)
    loaded = modules.in_order(release, MODULES)
    top = f"usr/lib/modules/{release.name}"
    return _group(
        "kernel",
        *_modules(top, loaded),
        file("etc/modules", "".join(f"{module.path}\n" for module in loaded)),
        file(f"{top}/modules.dep", modules.dependencies(loaded)),
        # no kernel of a distribution has /proc/config.gz
        file(f"boot/config-{release.name}", config(directory, release.name)),
    )


def _modules(top: str, loaded: Iterable[Module]) -> Iterator[Entry]:
    return (file(f"{top}/{module.path}", module.content) for module in loaded)
