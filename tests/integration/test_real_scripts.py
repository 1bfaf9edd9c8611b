"""Scripts of packages that are really run, over the files of an image."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, SYMLINK, Entry, directory
from sdk_hooks.core.scripts import real
from sdk_hooks.core.scripts.root import Root
from sdk_hooks.errors import SdkError

pytestmark = pytest.mark.integration
BUSYBOX = shutil.which("busybox") or "/bin/busybox"
VARIABLES = {"PATH": "/bin"}


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
