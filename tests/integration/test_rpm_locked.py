"""`--lock` and `--locked` out of repositories of createrepo_c: the same image when they have moved on."""

# ruff: noqa: E501  messages are read best in one line

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.rpmmaker import File, rpm

from .rpmsite import createrepo
from .tester import Cli, Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("createrepo_c") is None,
        reason="createrepo_c is not installed: apt-get install createrepo-c",
    ),
]


def package(directory: Path, name: str, version: str, text: str = "", **more: list[str]) -> Path:
    program = File(f"/usr/bin/{name}", f"#!{name} {version} {text}\n".encode(), 0o100755)
    return rpm(directory, name, File("/usr/bin", mode=0o040755), program, version=version, **more)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Of the directory `repository`, by Python's web server."""
    (tmp_path / "repository").mkdir()
    argv = (sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path / "repository"))  # fmt: skip
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().split("(")[1].split(")")[0].rstrip("/")
        server.terminate()


class Site:
    """Needs `app` and, because of it, `lib`; each build is on a machine of its own, with an empty cache."""

    def __init__(self, top: Path, feed: str) -> None:
        self.top, self.repository, self.builds = top, top / "repository", 0
        package(self.repository, "app", "1.0", requires=["lib"])
        package(self.repository, "lib", "1.0")
        createrepo(self.repository)
        (top / "spec").mkdir()
        (top / "spec/container.yaml").write_text(
            f"install: [app]\nfeeds: ['{feed}']\nentrypoint: /usr/bin/app\n"
        )

    def build(self, *options: str) -> Done:
        self.builds += 1
        home = self.top / f"home{self.builds}"
        home.mkdir()
        words = ("container-build", "web", "-o", str(home / "images"), "--format", "json")
        return Cli(home)(*words, *options, cwd=self.top / "spec")

    def digest(self, *options: str) -> str:
        done = self.build(*options)
        assert done.status == 0, done.stderr
        return str(json.loads(done.stdout)["digest"])

    @property
    def lock(self) -> str:
        return (self.top / "spec/container.lock").read_text()


@pytest.fixture(params=["directory", "http"])
def site(tmp_path: Path, url: str, request: pytest.FixtureRequest) -> Site:
    return Site(tmp_path, "../repository" if request.param == "directory" else f"{url} trusted=yes")


def test_a_repository_that_has_moved_on(site: Site) -> None:
    platform = ("--platform", "linux/amd64")
    first = site.digest("--lock", *platform)
    for name, path in (("app", "app-1.0-1.noarch.rpm"), ("lib", "lib-1.0-1.noarch.rpm")):
        assert (
            f'- name: {name}\n    version: "1.0-1"\n    architecture: noarch\n    format: rpm\n' in site.lock
        )
        assert f"    file: {path}\n" in site.lock

    package(site.repository, "lib", "2.0")
    createrepo(site.repository, "--compress-type", "xz", "--general-compress-type", "xz")
    before = site.lock
    assert site.digest("--locked") == first
    assert site.lock == before
    assert site.digest(*platform) != first


def test_a_package_that_is_gone_or_another_one_is_refused(site: Site) -> None:
    site.digest("--lock", "--platform", "linux/amd64")
    feed = site.lock.partition("    feed: ")[2].partition("\n")[0].strip('"')
    path = package(site.repository, "lib", "1.0", "again")
    createrepo(site.repository)
    done = site.build("--locked")
    assert done.status == 1
    assert (
        f"error: the feed '{feed}' has 'lib' 1.0-1 in another file than the lock [wrong-hash]\n  at '{path.name}'; it has sha256:"
        in done.stderr
    )
    assert done.stderr.endswith("  hint: it was built again: make the lock again with --lock\n")

    path.unlink()
    done = site.build("--locked")
    assert done.status == 1
    assert done.stderr.endswith(
        f"error: the feed '{feed}' no longer has 'lib' 1.0-1, which the lock wants [no-package]\n"
        f"  looked for '{path.name}'\n  hint: bring that file back, or make the lock again with --lock\n"
    )
    assert not list(site.top.glob(f"home{site.builds}/images/*-oci/index.json"))
