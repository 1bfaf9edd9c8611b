"""A feed that `small` can be made of, with an application."""

# ruff: noqa: E501  a package is read best in few lines

from __future__ import annotations

from pathlib import Path

from .debmaker import deb, member

APPLETS = b"\x7fELF [\0[[\0ash\0cat\0ifconfig\0linuxrc\0sh\0\0zzz\0"
DATA = "root:*:0:0:root:/root:/bin/sh\nlp:*:7:7:lp:/:/usr/sbin/nologin\n"


def make_feed(place: Path) -> Path:
    """What `small` is made of, and an application that makes a user."""
    deb(place, "busybox-static", member("./bin/busybox", APPLETS, mode=0o755), member("./usr/share/man/man1/busybox.1", b"x"),
        member("./bin/su", b"\x7fELF", mode=0o4755), control="Source: busybox\nInstalled-Size: 4\n")  # fmt: skip
    deb(place, "base-files", member("./etc/os-release", b"ID=x\n"), member("./usr/share/doc/base-files/README", b"x"),
        member("./usr/share/doc/base-files/copyright", b"x"), control="Pre-Depends: awk\n")  # fmt: skip
    deb(place, "base-passwd", member("./usr/share/base-passwd/passwd.master", DATA.encode()),
        member("./usr/share/base-passwd/group.master", b"root:*:0:\nlp:*:7:\n"), control="Depends: libc6\n")  # fmt: skip
    deb(place, "netbase", member("./etc/services", b"ssh 22/tcp\n"))
    deb(place, "app", member("./usr/bin/app", b"#!/bin/sh\n", mode=0o755), member("./usr/share/doc/app/README", b"x"), control="Depends: netbase\n",
        scripts={"postinst": "#!/bin/sh\nset -e\nadduser --system --group app\nchown lp /usr/bin/app\nrm /etc/services\n"})  # fmt: skip
    deb(
        place,
        "init",
        member("./sbin/init", b"\x7fELF", mode=0o755),
        member("./lib/systemd/systemd", b"\x7fELF", mode=0o755),
    )
    return place
