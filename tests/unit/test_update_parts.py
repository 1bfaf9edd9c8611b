"""The parts of sdk-update: what it tells apart, what it keeps, and what it refuses."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.sdk import prepare
from sdk_hooks.core.update import layers, mirror, signatures, stage

from .helpers import fails, write

OLD = 'SIGGEN_LOCKEDSIGS_t-core2 = "\\\n    zlib:do_package:aaaaaaaaaa \\\n    zlib:do_fetch:1 \\\n    gone:do_package:bbbb \\\n    same:do_package:cccc \\\n    "\n'
NEW = 'SIGGEN_LOCKEDSIGS_t-core2 = "\\\n    zlib:do_package:dddddddddd \\\n    zlib:do_fetch:2 \\\n    come:do_package:eeee \\\n    same:do_package:cccc \\\n    same:do_fetch:9 \\\n    "\n'


def git(directory: Path, *words: str) -> str:
    argv = ("git", "-C", str(directory), "-c", "user.name=x", "-c", "user.email=x@example.org", *words)
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


def repository(directory: Path, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    git(directory, "init", "-q", "-b", "main")
    return commit(directory, **files)


def commit(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text)
    git(directory, "add", ".")
    git(directory, "commit", "-q", "-m", "x")
    return directory


def test_recipes_that_are_built_otherwise() -> None:
    """Tasks that only lead to the same result do not count."""
    found = signatures.changes(OLD, NEW, {"zlib": "1.3"}, {"zlib": "1.4"})
    assert found == {
        "zlib": Change("zlib", "1.3 (aaaaaaaa)", "1.4 (dddddddd)"),
        "gone": Change("gone", "(bbbb)", ""),
        "come": Change("come", "", "(eeee)"),
    }


def test_versions_are_those_of_file_names(tmp_path: Path) -> None:
    layer = write(
        tmp_path,
        {
            "oe/meta/recipes-core/zlib/zlib_1.3.bb": "",
            "oe/meta/recipes-core/x/x.bb": "",
            "own/recipes-a/b/b_2.bb": "",
        },
    )
    assert signatures.versions(signatures.recipes(layer)) == {"zlib": "1.3", "b": "2"}


def test_the_state_of_layers(tmp_path: Path) -> None:
    upstream = repository(tmp_path / "upstream", a="1")
    ours = tmp_path / "ours"
    git(tmp_path, "clone", "-q", str(upstream), str(ours))
    [found] = layers.look([ours, ours], fetch=True)
    assert (found.state, found.branch, found.upstream) == ("as upstream", "main", "origin/main")

    commit(upstream, b="2")
    commit(ours, c="3")
    (ours / "c").write_text("4")
    (ours / "d").touch()
    [found] = layers.look([ours], fetch=True)
    assert (found.state, found.dirty) == ("1 behind, 1 ahead, 2 files changed", ("c", "d"))
    assert found.row == ("", "layer", "ours", f"main {git(ours, 'rev-parse', 'HEAD')[:12]}", found.state)


def test_a_remote_that_is_not_to_be_had_is_said(tmp_path: Path) -> None:
    ours = repository(tmp_path / "ours", a="1")
    git(ours, "remote", "add", "origin", str(tmp_path / "none"))
    [found] = layers.look([ours], fetch=True)
    assert found.note.startswith(
        f"the remote of '{ours}' is not to be had ('{tmp_path}/none' does not appear"
    )
    assert found.note.endswith("): as of the last fetch")
    assert found.state == "no upstream"


def test_a_detached_head_and_no_repository(tmp_path: Path) -> None:
    ours = repository(tmp_path / "ours", a="1")
    git(ours, "checkout", "-q", "--detach")
    [found] = layers.look([ours, tmp_path], fetch=True)
    assert (found.branch, found.state, found.note) == ("", "no upstream", "")


def test_a_server_s_layers_are_looked_at_without_checking_them_out(tmp_path: Path) -> None:
    server = repository(tmp_path / "server", **{"zlib_1.4.bb": ""})
    fetched = mirror.fetch(str(server / ".git"), tmp_path / "state/layers.git")
    assert mirror.recipes(fetched) == ["zlib_1.4.bb"]
    revision = git(server, "rev-parse", "HEAD")
    assert mirror.change(tmp_path / "as-installed", fetched) == (
        Change("layers", "as installed", revision[:12]),
    )
    assert mirror.change(server, fetched) == ()
    commit(server, a="1")
    assert mirror.fetch(str(server / ".git"), tmp_path / "state/layers.git").revision != revision
    gone = mirror.fetch(str(tmp_path / "none"), tmp_path / "other.git")
    assert gone.note.startswith(f"the layers at '{tmp_path}/none' can't be read: ")
    assert mirror.change(server, gone) == ()
    assert mirror.recipes(gone) == []


def test_settings_of_devtool_survive() -> None:
    new = "[General]\ninit_path = new\n\n[SDK]\ntargets = a\n"
    old = "[General]\ninit_path = old\nworkspace_path = /w\n\n[SDK]\nupdateserver = http://x/%a\n\n[Mine]\nx = 1\n"
    assert stage.settings_of(old, new) == (
        "[General]\ninit_path = new\nworkspace_path = /w\n\n[SDK]\ntargets = a\nupdateserver = http://x/%a\n\n[Mine]\nx = 1\n\n"
    )


def esdk(base: Path, **conf: str) -> Path:
    """A directory with the parts of an SDK that an update touches."""
    for name, text in conf.items():
        write(base, {f"conf/{name.replace('__', '-')}": text})
    listed = [f"{stage._digest(path)}\tconf/{path.name}" for path in sorted((base / "conf").iterdir())]
    write(
        base,
        {
            "conf/sdk-conf-manifest": "\n".join(listed),
            "layers/a/recipe.bb": "1",
            "workspace/conf/layer.conf": "",
        },
    )
    return base


def test_stock_update_works_on_a_copy(tmp_path: Path) -> None:
    """What it makes is exchanged; what somebody has written stays where the server has nothing new."""
    base = esdk(
        tmp_path / "sdk",
        **{"local.conf": "old", "bblayers.conf": "a", "unlocked__sigs.inc": "", "devtool.conf": "[SDK]\n"},
    )
    (base / "conf/bblayers.conf").write_text("a, and mine")
    (base / "conf/unlocked-sigs.inc").write_text("web")
    (base / "conf/devtool.conf").write_text("[SDK]\nmine = 1\n")
    (base / "layers/a/__pycache__").mkdir()
    theirs = esdk(
        tmp_path / "server",
        **{
            "local.conf": "new",
            "bblayers.conf": "a",
            "unlocked__sigs.inc": "",
            "devtool.conf": "[SDK]\nnew = 1\n",
        },
    )
    (theirs / "layers/a/recipe.bb").write_text("2")

    def stock(place: str) -> int:
        assert (Path(place) / "workspace/conf/layer.conf").exists()
        assert not (Path(place) / "layers/a/__pycache__").exists()
        (Path(place) / "tmp").mkdir()
        subprocess.run(("cp", "-r", f"{theirs}/conf", f"{theirs}/layers", place), check=True)
        return 0

    (tmp_path / "stage").mkdir()
    pairs = stage.stage(base, tmp_path / "stage", stock)
    assert [Path(pair.live).name for pair in pairs] == ["layers", "conf"]
    assert sorted(os.listdir(tmp_path / "stage")) == ["conf", "layers"]
    made = {path.name: path.read_text() for path in (tmp_path / "stage/conf").iterdir()}
    assert (made["local.conf"], made["bblayers.conf"], made["unlocked-sigs.inc"]) == (
        "new",
        "a, and mine",
        "web",
    )
    assert made["devtool.conf"] == "[SDK]\nnew = 1\nmine = 1\n\n"
    assert (base / "layers/a/recipe.bb").read_text() == "1"


def test_a_stock_update_that_fails_or_is_half_of_two_is_refused(tmp_path: Path) -> None:
    base = esdk(tmp_path / "sdk", **{"local.conf": "old"})
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with fails(
        "devtool's own sdk-update has failed [sdk-update-failed]\n  what it says is above; nothing has changed\n"
        "  hint: is the update server right, and up?"
    ):
        stage.stage(base, tmp_path / "one", lambda _: 255)

    def half(place: str) -> int:
        return (Path(place) / "conf/local.conf").write_text("of another generation") * 0

    with fails(
        "the update server was changed while it was read [changed-while-reading]\n  not as its manifest says: conf/local.conf\n"
        "  hint: try again"
    ):
        stage.stage(base, tmp_path / "two", half)


def test_what_is_no_sdk_is_said(tmp_path: Path) -> None:
    with fails(
        f"can't read '{tmp_path}/conf/sdk-conf-manifest' [no-sdk]\n  No such file or directory\n  hint: is this an eSDK?"
    ):
        stage.edited(tmp_path)


def test_what_was_prepared_before_is_told_by_stamps(tmp_path: Path) -> None:
    for name in (
        "1.0-r0.do_populate_sysroot.abc",
        "1.0-r0.do_packagedata_setscene.abc",
        "1.0-r0.do_compile.sigdata.x",
    ):
        write(tmp_path, {f"core2/zlib/{name}": ""})
    write(tmp_path, {"core2/other/1.0.do_populate_sysroot.sigdata.abc": ""})
    assert prepare.targets(tmp_path) == ["zlib:do_packagedata", "zlib:do_populate_sysroot"]


class Bitbake:
    """Says what a run would do."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines

    def run(self, *arguments: str) -> list[str]:
        return list(self.lines) if arguments[0] == "-n" else []


LINE = "NOTE: Running task 5 of 9 (/sdk/layers/x/recipes/{0}/{0}_1.0.bb:do_compile)"


def test_recipes_of_the_workspace_may_be_missing(tmp_path: Path) -> None:
    """devtool's own update calls that a failure, after it has done everything."""
    write(tmp_path, {"core2/web/1.do_packagedata.abc": ""})
    ours = Bitbake(
        LINE.format("web"), LINE.format("web"), "NOTE: Running noexec task 1 of 9 (/w/web.bb:do_build)"
    )
    assert prepare.prepare(ours, tmp_path, {"web"}) == ["web"]  # type: ignore[arg-type]  # only run is called
    assert prepare.prepare(ours, tmp_path / "none", ()) == []  # type: ignore[arg-type]  # likewise
    with fails(
        "the update server lacks what recipes are built of [no-sstate]\n  BitBake would have to build zlib\n"
        "  hint: tell who publishes it: is its sstate-cache complete?"
    ):
        prepare.prepare(Bitbake(LINE.format("web"), LINE.format("zlib")), tmp_path, {"web"})  # type: ignore[arg-type]  # likewise
