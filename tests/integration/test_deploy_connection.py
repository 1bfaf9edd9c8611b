"""A target that can't be reached, or is not the one it should be: said exactly, and at once."""

import re
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .place import STATE, Place

pytestmark = pytest.mark.integration


@pytest.fixture
def bare(at: Callable[[str], Place]) -> Place:
    return at("bare")


def refusal(place: Place, *options: str, target: str = "", status: int = 1) -> str:
    """What is said to a deployment that can't be."""
    words = list(place.words("hello-http", "v1", *options))
    words[2] = target or words[2]
    done = place.cli(*words)
    assert (done.status, done.stdout) == (status, "")
    return place.normal(done.stderr)


def test_closed_port(bare: Place) -> None:
    assert refusal(bare, target=f"root@{bare.board.address}:1") == (
        "error: 'root@ADDRESS:1' does not answer on its ssh port [unreachable]\n"
        "  ssh: connect to host ADDRESS port 1: Connection refused\n"
        "  hint: is an ssh server running there, on this port?\n"
    )


def test_no_answer(bare: Place) -> None:
    """Packets are lost: it is given up after ConnectTimeout."""
    bare.board.cut_link()
    started = time.monotonic()
    text = refusal(bare, "--ssh-option", "ConnectTimeout=1")
    bare.board.restore_link()

    assert time.monotonic() - started < 8
    assert text == (
        "error: 'BOARD' can't be reached [unreachable]\n"
        "  ssh: connect to host ADDRESS port 22: Connection timed out\n"
        "  hint: is it on, and on this network? try: ping BOARD\n"
    )


def test_no_route(bare: Place) -> None:
    bare.board.unplug_link()
    text = refusal(bare, target=f"root@{bare.board.address}")
    bare.board.restore_link()

    assert text == (
        "error: 'root@ADDRESS' can't be reached [unreachable]\n"
        "  ssh: connect to host ADDRESS port 22: No route to host\n"
        "  hint: is it on, and on this network? try: ping ADDRESS\n"
    )


def test_unknown_host(bare: Place) -> None:
    lines = refusal(bare, target="nowhere.invalid").splitlines()

    assert lines[0] == "error: there is no host 'nowhere.invalid' [unknown-host]"
    assert lines[1].startswith("  ssh: Could not resolve hostname nowhere.invalid: ")
    assert lines[2:] == ["  hint: check its name, or give its address"]


def test_unknown_host_key(bare: Place) -> None:
    """It is an error unless the user does not want it checked."""
    unknown = ("--ssh-option", "UserKnownHostsFile=/dev/null")
    assert refusal(bare, *unknown) == (
        "error: the host key of 'BOARD' is not known [host-key-unknown]\n"
        "  No ED25519 host key is known for BOARD and you have requested strict checking.\n"
        "  Host key verification failed.\n"
        "  hint: connect once with ssh BOARD and compare it; or give --no-host-check\n"
    )
    assert "[no-engine]" in refusal(bare, *unknown, "--no-host-check")


def test_changed_host_key(bare: Place, crun: Place, tmp_path: Path) -> None:
    """The board has the key of another one."""
    name, key = Path(crun.board.ssh_config).with_name("known_hosts").read_text().split(" ", 1)
    (tmp_path / "known").write_text(f"{name.replace(crun.board.alias, bare.board.alias)} {key}")

    lines = refusal(bare, "--ssh-option", f"UserKnownHostsFile={tmp_path}/known").splitlines()
    assert lines[0] == "error: the host key of 'BOARD' has changed [host-key-changed]"
    assert lines[-2:] == [
        "  Host key verification failed.",
        "  hint: if the board was installed anew: ssh-keygen -R BOARD; else somebody is in between",
    ]


def test_refused_login(bare: Place) -> None:
    text = refusal(bare, "--ssh-option", "User=nobody")

    assert re.sub(r"\(publickey.*\)", "(METHODS)", text) == (
        "error: 'BOARD' does not let you in [login-refused]\n"
        "  nobody@ADDRESS: Permission denied (METHODS).\n"
        "  hint: put your key there: ssh-copy-id BOARD; or name the user: USER@BOARD\n"
    )


@pytest.mark.parametrize("target", ["two words", "@board", "board:port", "[::1"])
def test_what_is_no_target(bare: Place, target: str) -> None:
    assert refusal(bare, target=target, status=2) == (
        f"error: '{target}' is not a target [usage]\n  hint: write it like root@192.168.7.2, or board:2222\n"
    )


def test_option_as_target_is_no_option_of_ssh(bare: Place, tmp_path: Path) -> None:
    """Nor is another target touched that was given with it."""
    option = f"-oProxyCommand=touch {tmp_path}/ran"
    assert refusal(bare, "--", option, status=2).startswith(f"error: '{option}' is not a target [usage]\n")
    assert not list(tmp_path.iterdir())


def test_shell_that_is_none(bare: Place) -> None:
    """The login shell prints something and ends."""
    bare.sh("cp /etc/passwd /etc/passwd.kept; sed -i 's#^\\(user:.*:\\)/bin/sh#\\1/bin/false#' /etc/passwd")
    try:
        text = refusal(bare, target=bare.board.user_alias)
    finally:
        bare.sh("mv /etc/passwd.kept /etc/passwd")
    assert text == (
        "error: 'BOARD-user' has no POSIX shell that answers [no-shell]\n"
        "  hint: the login shell there must be able to run: sh -s\n"
    )


GREETING = "#!/bin/sh\necho state /elsewhere\nprintf 'machine mips; no line end'\nexec /bin/sh \"$@\"\n"


def test_a_login_that_greets_is_understood(crun: Place) -> None:
    """Start-up files that print, also what looks like an answer."""
    quiet = crun.deploy("hello-http", "v1", "--dry-run")
    crun.sh(f"printf '%s' {shlex.quote(GREETING)} >/bin/greeting; chmod 755 /bin/greeting")
    crun.sh("cp /etc/passwd /etc/kept; sed -i '1s,/bin/sh,/bin/greeting,' /etc/passwd")
    crun.sh("echo /bin/greeting >>/etc/shells")
    try:
        greeted = crun.deploy("hello-http", "v1", "--dry-run")
    finally:
        crun.sh("cp /etc/kept /etc/passwd")

    assert (greeted.status, greeted.stderr) == (0, quiet.stderr)
    assert greeted.stdout == quiet.stdout
    assert STATE in greeted.stdout
