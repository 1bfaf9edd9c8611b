"""What hypervisors share: keys, ssh, consoles, processes, locks and disks of machines."""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest

from sdk_hooks import vm
from sdk_hooks.core.ui import Ui
from sdk_hooks.core.vm import programs

from .helpers import fails

needs_ssh = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh is not installed")

DAEMON = """\
import fcntl, os, sys, time
if os.fork():
    time.sleep({pause})
    sys.exit({status})
os.setsid()
file = open("pid", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
print(os.getpid(), file=file, flush=True)
print("I am up", flush=True)
time.sleep(60)
"""


@needs_ssh
def test_keys_are_made_once(tmp_path: Path) -> None:
    made = vm.keys(tmp_path, "board")
    before = made.host.read_text()

    assert vm.keys(tmp_path, "board") == made
    assert made.host.read_text() == before
    assert made.host_public.startswith("ssh-ed25519 ")
    assert made.login_public.endswith(" devtool-containers board\n")
    assert made.login.stat().st_mode & 0o777 == 0o600


@needs_ssh
def test_half_a_key_is_made_anew(tmp_path: Path) -> None:
    made = vm.keys(tmp_path, "board")
    made.host.with_name("host_key.pub").unlink()

    assert vm.keys(tmp_path, "board").host_public.startswith("ssh-ed25519 ")


def test_without_ssh_there_are_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with fails("there is no ssh here [missing-program]\n  hint: install it: apt-get install openssh-client"):
        vm.keys(tmp_path, "board")


@needs_ssh
def test_a_host_key_for_dropbear_has_the_same_public_half(tmp_path: Path) -> None:
    made = vm.keys(tmp_path, "board")
    raw = vm.dropbear(made.host.read_text())
    public = base64.b64decode(made.host_public.split()[1])

    assert raw.startswith(b"\0\0\0\x0bssh-ed25519\0\0\0\x40")
    assert raw[-32:] == public[-32:]
    if shutil.which("dropbearkey"):
        (tmp_path / "dropbear").write_bytes(raw)
        argv = ("dropbearkey", "-y", "-f", str(tmp_path / "dropbear"))
        shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
        assert made.host_public in shown


@needs_ssh
@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("-t", "ed25519", "-N", "secret"), "it has a passphrase"),
        (("-t", "ecdsa", "-N", ""), "key of type ecdsa"),
    ],
)
def test_keys_that_dropbear_is_not_given(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    subprocess.run(("ssh-keygen", "-q", *options, "-f", str(tmp_path / "key")), check=True)
    with pytest.raises(ValueError, match=why):
        vm.dropbear((tmp_path / "key").read_text())


def test_something_else_is_no_key() -> None:
    with pytest.raises(ValueError, match="not a private key of OpenSSH"):
        vm.dropbear("-----BEGIN\naGVsbG8gd29ybGQ=\n-----END\n")


@needs_ssh
def test_ssh_understands_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "a dir" / "ssh_config"
    config.parent.mkdir()
    vm.ssh.write_config(config, "qemu", 2200, {"IdentityFile": f'"{tmp_path}/a dir/key"'})
    shown = subprocess.run(
        ("ssh", "-G", "-F", str(config), "qemu"), capture_output=True, text=True, check=True
    )
    said = dict(line.split(" ", 1) for line in shown.stdout.splitlines())

    assert (said["hostname"], said["port"], said["user"]) == ("127.0.0.1", "2200", "root")
    assert said["identityfile"] == f"{tmp_path}/a dir/key"
    assert said["batchmode"] == "yes"


def test_a_port_that_accepts_is_no_ssh_server_yet() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not vm.ssh.greets(port, 0.2)
    assert not vm.ssh.greets(port, 0.2)


def test_a_port_keeps_its_number_while_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        other = vm.ssh.free_port(port)
        assert other not in (0, port)
    assert vm.ssh.free_port(port) == port


@needs_ssh
def test_what_does_not_answer_is_told_like_a_broken_connection(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        vm.ssh.write_config(tmp_path / "config", "qemu", server.getsockname()[1], {})
        assert vm.ssh.run(tmp_path / "config", "qemu", "true", seconds=0.3) == (
            255,
            "it did not answer within 0 seconds",
        )


def test_a_console_is_told_without_what_moves_its_cursor(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\x1bc\x1b[?7l\x1b[2J[    1.0] Linux\r\n\n\x1b[1;31mtrouble\x1b[0m \xff\r\n")

    assert vm.console.text(log).splitlines() == ["[    1.0] Linux", "", "trouble \ufffd"]
    assert vm.console.end(log, 1) == f"the end of its console, '{log}':\ntrouble \ufffd"
    assert vm.console.end(tmp_path / "none") == f"its console, '{tmp_path}/none', is empty"


def daemon(directory: Path, pause: float = 0, status: int = 0) -> str:
    text = DAEMON.format(pause=pause, status=status)
    return vm.process.daemon((sys.executable, "-c", text), directory)


def test_a_daemon_is_known_by_its_lock_and_ended_for_good(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    try:
        assert daemon(tmp_path, 0.3) == ""
        number = vm.process.pid(file)
        assert number == int(file.read_text())
    finally:
        vm.process.end(file)
    assert vm.process.pid(file) == 0
    assert not file.exists()


def test_a_pid_file_that_outlived_its_process_means_nothing(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(str(os.getpid()))

    assert vm.process.pid(file) == 0
    vm.process.end(file)
    assert vm.process.pid(file) == 0


def test_what_a_daemon_printed_tells_why_it_did_not_start(tmp_path: Path) -> None:
    try:
        assert daemon(tmp_path, 0.3, status=1) == "I am up"
    finally:
        vm.process.end(tmp_path / "pid")
    assert vm.process.daemon(("false",), tmp_path) == "it ended with status 1"


def test_a_lock_is_waited_for_and_goes_with_its_process(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\nfrom sdk_hooks import vm\n"
        "with vm.locked(pathlib.Path(sys.argv[1])):\n    print('got it', flush=True)\n    time.sleep(60)\n"
    )
    argv = (sys.executable, "-c", script, str(tmp_path))
    told = StringIO()
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"got it\n"
        with (
            fails(
                f"another process has been at work in '{tmp_path}' for too long [busy]\n"
                f"  hint: look which: fuser -v {tmp_path}/lock"
            ),
            vm.locked(tmp_path, limit=0.1),
        ):
            pass
        os.kill(other.pid, signal.SIGSTOP)
        os.kill(other.pid, signal.SIGKILL)
        with vm.locked(tmp_path, Ui(told)):
            assert told.getvalue() in ("", f"waiting for another process that works in '{tmp_path}'\n")


def test_a_lock_is_not_inherited(tmp_path: Path) -> None:
    with vm.locked(tmp_path):
        child = subprocess.Popen(("sleep", "60"), close_fds=False)
    try:
        with open(tmp_path / "lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        child.kill()
        child.wait()


def test_a_data_disk_is_made_once_and_never_again(tmp_path: Path) -> None:
    disk = tmp_path / "data.img"
    vm.data_disk(disk, 16 << 20)
    assert disk.stat().st_size == 16 << 20
    if vm.tool("mke2fs"):
        with open(disk, "rb") as stream:
            stream.seek(1080)
            assert stream.read(2) == b"\x53\xef"
    disk.write_bytes(b"mine")
    vm.data_disk(disk)

    assert disk.read_bytes() == b"mine"


def test_a_program_that_fails_has_the_last_word(tmp_path: Path) -> None:
    with fails("ls failed [program-failed]\n  ls: cannot access '/nowhere': No such file or directory"):
        programs.run(("ls", "/nowhere"), tmp_path)
    with fails("false failed [program-failed]\n  it ended with status 1"):
        programs.run(("false",), tmp_path)


def test_waiting_ends(tmp_path: Path) -> None:
    started = time.monotonic()

    assert not vm.process.wait(lambda: False, 0.1)
    assert time.monotonic() - started < 5
