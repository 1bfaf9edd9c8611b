"""Commands of package scripts that copy, compare and protect files: as coreutils and diffutils do it."""

# ruff: noqa: E501  shell text is read best in one line

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, SYMLINK, Entry
from sdk_hooks.core.scripts import run
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.shell import Shell

BEFORE = (
    "mkdir -p d/e; echo a >a; echo b >b; chmod 640 a; ln -s a l; echo c >d/e/c; ln -s ../a d/l; chmod 750 d/e"
)
TEXTS = [
    "cp a c; cp -p a p; cp -a -f l m; cp l n; cp -P l o; cp a b d; cp -n a b; cp -f a d/l; cp -f b d/l",
    "cp -pZ a b; cp -a d x; cp -r d y; cp -a d x; cp -R d/. z; cp -aT d w; cp -a d/e/ v",
    "cp d x; echo $?; cp gone x; echo $?; cp gone a d; echo $?; cp a a; echo $?; cp -T a d; echo $?",
    "cmp -s a a; echo $?; cmp -s a b; echo $?; cmp -s a gone; echo $?; diff -q a b; echo $?; cmp a a; echo $?",
    "md5sum a b >s; md5sum -c s; echo x >b; md5sum --status -c s; echo $?; md5sum -c <s; sha1sum gone; echo $?",
    "chmod 01733 d; chmod 02700 d/e; chmod 04711 a; chmod 0600 b",
    "chmod 2755 d; chmod 700 d; chmod 6755 d/e; chmod 00755 d/e; chmod 4755 a; chmod 755 a",
    "mkdir -m 02750 x; mkdir -m 1777 y; install -m 0644 a z; install -d -m 02755 w",
]


def _real(directory: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in directory.rglob("*"):
        mode = path.lstat().st_mode
        name = str(path.relative_to(directory))
        if stat.S_ISLNK(mode):
            found[name] = (SYMLINK, os.readlink(path))
        else:
            content = None if path.is_dir() else path.read_bytes()
            found[name] = (DIRECTORY if path.is_dir() else FILE, stat.S_IMODE(mode), content)
    return found


def _followed(entry: Entry) -> tuple[object, ...]:
    if entry.kind == SYMLINK:
        return (SYMLINK, entry.link)
    return (entry.kind, entry.mode, entry.data if entry.kind == FILE else None)


@pytest.mark.parametrize("text", TEXTS)
def test_files_come_out_as_the_programs_make_them(tmp_path: Path, text: str) -> None:
    text = f"umask 022; {BEFORE}; {text}"
    shell = Shell(Root(), ["sh"], {}, commands=run.COMMANDS)
    real = subprocess.run(
        ["sh", "-c", text], cwd=tmp_path, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False
    )  # fmt: skip

    assert (shell.run(text), shell.out) == (real.returncode, real.stdout)
    found = {path: _followed(entry) for path, entry in shell.root.merged.entries.items()}
    assert found == _real(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cmp a b", "'cmp a b': where they differ"),
        ("diff a b", "'diff a b': where they differ"),
        ("cp --link a c", "'cp --link a c'"),
        ("cp -a", "'cp -a'"),
        ("mkdir -p d; cp -r d d", "'cp -r d d': into itself"),
        ("md5sum --tag a", "'md5sum --tag a'"),
    ],
)
def test_what_is_not_understood_is_said(text: str, why: str) -> None:
    root = Root()
    root.write("a", b"a")
    root.write("b", b"b")
    with pytest.raises(NotUnderstoodError) as error:
        Shell(root, ["sh"], {}, commands=run.COMMANDS).run(text)
    assert str(error.value) == why
