"""container-run: on this machine, as root and as somebody who has no privilege."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .tester import COMMAND, Cli, Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("runc") is None, reason="runc is not installed: make test installs it"),
]


@pytest.fixture(scope="module")
def shell(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that anybody can read, with the image `shell`, whose program is busybox."""
    top = tmp_path_factory.mktemp("shell")
    (top / "tree/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", top / "tree/bin/busybox")
    cli.build("shell", "--from", str(top / "tree"), "--entrypoint", "/bin/busybox", "-o", str(top / "images"))
    for place in (top, *top.parents):
        if place != Path("/") and place.stat().st_uid == os.getuid():
            place.chmod(place.stat().st_mode | 0o055)
    return top / "images"


def words(shell: Path, command: str) -> tuple[str, ...]:
    options = ("-o", str(shell), "--stack", "none", "--runtime", "runc")
    return ("container-run", "shell", *options, "--cmd", command)


def test_root_runs_it_and_gets_its_status(cli: Cli, shell: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can run it as root: sudo make test")
    done = cli(*words(shell, "sh -c 'id -u; exit 7'"))

    assert (done.status, done.stdout) == (7, "65532\n"), done.stderr


def test_an_ordinary_user_runs_it(shell: Path, tmp_path: Path) -> None:
    become = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups") if os.getuid() == 0 else ()
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TMPDIR": "/tmp"}
    for possible, reason in (
        (("unshare", "-r", "true"), "ordinary users can't make user namespaces here"),
        ((str(COMMAND), "--help"), "other users can't read this checkout: clone it to /tmp"),
    ):
        if subprocess.run((*become, *possible), capture_output=True, env=environment, check=False).returncode:
            pytest.skip(reason)
    run = (*become, str(COMMAND), *words(shell, "sh -c 'id -u; exit 7'"))
    found = subprocess.run(
        run, capture_output=True, text=True, env=environment, cwd="/", timeout=60, check=False
    )
    done = Done(found.returncode, found.stdout, found.stderr)

    assert done.status == 7, done.stderr
    assert done.stdout == "0\n"  # of a user namespace, where it is the user


def test_what_is_chosen_here_runs(cli: Cli, shell: Path) -> None:
    """crun refuses cgroups of both versions, which a machine may have: then it is another one."""
    options = ("-o", str(shell), "--stack", "none", "--cmd", "true")
    done = cli("container-run", "shell", *options)
    assert done.status == 0, done.stderr

    mixed = Path("/sys/fs/cgroup/unified/cgroup.controllers")
    if mixed.is_file() and mixed.read_text().strip() and shutil.which("crun"):
        done = cli("container-run", "shell", *options, "--runtime", "crun")
        assert done.status == 1
        assert "  it wants no cgroup controllers in version 2 beside version 1: " in done.stderr


def test_a_directory_that_it_mounts_is_made(cli: Cli, shell: Path, tmp_path: Path) -> None:
    volume = ("--volume", f"{tmp_path}/not/there:/data")
    done = cli(*words(shell, "sh -c 'ls -d /data'"), *volume)
    assert (done.status, done.stdout) == (0, "/data\n"), done.stderr
    assert (tmp_path / "not/there").is_dir()

    done = cli(*words(shell, "true"), "--volume", "/proc/none:/data")
    lines = done.stderr.splitlines()
    assert done.status == 1
    assert lines[0] == "error: a directory that 'shell' mounts can't be made here [no-volume]"
    assert "/proc/none" in lines[1]
    assert lines[2:] == ["  hint: make it, or mount another one: --volume"]


OWN_CONTAINERD = """\
for d in /var/lib/devtool-containers /run/containerd /var/lib/containerd; do
	mkdir -p $d && mount -t tmpfs own $d || exit
done
containerd >/dev/null 2>&1 &
n=0
until ctr --connect-timeout 1s version >/dev/null 2>&1 || [ $n -gt 50 ]; do sleep 0.2; n=$((n + 1)); done
"$@"
status=$?
kill $!
wait
exit $status
"""


def test_a_named_volume_with_containerd(cli: Cli, shell: Path) -> None:
    if os.getuid() != 0 or not shutil.which("containerd"):
        pytest.skip("containerd is started by root: sudo make test")
    command = (str(COMMAND), "container-run", "shell", "-o", str(shell), "--stack", "containerd")
    inner = ("--volume", "kept:/data", "--cmd", "sh -c 'touch /data/x && stat -c %u:%g /data'")
    alone = ("unshare", "--mount", "sh", "-c", OWN_CONTAINERD, "sh", *command, *inner)
    done = subprocess.run(alone, capture_output=True, text=True, env=cli.environment, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "65532:65532\n"), done.stderr


@pytest.mark.parametrize("name", ["", "..", "../layers", "../../../../home", "a/b", "A b"])
def test_what_is_no_name_is_refused_before_a_target_is_asked(cli: Cli, name: str) -> None:
    done = cli("container-undeploy", name, "nobody@127.0.0.1:1")

    assert done.status == 2
    assert done.stderr.startswith(f"error: {name!r} is no name of a container [usage]\n")
