"""What goes wrong with a real eSDK, and two at a time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from .sdk import Sdk, finish
from .test_build import content, files, greet

__all__ = ["greet"]


def test_no_such_recipe(sdk: Sdk) -> None:
    sdk.modify("greet")
    text = sdk.fails("nosuch")
    assert re.fullmatch(
        r"ERROR: no recipe named 'nosuch' is in your workspace \[no-recipe\]\n"
        r"  it has: .*greet.*\n"
        r"  hint: put it there: devtool modify nosuch, or devtool add nosuch SOURCE",
        text,
    )


def test_a_dependency_that_nobody_makes(sdk: Sdk) -> None:
    sdk.modify("case-bottom")
    [append] = (sdk.path / "workspace/appends").glob("case-bottom_*.bbappend")
    before = append.read_text()
    append.write_text(before + '\nRDEPENDS:${PN} += "no-such-package"\n')
    text = sdk.fails("case-bottom")
    append.write_text(before)

    assert re.fullmatch(
        r"ERROR: a run-time dependency is missing \[missing-dependency\]\n"
        r"  ERROR: Nothing RPROVIDES 'no-such-package' \(but \S+/case-bottom_1.0.bb RDEPENDS on or otherwise"
        r" requires it\)\n"
        r"  hint: add a recipe that makes it, or correct RDEPENDS",
        text,
    )


def test_a_dependency_whose_package_is_empty(sdk: Sdk) -> None:
    sdk.modify("case-unmade")
    assert sdk.fails("case-unmade") == (
        "ERROR: 1 run-time dependency is missing [missing-dependency]\n"
        "  package 'case-empty', which 'case-unmade' needs\n"
        "  hint: add a recipe that makes it, or correct RDEPENDS"
    )


def test_a_recipe_without_a_package_of_its_name(sdk: Sdk) -> None:
    sdk.modify("case-empty")
    assert sdk.fails("case-empty") == (
        "ERROR: the recipe 'case-empty' makes no package 'case-empty' [no-package]\n"
        "  it makes: case-empty-dbg, case-empty-dev\n"
        '  hint: install something that belongs to FILES:case-empty, or set ALLOW_EMPTY:case-empty = "1"'
    )


def test_a_name_that_no_image_can_have(sdk: Sdk) -> None:
    sdk.modify("case++")
    assert sdk.fails("case++").startswith("ERROR: NAME: 'case++' is not a name of lower-case letters")


def test_an_error_of_the_compiler_is_shown(sdk: Sdk) -> None:
    sdk.modify("greet")
    sdk.edit("greet", "greet.c", lambda text: text.replace("return 0;", "return 0"))
    text = sdk.fails("greet")
    sdk.edit("greet", "greet.c", lambda text: text.replace("return 0", "return 0;"))

    assert text.startswith("ERROR: BitBake failed [bitbake-failed]\n")
    assert re.search(r"^  greet.c:\d+:\d+: error: expected", text, re.MULTILINE)


def test_a_script_for_the_first_boot_is_a_warning(sdk: Sdk) -> None:
    sdk.modify("case-ontarget")
    image, told = sdk.build("case-ontarget")
    assert (
        "warning: the postinst of case-ontarget waits for a device's first boot: it never runs here" in told
    )
    assert not [path for path in files(image) if "postinsts" in path]


def test_a_file_in_lib_is_the_applications_wherever_lib_points(sdk: Sdk) -> None:
    sdk.modify("case-lib")
    image, _ = sdk.build("case-lib")
    [path] = [path for path in files(image) if path.endswith("lib/case/case.conf")]
    assert content(image, path) == "greeting = one\n"
    for layer in image.layers[:-1]:
        assert "greeting" not in image.blob(layer).read_text(errors="replace")


def test_quiet_says_nothing_of_ours(sdk: Sdk, greet: object) -> None:
    told = sdk.ok("devtool -q container-build greet").stderr
    assert "layer" not in told
    assert "reading the recipe" not in told


def test_sources_at_a_path_with_a_blank(sdk: Sdk) -> None:
    tree = sdk.home / "with blank"
    done = sdk(f"devtool modify case-middle '{tree}'")
    if done.status:
        pytest.skip(f"devtool itself refuses: {(done.stdout + done.stderr)[-200:]}")
    try:
        assert sdk.fails("case-middle") == (
            "ERROR: the sources of 'case-middle' are at a path with a blank, where BitBake can't work"
            f" [blank-in-path]\n  {tree}\n"
            "  hint: move them: devtool reset --no-clean case-middle, then devtool modify case-middle PATH"
        )
    finally:  # cleaning is what BitBake can do least there: it opens a part of the path for ever
        sdk("devtool reset --no-clean case-middle")


def test_two_at_once(sdk: Sdk, greet: object) -> None:
    sdk.modify("hello-http")
    both = [sdk.start(f"devtool container-build {name}") for name in ("greet", "hello-http")]
    done = [finish(process) for process in both]
    assert [one.status for one in done] == [0, 0], [one.stderr for one in done]


SLEEPING = "tmp/work/*/case-compile/*/temp/sleeping"


@pytest.mark.parametrize("to", ["the group, as a terminal does", "devtool alone"])
def test_ctrl_c_ends_it_and_leaves_no_lock(sdk: Sdk, to: str) -> None:
    sdk.modify("case-compile")
    sleep = sdk.sources("case-compile") / "sleep"
    sleep.touch()
    for seen in sdk.path.glob(SLEEPING):
        seen.unlink()
    process = sdk.start("exec devtool container-build case-compile")
    wait_for_sleep(sdk, process)
    started = time.monotonic()
    if to == "devtool alone":
        os.kill(process.pid, signal.SIGINT)
    else:
        os.killpg(process.pid, signal.SIGINT)
    time.sleep(2)
    os.kill(process.pid, signal.SIGINT)  # BitBake lets a running task end, unless it is told again
    done = finish(process, 90)
    sleep.unlink()

    assert done.status == 130, done
    assert "ERROR: interrupted" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert time.monotonic() - started < 30
    assert "case-compile" in sdk.ok("devtool status").stdout
    assert sdk.build("case-compile")


def wait_for_sleep(sdk: Sdk, process: subprocess.Popen[str]) -> None:
    """Wait until the recipe's do_install sleeps."""
    deadline = time.monotonic() + 120
    while not list(sdk.path.glob(SLEEPING)):
        assert time.monotonic() < deadline and process.poll() is None, "it never came to sleep"
        time.sleep(0.2)
