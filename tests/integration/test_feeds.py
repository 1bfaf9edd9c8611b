"""Containers out of Debian's archive: which packages, as apt has them, and a server that answers."""

# ruff: noqa: E501  command lines are read best as such

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from unit.debmaker import deb, member

from sdk_hooks.core.feeds import feed, pool, solve
from sdk_hooks.core.reftarget import packages
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.target import Platform

from .place import Place, wait
from .tester import Cli

pytestmark = pytest.mark.integration
WANTED = (
    "nginx-light",
    "mosquitto",
    "python3-minimal",
    "redis-server",
    "busybox-static",
    "dbus",
    "dropbear-bin",
    "tzdata",
)
ARCHITECTURE = subprocess.run(
    ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
).stdout.strip()
PLATFORM = Platform({"amd64": "amd64", "arm64": "arm64"}.get(ARCHITECTURE, ARCHITECTURE))
SCRIPTS = 11_000
"""Bytes of a deployment without its layers."""
CONFIG = """\
daemon off; pid /tmp/pid; error_log /dev/stderr; events {}
http { access_log off; client_body_temp_path /tmp/a; proxy_temp_path /tmp/b; fastcgi_temp_path /tmp/c;
  uwsgi_temp_path /tmp/d; scgi_temp_path /tmp/e; server { listen 8077; root /usr/share/nginx/html; } }
"""


@pytest.fixture(scope="module")
def apt(tmp_path_factory: pytest.TempPathFactory) -> packages.Apt:
    """apt with the distribution's own sources, to which nothing is installed."""
    made = packages.Apt(tmp_path_factory.mktemp("apt"), ARCHITECTURE, packages.sources())
    made.update()
    return made


@pytest.fixture(scope="module")
def debian(apt: packages.Apt) -> Path:
    """A directory with all that nginx needs, and the packages that have the users and directories."""
    apt.closure("nginx-light")
    apt.closure("base-files", "base-passwd")
    return apt.archives


def lists(apt: packages.Apt) -> list[feed.Feed]:
    """What apt has fetched, as feeds of a directory each."""
    found = []
    for number, text in enumerate(sorted((apt.directory / "state" / "lists").glob("*_Packages*"))):
        directory = apt.directory / f"feed{number}"
        directory.mkdir(exist_ok=True)
        plain = subprocess.run(
            ["/usr/lib/apt/apt-helper", "cat-file", str(text)], capture_output=True, check=True
        )
        (directory / "Packages").write_bytes(plain.stdout)
        found.append(feed.Feed(str(directory)))
    return found


def test_packages_are_those_that_apt_installs(apt: packages.Apt) -> None:
    found = pool.read(lists(apt), load().package_formats(), PLATFORM, pytest.fail)
    for name in WANTED:
        # apt would first take usrmerge, which converts a root file system that is not merged
        words = ("-s", "--no-install-recommends", name, "usr-is-merged")
        argv = ("apt-get", "-c", str(apt.directory / "apt.conf"), "install", *words)
        lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        theirs = {line.split()[1].partition(":")[0] for line in lines if line.startswith("Inst ")}
        chosen = solve.solve(found, map(wanted, (name, "usr-is-merged"))).packages
        ours = {package.name for package in chosen}
        assert ours == theirs, name


def build(cli: Cli, debian: Path, *more: str) -> dict[str, object]:
    directory = cli.home / "nginx"
    directory.mkdir(exist_ok=True)
    (directory / "nginx.conf").write_text(CONFIG)
    (directory / "container.yaml").write_text(
        f"install: [nginx-light]\nfeeds: ['{debian}']\nsetuid: ['/*']\nentrypoint: [/usr/sbin/nginx, -c, /etc/nginx.conf]\n"
        "ports: [8077]\nfiles: [{source: nginx.conf, target: /etc/nginx.conf}]\nhealthcheck: {http: {port: 8077}}\n"
    )
    done = cli(
        "container-build",
        "nginx",
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


def test_a_server_out_of_debian_answers_and_its_image_is_always_the_same(crun: Place, debian: Path) -> None:
    built = build(crun.cli, debian)
    crun.deployed("nginx")

    assert wait(lambda: "Welcome to nginx" in crun.sh("wget -qO- http://127.0.0.1:8077/"))
    assert crun.state("nginx")["health"] == "healthy"
    umask = os.umask(0o077)
    try:
        again = build(crun.cli, debian, "-o", f"{crun.cli.home}/again")
    finally:
        os.umask(umask)
    assert again["digest"] == built["digest"]


def test_an_application_lies_on_top_of_its_packages(cli: Cli, debian: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree" / "usr" / "bin"
    tree.mkdir(parents=True)
    (tree / "app").write_text("#!/bin/sh\n")
    (tree / "app").chmod(0o755)
    done = cli("container-build", "app", "--from", str(tree.parent.parent), "--install", "libssl3", "--feed", str(debian),
               "-o", str(tmp_path), "--setuid", "/*")  # fmt: skip

    assert done.status == 0, done.stderr
    layers = [line.split(":")[0].split()[-1] for line in done.stderr.splitlines() if line.startswith("layer")]
    assert layers[-3:] == ["openssl", "packages", "application"]


def test_an_update_of_one_package_of_forty_is_one_layer(crun: Place, tmp_path: Path) -> None:
    """Made anew and sent is a layer, of the size of that package; with more groups than an image has layers."""
    noise = random.Random(1)

    def package(number: int, version: str) -> None:
        content = noise.randbytes(40_000 + 500 * number)
        deb(tmp_path / "feed", f"lib{number}", member(f"./usr/lib/lib{number}", content), version=version)

    for number in range(40):
        package(number, "1.0")
    program = member("./bin/busybox", Path("/bin/busybox").read_bytes(), mode=0o755)
    depends = ", ".join(f"lib{number}" for number in range(40))
    deb(tmp_path / "feed", "app", program, control=f"Depends: {depends}\n")
    words = ("--install", "app", "--feed", str(tmp_path / "feed"), "--entrypoint", "/bin/busybox sleep 1000")
    platform = ("--platform", str(PLATFORM))

    def layers(version: str) -> list[str]:
        done = crun.cli("container-build", "forty", *words, *platform, "-o", f"{crun.cli.home}/{version}")
        assert done.status == 0, done.stderr
        return [line for line in done.stderr.splitlines() if line.startswith("layer")]

    assert len(layers("v1")) == 40
    crun.deployed("forty")
    with crun.metered() as nothing:
        crun.deployed("forty")
    for other in (tmp_path / "feed").glob("lib20_*"):
        other.unlink()
    package(20, "1.1")
    assert len([line for line in layers("v1") if "written" in line]) == 1
    with crun.metered() as link:
        record = crun.deployed("forty")

    assert record["sent"]["layers"] == 1
    assert link.received - nothing.received < 50_000 * 1.1 + SCRIPTS
