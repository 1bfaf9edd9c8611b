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
from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.registry import load
from sdk_hooks.image import Image

from .basefeed import make_feed
from .debmaker import deb, member
from .helpers import content, flat, members, write

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
    return make_feed(tmp_path / "feed")


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


def test_what_the_base_has_just_so_is_in_no_other_layer(packages: Path) -> None:
    services = {"etc/services": "ssh 22/tcp\n", "etc/os-release": "ID=y\n", "usr/bin/app": "static"}
    tree = write(packages.parent / "tree", services)
    (tree / "usr/bin/app").chmod(0o755)
    (tree / "usr/bin/same").hardlink_to(tree / "usr/bin/app")
    image = build(packages, "app", "--base", "small", "--from", str(tree))

    assert set(members(image)[-1]) & {*services, "usr/bin/same"} == {
        "etc/os-release",
        "usr/bin/app",
        "usr/bin/same",
    }


def test_a_path_stands_before_a_plugin(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory that only has the name of a base does not."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"small/index.json": "{}", "distroless/": ""})
    words = ["container-build", "app", "--install", "app", "--feed", str(packages), "-o", "out"]

    assert main([*words, "--base", "small"]) == 1
    assert capsys.readouterr().err.startswith("error: the image 'small' is damaged [bad-base]\n")
    assert main([*words, "--base", "distroless"]) == 0


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
