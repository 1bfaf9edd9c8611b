"""Scripts of packages that are really run, over the files of an image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from unit.debmaker import deb, member

from sdk_hooks.core.feeds import feed, install, pool, solve, store
from sdk_hooks.core.files.fileset import DIRECTORY, FILE, SYMLINK, Entry, directory
from sdk_hooks.core.registry import load
from sdk_hooks.core.scripts import real
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.core.spec.feeds import wanted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform

pytestmark = pytest.mark.integration
BUSYBOX = shutil.which("busybox") or "/bin/busybox"
VARIABLES = {"PATH": "/bin"}
PLATFORM = Platform("amd64")


class _Quiet:
    """Progress that nobody sees."""

    def step(self, text: str) -> None:
        pass


@pytest.fixture
def root() -> Root:
    """An image with busybox and a few files."""
    made = Root()
    made.put(directory("bin"))
    made.put(Entry("bin/busybox", FILE, 0o755, size=os.path.getsize(BUSYBOX), source=BUSYBOX))
    for name in ("sh", "sed", "chown", "ln", "rm", "mkdir", "cat", "id", "ls", "mknod", "wget"):
        made.put(Entry(f"bin/{name}", SYMLINK, 0o777, link="busybox"))
    made.put(directory("tmp", 0o1777))
    made.put(directory("etc"))
    made.write("etc/app.conf", b"port=1\n")
    made.write("etc/old", b"x")
    return made


def _run(root: Root, text: str) -> None:
    real.run(root, "app", text, ("configure", ""), VARIABLES)


def test_what_a_script_does_is_in_the_image(root: Root) -> None:
    _run(
        root,
        "#!/bin/sh -e\nsed -i s/1/2/ /etc/app.conf\nrm /etc/old\nmkdir -m 750 /var\necho $1 >/var/said\n"
        "ln -s said /var/link\nchown 33:44 /var/said\n",
    )

    found = {path: root.merged.entries[path] for path in ("var", "var/said", "var/link")}
    assert root.content("etc/app.conf") == b"port=2\n"
    assert root.find("etc/old") is None
    assert (found["var"].kind, found["var"].mode) == (DIRECTORY, 0o750)
    assert (found["var/said"].uid, found["var/said"].gid, found["var/said"].data) == (33, 44, b"configure\n")
    assert found["var/link"].link == "said"
    assert not [path for path in root.merged.entries if path.startswith(("dev/", "proc/", "tmp/"))]


def test_it_is_the_same_each_time(root: Root) -> None:
    _run(root, "#!/bin/sh\necho 1 >/etc/new\n")
    first = root.merged.entries["etc/new"]
    _run(root, "#!/bin/sh\necho 1 >/etc/new\n")

    assert root.merged.entries["etc/new"].stamp == first.stamp


@pytest.mark.parametrize(
    "text",
    ["mknod /etc/disk b 8 0", "ls /proc/2", "wget -T 1 -q http://127.0.0.1:22/", "cat /dev/vda"],
)
def test_it_can_not_reach_this_machine(root: Root, text: str) -> None:
    with pytest.raises(SdkError):
        _run(root, f"#!/bin/sh -e\n{text}\n")


def test_a_script_that_fails_leaves_everything_as_it_was(root: Root) -> None:
    with pytest.raises(SdkError) as error:
        _run(root, "#!/bin/sh\necho 1 >/etc/new\necho no >&2\nexit 3\n")

    assert str(error.value) == (
        "can't run a script of the package 'app' [script]\n  exit status 3: no\n"
        "  hint: if the container does without what it does: --skip-scripts app"
    )
    assert root.find("etc/new") is None


def test_keys_that_all_containers_would_share_are_refused(root: Root) -> None:
    with pytest.raises(SdkError) as error:
        _run(root, "#!/bin/sh\necho '-----BEGIN OPENSSH PRIVATE KEY-----' >/etc/host_key\n")

    assert str(error.value) == (
        "a script of the package 'app' makes a private key [script]\n"
        "  every container would have the same '/etc/host_key'\n"
        "  hint: leave out --run-scripts app, and if need be --skip-scripts app: "
        "let the container make it when it first starts"
    )
    assert root.find("etc/host_key") is None


def test_what_is_another_one_each_time_is_no_part_of_the_image(root: Root) -> None:
    _run(
        root,
        "#!/bin/sh\necho 1 >/etc/machine-id\nmkdir -p /var/log /run /var/cache/ldconfig\n"
        "echo 1 >/tmp/x; echo 1 >/run/x; echo 1 >/var/cache/ldconfig/aux-cache; echo 1 >/var/log/app\n"
        "echo 1 >/var/log/alternatives.log\n",
    )

    assert root.content("etc/machine-id") == b""
    assert root.content("var/log/app") == b"1\n"
    gone = ("tmp/x", "run/x", "var/cache/ldconfig/aux-cache", "var/log/alternatives.log")
    assert not any(map(root.find, gone))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("#!/usr/bin/perl", "it is a program for '/usr/bin/perl', which is not in the image"),
        ("#!<lua>", "it is a program for '<lua>', which is not in the image"),
        ("#!/bin/foreign -e", "exit status 126: can't be started: Exec format error"),
    ],
)
def test_who_can_not_run_it_is_told(root: Root, line: str, why: str) -> None:
    root.write("bin/foreign", b"\x7fELF of another processor", 0o755)
    with pytest.raises(SdkError) as error:
        _run(root, f"{line}\nx\n")

    assert error.value.detail == why


def _install(directory: Path, names: str, **allowed: tuple[str, ...]) -> dict[str, Entry]:
    found = pool.read([feed.Feed(str(directory))], load().package_formats(), PLATFORM, pytest.fail)
    packages = solve.solve(found, [wanted(name) for name in names.split()]).packages
    have = store.bring(found, packages, _Quiet())  # type: ignore[arg-type]  # only steps are told
    groups = install.install(have, [], install.Allowed(**allowed), None, found.form)
    return {path: entry for group in groups for path, entry in group.entries.items()}


def _shell(directory: Path, *names: str) -> None:
    links = [member(f"./bin/{name}", kind=tarfile.SYMTYPE, linkname="busybox") for name in names]
    deb(directory, "shell", member("./bin/busybox", Path(BUSYBOX).read_bytes(), mode=0o755), *links)


def test_scripts_of_a_package_are_run_when_that_is_asked_for(tmp_path: Path) -> None:
    """Of a program that nobody here knows: its package comes with the image's own shell."""
    _shell(tmp_path, "sh", "env", "grep", "awk", "sort")
    text = "#!/bin/sh -e\nfrobnicate $1 >>/etc/said\nenv | grep -e ^DPKG -e ^DEB | sort >>/etc/said\n"
    tool = member(
        "./usr/bin/frobnicate", b'#!/bin/awk -f\nBEGIN { print "frobnicated " ARGV[1] }\n', mode=0o755
    )
    scripts = {"preinst": "#!/bin/sh\necho pre $1 >/etc/said\n", "postinst": text}
    deb(tmp_path, "odd", tool, scripts=scripts, control="Depends: shell\n")
    with pytest.raises(SdkError, match="can't follow the postinst of the package 'odd'"):
        _install(tmp_path, "odd")

    made = _install(tmp_path, "odd", run_scripts=("odd",))

    assert made["etc/said"].data.decode().splitlines() == [
        "pre install",
        "frobnicated configure",
        "DEBCONF_NONINTERACTIVE_SEEN=true",
        "DEBIAN_FRONTEND=noninteractive",
        "DPKG_MAINTSCRIPT_ARCH=all",
        "DPKG_MAINTSCRIPT_NAME=postinst",
        "DPKG_MAINTSCRIPT_PACKAGE=odd",
        "DPKG_ROOT=",
    ]
    assert made == _install(tmp_path, "odd", run_scripts=("odd",))


def test_a_program_that_a_script_gives_the_rights_of_others_is_refused(tmp_path: Path) -> None:
    _shell(tmp_path, "sh", "chmod")
    tool = member("./usr/bin/tool", b"x", mode=0o755)
    scripts = {"postinst": "#!/bin/sh\nchmod u+s /usr/bin/tool\n"}
    deb(tmp_path, "odd", tool, scripts=scripts, control="Depends: shell\n")

    with pytest.raises(SdkError, match="has a program with the rights of another user"):
        _install(tmp_path, "odd", run_scripts=("odd",))


BECOME = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups")
PROGRAM = """
import sys
from sdk_hooks.core.files.fileset import FILE, SYMLINK, Entry, directory
from sdk_hooks.core.scripts import real
from sdk_hooks.core.scripts.root import Root
root = Root()
for name in ("bin", "etc", "tmp"):
    root.put(directory(name))
root.put(Entry("bin/busybox", FILE, 0o755, size=1, source=sys.argv[1]))
root.put(Entry("bin/sh", SYMLINK, 0o777, link="busybox"))
real.run(root, "app", "#!/bin/sh -e\\necho 1 >/etc/new\\n", (), {"PATH": "/bin"})
print(root.merged.entries["etc/new"][:6])
"""


def test_an_ordinary_user_runs_it_too(tmp_path: Path) -> None:
    """In a user namespace of its own: no privilege, and no subordinate IDs."""
    if os.getuid() != 0:
        pytest.skip("run by root, who can become an ordinary user: sudo make test")
    here = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(here), *(each for each in sys.path if "site-packages" in each)])
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": path}
    usable = (
        python
        for python in (sys.executable, "/usr/bin/python3")
        if not subprocess.run(
            (*BECOME, "unshare", "-r", python, "-c", "import sdk_hooks"),
            env=env,
            capture_output=True,
            check=False,
        ).returncode
    )
    python = next(usable, None)
    if python is None:
        pytest.skip("other users can't read this checkout and its Python: clone it to /tmp")

    done = subprocess.run(
        (*BECOME, python, "-c", PROGRAM, BUSYBOX), env=env, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("('etc/new', '0', 420, 0, 0, 2)\n", 0), done.stderr
    assert not list(Path("/tmp").glob("dtc-script-*"))
