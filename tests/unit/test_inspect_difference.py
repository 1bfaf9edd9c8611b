"""container-inspect of two images, word for word."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest

from sdk_hooks.core.bom import answer, inspection

from .basemaker import tar
from .helpers import file
from .inspectmaker import NEW_TOP, OLD_TOP, SYSTEM, debian, said

TEXT = """\
         OLD                   NEW
image    localhost/old:latest  localhost/new:latest
digest   {old}   {new}
size     11.5 KB               11.8 KB               +278 B
files    16                    18                    +2
layers   2                     2                     1 shared
to send                        10.2 KB               in 1 layer, before compression

SETTING  OLD     NEW
cmd      -       -v 'a b'
env A    1       -
ports    80/tcp  80/tcp, 81/udp
user     33      0

PACKAGE  CHANGE   OLD    NEW    SIZE
dasch    added           0.5    0 B
dash     removed  0.5           -400 B
libfoo1  changed  2.0+1  2.1    -500 B
new      added           3      +700 B
web      changed  1.2-1  1.2-1  0 B

FILE                         CHANGE   SIZE
/usr/bin/new                 added    +700 B
/usr/lib/libfoo.so.1         changed  -500 B
/var/lib/dpkg/status         changed  +71 B
/var/lib/dpkg/info/new.list  added    +13 B
/etc/motd                    removed  -6 B
/etc/link                    added    0 B
/etc/web.conf                changed  0 B
/opt/app                     changed  0 B
"""
CONFIG = {
    "User": "0",
    "Env": ["PATH=/usr/bin"],
    "ExposedPorts": {"80/tcp": {}, "81/udp": {}},
    "Cmd": ["-v", "a b"],
}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return debian(tmp_path / "old", OLD_TOP), debian(tmp_path / "new", NEW_TOP, **CONFIG)


def test_difference(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    old, new = (inspection.read(str(path)).digest[:19] for path in pair)

    assert said(capsys, *pair) == TEXT.format(old=old, new=new)


def test_difference_in_json(pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, *pair, "--format", "json"))

    jsonschema.Draft202012Validator(answer.schema()).validate(found)
    assert [each["digest"] for each in found["layers"]["shared"]] == [sha256(tar(*SYSTEM))]
    assert [each["digest"] for each in found["layers"]["sent"]] == [sha256(tar(*NEW_TOP))]
    assert found["settings"][0] == {"name": "cmd", "old": "", "new": "-v 'a b'"}
    changes = {each["name"]: each for each in found["packages"]}
    assert (changes["libfoo1"]["change"], changes["libfoo1"]["delta"]) == ("changed", -500)
    assert (changes["libfoo1"]["old"]["version"], changes["libfoo1"]["new"]["version"]) == ("2.0+1", "2.1")
    assert changes["new"]["old"] is None
    assert found["files"][1] == {
        "path": "/etc/motd",
        "change": "removed",
        "old": {"path": "/etc/motd", "kind": "file", "size": 6, "mode": "0644", "uid": 33, "gid": 33,
                "link": "", "layer": 0, "package": None},
        "new": None,
        "delta": -6,
    }  # fmt: skip


def test_the_same_in_other_layers_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = debian(tmp_path / "one", (file("a", b"1"), file("b", b"2")))
    other = debian(tmp_path / "other", (file("a", b"1"),), (file("b", b"2"),))

    assert said(capsys, one, one) == "the images have the same content\n"
    found = json.loads(said(capsys, one, other, "--format", "json"))
    assert (found["files"], found["packages"], found["settings"]) == ([], [], [])
    assert len(found["layers"]["sent"]) == 2


def test_many_changed_files_are_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = tuple(file(f"f{number:02}", b"1") for number in range(17))
    one, other = debian(tmp_path / "one", OLD_TOP), debian(tmp_path / "other", OLD_TOP, many)

    assert said(capsys, one, other).endswith("/f14  added   +1 B\n2 more files: --format json\n")


def sha256(raw: bytes) -> str:
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"
