"""Packages of rpm: what they have in them, and those that are damaged or have what no package may have."""

# ruff: noqa: E501  a table is read best with one case in one line

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from sdk_hooks.core.feeds.install import Allowed
from sdk_hooks.core.paths import cache_directory
from sdk_hooks.core.registry import load
from sdk_hooks.core.rpm import sysusers
from sdk_hooks.core.rpm.capability import attribute
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import Member

from .helpers import fails
from .rpmmaker import MAGIC, PACK, File, assembled, cpio, header, rpm
from .test_feeds_packages import entries, groups

FORM = load().package_formats()["rpm"]
LINK, DIRECTORY, CHARACTER = stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFCHR | 0o600
FILES = (
    File("/etc/app.conf", b"a=b\n", flags=1),
    File("/usr/bin/app", b"#!/bin/sh\n", 0o100755, caps="cap_net_raw,cap_net_admin=ep"),
    File("/usr/bin/app-link", mode=LINK, link="app"),
    File("/usr/lib/empty"),
    File("/usr/lib/one", b"same", inode=7),
    File("/usr/lib/two", b"same", inode=7),
    File("/var/lib/app", mode=stat.S_IFDIR | 0o750, user="app", group="app"),
    File("/var/lib/app/ghost", b"x", flags=64),
)


def read(content: bytes) -> tuple[list[Member], list[bytes | None]]:
    """The members of a package, and what is in them."""
    with FORM.opened(io.BytesIO(content)) as opened:
        found = [(member, member.content.read() if member.content else None) for member in opened.members]
    return [member._replace(content=None) for member, _ in found], [content for _, content in found]


@pytest.mark.parametrize("compression", sorted(PACK))
@pytest.mark.parametrize("stripped", [False, True])
def test_a_package_has_what_its_header_says(tmp_path: Path, compression: str, stripped: bool) -> None:
    path = rpm(tmp_path, "app", *FILES, compression=compression, stripped=stripped)
    members, contents = read(path.read_bytes())

    assert [(m.path, m.kind, oct(m.mode), m.size, m.link, m.user) for m in members] == [
        ("etc/app.conf", "0", "0o644", 4, "", "root"),
        ("usr/bin/app", "0", "0o755", 10, "", "root"),
        ("usr/bin/app-link", "2", "0o777", 0, "app", "root"),
        ("usr/lib/empty", "0", "0o644", 0, "", "root"),
        ("usr/lib/two", "0", "0o644", 4, "", "root"),
        ("usr/lib/one", "1", "0o644", 0, "usr/lib/two", "root"),
        ("var/lib/app", "5", "0o750", 0, "", "app"),
    ]
    assert contents == [b"a=b\n", b"#!/bin/sh\n", None, b"", b"same", None, None]
    assert members[1].xattrs == (("security.capability", struct.pack("<5I", 0x02000001, 0x3000, 0, 0, 0)),)


@pytest.mark.parametrize(("text", "words"), [
    ("cap_net_raw=ep", (0x02000001, 1 << 13, 0, 0, 0)), ("= cap_chown+p", (0x02000000, 1, 0, 0, 0)),
    ("cap_bpf=eip cap_kill=eip", (0x02000001, 1 << 5, 1 << 5, 1 << 7, 1 << 7)), ("=", (0x02000000, 0, 0, 0, 0)),
])  # fmt: skip
def test_capabilities_are_what_the_kernel_keeps(text: str, words: tuple[int, ...]) -> None:
    assert attribute(text) == struct.pack("<5I", *words)


@pytest.mark.parametrize(("text", "why"), [
    ("cap_fly=ep", "'cap_fly=ep' has the capability 'cap_fly', which is not known"), ("cap_kill", "'cap_kill' names no capabilities"),
    ("cap_kill=ep cap_chown=p", "'cap_kill=ep cap_chown=p' makes some capabilities effective, and others not"),
])  # fmt: skip
def test_capabilities_that_no_file_can_have(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}$"):
        attribute(text)


def test_scripts_come_in_their_order_and_see_the_files_that_they_may(tmp_path: Path) -> None:
    log = "echo {0}$1 $([ -e /usr/bin/{1} ] && echo there) >>/etc/log\n"
    names = {"pretrans": "T", "pre": "P", "post": "p", "posttrans": "t"}
    for package, needs in (("a", []), ("b", ["a"])):
        scripts: dict[str, str | tuple[str, str]] = {
            name: log.format(f"{package}{letter}", package) for name, letter in names.items()
        }
        rpm(tmp_path, package, File(f"/usr/bin/{package}", b"x", 0o100755), requires=needs, scripts=scripts)

    made = entries(groups(tmp_path, "b"))
    assert made["etc/log"].data.decode().split("\n") == [
        "aT1", "bT1", "aP1", "ap1 there", "bP1", "bp1 there", "at1 there", "bt1 there", "",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "script",
    [("/sbin/ldconfig", ""), ("/bin/sh", "/sbin/ldconfig\n"), ("/usr/bin/bash", "busybox ln -s /a /b\n")],
)
def test_common_scripts_are_followed(tmp_path: Path, script: tuple[str, str]) -> None:
    rpm(tmp_path, "lib", File("/usr/lib/lib.so", b"x"), scripts={"post": script})
    assert "usr/lib/lib.so" in entries(groups(tmp_path, "lib"))


def test_a_script_in_another_language_is_refused_unless_it_is_left_out(tmp_path: Path) -> None:
    rpm(tmp_path, "odd", scripts={"pretrans": ("<lua>", "posix.fork()")})
    with fails(
        "can't follow the pretrans of the package 'odd' [script]\n  stopped at it is a program for '<lua>'\n"
        "  hint: run it by the image's own programs: --run-scripts odd; if the container does without what it does: --skip-scripts odd"
    ):
        groups(tmp_path, "odd")
    assert groups(tmp_path, "odd", allowed=Allowed(without_scripts=("odd",)))


def test_users_that_a_package_provides_are_made_and_own_its_files(tmp_path: Path) -> None:
    user = "dSBhcHAgMTIzOjQ1NiAiVGhlIGFwcCIgL3Zhci9saWIvYXBwIC0="  # u app 123:456 "The app" /var/lib/app -
    provides = [f"user(app) = {user}", "group(app) = ZyBhcHAgNDU2", "group(other)"]  # g app 456
    rpm(tmp_path, "app", *FILES, provides=provides)

    made = entries(groups(tmp_path, "app", allowed=Allowed(setuid=("/usr/bin/app",))))
    assert "\napp:x:123:456:The app:/var/lib/app:/usr/sbin/nologin\n" in made["etc/passwd"].data.decode()
    assert (made["var/lib/app"].uid, made["var/lib/app"].gid) == (123, 456)


@pytest.mark.parametrize(("line", "commands"), [
    ("g web -", "getent group web >/dev/null || groupadd -r web"),
    ("u web -", "getent group web >/dev/null || groupadd -r web\n"
                "getent passwd web >/dev/null || useradd -r -g web -d / -s /usr/sbin/nologin web"),
    ("u! web 7:web - /srv /bin/sh", "getent group web >/dev/null || groupadd -r web\n"
                                    "getent passwd web >/dev/null || useradd -r -u 7 -g web -d /srv -s /bin/sh web"),
    ("m web tty", "usermod -a -G tty web"), ("r - 100-200", ""),
])  # fmt: skip
def test_lines_of_sysusers_become_commands(line: str, commands: str) -> None:
    import base64

    assert sysusers.script([("user(web)", base64.b64encode(line.encode()).decode())]) == commands


def test_two_packages_may_have_the_same_file_and_not_two_files(tmp_path: Path) -> None:
    for name, content in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        rpm(tmp_path, name, File("/usr/share/licence", content))
    assert "usr/share/licence" in entries(groups(tmp_path, "a", "b"))

    with fails(
        "the packages 'a' and 'c' both have '/usr/share/licence' [file-conflict]\n  hint: install only one of them"
    ):
        groups(tmp_path, "a", "c")


def test_a_link_out_of_a_directory_is_not_followed(tmp_path: Path) -> None:
    rpm(tmp_path, "bad", File("/etc", mode=LINK, link="/tmp"), File("/etc/owned-rpm", b"x"))

    assert "tmp/owned-rpm" in entries(groups(tmp_path, "bad"))
    assert not Path("/tmp/owned-rpm").exists()


@pytest.mark.parametrize(("file", "what", "hint"), [
    (File("/dev/mem", mode=CHARACTER, device=0x0101), "a device node\n  bad: /dev/mem", "containers get devices by devices: in container.yaml"),
    (File("/bin/ping", b"x", 0o100755, caps="cap_net_raw,cap_net_admin=ep"), "a program with capabilities\n  bad: /bin/ping (cap_net_admin, cap_net_raw)",
     "take them away: --setuid none; or allow it: --setuid /bin/ping"),
    (File("/bin/su", b"x", 0o104755), "a program with the rights of another user\n  bad: /bin/su", "take them away: --setuid none; or allow it: --setuid /bin/su"),
])  # fmt: skip
def test_devices_and_rights_are_refused(tmp_path: Path, file: File, what: str, hint: str) -> None:
    rpm(tmp_path, "bad", file)
    first, _, second = what.partition("\n")
    with fails(f"the package 'bad' has {first} [refused]\n{second}\n  hint: {hint}"):
        groups(tmp_path, "bad")


Make = Callable[[Path], Path]
GOOD = File("/usr/bin/app", b"content", 0o100755)


def one(*files: File, **more: object) -> Make:
    return lambda top: rpm(top, "bad", *files, **more)  # type: ignore[arg-type]  # arguments by name


def changed(change: Callable[[bytes], bytes]) -> Make:
    def make(top: Path) -> Path:
        path = rpm(top, "bad", GOOD)
        path.write_bytes(change(path.read_bytes()))
        return path

    return make


def raw(signatures: bytes, main: bytes) -> Make:
    def make(top: Path) -> Path:
        whole = assembled("bad", main, b"")
        (top / "bad.rpm").write_bytes(whole[:96] + signatures + bytes(-len(signatures) % 8) + main)
        return top / "bad.rpm"

    return make


EMPTY = header([], 62)
BAD: dict[str, tuple[Make, str]] = {
    "nothing": (lambda top: raw(b"", b"")(top), "it is cut off"),
    "text": (changed(lambda whole: b"this is no package" + whole[18:]), "it is no rpm package"),
    "signatures": (changed(lambda whole: whole[:96] + b"X" + whole[97:]), "its signature header is damaged"),
    "tags": (raw(MAGIC + struct.pack(">II", 1 << 20, 0), b""), "its signature header has 1048576 tags and 0 bytes"),
    "bytes": (raw(EMPTY, MAGIC + struct.pack(">II", 1, 1 << 31)), "its header has 1 tags and 2147483648 bytes"),
    "count": (raw(EMPTY, MAGIC + struct.pack(">IIIIII", 1, 4, 1000, 8, 0, 1 << 30) + bytes(4)), "its header has a damaged tag 1000"),
    "type": (raw(EMPTY, MAGIC + struct.pack(">IIIIII", 1, 4, 1000, 7, 0, 4) + bytes(4)), "its header has a damaged tag 1000"),
    "offset": (raw(EMPTY, MAGIC + struct.pack(">IIIIII", 1, 4, 1000, 6, 9, 1) + b"abcd"), "its header has a damaged tag 1000"),
    "endless": (raw(EMPTY, MAGIC + struct.pack(">IIIIII", 1, 4, 1000, 6, 0, 1) + b"abcd"), "its header has a damaged tag 1000"),
    "header": (changed(lambda whole: whole.replace(b"the bad", b"the mad", 1)), "its header is not what its signature header says"),
    "payload": (changed(lambda whole: whole[:-1] + b"x"), "its payload is not what its header says"),
    "digest": (one(GOOD._replace(digest="0" * 64)), "'/usr/bin/app' is not what its header says"),
    "archive": (one(GOOD, payload=b"no archive at all"), "its archive of files is damaged"),
    "number": (one(GOOD, payload=b"070701" + b"zzzzzzzz" * 13), "its archive of files is damaged"),
    "long-name": (one(GOOD, payload=b"070701" + b"7fffffff" * 13), "its archive has a name of 2147483647 bytes"),
    "unknown": (one(GOOD, payload=cpio([File("/usr/bin/other", b"x")])), "its archive has './usr/bin/other', which its header has not"),
    "twice": (one(GOOD, payload=cpio([GOOD, GOOD])), "its archive has '/usr/bin/app' although it should not"),
    "missing": (one(GOOD, payload=cpio([])), "its archive has no '/usr/bin/app', which its header has"),
    "size": (one(GOOD, payload=cpio([GOOD._replace(content=b"longer content")])), "'/usr/bin/app' has 14 bytes, and 7 in its header"),
    "stripped": (one(GOOD, payload=b"07070X0000000900"), "its archive has a file 9, its header has 1"),
    "link": (one(File("/a", mode=LINK, link="b"), payload=cpio([File("/a", mode=LINK, link="c")])), "'/a' leads elsewhere than its header says"),
    "socket": (one(File("/a", mode=stat.S_IFSOCK | 0o755)), "'/a' is of a type that packages do not have"),
    "caps": (one(GOOD._replace(caps="cap_fly=ep")), "'cap_fly=ep' has the capability 'cap_fly', which is not known"),
    "algorithm": (one(GOOD, tags=[(5011, 4, [99])]), "the digest of '/usr/bin/app' is of an unknown kind"),
    "columns": (one(GOOD, tags=[(1030, 3, [1, 2])]), "its header has 1 files, and does not say the same of all"),
    "directories": (one(GOOD, tags=[(1116, 4, [5])]), "its header has files without directories"),
    "up": (one(File("/usr/../../etc/passwd", b"x")), "'usr/../../etc/passwd' leads out of the image"),
    "absolute": (one(File("//etc/passwd", b"x")), "'/etc/passwd' leads out of the image"),
    "gzip": (one(GOOD, payload=b"\x1f\x8b no gzip"), "Unknown compression method"),
    "xz": (one(GOOD, payload=b"\xfd7zXZ\0 no xz at all"), "Corrupt input data"),
    "nameless": (lambda top: raw(EMPTY, header([(1001, 6, "1")], 63))(top), "it has no name, version or architecture"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_is_damaged_is_said(tmp_path: Path, kind: str) -> None:
    make, why = BAD[kind]
    path = make(tmp_path)
    with fails(f"the package '{path}' is damaged [bad-package]\n  {why}\n  hint: build or fetch it again"):
        groups(tmp_path, "bad")
    assert list((cache_directory() / "packages").glob(".new-*")) == []


@pytest.mark.parametrize("compression", ["gzip", "xz", "none"])
def test_a_package_that_is_cut_off_anywhere_is_refused(tmp_path: Path, compression: str) -> None:
    whole = rpm(tmp_path, "app", *FILES, compression=compression).read_bytes()

    for end in range(len(whole)):
        with pytest.raises(ValueError, match=r"."):
            read(whole[:end])


def test_any_byte_may_be_wrong(tmp_path: Path) -> None:
    """Without digests, so that it is not them that find it: read in some way, or refused as what is damaged."""
    path = rpm(tmp_path, "app", *FILES, tags=[(5092, 8, [""])])
    whole = path.read_bytes()
    start = whole.index(MAGIC, 104)
    for at in range(96, len(whole), 3):
        broken = whole[:at] + bytes([(0, 0xFF, whole[at] ^ 1)[at // 3 % 3]]) + whole[at + 1 :]
        unchecked = whole[:96] + EMPTY + bytes(-len(EMPTY) % 8) + broken[start:]
        try:
            read(unchecked if at >= start else broken)
        except ValueError as error:
            assert str(error)


def test_a_source_package_is_no_package_to_install(tmp_path: Path) -> None:
    rpm(tmp_path, "app", tags=[(1106, 4, [1])])
    with pytest.raises(SdkError, match="you want app, the feed has it for src, not for linux/amd64"):
        groups(tmp_path, "app")
