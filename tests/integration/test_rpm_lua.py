"""Lua scripts of rpm packages: what is followed is what rpm's own Lua does."""

# ruff: noqa: E501  tables are read best in one line

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from unit.helpers import root_only
from unit.rpmmaker import rpm
from unit.test_rpm_lua import DIRECTORIES, MOVED, NEW, SHELLS

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, SYMLINK, Entry
from sdk_hooks.core.rpm import lua
from sdk_hooks.core.scripts.expansion import NotUnderstoodError
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.scripts.run import follow

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not Path("/usr/bin/rpm").exists(), reason="rpm is not installed: apt-get install rpm"),
    root_only,
]
LINK = 'path = "/srv/data"\nst = posix.stat(path)\nif st and st.type == "link" then\n  os.remove(path)\nend\n'


def shown(directory: Path) -> dict[str, tuple[str, str]]:
    """What there is by path: a directory's mode, a link's target, a file's content."""
    found = {}
    for path in directory.rglob("*"):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[name] = ("directory", f"{path.stat().st_mode & 0o7777:o}")
        else:
            found[name] = ("file", path.read_text())
    return found


def of(entry: Entry) -> tuple[str, str]:
    kinds = {
        SYMLINK: ("link", entry.link),
        DIRECTORY: ("directory", f"{entry.mode:o}"),
        FILE: ("file", entry.data.decode()),
    }
    return kinds[entry.kind]


def made(directory: Path) -> Root:
    root = Root()
    for name, (kind, value) in sorted(shown(directory).items()):
        if kind == "link":
            root.put(Entry(name, SYMLINK, 0o777, link=value))
        elif kind == "directory":
            root.put(Entry(name, DIRECTORY, int(value, 8)))
        else:
            root.write(name, value.encode())
    return root


@pytest.mark.parametrize("before", [
    {}, {"media/": ""}, {"media": "->run/media", "srv/data": "->/x", "bin/": ""}, {"etc/shells": "/bin/bash\n", "srv/data/": "", "usr/": ""},
    {"etc/shells": "/bin/bashful\n/bin/sh\n", "etc/passwd.rpmnew": "x", "etc/group": "x", "srv/": ""}, {"etc/group.rpmnew/": ""},
])  # fmt: skip
@pytest.mark.parametrize("script", [DIRECTORIES, SHELLS, NEW, LINK, MOVED])
def test_what_is_followed_is_what_rpm_does(script: str, before: dict[str, str], tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    for name, value in before.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        elif value.startswith("->"):
            path.symlink_to(value[2:])
        else:
            path.write_text(value)
    ours = made(root)
    if script == MOVED and "srv/data/" in before:
        with pytest.raises(NotUnderstoodError):
            follow(ours, "x", "amd64", "post", lua.shell(script))
        return
    follow(ours, "x", "amd64", "post", lua.shell(script))
    path = rpm(tmp_path, "x", scripts={"post": ("<lua>", script)})
    argv = (
        "rpm",
        "--force-debian",
        "--root",
        str(root),
        "--dbpath",
        "/rpmdb",
        "-i",
        "--nodeps",
        "--nosignature",
    )
    done = subprocess.run((*argv, str(path)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    shutil.rmtree(root / "rpmdb")

    assert {path: of(entry) for path, entry in ours.merged.entries.items()} == shown(root)
