"""scan.py: a directory as entries, without this machine's user and umask."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from sdk_hooks.core.files import scan
from sdk_hooks.core.files.fileset import DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry

from .helpers import as_nobody, fails, root_only, write


def read(top: Path) -> dict[str, Entry]:
    return {entry.path: entry for entry in scan.tree(str(top))}


def test_everything_is_found_sorted_with_its_kind(tree: Path) -> None:
    write(tree, {"b/c": "text", "b/d": "-> ../e", "a.x": "", "a/y": "#!", "empty/": ""})
    os.mkfifo(tree / "pipe")

    entries = scan.tree(str(tree))

    kinds = [(entry.path, entry.kind) for entry in entries]
    assert kinds == [
        ("a", DIRECTORY),
        ("a.x", FILE),
        ("a/y", FILE),
        ("b", DIRECTORY),
        ("b/c", FILE),
        ("b/d", SYMLINK),
        ("empty", DIRECTORY),
        ("pipe", FIFO),
    ]
    assert [entry.link for entry in entries if entry.link] == ["../e"]


def test_a_file_knows_where_its_content_is_and_when_it_changed(tree: Path) -> None:
    write(tree, {"a": "text"})
    os.utime(tree / "a", ns=(5_000_000_000, 7_900_000_001))
    status = (tree / "a").stat()

    entry = read(tree)["a"]

    assert (entry.source, entry.size, entry.mtime, entry.data) == (f"{tree}/a", 4, 7, b"")
    assert entry.stamp == (status.st_dev, status.st_ino, 7_900_000_001, status.st_ctime_ns)


def test_sockets_are_left_out(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)  # the name of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        write(tree, {"a": ""})

        assert list(read(tree)) == ["a"]


def test_of_the_names_of_one_file_the_first_has_the_content(tree: Path) -> None:
    write(tree, {"z/one": "text"})
    os.link(tree / "z/one", tree / "b")
    os.link(tree / "z/one", tree / "c")

    found = read(tree)

    assert [(p, found[p].kind, found[p].link, found[p].size) for p in ("b", "c", "z/one")] == [
        ("b", FILE, "", 4),
        ("c", HARDLINK, "b", 0),
        ("z/one", HARDLINK, "b", 0),
    ]


def test_empty_files_are_never_hard_links(tree: Path) -> None:
    write(tree, {"a": ""})
    os.link(tree / "a", tree / "b")

    assert {entry.kind for entry in scan.tree(str(tree))} == {FILE}


def _modes(top: Path) -> dict[str, int]:
    return {path: entry.mode for path, entry in read(top).items()}


def _installed(top: Path, umask: int) -> dict[str, int]:
    """What a build with *umask* leaves, and what its installer chmods by itself."""
    before = os.umask(umask)
    try:
        for folder in ("etc", "etc/app", "var"):
            (top / folder).mkdir()
        for name, mode in (("etc/conf", 0o666), ("etc/app/program", 0o777), ("var/data", 0o666)):
            os.close(os.open(top / name, os.O_CREAT | os.O_WRONLY, mode))
    finally:
        os.umask(before)
    return _modes(top)


USUAL = {
    "etc": 0o755,
    "etc/app": 0o755,
    "etc/app/program": 0o755,
    "etc/conf": 0o644,
    "var": 0o755,
    "var/data": 0o644,
}


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o027, 0o077, 0o007], ids=oct)
def test_no_umask_of_whoever_made_the_tree_shows(tree: Path, umask: int) -> None:
    assert _installed(tree, umask) == USUAL


def test_private_files_in_an_open_tree_stay_private(tree: Path) -> None:
    write(tree, {"etc/key": "", "etc/open": "", "secret/x": "", "setuid": "#!"})
    (tree / "etc/key").chmod(0o600)
    (tree / "secret").chmod(0o700)
    (tree / "setuid").chmod(0o4711)

    assert _modes(tree) == {
        "etc": 0o755,
        "etc/key": 0o600,
        "etc/open": 0o644,
        "secret": 0o700,
        "secret/x": 0o644,
        "setuid": 0o4711,
    }


def test_where_one_file_is_open_the_private_ones_were_meant_even_in_closed_directories(tree: Path) -> None:
    write(tree, {"etc/key": "", "etc/open": ""})
    (tree / "etc").chmod(0o700)
    (tree / "etc/key").chmod(0o600)

    assert _modes(tree) == {"etc": 0o755, "etc/key": 0o600, "etc/open": 0o644}


def test_shared_directories_stay_writable_for_their_group(tree: Path) -> None:
    write(tree, {"sticky/": "", "setgid/": "", "plain/": ""})
    (tree / "sticky").chmod(0o1777)
    (tree / "setgid").chmod(0o2775)
    (tree / "plain").chmod(0o777)

    assert _modes(tree) == {"sticky": 0o1777, "setgid": 0o2775, "plain": 0o755}


def test_links_have_the_mode_that_all_links_have(tree: Path) -> None:
    write(tree, {"a": "-> b"})

    assert _modes(tree) == {"a": 0o777}


@root_only
def test_the_owner_of_the_top_directory_becomes_root_and_others_stay(tree: Path) -> None:
    write(tree, {"own": "", "theirs": ""})
    for path, owner in ((tree, (1000, 100)), (tree / "own", (1000, 100)), (tree / "theirs", (33, 100))):
        os.chown(path, *owner)

    found = read(tree)

    assert (found["own"].uid, found["own"].gid) == (0, 0)
    assert (found["theirs"].uid, found["theirs"].gid) == (33, 0)


@root_only
def test_device_nodes_have_their_numbers(tree: Path) -> None:
    try:
        os.mknod(tree / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(tree / "disk", stat.S_IFBLK | 0o660, os.makedev(259, 300))
    except PermissionError:
        pytest.skip("this root may not make device nodes")
    (tree / "null").chmod(0o666)
    (tree / "disk").chmod(0o660)

    found = read(tree)

    assert (found["null"].kind, found["null"].device, found["null"].mode) == ("3", (1, 3), 0o666)
    assert (found["disk"].kind, found["disk"].device, found["disk"].mode) == ("4", (259, 300), 0o660)


def test_attributes_of_the_user_stay_and_those_of_this_machine_do_not(tree: Path) -> None:
    write(tree, {"a": "x"})
    try:
        os.setxattr(tree / "a", "user.z", b"\0\xff")
        os.setxattr(tree / "a", "user.a", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    if os.geteuid() == 0:
        os.setxattr(tree / "a", "trusted.host", b"1")

    assert read(tree)["a"].xattrs == (("user.a", b"1"), ("user.z", b"\0\xff"))


@root_only
def test_capabilities_stay(tree: Path) -> None:
    value = bytes.fromhex("0100000200200000000000000000000000000000")
    write(tree, {"a": "x"})
    os.setxattr(tree / "a", "security.capability", value)

    assert read(tree)["a"].xattrs == (("security.capability", value),)


@root_only
def test_a_directory_that_may_not_be_read_is_an_error() -> None:
    top = Path(f"/tmp/devtool-containers-scan-{os.getpid()}")
    write(top, {"closed/": ""})
    (top / "closed").chmod(0o711)
    try:
        with (
            as_nobody(),
            fails(
                f"can't read '{top}/closed' [unreadable]\n  Permission denied\n"
                "  hint: give an install tree of your own: --from DIR"
            ),
        ):
            scan.tree(str(top))
        os.chown(top / "closed", 65534, 65534)
        (top / "closed").chmod(0)
        with (
            as_nobody(),
            fails(
                f"can't read '{top}/closed' [unreadable]\n  Permission denied\n"
                f"  hint: chmod u+rx {top}/closed"
            ),
        ):
            scan.tree(str(top))
    finally:
        (top / "closed").rmdir()
        top.rmdir()


def test_names_that_are_not_utf_8_survive(tree: Path) -> None:
    with open(os.fsencode(tree) + b"/caf\xe9", "wb"):
        pass

    assert [os.fsencode(entry.path) for entry in scan.tree(str(tree))] == [b"caf\xe9"]
