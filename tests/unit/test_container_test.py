"""container-test as a command: where it finds the tests, and what is said when it can't begin."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from devtool_plugins import container_test
from devtool_plugins.session import Session
from sdk_hooks.core.sdk.workspace import Sdk
from sdk_hooks.core.ui import Ui

from . import commands
from .helpers import build_tree, write

SPEC = "name: web\nentrypoint: /usr/bin/web\n"
TESTS = "tests: [{log: ready}]\n"
EXAMPLE = """\
  such as:
  tests:
    - {name: answers, http: {port: 8080, path: /}, within: 20s}
    - {name: version, command: /usr/bin/app --version, output: '^1[.]'}
    - {name: ready, log: 'listens on'}
"""
NOWHERE = ("--stack", "nothing")
"""Goes so far as to look for a stack of that name: all before was well."""
FAR = "error: no stack is named 'nothing' [unknown-plugin]\n"


def run(directory: Path, *args: str, command: str = "container-test") -> tuple[int, str]:
    return commands.command(directory, "-q", command, "web", *args)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory in which web was built into `images`; container.yaml has no tests."""
    write(tmp_path, {"tree/usr/bin/web": "#!/bin/sh\n", "container.yaml": SPEC, "images/": "", "other/": ""})
    status, said = run(tmp_path, "--from", "tree", "-o", "images", command="container-build")
    assert status == 0, said
    return tmp_path


def test_no_tests_is_said_with_an_example(place: Path) -> None:
    assert run(place, "-o", "images") == (
        1,
        f"error: '{place}/container.yaml' has no tests [no-tests]\n{EXAMPLE}",
    )


def test_no_file_is_said_with_an_example(place: Path) -> None:
    (place / "container.yaml").unlink()
    hint = "  hint: run this where container-build was run, or name the file with -f FILE\n"
    what = f"error: there is no '{place}/container.yaml' with tests of 'web' [no-tests]\n"
    assert run(place, "-o", "images") == (1, f"{what}{EXAMPLE}{hint}")


def test_a_test_that_makes_no_sense_is_said_with_its_place(place: Path) -> None:
    write(place, {"container.yaml": SPEC + "tests:\n  - {log: a, exit: 1}\n"})
    said = f"error: {place}/container.yaml:4:5: 'tests': 'exit' goes with 'command' [bad-spec]\n"
    assert run(place, "-o", "images") == (1, said)


def test_the_file_of_another_container_is_not_taken(place: Path) -> None:
    write(place, {"container.yaml": "name: site\n" + TESTS})
    said = f"error: '{place}/container.yaml' is for 'site', not for 'web' [usage]\n"
    assert run(place, "-o", "images") == (2, f"{said}  hint: name the right one with -f FILE\n")


def test_the_file_is_found_where_the_build_had_it(place: Path) -> None:
    write(place, {"container.yaml": SPEC + TESTS})
    for directory in (place, place / "other"):
        assert run(directory, "-o", f"{place}/images", *NOWHERE)[1].startswith(FAR)
    write(place, {"other/container.yaml": SPEC})
    assert "/other/container.yaml' has no tests" in run(place / "other", "-o", f"{place}/images")[1]


def test_in_an_sdk_the_file_is_beside_the_sources(tmp_path: Path) -> None:
    sdk = Sdk(None, "", {"web": {"srctree": f"{tmp_path}/sources"}})
    session = Session(Ui(), sdk)

    def found(name: str) -> Path:
        return container_test._file(argparse.Namespace(file=None, image=name), session, None)

    assert found("web") == tmp_path / "sources/container.yaml"
    assert found("of-another-tree") == Path.cwd() / "container.yaml"


def test_the_file_that_is_named_is_taken(place: Path) -> None:
    write(place, {"other/tests.yaml": TESTS})
    assert run(place, "-o", "images", "-f", "other/tests.yaml", *NOWHERE)[1].startswith(FAR)
    said = "error: can't read 'missing' [bad-spec]\n  No such file or directory\n"
    assert run(place, "-o", "images", "-f", "missing") == (1, said)


def test_tests_are_no_part_of_the_image(tree: Path, tmp_path: Path) -> None:
    from sdk_hooks.core.spec import read

    write(tree, {"usr/bin/web": "#!/bin/sh\n"})
    digests = set()
    for number, tests in enumerate(("", TESTS)):
        file = write(tmp_path, {f"{number}.yaml": SPEC + tests}) / f"{number}.yaml"
        built = build_tree(tree, tmp_path / f"image-{number}", "/", read.load(file))
        digests.add(built.image.digest)
        assert "ready" not in str(built.image.manifest)

    assert len(digests) == 1


@pytest.mark.parametrize(
    ("option", "value"), [("stack", "none"), ("env", "A=1"), ("port", "80"), ("restart", "no")]
)
def test_how_it_runs_is_not_for_what_is_deployed(place: Path, option: str, value: str) -> None:
    said = f"error: --{option} is for a container on this machine [usage]\n"
    hint = "  hint: give it to container-deploy, then test what runs on board\n"
    assert run(place, "board", f"--{option}", value) == (2, said + hint)


def test_deployed_wants_a_target(place: Path) -> None:
    said = "error: --deployed wants a TARGET [usage]\n  hint: say where it is deployed\n"
    assert run(place, "--deployed") == (2, said)


def test_a_report_that_can_not_be_written_is_said_first(place: Path) -> None:
    said = "error: can't write 'no/report.xml' [unwritable]\n  No such file or directory\n"
    assert run(place, "--junit", "no/report.xml") == (1, said)


def test_an_old_report_does_not_stay(place: Path) -> None:
    write(place, {"report.xml": "<old/>"})
    assert run(place, "-o", "images", "--junit", "report.xml")[0] == 1
    assert not (place / "report.xml").exists()


def test_an_image_that_was_not_built_is_said(place: Path) -> None:
    status, said = run(place, "-o", "other")
    assert (status, said.splitlines()[0]) == (
        1,
        "error: there is no image 'web' with tag 'latest' [no-image]",
    )
