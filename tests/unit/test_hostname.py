"""`hostname:` of container.yaml and of compose files, and who can't give a container one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from sdk_hooks import Joined, Network, Settings
from sdk_hooks.core import applications
from sdk_hooks.core.deploy import namespace
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import application
from sdk_hooks.core.spec.annotation import settings_from_json, settings_to_json
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.testing import TARGET, container

from .helpers import fails, write

OURS = load()
NAMED = Settings(network="host", hostname="front")


@pytest.mark.parametrize("stack", ["docker", "podman"])
def test_engines_are_told_it_on_the_targets_own_network_too(stack: str) -> None:
    words = OURS.stack(stack).run(container(settings=NAMED))

    assert words[words.index("--network") :][:4] == ("--network", "host", "--hostname", "front")
    assert "--hostname" not in OURS.stack(stack).run(container())


def test_ctr_can_not_give_one() -> None:
    with fails(
        "ctr can't give a container a host name [no-hostname]\n"
        "  hint: use another stack, or leave out hostname:"
    ):
        OURS.stack("containerd").files(container(settings=NAMED), TARGET)


def test_on_a_network_of_its_own_it_finds_itself_by_it() -> None:
    joined = Joined(Network("back"), address="10.9.0.2/24")
    box = container(networks=(joined,), directory=PurePosixPath("/d"))

    assert namespace.files(box, TARGET)["hosts.own"] == "10.9.0.2 web\n"
    named = replace(box, settings=NAMED)
    assert namespace.files(named, TARGET)["hosts.own"] == "10.9.0.2 front\n"


def test_it_goes_with_the_image_and_changes_no_digest_of_one_without_it() -> None:
    assert Spec(hostname="front").settings() == Settings(hostname="front")
    assert settings_from_json(settings_to_json(NAMED)) == NAMED
    assert "hostname" not in settings_to_json(Settings())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.yaml", "containers: {web: {hostname: front}}"),
        ("compose.yaml", "services: {web: {image: web, hostname: front}}"),
    ],
)
def test_an_application_says_it_over_the_image(tmp_path: Path, name: str, text: str) -> None:
    found = applications.load(write(tmp_path, {name: text}) / name)
    own = Settings(hostname="image")

    assert application.settings(own, found.containers["web"], ()).hostname == "front"
    assert application.settings(own, replace(found.containers["web"], spec=Spec()), ()).hostname == "image"
