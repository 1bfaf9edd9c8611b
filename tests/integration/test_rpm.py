"""Packages of rpmbuild, repositories of createrepo_c, and what rpm and dnf make of the same."""

# ruff: noqa: E501  command lines are read best as such

import json
import os
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core.feeds import feed, pool, solve
from sdk_hooks.core.feeds.pool import Pool
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.target import Platform

from .place import Place, wait
from .rpmsite import PAYLOADS, build, createrepo, queried
from .tester import Cli

pytestmark = pytest.mark.integration
FORM = load().package_formats()["rpm"]
MACHINE = os.uname().machine
PLATFORM = Platform({"x86_64": "amd64", "aarch64": "arm64"}.get(MACHINE, MACHINE))
KINDS = {"0": stat.S_IFREG, "1": stat.S_IFREG, "2": stat.S_IFLNK, "5": stat.S_IFDIR}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository, with an index."""
    return createrepo(build(tmp_path_factory.mktemp("site") / "built"))


def package(repository: Path, name: str) -> Path:
    [path] = repository.rglob(f"{name}-1.2*.rpm")
    return path


def opened(*feeds: object, key: str = "") -> Pool:
    found = [feed.Feed(str(each), key=key) for each in feeds]
    return pool.read(found, load().package_formats(), PLATFORM, pytest.fail)


def read(path: Path) -> dict[str, tuple[str, bytes | None]]:
    """What `rpm -q` and rpm2cpio say as well, by path."""
    found: dict[str, tuple[str, bytes | None]] = {}
    with open(path, "rb") as file, FORM.opened(file) as package:
        for each in package.members:
            content = each.content.read() if each.content else None
            facts = f"{each.mode | KINDS[each.kind]:o} {each.user} {each.group} {each.mtime} {each.link if each.kind == '2' else ''}"
            found[f"/{each.path}"] = (facts, found[f"/{each.link}"][1] if each.kind == "1" else content)
    return found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_packages_have_what_rpm_and_rpm2cpio_say(tmp_path: Path, payload: str) -> None:
    repository = build(tmp_path / "built", payload)
    for path in sorted(repository.rglob("*.rpm")):
        ours = read(path)
        lines = queried(
            path,
            r"[%{FILENAMES}\t%{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEMTIMES} %{FILELINKTOS}\t%{FILEFLAGS:fflags}\n]",
        )
        theirs = {
            name: facts for name, facts, flags in (line.split("\t") for line in lines) if "g" not in flags
        }
        assert {name: facts for name, (facts, _) in ours.items()} == theirs
        assert {
            name: content for name, (facts, content) in ours.items() if facts.startswith("10")
        } == extracted(path, tmp_path / path.stem)


def extracted(path: Path, directory: Path) -> dict[str, bytes]:
    """The files of a package as rpm2cpio and cpio unpack them."""
    directory.mkdir()
    archive = subprocess.run(("rpm2cpio", str(path)), capture_output=True, check=True).stdout
    subprocess.run(
        ("cpio", "-idm", "--quiet", "--no-preserve-owner"), input=archive, cwd=directory, check=True
    )
    files = (each for each in directory.rglob("*") if each.is_file() and not each.is_symlink())
    return {f"/{each.relative_to(directory)}": each.read_bytes() for each in files}


def test_hard_links_and_capabilities(site: Path) -> None:
    with open(package(site, "odd"), "rb") as file, FORM.opened(file) as found:
        members = {each.path.rpartition("/")[2]: each for each in found.members}
    links = {each.link for name, each in members.items() if name in ("one", "two", "a-third")}
    first = next(name for name in ("one", "two", "a-third") if members[name].kind == "0")
    assert links == {"", f"usr/lib/odd/{first}"}
    [(name, value)] = members["raw"].xattrs
    made = site.parent / "raw"
    made.touch()
    subprocess.run(("setcap", "cap_net_raw,cap_net_admin=ep", str(made)), check=True)
    assert value == os.getxattr(made, name)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--compress-type", "xz", "--general-compress-type", "xz"),
        ("--checksum", "sha512"),
        ("--unique-md-filenames", "--no-database"),
    ],
)
def test_an_index_says_the_same_as_the_packages(site: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    indexed = createrepo(Path(shutil.copytree(site, tmp_path / "indexed")), *options)
    bare = Path(shutil.copytree(site, tmp_path / "bare", ignore=shutil.ignore_patterns("repodata")))
    for name in ("hello-http", "hello-pages", "clib", "accounts", "odd"):
        one, other = facts(opened(indexed), name), facts(opened(bare), name)
        assert one | {"depends": ""} == other | {"depends": ""}
        # createrepo_c leaves out what the package provides itself, and of a library all but the newest version
        own = {each.name for each in opened(bare).named(name)[0].provides}
        left = {each.name for [each] in set(other["depends"]) - set(one["depends"])}
        assert {each for each in left if not each.startswith("libc.so.6(")} <= own
        assert set(one["depends"]) <= set(other["depends"])
        assert one["source"] == "site"
        assert one["version"] == "2:1.2~rc1-3^git1"


def facts(found: Pool, name: str) -> dict[str, Any]:
    """All but the digest, and the files: an index has less of them."""
    [package] = [each for each in found.named(name) if each.name == name]
    provides = sorted(each for each in package.provides if not each.name.startswith("/"))
    return {**vars(package), "digest": "", "provides": provides}


def test_what_a_program_needs_is_found_by_its_libraries_and_files(site: Path) -> None:
    names = [each.name for each in solve.solve(opened(site), [wanted("hello-http")]).packages]
    assert names == ["accounts", "clib", "hello-pages", "hello-http"]


@pytest.fixture(scope="module", params=["rsa2048", "ed25519"])
def signed(
    site: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Path, str]]:
    """The repository with packages that rpmsign has signed, and the key."""
    top = tmp_path_factory.mktemp("signed")
    home = top / "g"
    home.mkdir(mode=0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch")
    subprocess.run(
        (*gpg, "--passphrase", "", "--quick-gen-key", "t@example.org", request.param, "sign", "never"),
        check=True,
        capture_output=True,
    )
    key = top / "key.asc"
    key.write_bytes(subprocess.run((*gpg, "--armor", "--export"), check=True, capture_output=True).stdout)
    copy = Path(shutil.copytree(site, top / "repository", ignore=shutil.ignore_patterns("repodata")))
    defined = [f"_gpg_path {home}", "_gpg_name t@example.org", f"__gpg {shutil.which('gpg')}"]
    packages = map(str, sorted(copy.rglob("*.rpm")))
    subprocess.run(
        ("rpmsign", *(f"--define={each}" for each in defined), "--addsign", *packages),
        check=True,
        capture_output=True,
    )
    yield createrepo(copy), str(key)
    subprocess.run(("gpgconf", "--homedir", str(home), "--kill", "all"), check=False)


def test_signatures_of_rpmsign_are_good(
    signed: tuple[Path, str], site: Path, cli: Cli, tmp_path: Path
) -> None:
    repository, key = signed
    words = (
        "container-build",
        "pages",
        "--install",
        "hello-pages",
        "--entrypoint",
        "/usr/share/site/marker",
        "-o",
        str(tmp_path),
    )
    good = cli(*words, "--feed", f"{repository} key={key}")
    assert good.status == 0, good.stderr
    bad = cli(*words, "--feed", f"{site} key={key}")
    assert "of '" in bad.stderr and "is not signed, and a key is given for it [not-signed]" in bad.stderr


def _flat(layout: Path) -> dict[str, tuple[object, ...]]:
    """Kind, mode, owner and content of each file that an image shows."""
    blobs = layout / "blobs" / "sha256"
    manifest = json.loads((layout / "index.json").read_text())["manifests"][0]["digest"][7:]
    found: dict[str, tuple[object, ...]] = {}
    for layer in json.loads((blobs / manifest).read_text())["layers"]:
        with tarfile.open(blobs / layer["digest"][7:]) as archive:
            for each in archive:
                if each.islnk():
                    found[each.name] = found[each.linkname]
                    continue
                content = archive.extractfile(each).read() if each.isreg() else each.linkname  # type: ignore[union-attr]
                found[each.name.strip("/")] = (each.type, oct(each.mode), each.uid, each.gid, content)
    return found


def _of_directory(top: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in top.rglob("*"):
        status = path.lstat()
        kind = {stat.S_IFREG: tarfile.REGTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFDIR: tarfile.DIRTYPE}[
            stat.S_IFMT(status.st_mode)
        ]
        content = (
            path.read_bytes()
            if kind == tarfile.REGTYPE
            else os.readlink(path)
            if kind == tarfile.SYMTYPE
            else ""
        )
        found[str(path.relative_to(top))] = (
            kind,
            oct(stat.S_IMODE(status.st_mode)),
            status.st_uid,
            status.st_gid,
            content,
        )
    return found


def image(cli: Cli, repository: Path, directory: Path, *more: str) -> dict[str, object]:
    directory.mkdir(exist_ok=True)
    (directory / "container.yaml").write_text(
        f"install: [hello-http, odd]\nfeeds: ['{repository}']\nskip_scripts: [clib]\nsetuid: [/usr/lib/odd/raw]\nentrypoint: /usr/bin/hello-http\n"
        "user: web\nports: [8080]\nhealthcheck: {http: {port: 8080, path: /health}}\n"
    )
    done = cli(
        "container-build",
        "site",
        "-f",
        f"{directory}/container.yaml",
        "-o",
        f"{cli.home}/v1",
        "--format",
        "json",
        *more,
    )
    assert done.status == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_an_image_has_what_rpm_installs(cli: Cli, site: Path, tmp_path: Path) -> None:
    """rpm runs the scripts in a chroot, with the busybox that is one of the packages."""
    image(cli, site, tmp_path / "spec", "-o", str(tmp_path / "made"))
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    ours = _flat(tmp_path / "made" / "site-latest-oci")
    for name in ("passwd", "group"):
        (root / "etc" / name).write_bytes(b"")
    order = [
        str(package(site, each.name))
        for each in solve.solve(opened(site), map(wanted, ("hello-http", "odd"))).packages
    ]
    argv = (
        "rpm",
        "--force-debian",
        "--root",
        str(root),
        "--dbpath",
        "/var/lib/rpm",
        "-i",
        "--nosignature",
        *order,
    )
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    theirs = _of_directory(root)

    own = ("var/lib/rpm", "var/tmp", "dev", "etc/passwd", "etc/group")
    added = ("tmp", "usr/local")
    assert {name for name in set(ours) ^ set(theirs) if not name.startswith((*own, *added))} == set()
    for name, found in theirs.items():
        if not name.startswith(own):
            assert ours[name] == found, name


def test_a_server_out_of_rpms_answers_and_its_image_is_always_the_same(
    crun: Place, site: Path, tmp_path: Path
) -> None:
    built = image(crun.cli, site, tmp_path)
    crun.deployed("site")

    assert wait(lambda: "version" in crun.sh("wget -qO- http://127.0.0.1:8080/"))
    assert crun.state("site")["health"] == "healthy"
    umask = os.umask(0o077)
    bare = Path(shutil.copytree(site, tmp_path / "bare", ignore=shutil.ignore_patterns("repodata")))
    try:
        again = image(crun.cli, bare, tmp_path, "-o", f"{crun.cli.home}/again")
    finally:
        os.umask(umask)
    assert again["digest"] == built["digest"]
