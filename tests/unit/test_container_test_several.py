"""container-test of an application file: where its tests are, and what is said before a target is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdk_hooks import Settings
from sdk_hooks.core import applications
from sdk_hooks.core.spec import application
from sdk_hooks.core.spec.checks import Check

from .commands import command
from .helpers import write

SHOP = "containers: {web: {image: web%s}}"


def run(directory: Path, *args: str) -> tuple[int, str]:
    return command(directory, "-q", "container-test", "shop.yaml", *args)


def test_each_container_has_its_own_and_runs_as_without_them(tmp_path: Path) -> None:
    text = SHOP % ", tests: [{log: ready}]"
    found = applications.load(write(tmp_path, {"shop.yaml": text}) / "shop.yaml").containers["web"]

    assert found.spec.tests == (Check(log="ready"),)
    assert application.settings(Settings(), found, ()) == Settings()


@pytest.mark.parametrize(
    ("text", "args", "status", "said"),
    [
        (
            SHOP % ", tests: [{log: ready}]", (), 1,
            "error: 'shop.yaml' is several containers, which are tested where they are deployed [several]\n"
            "  hint: name the target: container-test shop.yaml TARGET; "
            "or try one here: container-test IMAGE\n",
        ),
        (
            SHOP % "", ("board",), 1,
            "error: 'shop.yaml' has no tests [no-tests]\n  such as:\n  containers:\n    web:\n      tests:\n"
            "        - {name: answers, http: {port: 8080, path: /}, within: 20s}\n"
            "        - {name: ready, log: 'listens on'}\n",
        ),
        (
            SHOP % "", ("board", "-f", "x"), 2,
            "error: --file is for one container [usage]\n  hint: write tests: into 'shop.yaml'\n",
        ),
        (
            SHOP % ", tests: [{log: a, exit: 1}]", ("board",), 1,
            "error: shop.yaml:1:40: 'containers.web.tests': 'exit' goes with 'command' [bad-spec]\n",
        ),
        (
            "services: {web: {image: web}}", ("board",), 1,
            "error: 'shop.yaml' has no tests [no-tests]\n",
        ),
    ],
)  # fmt: skip
def test_what_can_not_begin_is_said(
    tmp_path: Path, text: str, args: tuple[str, ...], status: int, said: str
) -> None:
    write(tmp_path, {"shop.yaml": text})
    found = run(tmp_path, *args)

    assert (found[0], found[1][: len(said)]) == (status, said)
    assert len(found[1]) == len(said) or "services" in text
