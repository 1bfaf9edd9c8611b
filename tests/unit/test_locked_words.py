"""What is asked for besides packages is held to by a lock: rights, scripts, and what the base is made by."""

from __future__ import annotations

import json

import pytest

from .basefeed import make_feed
from .helpers import fails
from .lockplace import Project, package, project
from .test_locked import differs, locked

__all__ = ["locked", "project"]


def test_what_packages_may_do_is_the_lock_s(locked: Project) -> None:
    locked.build("--lock", "--setuid", "/usr/bin/x", "--setuid", "none", "--skip-scripts", "lib")
    text = locked.lock.read_text()
    assert "setuid:\n  - /usr/bin/x\n  - none\n" in text
    assert "skip_scripts:\n  - lib\n" in text
    locked.build("--locked", "--setuid", "none", "--setuid", "/usr/bin/x", "--skip-scripts", "lib")
    first = locked.digest

    with fails(
        differs(
            locked.lock,
            "setuid: /usr/bin/y is not in the lock",
            "setuid: /usr/bin/x is only in the lock",
            "setuid: none is only in the lock",
            "run_scripts: lib is not in the lock",
            "skip_scripts: lib is only in the lock",
        )
    ):
        locked.build("--locked", "--setuid", "/usr/bin/y", "--run-scripts", "lib")
    assert locked.digest == first
    said = json.loads((locked.top / "images/web-latest.provenance.json").read_text())
    spec = said["predicate"]["buildDefinition"]["externalParameters"]["spec"]
    assert (spec["setuid"], spec["skip_scripts"]) == (["none", "/usr/bin/x"], ["lib"])
    assert "run_scripts" not in spec


@pytest.mark.parametrize("base", ["small", "scratch"])
def test_the_name_of_the_base_is_the_lock_s(locked: Project, base: str) -> None:
    package(make_feed(locked.feed), "tool")
    (locked.top / "container.yaml").write_text("install: [tool]\nfeeds: [feed]\nentrypoint: /usr/bin/tool\n")
    locked.build("--lock", "--base", base, "--platform", "linux/amd64", "--setuid", "none")
    assert f"base_image: {base}\n" in locked.lock.read_text()
    assert "\nbase: " not in locked.lock.read_text()
    first = locked.digest
    said = json.loads((locked.top / "images/web-latest.provenance.json").read_text())
    assert said["predicate"]["buildDefinition"]["externalParameters"]["spec"]["base"] == base

    locked.forget()
    with fails(differs(locked.lock, f"base: {base} -> distroless", hint="take the base of the lock")):
        locked.build("--locked", "--base", "distroless", "--setuid", "none")
    with fails(differs(locked.lock, f"base: {base} -> none", hint="take the base of the lock")):
        locked.build("--locked", "--setuid", "none")
    locked.build("--locked", "--base", base, "--setuid", "none")
    assert locked.digest == first
