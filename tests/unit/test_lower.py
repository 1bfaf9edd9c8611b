"""Scripts of packages see what is in the files of a base image, out of whichever of its layers."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core import build
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.feeds.source import FeedSource
from sdk_hooks.core.files import headers
from sdk_hooks.core.files.fileset import HARDLINK, SYMLINK, Entry
from sdk_hooks.core.files.lower import Lower
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import Image
from sdk_hooks.packages import Relation

from .basemaker import Maker, tar
from .debmaker import deb, member
from .debmaker import tar as made_tar
from .helpers import AMD64, content, fails, file, flat, folder
from .test_feeds_packages import Quiet

BASE = (
    tar(
        folder("usr/lib"),
        folder("usr/bin"),
        Entry("lib", SYMLINK, 0o777, link="usr/lib"),
        file("etc/passwd", b"root:x:0:0::/:\n"),
        file("etc/group", b"root:x:0:\n"),
        file("etc/app.conf", b"old"),
        file("etc/shells", b"/bin/sh\n", 0o640, uid=3),
        file("usr/lib/a.conf", b"port=1\nhost=x\n"),
        file("usr/bin/tool", b"#!tool", 0o755),
    ),
    tar(
        file("etc/app.conf", b"level=1\nname=base\n"),
        Entry("usr/bin/other", HARDLINK, 0o755, link="usr/bin/tool"),
    ),
)


def built(tmp_path: Path, postinst: str, *members: tuple[tarfile.TarInfo, bytes], base: tuple[bytes, ...] = BASE) -> Image:  # fmt: skip # noqa: E501
    deb(tmp_path / "feed", "app", *members, scripts={"postinst": f"#!/bin/sh\nset -e\n{postinst}\n"})
    maker = Maker(tmp_path / "base")
    spec = Spec(base=maker.index(maker.image(*base)), entrypoint=("/usr/bin/app",), workdir="/")
    wanted = Spec(install=(Relation("app"),), feeds=(Feed(str(tmp_path / "feed")),))
    found = FeedSource(wanted, AMD64, load().package_formats(), Quiet())  # type: ignore[arg-type]  # steps only
    return build.build("app", Source([], AMD64, found.groups), spec, tmp_path / "out", 1000).image


XATTR = {"SCHILY.xattr.user.note": "kept"}
APP = member("./usr/bin/app", b"#!", mode=0o755)


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("cat /etc/app.conf >/etc/new", "etc/new", b"level=1\nname=base\n"),
        ("grep name /etc/app.conf >/etc/new", "etc/new", b"name=base\n"),
        ("if grep -q level=1 /etc/app.conf; then echo yes >/etc/new; fi", "etc/new", b"yes\n"),
        ("sed -i s/level=1/level=2/ /etc/app.conf", "etc/app.conf", b"level=2\nname=base\n"),
        ("sed s/port=1/port=2/ /lib/a.conf >/etc/new", "etc/new", b"port=2\nhost=x\n"),
        ("grep -q /bin/app /etc/shells || echo /bin/app >>/etc/shells", "etc/shells", b"/bin/sh\n/bin/app\n"),
        ("while read line; do echo got $line; done </etc/app.conf >/etc/new", "etc/new", b"got level=1\ngot name=base\n"),  # noqa: E501
        ("cp /etc/app.conf /etc/new", "etc/new", b"level=1\nname=base\n"),
        ("mv /etc/app.conf /etc/new", "etc/new", b"level=1\nname=base\n"),
        ("install -m 600 /etc/app.conf /etc/new", "etc/new", b"level=1\nname=base\n"),
        ("cat /usr/bin/other >/etc/new", "etc/new", b"#!tool"),
        ("test -f /usr/bin/other; echo x >>/usr/bin/other", "usr/bin/other", b"#!toolx\n"),
        ("if cmp -s /usr/bin/tool /usr/bin/other; then echo same >/etc/new; fi", "etc/new", b"same\n"),
        ("md5sum /usr/bin/tool >/etc/new", "etc/new", b"72ed3fb3fbb4bf1db8b5bfcd9c2c0c6a  /usr/bin/tool\n"),
        ("chmod 700 /usr/bin/tool", "usr/bin/tool", b"#!tool"),
        ("find /usr/bin -type f >/etc/new", "etc/new", b"/usr/bin/tool\n/usr/bin/other\n/usr/bin/app\n"),
    ],
)  # fmt: skip
def test_what_the_base_has_is_read(tmp_path: Path, script: str, path: str, expected: bytes) -> None:
    if script.startswith("md5sum"):
        import hashlib

        expected = f"{hashlib.md5(b'#!tool').hexdigest()}  /usr/bin/tool\n".encode()
    assert content(built(tmp_path, script, APP), path) == expected


def test_what_is_changed_keeps_owner_time_and_attributes(tmp_path: Path) -> None:
    tool = member("usr/bin/tool", b"#!tool", mode=0o755, mtime=77.5, pax_headers=XATTR)
    script = "chmod 711 /usr/bin/tool; echo x >>/etc/shells; chmod 640 /etc/shells"
    image = built(tmp_path, script, APP, base=(*BASE, made_tar([tool], "")))
    changed, shells = flat(image)["usr/bin/tool"], flat(image)["etc/shells"]

    assert (changed.mode, changed.mtime, changed.size) == (0o711, 77, 6)
    assert changed.pax_headers["SCHILY.xattr.user.note"] == "kept"
    assert (shells.mode, shells.uid) == (0o640, 3)


def test_what_stays_as_it_is_stays_in_its_layer(tmp_path: Path) -> None:
    image = built(tmp_path, "chmod 755 /usr/bin/tool; chown root:root /usr/bin/tool; cat /etc/shells", APP)
    with tarfile.open(image.blob(image.layers[-1])) as top:
        assert "usr/bin/tool" not in top.getnames()


def sparse(tmp_path: Path) -> bytes:
    import subprocess

    (tmp_path / "s/etc").mkdir(parents=True)
    with (tmp_path / "s/etc/holes").open("wb") as out:
        out.truncate(1 << 20)
        out.seek(0, io.SEEK_END)
        out.write(b"end")
    argv = ("tar", "--sparse", "--format=gnu", "-C", str(tmp_path / "s"), "-c", "etc/holes")
    return subprocess.run(argv, check=True, capture_output=True).stdout


def test_what_can_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = "what is in '/{}' of the base image can't be read [bad-base]\n  {}\n  hint: if the container does without the script that wants it: --skip-scripts PACKAGE"  # noqa: E501
    why = "it is sparse, or has more than 256 MB"
    with fails(refused.format("etc/holes", why)):
        built(tmp_path, "cat /etc/holes", APP, base=(*BASE, sparse(tmp_path)))
    assert not (tmp_path / "out/index.json").exists()
    (tmp_path / "layer").write_bytes(BASE[1])
    lower = Lower([tmp_path / "layer"])
    with fails(refused.format("usr/bin/tool", "none of its layers has it")):
        lower.whole("usr/bin/other")
    monkeypatch.setattr(headers, "MOST", 3)
    with fails(refused.format("etc/app.conf", "it is sparse, or has more than 0 MB")):
        lower.whole("etc/app.conf")


def test_hard_links_of_a_package_share_what_is_written(tmp_path: Path) -> None:
    link = member("./usr/bin/also", kind=tarfile.LNKTYPE, linkname="./usr/bin/app", mode=0o755)
    image = built(tmp_path, "cat /usr/bin/also >/etc/new; echo x >>/usr/bin/also", APP, link)

    assert content(image, "etc/new") == b"#!"
    assert content(image, "usr/bin/app") == b"#!x\n"
    assert flat(image)["usr/bin/also"].islnk()
