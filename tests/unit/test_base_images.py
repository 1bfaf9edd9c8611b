"""Base images out of feeds: which packages, the same layers alone and below, what runs, and what is refused."""

# ruff: noqa: E501  shell text and messages are read best in one line

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList
from sdk_hooks.core import registry
from sdk_hooks.core.feeds import bases, feed, pool
from sdk_hooks.core.feeds.paths import Paths
from sdk_hooks.core.files.fileset import FILE, Entry
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.registry import load
from sdk_hooks.image import Image
from sdk_hooks.target import Platform

from .debmaker import deb, member
from .helpers import content, fails, flat, write

APPLETS = b"\x7fELF [\0[[\0ash\0cat\0ifconfig\0linuxrc\0sh\0\0zzz\0"
DATA = "root:*:0:0:root:/root:/bin/sh\nlp:*:7:7:lp:/:/usr/sbin/nologin\n"
INIT = BaseImage(
    "tiny-system",
    "an init",
    (PackageList(("init",)),),
    entrypoint=("/sbin/init",),
    user="0:0",
    env={"container": "oci"},
    stop_signal="SIGRTMIN+3",
    links={"/etc/systemd/system/getty.service": "/dev/null"},
)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """What `small` is made of, and an application that makes a user."""
    place = tmp_path / "feed"
    deb(place, "busybox-static", member("./bin/busybox", APPLETS, mode=0o755), member("./usr/share/man/man1/busybox.1", b"x"),
        member("./bin/su", b"\x7fELF", mode=0o4755), control="Source: busybox\nInstalled-Size: 4\n")  # fmt: skip
    deb(place, "base-files", member("./etc/os-release", b"ID=x\n"), member("./usr/share/doc/base-files/README", b"x"),
        member("./usr/share/doc/base-files/copyright", b"x"), control="Pre-Depends: awk\n")  # fmt: skip
    deb(place, "base-passwd", member("./usr/share/base-passwd/passwd.master", DATA.encode()),
        member("./usr/share/base-passwd/group.master", b"root:*:0:\nlp:*:7:\n"), control="Depends: libc6\n")  # fmt: skip
    deb(place, "netbase", member("./etc/services", b"ssh 22/tcp\n"))
    deb(place, "app", member("./usr/bin/app", b"#!/bin/sh\n", mode=0o755), member("./usr/share/doc/app/README", b"x"), control="Depends: netbase\n",
        scripts={"postinst": "#!/bin/sh\nset -e\nadduser --system --group app\nchown lp /usr/bin/app\nrm /etc/services\n"})  # fmt: skip
    deb(place, "init", member("./sbin/init", b"\x7fELF", mode=0o755))
    return place


@pytest.fixture
def more(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A plugin with one more base image."""

    class Plugin:
        @staticmethod
        @hookimpl
        def sdk_base_images() -> list[BaseImage]:
            return [INIT]

    def loaded() -> registry.Plugins:
        plugins = load()
        plugins.manager.register(Plugin())
        return plugins

    monkeypatch.setattr(registry, "load", loaded)
    yield


def build(packages: Path, name: str, *words: str) -> Image:
    out = packages.parent / "out"
    assert (
        main(
            [
                "-q",
                "container-build",
                name,
                "--feed",
                str(packages),
                "-o",
                str(out),
                "--platform",
                "linux/amd64",
                *words,
            ]
        )
        == 0
    )
    return Layout(out / f"{name}-latest-oci").image()


def config(image: Image) -> dict[str, object]:
    found: dict[str, object] = json.loads(image.blob(image.config_descriptor).read_bytes())["config"]
    return found


def test_small_is_busybox_with_links_and_users(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = build(packages, "tiny", "--base", "small")
    files = flat(image)

    assert files["bin/sh"].linkname == "/bin/busybox"
    assert files["sbin/ifconfig"].linkname == "/bin/busybox"
    assert "bin/linuxrc" not in files
    assert b"lp:x:7:7:" in content(image, "etc/passwd")
    assert files["bin/su"].mode == 0o755
    assert "usr/share/doc/base-files/copyright" in files
    assert not {
        "usr/share/man/man1/busybox.1",
        "usr/share/doc/base-files/README",
        "usr/share/man",
        "var/lib/dpkg/status",
    } & set(files)
    assert config(image)["Cmd"] == ["/bin/sh"]
    assert config(image)["User"] == "0:0"


def test_its_layers_are_the_same_below_an_application(packages: Path) -> None:
    alone = build(packages, "tiny", "--base", "small")
    above = build(packages, "app", "--base", "small", "--install", "app")

    assert above.diff_ids[: len(alone.diff_ids)] == alone.diff_ids
    assert config(above)["Entrypoint"] == ["/usr/bin/app"]
    assert config(above)["User"] == "65532:65532"
    assert b"app:x:100:100:" in content(above, "etc/passwd")
    assert flat(above)["usr/bin/app"].uid == 7
    assert "usr/share/doc/app/README" not in flat(above)
    assert "etc/.wh.services" in flat(above)


def test_an_image_built_before_is_a_base_that_is_known(packages: Path) -> None:
    """Its packages are not installed again, and its name stands before a plugin's."""
    out = packages.parent / "out"
    build(packages, "small", "--base", "small")
    alone = build(packages, "small", "--base", "small")
    again = build(
        packages,
        "app",
        "--base",
        str(out / "small-latest-oci"),
        "--install",
        "app",
        "--exclude",
        "/usr/share/doc/**",
    )

    assert again.diff_ids[: len(alone.diff_ids)] == alone.diff_ids
    record = json.loads((out / "app-latest-contents.json").read_text())
    assert [each["name"] for each in record["components"]] == ["app"]
    assert "busybox-static" in [each["name"] for each in record["below"]]
    assert "usr/share/doc/app/README" not in flat(again)
    assert config(again)["Cmd"] == ["/bin/sh"]


def test_a_path_stands_before_a_plugin(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert (
        main(
            [
                "container-build",
                "app",
                "--base",
                "small",
                "--install",
                "app",
                "--feed",
                str(packages),
                "-o",
                "out",
            ]
        )
        == 1
    )


def test_a_base_without_a_program_waits_for_one(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            [
                "container-build",
                "x",
                "--base",
                "distroless",
                "-o",
                str(packages.parent),
                "--platform",
                "linux/amd64",
            ]
        )
        == 1
    )
    assert capsys.readouterr().err.startswith(
        "error: which program 'x' is to run is not clear [no-entrypoint]\n"
    )


@pytest.mark.parametrize(("base", "users"), [("scratch", False), ("distroless", True)])
def test_nothing_below_and_as_good_as_nothing(tmp_path: Path, base: str, users: bool) -> None:
    tree = write(tmp_path / "tree", {"usr/bin/app": "static"})
    (tree / "usr/bin/app").chmod(0o755)
    assert (
        main(
            [
                "-q",
                "container-build",
                "app",
                "--from",
                str(tree),
                "--base",
                base,
                "-o",
                str(tmp_path),
                "--platform",
                "linux/amd64",
            ]
        )
        == 0
    )
    image = Layout(tmp_path / "app-latest-oci").image()

    assert ("etc/passwd" in flat(image)) == users
    assert config(image)["User"] == "65532:65532"


def test_an_init_is_what_every_image_on_top_runs(packages: Path, more: None) -> None:
    for words in ((), ("--install", "app")):
        image = build(packages, "app", "--base", "tiny-system", *words)
        found = config(image)
        assert (found["Entrypoint"], found["User"], found["StopSignal"]) == (
            ["/sbin/init"],
            "0:0",
            "SIGRTMIN+3",
        )
        assert "container=oci" in found["Env"]  # type: ignore[operator]  # a list
        assert flat(image)["etc/systemd/system/getty.service"].linkname == "/dev/null"
    own = config(
        build(packages, "app", "--base", "tiny-system", "--install", "app", "--entrypoint", "/usr/bin/app")
    )
    assert (own["Entrypoint"], own["User"]) == (["/usr/bin/app"], "65532:65532")


def test_arguments_alone_are_run_without_the_base_s_shell(packages: Path) -> None:
    found = config(build(packages, "tiny", "--base", "small", "--cmd", "/bin/cat /etc/services"))
    assert (found["Cmd"], found.get("Entrypoint"), found["User"]) == (
        ["/bin/cat", "/etc/services"],
        None,
        "65532:65532",
    )


def test_several_programs_and_no_name_are_a_shell(packages: Path) -> None:
    deb(packages, "pair", *(member(f"./usr/bin/{name}", b"\x7fELF", mode=0o755) for name in ("one", "two")))
    assert config(build(packages, "tools", "--base", "small", "--install", "pair"))["Cmd"] == ["/bin/sh"]
    assert config(build(packages, "two", "--base", "small", "--install", "pair"))["Entrypoint"] == [
        "/usr/bin/two"
    ]


def test_rights_that_scripts_give_are_refused_too(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deb(
        packages,
        "root",
        member("./usr/bin/root", b"\x7fELF", mode=0o755),
        scripts={"postinst": "#!/bin/sh\nchmod u+s /usr/bin/root\n"},
    )
    words = [
        "container-build",
        "root",
        "--install",
        "root",
        "--feed",
        str(packages),
        "-o",
        str(packages.parent),
    ]

    assert main(words) == 1
    assert capsys.readouterr().err.endswith(
        "error: the package 'root' has a program with the rights of another user [refused]\n  root: /usr/bin/root\n"
        "  hint: take them away: --setuid none; or allow it: --setuid /usr/bin/root\n"
    )
    assert main([*words, "--setuid", "none"]) == 0
    assert flat(Layout(packages.parent / "root-latest-oci").image())["usr/bin/root"].mode == 0o755


def test_what_a_feed_lacks_is_told(packages: Path) -> None:
    found = pool.read([feed.Feed(str(packages))], load().package_formats(), Platform("amd64"), pytest.fail)
    listed = (
        PackageList(("no-such", "app", "nor-this")),
        PackageList(("gone | away", "maybe?", "app")),
        PackageList(("app",), format="rpm"),
    )
    with fails(
        "the base image 'x' can't be made out of these feeds [no-base-packages]\n  they lack gone | away\n"
        "  hint: give a feed that has them: --feed URL"
    ):
        bases.choose(found, BaseImage("x", "x", listed))
    with fails(
        "the base image 'x' can't be made out of these feeds [no-base-packages]\n  it is not made of packages of deb\n"
        "  hint: give a feed that has them: --feed URL"
    ):
        bases.choose(found, BaseImage("x", "x", listed[2:]))


def test_the_first_list_that_a_feed_has_is_taken(packages: Path) -> None:
    found = pool.read([feed.Feed(str(packages))], load().package_formats(), Platform("amd64"), pytest.fail)
    listed = (
        PackageList(("gone",)),
        PackageList(("away | app", "netbase?", "maybe?"), alone=("app",)),
        PackageList(("init",)),
    )
    chosen = bases.choose(found, BaseImage("x", "x", listed))
    assert [str(each) for each in chosen.wanted] == ["app", "netbase"]
    assert chosen.alone == {"app"}


def test_a_feed_that_nothing_is_taken_of_is_told(packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = write(packages.parent / "tree", {"usr/bin/app": "#!/bin/sh\n", "bin/sh": "#!/usr/bin/app\n"})
    words = [
        "container-build",
        "app",
        "--from",
        str(tree),
        "--feed",
        str(packages),
        "--base",
        "distroless",
        "-o",
        str(packages.parent),
    ]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "error: --feed says where packages are, and nothing says which [usage]\n  hint: name them: --install PACKAGE\n"
    )


def test_a_name_that_is_no_base_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["container-build", "app", "--base", "smal", "-o", str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        "error: no base image is named 'smal' [unknown-plugin]\n  known: distroless, large, medium, scratch, small, system\n"
        "  hint: did you mean 'small'?\n"
    )


def test_excluded_paths() -> None:
    paths = Paths(("/usr/share/doc/**", "!/usr/share/doc/*/copyright", "/opt/*"))
    entries = [
        Entry(path, "5", 0o755)
        for path in ("usr/share", "usr/share/doc", "usr/share/doc/a", "usr/share/doc/b", "opt")
    ]
    entries += [
        Entry(path, FILE, 0o644)
        for path in ("usr/share/doc/a/copyright", "usr/share/doc/b/README", "opt/tool", "opt/lib/x")
    ]
    entries += [Entry("usr/share/kept", "1", 0o644, link="opt/tool")]

    assert [entry.path for entry in paths.of(entries)] == [
        "usr/share", "usr/share/doc", "usr/share/doc/a", "opt", "usr/share/doc/a/copyright", "opt/tool", "opt/lib/x", "usr/share/kept",
    ]  # fmt: skip


def test_applets_are_read_out_of_the_program() -> None:
    assert bases.applets(APPLETS) == ["[", "[[", "ash", "cat", "ifconfig", "sh"]
    assert bases.applets(b"\x7fELF") == []
