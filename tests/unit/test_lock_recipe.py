"""Locks of workspace recipes: revisions, and packages that BitBake has built."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.bom import affected as bom
from sdk_hooks.core.bom import lockfile
from sdk_hooks.core.bom.changes import Change
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.feeds import feed, pool
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.files.tree import Source
from sdk_hooks.core.registry import load
from sdk_hooks.core.sdk import deployed
from sdk_hooks.core.sdk.workspace import Recipe, Sdk
from sdk_hooks.families import Progress
from sdk_hooks.target import Platform

from .helpers import AMD64, fails, group, write
from .helpers import file as entry
from .lockplace import Project, package, project, skeleton  # noqa: F401  a fixture
from .test_locked import differs
from .test_revision import commit, git

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Workspace(Sdk):
    """One recipe `web`, as BitBake would have built it."""

    def __init__(self, top: Path) -> None:
        super().__init__(None, str(top), {"web": {"srctree": str(top / "sources")}})
        self.top, self.built, self.depends = top, 0, "1.0-r0"
        write(top / "sources", {"web.c": "int main;"})
        write(top / "layers/meta-one", {"web.bb": "x"})
        write(top / "layers/meta-no-git", {"a.bb": "x"})
        write(top / "deploy/core2", {"libgreet1_1.0-r0_amd64.deb": "greet", "web_1.0-r0_amd64.deb": "stale"})
        for made in (top / "sources", top / "layers/meta-one"):
            git(made, "init", "-q")
            commit(made)

    def read(self, name: str, progress: Progress) -> Recipe:
        self.built += 1
        below = group("greet", entry("usr/lib/libgreet.so.1", self.depends.encode()))
        own = group("application", entry("usr/bin/web", b"#!", 0o755))
        below.components = [Component("libgreet1", self.depends, "x86_64", "deb", "greet")]
        own.components = [Component("web", "1.0-r0", "x86_64", "deb", "web", asked=True)]
        said: Mapping[str, Any] = {"OCI_IMAGE_ENTRYPOINT": "/usr/bin/web"}
        layers = [str(path) for path in sorted((self.top / "layers").iterdir())]
        return Recipe(Source([below, own], AMD64), said, tuple(layers), str(self.top / "deploy"))


@pytest.fixture
def workspace(project: Project) -> Project:  # noqa: F811
    """A recipe with a lock that is committed with its sources."""
    (project.top / "container.yaml").unlink()
    project.sdk = Workspace(project.top)
    project.lock = project.top / "sources/container.lock"
    project.build("--lock")
    commit(project.top / "sources")
    return project


def test_a_lock_of_a_recipe_lies_in_its_sources_and_has_revisions_and_hashes(workspace: Project) -> None:
    found = lockfile.load(workspace.lock)
    head = git(workspace.top / "sources", "rev-parse", "HEAD~1")

    assert found.sources.tree and found.sources.tree.commit == head
    assert [(each.name, each.dirty) for each in found.sources.layers] == [("meta-one", False)]
    digest = f"sha256:{hashlib.sha256(b'greet').hexdigest()}"
    assert found.packages == (
        Component(
            "libgreet1",
            "1.0-r0",
            "x86_64",
            "deb",
            "greet",
            path="core2/libgreet1_1.0-r0_amd64.deb",
            size=5,
            digest=digest,
        ),
        Component("web", "1.0-r0", "x86_64", "deb", "web"),
    )
    assert str(workspace.top) not in workspace.lock.read_text()


def test_it_is_good_for_the_revision_that_it_is_committed_in(workspace: Project) -> None:
    first = workspace.digest
    workspace.build("--locked")
    assert workspace.digest == first


def test_other_sources_are_refused_before_bitbake_runs(workspace: Project) -> None:
    sources = workspace.top / "sources"
    before = git(sources, "rev-parse", "HEAD~1")
    write(sources, {"web.c": "int other;"})
    with fails(
        "there are changes in the sources that are not committed, and so not in the lock [dirty]\n"
        "  hint: see git status: commit or stash them, or build without --locked"
    ):
        workspace.build("--locked")

    after = commit(sources)
    said = f"the sources: {before[:12]} -> {after[:12]}"
    with fails(differs(workspace.lock, said, hint="check the revision of the lock out")):
        workspace.build("--locked")
    assert isinstance(workspace.sdk, Workspace) and workspace.sdk.built == 1


def test_another_layer_is_refused(workspace: Project) -> None:
    layer = workspace.top / "layers/meta-one"
    before = git(layer, "rev-parse", "HEAD")
    write(layer, {"web.bb": "y"})
    after = commit(layer)
    with fails(
        differs(
            workspace.lock,
            f"the layer meta-one: {before[:12]} -> {after[:12]}",
            hint="check the revision of the lock out",
        )
    ):
        workspace.build("--locked")


def test_a_lock_of_what_was_not_committed_is_good_for_nobody(workspace: Project) -> None:
    write(workspace.top / "sources", {"web.c": "int other;"})
    told = workspace.build("--lock")

    assert (
        "warning: there are changes in the sources that are not committed, and nobody else has them\n" in told
    )
    commit(workspace.top / "sources")
    with fails(
        f"the lock '{workspace.lock}' was made with changes in the sources that were not committed [dirty]\n"
        "  hint: commit them, and make the lock again: container-build web --lock"
    ):
        workspace.build("--locked")


def test_where_git_knows_nothing_the_digest_decides(workspace: Project) -> None:
    shutil.rmtree(workspace.top / "sources/.git")
    told = workspace.build("--locked")

    assert "git knows no revision of the sources here: only the digest tells about it\n" in told


def test_other_packages_of_bitbake_are_said_one_by_one(workspace: Project) -> None:
    first = workspace.digest
    assert isinstance(workspace.sdk, Workspace)
    workspace.sdk.depends = "2.0-r0"
    with fails(differs(workspace.lock, "libgreet1 1.0-r0 -> 2.0-r0")):
        workspace.build("--locked")
    assert workspace.digest == first


FILES = {
    "all/tzdata_2024a-r0_all.deb": "1",
    "core2/libc6_2.39+git0+ab-r0_amd64.deb": "22",
    "core2/libc6-dev_2.39+git0+ab-r0_amd64.deb": "333",
    "x/gawk-5.3-r0.core2_64.rpm": "4444",
    "x/gawk-5.3-r0.1.core2_64.rpm": "4444",
    "one/twice_1-r0_a.ipk": "1",
    "two/twice_1-r0_b.ipk": "2",
}


@pytest.mark.parametrize(
    ("name", "version", "kind", "path"),
    [
        ("tzdata", "2024a-r0", "deb", "all/tzdata_2024a-r0_all.deb"),
        ("libc6", "2.39+git0+ab-r0", "deb", "core2/libc6_2.39+git0+ab-r0_amd64.deb"),
        ("libc6", "2.39+git0+ab-r1", "deb", ""),
        ("gawk", "5.3-r0.1", "rpm", "x/gawk-5.3-r0.1.core2_64.rpm"),
        ("twice", "1-r0", "ipk", ""),
        ("application", "", "", ""),
    ],
)
def test_files_of_packages(tmp_path: Path, name: str, version: str, kind: str, path: str) -> None:
    write(tmp_path, FILES)
    component = Component(name, version, "x", kind)

    [found] = deployed.found([component], tmp_path)

    assert (found.path, found.size, bool(found.digest)) == (path, len(FILES.get(path, "")), bool(path))
    assert deployed.found([replace(component, asked=True)], tmp_path)[0].path == ""
    assert deployed.found([component], tmp_path / "none") == (component,)


def feeds_of(project: Project) -> Pool:  # noqa: F811
    return pool.read([feed.Feed("feed")], load().package_formats(), Platform("amd64"), pytest.fail)


def test_what_a_feed_that_moved_on_means_for_an_image(project: Project) -> None:  # noqa: F811
    project.build("--lock")
    lock = lockfile.load(project.lock)
    assert bom.affected(lock, feeds_of(project)) == ()

    package(project.feed, "lib", "2.0", depends="more")
    package(project.feed, "more", "3")
    skeleton(project.feed, "2")

    assert bom.affected(lock, feeds_of(project)) == (
        Change("base-files", "1", "2"),
        Change("lib", "1.0", "2.0"),
        Change("more", "", "3"),
    )
