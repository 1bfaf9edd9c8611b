"""Hooks of container.yaml: what the record and the bundle have of them, and what is asked of the target."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.runtimes.crun import Crun
from sdk_plugins.runtimes.runsc import Runsc

from sdk_hooks import Hook, Settings, StackFacts
from sdk_hooks.core import applications
from sdk_hooks.core.deploy import content, deployment, hooks
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import application
from sdk_hooks.core.spec.annotation import settings_from_json, settings_to_json
from sdk_hooks.testing import TARGET, container

from .helpers import fails, make, write
from .schemas import validate

HOOK = Hook("poststop", "/usr/bin/led", ("led", "off"), ("A=1",), 5)
HOOKED = Settings(hooks=(HOOK, Hook("startContainer", "/bin/inside")))
OURS = load()
BOARD = replace(TARGET, stacks={"podman": StackFacts("5.4.2")}, state=PurePosixPath("/var/lib/x"))


def made(directory: Path, settings: Settings, stack: str = "none") -> deployment.Deployment:
    image = make(directory / "x").image
    runtime = Crun() if stack == "none" else None
    return deployment.make("web", (Part(image, settings),), OURS.stack(stack), runtime, BOARD, OURS.network)


def test_they_are_in_the_bundle(tmp_path: Path) -> None:
    found = json.loads(content.files(made(tmp_path, HOOKED))["bundle.json"])

    validate("config-schema", found, "runtime-spec")
    assert found["hooks"] == {
        "poststop": [{"path": "/usr/bin/led", "args": ["led", "off"], "env": ["A=1"], "timeout": 5}],
        "startContainer": [{"path": "/bin/inside"}],
    }


def test_they_go_with_the_image_and_change_no_digest_of_one_without_them() -> None:
    assert settings_from_json(settings_to_json(HOOKED)) == HOOKED
    assert "hooks" not in settings_to_json(Settings())


def test_an_application_has_them_too(tmp_path: Path) -> None:
    text = "containers: {web: {hooks: {poststop: [{path: /a}]}}}"
    found = applications.load(write(tmp_path, {"app.yaml": text}) / "app.yaml").containers["web"]

    assert application.settings(HOOKED, found, ()).hooks == (Hook("poststop", "/a"),)


def test_the_target_is_asked_for_their_programs(tmp_path: Path) -> None:
    write(tmp_path, {"there": "", "not a program": "", "directory/x": ""})
    (tmp_path / "there").chmod(0o755)
    names = ("there", "not a program", "directory", "nowhere", "nowhere")
    asked = hooks.question([Settings(hooks=tuple(Hook("poststop", f"{tmp_path}/{name}") for name in names))])
    said = subprocess.run(("sh", "-c", asked), capture_output=True, text=True, check=False).stdout

    assert said.splitlines() == [f"unhooked {tmp_path}/{name}" for name in names[1:4]]
    assert hooks.question([Settings(hooks=(Hook("startContainer", "/bin/inside"),))]) == ""


def test_what_would_not_be_called_is_refused(tmp_path: Path) -> None:
    hooks.check(made(tmp_path, HOOKED), {"/bin/inside/other"})
    with fails(
        "'root@board' has no program '/usr/bin/led' for the hook poststop [no-hook]\n"
        "  hint: install it there, or change hooks: in container.yaml"
    ):
        hooks.check(made(tmp_path, HOOKED), {"/usr/bin/led"})


@pytest.mark.parametrize("stack", ["containerd", "cri-o", "docker", "podman"])
def test_engines_take_none(tmp_path: Path, stack: str) -> None:
    hooks.check(made(tmp_path, Settings(), stack), set())
    with fails(
        f"{stack} can't be told of the hook '/usr/bin/led' [no-hooks]\n"
        "  only a runtime without an engine takes hooks of a container\n"
        "  hint: do without the engine: --stack none; or leave out hooks:"
    ):
        hooks.check(made(tmp_path, HOOKED, stack), set())


def test_gvisor_calls_none_in_the_container() -> None:
    assert Runsc().refuses(container(hooks=(HOOK,))) == ""
    assert Runsc().refuses(container(hooks=HOOKED.hooks)) == (
        "call hooks in the container's namespaces: /bin/inside"
    )
