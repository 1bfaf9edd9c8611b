"""Networks that somebody else has made on the target: joined, and left as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdk_hooks import Network, Settings, StackFacts
from sdk_hooks.core import applications
from sdk_hooks.core.k8s import refusals
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import annotation
from sdk_hooks.core.spec.application import Application
from sdk_hooks.testing import TARGET

from .helpers import fails, write
from .k8smaker import app
from .test_networks import boxes

OURS = load()
PROXY = Settings(networks=(Network("proxy", external=True), Network("front")))


def compose(directory: Path, said: str) -> Application:
    text = f"services: {{a: {{image: b, networks: [proxy]}}}}\nnetworks: {{proxy: {said}}}\n"
    return applications.load(write(directory, {"compose.yaml": text}) / "compose.yaml")


@pytest.mark.parametrize(
    ("said", "name"), [("{external: true}", "proxy"), ("{external: true, name: shop_proxy}", "shop_proxy")]
)
def test_a_compose_file_names_it_as_the_target_does(tmp_path: Path, said: str, name: str) -> None:
    assert compose(tmp_path, said).networks["proxy"] == Network(name, external=True)


def test_it_is_as_it_was_made(tmp_path: Path) -> None:
    with fails(
        f"{tmp_path}/compose.yaml:2:19: 'networks.proxy': what is 'external' is as it was made: nothing else "
        "can be said of it [bad-spec]"
    ):
        compose(tmp_path, "{external: true, internal: true}")


@pytest.mark.parametrize("stack", ["docker", "podman"])
def test_engines_join_it_and_neither_make_nor_remove_it(tmp_path: Path, stack: str) -> None:
    [box] = boxes(tmp_path, OURS.stack(stack), PROXY)
    target = replace(TARGET, stacks={stack: StackFacts("99")})
    run, gone = OURS.stack(stack).files(box, target)["run"], OURS.stack(stack).remove(box)

    assert [each.network.name for each in box.networks] == ["proxy", "shop.front"]
    assert f"{stack} network create --driver bridge proxy" not in run
    assert f"{stack} network inspect proxy >/dev/null 2>&1 || {{ echo " in run
    assert f"there is no network 'proxy', which is external: {stack} network create proxy" in run.replace(
        "'\"'\"'", "'"
    )
    assert "--network proxy" in run
    assert [argv[-1] for argv in gone if argv[1:3] == ("network", "rm")] == ["shop.front"]


@pytest.mark.parametrize("stack", ["containerd", "none", "cri-o"])
def test_others_can_not(tmp_path: Path, stack: str) -> None:
    with fails(
        f"{stack} can't join the network 'proxy', which somebody else has made [no-network]\n"
        "  hint: use another stack, or leave out external: it is the application's own then"
    ):
        boxes(tmp_path, OURS.stack(stack), PROXY)


def test_a_cluster_has_none(tmp_path: Path) -> None:
    with fails(
        "the container 'shop' can't be a pod: a cluster has no network 'proxy' that is there already "
        "[no-pod]\n"
        "  hint: leave out networks: for Kubernetes"
    ):
        refusals.check(app(tmp_path, "user: 65532:65532\nnetworks: {proxy: {external: true}}\n"))


def test_an_image_without_one_says_what_it_said_before() -> None:
    assert annotation.settings_from_json(annotation.settings_to_json(PROXY)) == PROXY
    assert "external" not in annotation.settings_to_json(Settings(networks=(Network("front"),)))
