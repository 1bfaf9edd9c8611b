"""container-inspect: real packages, in images that skopeo wrote."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.reftarget import packages

from .tester import Cli

pytestmark = pytest.mark.integration
WANTED = ("zstd", "zlib1g", "liblz4-1", "liblzma5")
"""Packages without scripts: dpkg installs them into a directory that has no shell."""


def run(*argv: object, **options: Any) -> str:
    done = subprocess.run(tuple(map(str, argv)), capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{argv}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with packages that dpkg put there, below links as a merged /usr has them."""
    home = tmp_path_factory.mktemp("apt")
    apt = packages.Apt(home, run("dpkg", "--print-architecture").strip(), packages.sources())
    apt.update()
    apt.closure("zstd")
    top = tmp_path_factory.mktemp("root")
    (top / "usr/lib").mkdir(parents=True)
    (top / "lib").symlink_to("usr/lib")
    (top / "var/lib/dpkg/info").mkdir(parents=True)
    (top / "var/lib/dpkg/updates").mkdir()
    (top / "var/lib/dpkg/status").touch()
    files = [
        path for path in apt.archives.glob("*.deb") if path.name.startswith(tuple(f"{n}_" for n in WANTED))
    ]
    run("dpkg", f"--root={top}", "--force-depends", "--install", *files)
    return top


@pytest.fixture(scope="module")
def archives(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same image in the forms that skopeo writes: a layer with packages, and one on top of it."""
    out = tmp_path_factory.mktemp("out")
    top = out / "top"
    (top / "usr/bin").mkdir(parents=True)
    (top / "usr/bin/zstd").write_text("#!/bin/sh\n")
    (top / "usr/bin/.wh.zstdless").touch()
    run("tar", "-C", root, "--sort=name", "-cf", out / "root.tar", ".")
    run("tar", "-C", top, "-cf", out / "top.tar", "usr/bin")
    layers = f"tarball:{out}/root.tar:{out}/top.tar"
    places = {"oci": out / "oci", "oci-archive": out / "oci.tar", "docker-archive": out / "docker.tar"}
    for form, place in places.items():
        run("skopeo", "--insecure-policy", "copy", "-q", layers, f"{form}:{place}:shop/zstd:1")
    return places


@pytest.fixture(params=["oci", "oci-archive", "docker-archive"])
def image(request: pytest.FixtureRequest, archives: dict[str, Path]) -> str:
    return str(archives[request.param])


def answer(cli: Cli, *words: str) -> dict[str, Any]:
    done = cli("container-inspect", *words, "--format", "json")
    assert (done.status, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_packages_are_those_that_dpkg_knows(cli: Cli, image: str, root: Path) -> None:
    found = answer(cli, image)
    query = ("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-W", "-f")
    lines = run(*query, "${Package} ${Version} ${Architecture} ${source:Package}\n").splitlines()

    assert sorted(
        " ".join((p["name"], p["version"], p["architecture"], p["source"])) for p in found["packages"]
    ) == (sorted(lines))
    assert len(lines) == len(WANTED)
    assert found["image"]["name"].endswith("shop/zstd:1")
    why = {package["name"]: package["why"] for package in found["packages"]}
    assert why["liblz4-1"] == ["zstd", "liblz4-1"]


def test_sizes_are_those_of_the_files_of_each_package(cli: Cli, image: str, root: Path) -> None:
    found = {package["name"]: package["size"] for package in answer(cli, image)["packages"]}
    replaced = {"usr/bin/zstd": len("#!/bin/sh\n"), "usr/bin/zstdless": 0}
    for name in WANTED:
        listed = run("dpkg-query", f"--admindir={root}/var/lib/dpkg", "-L", name).splitlines()
        paths = {path.strip("/.") for path in listed} - {""}
        files = [path for path in paths if not (root / path).is_dir() and not (root / path).is_symlink()]
        theirs = sum(replaced.get(path, (root / path).lstat().st_size) for path in files)
        assert found[name] == theirs, name


def test_files_have_owners_and_layers(cli: Cli, image: str, root: Path) -> None:
    found = answer(cli, image, "--files")
    files = {each["path"]: each for each in found["files"]}
    expected = {f"/{p.relative_to(root)}" for p in root.rglob("*") if p.is_symlink() or not p.is_dir()}

    assert set(files) == expected - {"/usr/bin/zstdless"}
    assert (files["/usr/bin/zstd"]["package"], files["/usr/bin/zstd"]["layer"]) == ("zstd", 1)
    library = next(path for path in files if path.startswith("/usr/lib/") and "/libz.so.1." in path)
    assert (files[library]["package"], files[library]["layer"]) == ("zlib1g", 0)
    assert [each["path"] for each in found["hidden"]] == ["/usr/bin/zstd", "/usr/bin/zstdless"]


def test_an_image_with_nothing_changed_is_the_same_in_every_form(cli: Cli, archives: dict[str, Path]) -> None:
    done = cli("container-inspect", str(archives["oci"]), str(archives["docker-archive"]))

    assert (done.status, done.stdout) == (0, "the images have the same content\n")


def test_a_base_image_gives_what_is_built_on_it_its_packages(
    cli: Cli, archives: dict[str, Path], tmp_path: Path
) -> None:
    tree = tmp_path / "tree/usr/bin"
    tree.mkdir(parents=True)
    (tree / "app").write_text("#!/bin/sh\n")
    (tree / "app").chmod(0o755)
    cli.build(
        "app", "--from", str(tmp_path / "tree"), "--base", str(archives["oci-archive"]), "-o", str(tmp_path)
    )
    found = answer(cli, "app", "-o", str(tmp_path))

    assert {package["name"] for package in found["packages"]} == {*WANTED, "application", "sysroot"}


@pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="rpm is not installed: apt-get install rpm")
def test_packages_of_rpm(cli: Cli, tmp_path: Path) -> None:
    spec = (
        "Name: {name}\nVersion: 1\nRelease: 2\nSummary: {name} it is\nLicense: MIT\nBuildArch: noarch\n{more}"
        "%description\n%install\nmkdir -p %{{buildroot}}/opt\necho hello >%{{buildroot}}/opt/{name}\n"
        "%files\n/opt/{name}\n"
    )
    for name, more in (("app", "Requires: lib\n"), ("lib", "")):
        (tmp_path / f"{name}.spec").write_text(spec.format(name=name, more=more))
        run("rpmbuild", "-bb", "--define", f"_topdir {tmp_path}/build", tmp_path / f"{name}.spec")
    root = tmp_path / "root"
    files = sorted((tmp_path / "build/RPMS").rglob("*.rpm"))
    run("rpm", f"--root={root}", "--dbpath", "/var/lib/rpm", "--nodeps", "-i", *files)
    run("tar", "-C", root, "-cf", tmp_path / "root.tar", ".")
    run(
        "skopeo", "--insecure-policy", "copy", "-q", f"tarball:{tmp_path}/root.tar", f"oci:{tmp_path}/image:x"
    )
    found = {package["name"]: package for package in answer(cli, str(tmp_path / "image"))["packages"]}

    assert {name: (p["version"], p["kind"], p["license"], p["size"]) for name, p in found.items()} == {
        "app": ("1-2", "rpm", "MIT", 6),
        "lib": ("1-2", "rpm", "MIT", 6),
    }
    assert (found["lib"]["why"], found["lib"]["source"]) == (["app", "lib"], "lib")
