"""Images to look into: with a package manager's database, and layers that hide what is below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.files.fileset import HARDLINK, SYMLINK, Entry

from .basemaker import Maker, tar
from .helpers import file, folder

STATUS = """\
Package: web
Status: install ok installed
Architecture: amd64
Version: 1.2-1
Depends: libfoo1 (>= 2), libbar | libbaz, sh
Homepage: https://web.example/
Description: serves pages
 with more lines

Package: libfoo1
Status: install ok installed
Architecture: amd64
Source: foo (2.0)
Version: 2.0+1
Depends: libc6
Description: foo

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36

Package: dash
Status: install ok installed
Architecture: amd64
Version: 0.5
Provides: sh
Pre-Depends: libc6

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 9
"""
STATES = "".join(f"Package: {name}\nAuto-Installed: 1\n\n" for name in ("libfoo1", "libc6", "dash"))
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
License: GPL-2+ and Expat

Files: x
License: Expat
"""
INFO = "var/lib/dpkg/info"

SYSTEM = (
    folder("usr"),
    folder("usr/lib"),
    Entry("lib", SYMLINK, 0o777, link="usr/lib"),
    file("usr/bin/web", b"#!" + bytes(2998), 0o755),
    Entry("usr/bin/webd", HARDLINK, 0o755, link="usr/bin/web"),
    file("usr/lib/libfoo.so.1", bytes(2000)),
    file("usr/lib/libc.so.6", bytes(5000)),
    file("usr/bin/dash", bytes(400), 0o755),
    file("usr/share/doc/web/copyright", COPYRIGHT.encode()),
    file("etc/web.conf", b"a=1\n"),
    file("etc/motd", b"hello\n", uid=33, gid=33),
    file("var/lib/dpkg/status", STATUS.encode()),
    file("var/lib/apt/extended_states", STATES.encode()),
    file(
        f"{INFO}/web.list",
        b"/.\n/usr\n/usr/bin\n/usr/bin/web\n/usr/bin/webd\n/usr/share/doc/web/copyright\n/etc/web.conf\n",
    ),
    file(f"{INFO}/libfoo1:amd64.list", b"/lib\n/lib/libfoo.so.1\n"),
    file(f"{INFO}/libc6:amd64.list", b"/lib/libc.so.6\n/usr/share/doc/libc6/gone\n"),
    file(f"{INFO}/dash.list", b"/usr/bin/dash\n"),
)
OLD_TOP = (file("etc/web.conf", b"a=22\n"), file("opt/app", b"1" * 100))
TOP = (
    file("etc/web.conf", b"a=22\n"),
    file("usr/bin/.wh.dash"),
    file("opt/app/run", b"#!" + bytes(98), 0o755),
)
NEW = """\
Package: new
Status: install ok installed
Architecture: all
Version: 3
"""

NEW_STATUS = STATUS.replace("Version: 2.0+1", "Version: 2.1").replace("dash", "dasch") + "\n" + NEW
NEW_TOP = (
    file("var/lib/dpkg/status", NEW_STATUS.encode()),
    file("var/lib/dpkg/info/new.list", b"/usr/bin/new\n"),
    file("usr/bin/new", bytes(700)),
    file("usr/lib/libfoo.so.1", bytes(1500)),
    file("etc/web.conf", b"a=23\n"),
    file("opt/app", b"2" * 100),
    file("etc/.wh.motd"),
    Entry("etc/link", SYMLINK, 0o777, link="web.conf"),
)
CONFIG = {
    "User": "33",
    "Entrypoint": ["/usr/bin/web", "-c", "/etc/web.conf"],
    "Env": ["PATH=/usr/bin", "A=1"],
    "ExposedPorts": {"80/tcp": {}},
}


def debian(path: Path, *tops: tuple[Entry, ...], **config: Any) -> Path:
    """A layout of a small system that has dpkg, below *tops*; TOP when there are none."""
    maker = Maker(path)
    layers = [tar(*each) for each in (SYSTEM, *(tops or (TOP,)))]
    maker.index(maker.image(*layers, **{**CONFIG, **config}))
    return path


def said(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What the command prints, with nothing to complain of."""
    status = main(["container-inspect", *map(str, words)])
    out = capsys.readouterr()
    assert (status, out.err) == (0, "")
    return out.out


def refused(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What the command says is wrong."""
    status = main(["container-inspect", *map(str, words)])
    out = capsys.readouterr()
    assert (bool(status), out.out) == (True, "")
    return out.err
