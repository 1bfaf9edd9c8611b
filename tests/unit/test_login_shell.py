"""A login's shell need not be a POSIX one, and may greet: a command line gets through it unchanged."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from sdk_hooks.core.deploy.connection import Options, Ssh
from sdk_hooks.core.shell import for_login

AWKWARD = r"""printf '%s|' "$1" 'it'"'"'s' "a!b" '\n\\' \
  "$(cat)"
[ x != y ] && printf '%s' '$HOME 100% `no` *'
"""


@pytest.mark.parametrize("shell", ["sh", "dash", "bash", "busybox", "mksh", "yash", "zsh", "tcsh", "fish"])
def test_every_shell_understands_it(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: apt-get install {shell}")
    words = (program, "sh") if shell == "busybox" else (program,)
    line = for_login(("sh", "-c", AWKWARD, "sh", "two words\nand lines!"))
    done = subprocess.run(
        (*words, "-c", line), input="from stdin", capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == (
        "two words\nand lines!|it's|a!b|\\n\\\\|from stdin|$HOME 100% `no` *",
        "",
    )


def test_what_every_shell_reads_alike_is_left_as_it_is() -> None:
    assert for_login(("sh", "-c", "gzip -dc | sh -s")) == "exec sh -c 'gzip -dc | sh -s'"


@pytest.mark.parametrize("text", ["echo $$", "echo $$\n"])
def test_no_shell_waits_for_another(text: str) -> None:
    child = subprocess.Popen(("sh", "-c", for_login(("sh", "-c", text))), stdout=subprocess.PIPE, text=True)

    assert child.communicate()[0] == f"{child.pid}\n"


def test_what_is_asked_begins_with_a_mark() -> None:
    connection = Ssh("board", "board", Options(), "/socket")

    assert connection.argv(("true",))[-1] == "exec true"
    assert connection.marked(("true",))[-1] == "echo @begin; exec true"
