"""bitbake.py: running BitBake, and what its failures say."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdk_hooks.core.sdk.bitbake import Bitbake, failure, unknown

NO_RECIPE = """\
Loading cache...done.
ERROR: Nothing RPROVIDES 'no-such-package' (but /l/case-missing_1.0.bb RDEPENDS on or otherwise requires it)
Missing or unbuildable dependency chain was: ['no-such-package']
ERROR: Required build target 'case-missing' has no buildable providers.
Missing or unbuildable dependency chain was: ['case-missing', 'no-such-package']
"""
NOT_INSTALLABLE = """\
ERROR: container-greeter-1.0-r0 do_rootfs: Unable to install packages. Command 'apt-get greeter' returned 100:
Some packages could not be installed. This may mean that you have
The following packages have unmet dependencies:
 greeter : Depends: libgreet-doc but it is not installable
E: Unable to correct problems, you have held broken packages.
"""
FILE_RDEPS = """\
ERROR: greeter-1.0-r0 do_package_qa: QA Issue: /usr/bin/hi contained in package greeter requires \
/usr/bin/python9, but no providers found in RDEPENDS:greeter? [file-rdeps]
ERROR: greeter-1.0-r0 do_package_qa: Fatal QA errors were found, failing task.
"""
COMPILE = """\
ERROR: greeter-1.0-r0 do_compile: oe_runmake failed
ERROR: Logfile of failure stored in: /s/tmp/work/greeter/1.0/temp/log.do_compile.25132
Log data follows:
| DEBUG: Executing shell function do_compile
| NOTE: make -j 2 CC=gcc
| greeter.c:1:25: error: 'foo' undeclared (first use in this function)
| make: *** [Makefile:2: greeter] Error 1
ERROR: Task (/s/greeter_1.0.bb:do_compile) failed with exit code '1'
"""
GONE = """\
ERROR: Nothing PROVIDES 'libgone'. Close matches:
  libgreet
"""


def test_a_dependency_without_a_recipe() -> None:
    assert str(failure(NO_RECIPE.splitlines())) == (
        "a run-time dependency is missing [missing-dependency]\n"
        "  ERROR: Nothing RPROVIDES 'no-such-package' (but /l/case-missing_1.0.bb RDEPENDS on or otherwise"
        " requires it)\n"
        "  hint: add a recipe that makes it, or correct RDEPENDS"
    )


def test_a_dependency_without_a_package() -> None:
    assert str(failure(NOT_INSTALLABLE.splitlines())) == (
        "a run-time dependency is missing [missing-dependency]\n"
        "  greeter : Depends: libgreet-doc but it is not installable\n"
        "  hint: add a recipe that makes it, or correct RDEPENDS"
    )


def test_a_program_that_no_package_has() -> None:
    assert str(failure(FILE_RDEPS.splitlines())) == (
        "a run-time dependency is missing [missing-dependency]\n"
        "  ERROR: greeter-1.0-r0 do_package_qa: QA Issue: /usr/bin/hi contained in package greeter requires "
        "/usr/bin/python9, but no providers found in RDEPENDS:greeter? [file-rdeps]\n"
        "  hint: add a recipe that makes it, or correct RDEPENDS"
    )


def test_an_error_of_the_compiler_is_shown_without_bitbakes_debugging() -> None:
    assert str(failure(COMPILE.splitlines())) == (
        "BitBake failed [bitbake-failed]\n"
        "  greeter.c:1:25: error: 'foo' undeclared (first use in this function)\n"
        "  make: *** [Makefile:2: greeter] Error 1\n"
        "  ERROR: greeter-1.0-r0 do_compile: oe_runmake failed\n"
        "  ERROR: Logfile of failure stored in: /s/tmp/work/greeter/1.0/temp/log.do_compile.25132\n"
        "  ERROR: Task (/s/greeter_1.0.bb:do_compile) failed with exit code '1'"
    )


def test_without_errors_the_last_lines_are_shown() -> None:
    assert str(failure(["bash: line 1: bitbake: command not found"])) == (
        "BitBake failed [bitbake-failed]\n  bash: line 1: bitbake: command not found"
    )


def test_which_recipe_is_unknown() -> None:
    assert unknown(failure(GONE.splitlines())) == "libgone"
    assert unknown(failure(NO_RECIPE.splitlines())) == ""


class Story:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)

    def bytes(self, stream: Iterator[bytes], total: int, label: str) -> Iterator[bytes]:
        return stream


@pytest.fixture
def bitbake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Bitbake]:
    """Makes a `bitbake` of a shell script: how BitBake is run is what is tested, not BitBake."""

    def make_one(script: str) -> Bitbake:
        program = tmp_path / "bin/bitbake"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return Bitbake(None, str(tmp_path), Story())

    return make_one


def test_warnings_are_told_while_it_runs(bitbake: Callable[[str], Bitbake]) -> None:
    one = bitbake('echo "NOTE: $*"; echo "WARNING: old" >&2')
    one.run("-c", "x y")
    assert one.progress.steps == ["  WARNING: old"]  # type: ignore[attr-defined]  # it is a Story


def test_the_environment_is_sourced_with_the_directory_alone(
    bitbake: Callable[[str], Bitbake], tmp_path: Path
) -> None:
    one = bitbake('echo "$SEEN|$*" > seen')
    (tmp_path / "init script").write_text('SEEN="$# $1"; export SEEN; echo noise')
    Bitbake(str(tmp_path / "init script"), str(tmp_path), Story()).run("a b", "c")
    assert one.directory == str(tmp_path)
    assert (tmp_path / "seen").read_text() == f"1 {tmp_path}|a b c\n"


def test_ctrl_c_is_passed_on_once_and_waited_for(bitbake: Callable[[str], Bitbake], tmp_path: Path) -> None:
    bitbake(
        'trap "echo int >> seen; sleep 0.5; echo done >> seen; exit 1" INT\n'
        "echo > up; while :; do sleep 0.05; done"
    )
    program = (
        "from sdk_hooks.core.sdk.bitbake import Bitbake; from sdk_hooks.core.ui import Ui\n"
        f"Bitbake(None, {str(tmp_path)!r}, Ui()).run('x')"
    )
    process = subprocess.Popen(
        (sys.executable, "-c", program), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not (tmp_path / "up").exists():
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, told = process.communicate(timeout=10)

    assert (tmp_path / "seen").read_text() == "int\ndone\n"
    assert told.startswith("stopping BitBake: Ctrl-C again stops its tasks too\n")
    assert "KeyboardInterrupt" in told
