"""Base images out of Debian's packages: their sizes, against dpkg and mmdebstrap, and an init that runs."""

# ruff: noqa: E501  command lines are read best as such

import os
import stat
import subprocess
from pathlib import Path

import pytest
from sdk_plugins.base_images import medium, small, system

from sdk_hooks.core.oci.layout import Layout
from sdk_hooks.core.reftarget import packages
from sdk_hooks.image import Image

from .test_feeds import ARCHITECTURE
from .tester import Cli

pytestmark = pytest.mark.integration
OURS = ("etc/dpkg/dpkg.cfg.d", "etc/machine-id", "etc/ssl/cert.pem")
"""What Debian's own installation has not."""
THEIRS = (
    # the machine's, and what is made for speed alone
    *(
        "etc/resolv.conf",
        "etc/hostname",
        "etc/fstab",
        "etc/apt/sources.list",
        "etc/.pwd.lock",
        "dev/",
        "proc/",
        "sys/",
        "run/",
        "etc/ld.so.cache",
        "var/cache",
        "var/log",
        "tmp",
    ),
    # of each certificate a link by its hash, which only openssl can tell
    *("etc/ssl/certs", "etc/ca-certificates.conf", "usr/local/share/ca-certificates"),
    # they have a nonroot here, and no password has a date
    *(
        "etc/passwd",
        "etc/group",
        "etc/shadow",
        "etc/gshadow",
        "etc/passwd-",
        "etc/group-",
        "etc/shadow-",
        "etc/gshadow-",
    ),
    # of an init that is not there
    *(f"etc/rc{level}.d" for level in "0123456S"),
    "var/lib/systemd",
    # compared by dpkg itself
    *("var/lib/dpkg", "var/lib/apt"),
)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the packages of `small`, `medium` and `system`, and an ssh server."""
    apt = packages.Apt(tmp_path_factory.mktemp("apt"), ARCHITECTURE, packages.sources())
    apt.update()
    for base in (small.SMALL, medium.MEDIUM, system.SYSTEM):
        apt.closure(*(text.split(" | ")[-1].rstrip("?") for text in base.lists[0].packages))
    apt.closure("openssh-server", "usr-is-merged")
    return apt.archives


def built(cli: Cli, debian: Path, name: str, *words: str) -> tuple[Image, str]:
    """A base image, or an application on one; and what was told."""
    done = cli(
        "container-build", name, "--feed", str(debian), "-o", str(cli.home / name), *words, timeout=300
    )
    assert done.status == 0, done.stderr
    return Layout(cli.home / name / f"{name}-latest-oci").image(), done.stderr


def size(image: Image) -> int:
    return sum(layer.size for layer in image.layers)


def flat(image: Image, directory: Path) -> Path:
    """All layers unpacked, as root with their owners."""
    directory.mkdir()
    for layer in image.layers:
        subprocess.run(("tar", "-xf", image.blob(layer), "--xattrs", "-C", directory), check=True)
    return directory


def test_small_and_a_service_of_its_own_are_small(cli: Cli, debian: Path) -> None:
    image, told = built(cli, debian, "tiny", "--base", "small")

    assert size(image) < 6_000_000
    assert "base image small: 5 packages, " in told
    assert " MB, of " in told
    service, _ = built(
        cli,
        debian,
        "on-tiny",
        "--base",
        "small",
        "--from",
        str(cli.home / "hello-tree-v1"),
        "--entrypoint",
        "/usr/bin/hello-http",
    )
    assert service.diff_ids[: len(image.diff_ids)] == image.diff_ids
    done = cli("container-build", "alone", "--base", "distroless", "--from", str(cli.home / "hello-tree-v1"), "--entrypoint", "/usr/bin/hello-http",
               "-o", str(cli.home / "alone"))  # fmt: skip
    assert done.status == 0, done.stderr
    assert size(Layout(cli.home / "alone/alone-latest-oci").image()) < 3_000_000


def test_the_applets_are_those_that_busybox_says(cli: Cli, debian: Path, tmp_path: Path) -> None:
    image, _ = built(cli, debian, "tiny", "--base", "small")
    root = flat(image, tmp_path / "root")
    said = subprocess.run(
        (root / "usr/bin/busybox", "--list-full"), capture_output=True, text=True, check=True
    ).stdout.split()
    places = {os.path.basename(path): "sbin" if "sbin/" in path else "bin" for path in said if "/" in path}

    for name, place in places.items():
        assert os.path.lexists(root / f"usr/{place}/{name}"), name


def test_medium_is_what_mmdebstrap_makes(cli: Cli, debian: Path, tmp_path: Path) -> None:
    """File by file: owners, modes, links and content, of 86 packages with their scripts."""
    image, _ = built(cli, debian, "medium", "--base", "medium")
    ours = flat(image, tmp_path / "ours")
    listed = subprocess.run(
        ("dpkg-query", f"--admindir={ours}/var/lib/dpkg", "-W", "-f", "${Package} "),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = tmp_path / "theirs"
    source = packages.ETC / next(iter(packages.sources()))
    suite = subprocess.run(
        ("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"), capture_output=True, text=True, check=True
    ).stdout.strip()
    argv = (
        "mmdebstrap",
        "-q",
        "--variant=essential",
        f"--include={','.join(listed.stdout.split())}",
        suite,
        theirs,
        source,
    )
    subprocess.run(argv, check=True, timeout=600)
    left_out = tuple(
        path.lstrip("/!").replace("/**", "") for path in medium.MEDIUM.exclude if not path.startswith("!")
    )

    here, there = facts(ours), facts(theirs)
    others = installed(theirs) - set(listed.stdout.split())  # usrmerge, which converts, and what it needs
    foreign = {path for name in others for path in files_of(theirs, name)}
    wanted = {
        path
        for path in here.keys() | there.keys()
        if not path.startswith((*left_out, *THEIRS, *OURS)) and path not in foreign
    }
    different = {
        path: (here.get(path), there.get(path))
        for path in wanted
        if plain(here.get(path)) != plain(there.get(path))
    }
    assert {path: pair for path, pair in different.items() if not is_manual(path)} == {}


def facts(top: Path) -> dict[str, tuple[object, ...]]:
    """Kind, mode, owner and content of each path."""
    found: dict[str, tuple[object, ...]] = {}
    for directory, folders, files in os.walk(top):
        for name in (*folders, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
            content = Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else b""
            found[os.path.relpath(path, top)] = (status.st_mode, status.st_uid, status.st_gid, link, content)
    return found


def plain(found: tuple[object, ...] | None) -> tuple[object, ...] | None:
    """Without rights of others, which base images take away; the order of shells depends on that of packages."""
    if found is None:
        return None
    mode, *rest = found
    content = (
        sorted(rest[-1].splitlines()) if isinstance(rest[-1], bytes) and rest[-1][:2] == b"# " else rest[-1]
    )
    return (int(str(mode)) & ~0o6000, *rest[:-1], content)


def is_manual(path: str) -> bool:
    """Alternatives of manual pages, which are left out; and what the order of packages decides."""
    return (path.startswith("etc/alternatives/") and path.endswith(".gz")) or path == "var/lib/shells.state"


def installed(top: Path) -> set[str]:
    argv = ("dpkg-query", f"--admindir={top}/var/lib/dpkg", "-W", "-f", "${Package} ")
    return set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split())


def files_of(top: Path, name: str) -> set[str]:
    """Paths of a package that is there, as they are below usr."""
    argv = ("dpkg-query", f"--admindir={top}/var/lib/dpkg", "-L", name)
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    paths = {os.path.relpath(os.path.realpath(top / line.lstrip("/")), top) for line in lines}
    return paths | {line.lstrip("/") for line in lines}


def test_dpkg_is_content_with_it(cli: Cli, debian: Path, tmp_path: Path) -> None:
    for name, base in (("medium", medium.MEDIUM), ("system", system.SYSTEM)):
        image, _ = built(cli, debian, name, "--base", base.name)
        root = flat(image, tmp_path / name)

        def dpkg(*words: str, root: Path = root) -> str:
            return subprocess.run(
                ("dpkg", f"--root={root}", *words), capture_output=True, text=True, check=True
            ).stdout

        states = {line.split()[0] for line in dpkg("-l").splitlines()[5:]}
        assert (states, dpkg("--audit"), dpkg("--verify")) == ({"ii"}, "", "")
        alternatives = (
            "update-alternatives",
            "--admindir",
            root / "var/lib/dpkg/alternatives",
            "--query",
            "awk",
        )
        assert (
            "Status: auto\n"
            in subprocess.run(alternatives, capture_output=True, text=True, check=True).stdout
        )


def test_logins_are_those_that_pam_auth_update_makes(cli: Cli, debian: Path, tmp_path: Path) -> None:
    image, _ = built(cli, debian, "system", "--base", "system")
    root = flat(image, tmp_path / "root")
    kinds = ("auth", "account", "password", "session", "session-noninteractive")
    before = [(root / f"etc/pam.d/common-{kind}").read_text() for kind in kinds]
    environment = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_DB_OVERRIDE": f"File{{{tmp_path}/config.dat}}",
    }
    subprocess.run(("pam-auth-update", "--root", root, "--package", "--force"), check=True, env=environment)

    assert [(root / f"etc/pam.d/common-{kind}").read_text() for kind in kinds] == before
