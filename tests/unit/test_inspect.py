"""container-inspect of one image: what it prints, word for word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.bom import answer, inspection, reasons
from sdk_hooks.core.bom.component import Component

from .inspectmaker import debian, refused, said

SUMMARY = """\
image       localhost/img:latest
digest      sha256:{digest}
platform    linux/amd64
size        11.1 KB in 15 files
user        33
entrypoint  /usr/bin/web -c /etc/web.conf
env PATH    /usr/bin
env A       1
ports       80/tcp

LAYER  DIGEST        SIZE     FILES  HIDDEN  WHAT
1      {one}  25.6 KB  15     404 B   layer 0
2      {two}  3.6 KB   2      -       layer 1

PACKAGE  VERSION  SIZE    WHY
libc6    2.36     5.0 KB  web > dash
web      1.2-1    3.1 KB  asked for
libfoo1  2.0+1    2.0 KB  web
dash     0.5      0 B     web

9 files of no package, 983 B
404 B hidden in 2 files of lower layers: --layers
"""
PACKAGES = """\
PACKAGE  VERSION  ARCH   SIZE    FILES  LICENCE           RECIPE  FEED  WHY
libc6    2.36     amd64  5.0 KB  1      -                 glibc   -     web > dash
web      1.2-1    amd64  3.1 KB  4      GPL-2+ and Expat  web     -     asked for
libfoo1  2.0+1    amd64  2.0 KB  1      -                 foo     -     web
dash     0.5      amd64  0 B     0      -                 dash    -     web

9 files of no package, 983 B
404 B hidden in 2 files of lower layers: --layers
"""
LAYERS = """\
LAYER  DIGEST        SIZE     FILES  HIDDEN  WHAT
1      {one}  25.6 KB  15     404 B   layer 0
2      {two}  3.6 KB   2      -       layer 1

SIZE   IN  HIDDEN BY  PATH
400 B  1   2          /usr/bin/dash
4 B    1   2          /etc/web.conf
"""
FILES = """\
SIZE    MODE  OWNER  LAYER  PACKAGE  PATH
5 B     0644  0:0    2      web      /etc/web.conf
3.0 KB  0755  0:0    1      web      /usr/bin/web
0 B     0755  0:0    1      web      /usr/bin/webd = /usr/bin/web
87 B    0644  0:0    1      -        /var/lib/dpkg/info/web.list

4 files, 3.1 KB
"""
LIBC = """\
PACKAGE  VERSION  SIZE    WHY
web      1.2-1    3.1 KB  asked for
dash     0.5      0 B     web needs it
libc6    2.36     5.0 KB  dash needs it

needed by dash, libfoo1
"""
CONF = """\
file     /etc/web.conf
size     5 B
layer    2, {two}  layer 1
covers   4 B in layer 1
package  web

PACKAGE  VERSION  SIZE    WHY
web      1.2-1    3.1 KB  asked for
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return debian(tmp_path / "img")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), SUMMARY),
        (("--packages",), PACKAGES),
        (("--layers",), LAYERS),
        (("--files", "web*"), FILES),
        (("--why", "libc6"), LIBC),
        (("--why", "/etc/../etc/web.conf"), CONF),
        (("--why", "/lib/libc.so.6"), "file     /usr/lib/libc.so.6\nsize     5.0 KB\n"
         "layer    1, {one}  layer 0\npackage  libc6\n\n" + LIBC),
        (("--why", "/etc/motd"), "file     /etc/motd\nsize     6 B\nlayer    1, {one}  layer 0\n"
         "package  none\n"),
        (("--files", "/lib"), "SIZE  MODE  OWNER  LAYER  PACKAGE  PATH\n0 B   0777  0:0    1      -"
         "        /lib -> usr/lib\n\n1 file, 0 B\n"),
    ],
)  # fmt: skip
def test_what_is_said(
    image: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    found = inspection.read(str(image))
    digests = {"one": found.layers[0].digest[7:19], "two": found.layers[1].digest[7:19]}

    assert said(capsys, image, *words) == text.format(digest=found.digest[7:], **digests)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--why", "lib"), "the image has no package 'lib' [no-package]\n  hint: did you mean 'libc6'?"),
        (("--why", "zzzzz"), "the image has no package 'zzzzz' [no-package]\n"
         "  hint: if it is a file: --why /zzzzz"),
        (("--why", "/etc"), "'/etc' is a directory [no-file]\n  hint: --files '/etc/*'"),
        (("--why", "/no/such"), "the image has no file '/no/such' [no-file]\n  hint: --files '*such*'"),
        (("--why", "/usr/bin/dash"), "the image has no file '/usr/bin/dash' [no-file]\n"
         "  layer 1 has it, layer 2 deletes it\n  hint: --files '*dash*'"),
        (("--files", "*.none"), "the image has no file '*.none' [no-file]\n  hint: list them all: --files"),
        (("x", "--layers"), "--layers is for one image [usage]\n  hint: leave it out, or OTHER"),
        (("x", "--why", "y"), "--why is for one image [usage]\n  hint: leave it out, or OTHER"),
        (("--files", "--format", "html"), "--format html shows everything [usage]\n"
         "  hint: leave out --files"),
        (("/nowhere",), "there is no image at '/nowhere' [no-image]\n"
         "  hint: give the name of a built image, a layout directory or an archive"),
    ],
)  # fmt: skip
def test_what_is_refused(
    image: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], text: str
) -> None:
    assert refused(capsys, image, *words) == f"error: {text}\n"


@pytest.mark.parametrize("words", [(), ("--files",), ("--why", "libc6"), ("--why", "/etc/web.conf")])
def test_json_is_what_its_schema_says(
    image: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    found = json.loads(said(capsys, image, *words, "--format", "json"))

    jsonschema.Draft202012Validator(answer.schema()).validate(found)
    assert found["version"] == 1


def test_json_word_for_word(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(said(capsys, image, "--files", "/etc/web.conf", "--format", "json"))

    assert list(found) == ["version", "image", "layers", "packages", "unowned", "hidden", "remarks", "files"]
    assert found["files"] == [
        {"path": "/etc/web.conf", "kind": "file", "size": 5, "mode": "0644", "uid": 0, "gid": 0, "link": "",
         "layer": 1, "package": "web"}
    ]  # fmt: skip
    assert found["packages"][1] == {
        "name": "web", "version": "1.2-1", "architecture": "amd64", "kind": "deb", "source": "web",
        "feed": "", "license": "GPL-2+ and Expat", "homepage": "https://web.example/",
        "summary": "serves pages", "asked": True,
        "needs": ["dash", "libfoo1"], "size": 3141, "files": 4, "layers": [0, 1], "why": ["web"],
    }  # fmt: skip
    assert found["hidden"] == [
        {"path": "/etc/web.conf", "size": 4, "layer": 0, "by": 1},
        {"path": "/usr/bin/dash", "size": 400, "layer": 0, "by": 1},
    ]
    assert (found["unowned"], found["image"]["wasted"]) == ({"files": 9, "size": 983}, 404)


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--inspect"]) == 0
    assert json.loads(capsys.readouterr().out) == answer.schema()


def chains(*components: Any) -> dict[str, tuple[str, ...]]:
    made = [Component(name, needs=tuple(needs), asked=asked) for name, needs, asked in components]
    return reasons.chains(made)


def test_the_shortest_way_from_what_was_asked_for() -> None:
    assert chains(
        ("app", ["a", "z"], True),
        ("a", ["b"], False),
        ("b", ["c"], False),
        ("z", ["c"], False),
        ("c", [], False),
    )["c"] == ("app", "z", "c")
    assert chains(("app", [], True), ("b", ["b"], False))["b"] == ("b",)
    assert chains(("x", ["y"], False), ("y", ["x"], False)) == {"x": ("x",), "y": ("x", "y")}
    assert chains(("top", ["y"], False), ("y", ["gone"], False))["y"] == ("top", "y")
