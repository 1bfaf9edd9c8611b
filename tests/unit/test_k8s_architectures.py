"""Nodes of several architectures: which image goes where, and what pods on all of them ask for."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from devtool_plugins.__main__ import main
from sdk_hooks.container import Settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import order, placement
from sdk_hooks.core.k8s.app import App, preloaded
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.k8s.placement import Pods
from sdk_hooks.core.oci import imageset
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.model import Spec

from .archmaker import built, indexed
from .helpers import fails

PODS = Pods("Deployment", {}, "the image of 'web'", "its pods", "'web'", "or choose")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run, with the image web of two SDKs."""
    built(tmp_path / "own", "amd64")
    built(tmp_path / "arm", "arm64")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def both(place: Path) -> ImageSet:
    return images.joined(images.find_set("web", place / "own"), [place / "arm"])


def facts(**architectures: str) -> Facts:
    nodes = tuple(
        Node(name, architecture, "containerd://2", "v1.32.0", "10.0.0.1", {}, True)
        for name, architecture in architectures.items()
    )
    return Facts((1, 32), "v1.32.0", load().clusters()["k8s"], "default", nodes)


def test_each_node_gets_the_image_of_its_architecture_under_one_name(place: Path) -> None:
    found = both(place)
    nodes = placement.nodes(PODS, found, facts(a="amd64", b="arm64"), pinned=False)

    name = preloaded(found)
    assert name == f"localhost/web:{found.digest.replace(':', '-')}"
    placed = placement.placed([(nodes, name, found)])
    assert {
        node.name: [(copy.name, copy.image.platform.architecture) for copy in copies]
        for node, copies in placed
    } == {
        "a": [(name, "amd64")],
        "b": [(name, "arm64")],
    }
    assert [copies for _, copies in placement.placed([(nodes, "", found)])] == [(), ()]


def test_an_architecture_without_an_image_is_refused_or_left_out(place: Path) -> None:
    cluster, found = facts(a="amd64", b="arm64", c="riscv64"), both(place)

    with fails(
        "the image of 'web' is for amd64 and arm64, and its pods may run on c (riscv64) [wrong-architecture]\n"
        "  hint: give one for these, too: --also DIR; or choose"
    ):
        placement.nodes(PODS, found, cluster, pinned=False)
    assert [node.name for node in placement.nodes(PODS, found, cluster, pinned=True)] == ["a", "b"]

    wanted = Order("web", (Part(found.images[0], Settings(), variants=found),), {}, pin=True)
    app = App("web", order.members(wanted), pinned=order.pinned(wanted, order.members(wanted)))
    assert app.pinned == {"": ("amd64", "arm64")}


def test_files_name_one_image_for_all_and_where_it_runs(place: Path) -> None:
    words = ["k8s-deploy", "web", "-o", "own", "--also", "arm", "--pin-architecture", "--output", "out"]

    assert main(words) == 0
    pod = yaml.safe_load((place / "out/base/deployment-web.yaml").read_text())["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == preloaded(both(place))
    [term] = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
        "nodeSelectorTerms"
    ]
    assert term["matchExpressions"] == [
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]}
    ]


def test_a_path_to_an_index_will_do_also_in_an_application(place: Path) -> None:
    index = indexed(place / "shop/front", *both(place).images)
    (place / "shop/container.yaml").write_text("containers: {web: {image: ./front}}\n")

    assert main(["k8s-deploy", "shop/front", "--output", "one"]) == 0
    assert main(["k8s-deploy", "shop/container.yaml", "--output", "two"]) == 0
    digest = imageset.ImageSet(both(place).images, index).digest.replace(":", "-")
    for file in ("one/base/deployment-web.yaml", "two/base/deployment-shop-web.yaml"):
        assert f"localhost/web:{digest}" in (place / file).read_text()


@pytest.mark.parametrize(
    ("also", "said"),
    [
        ("none", "'none' has no image 'localhost/web:latest' [no-image]\n"
         "  hint: build it there: devtool container-build; or name another directory: --also SDK/tmp/deploy/images/MACHINE"),
        ("same", "two images of 'localhost/web:latest' are for linux/amd64 [same-architecture]\n"
         "  own/web-latest-oci\n  same/web-latest-oci\n  hint: leave one of them out"),
        ("other", "the images of 'localhost/web:latest' differ in settings [images-differ]\n"
         "  linux/amd64, linux/riscv64\n"
         "  hint: build both from the same container.yaml"),
        ("root", "the images of 'localhost/web:latest' run as different users [images-differ]\n"
         "  linux/amd64: 65532:65532\n  linux/ppc64le: 7:7\n  hint: say by number which: user: in container.yaml"),
    ],
)  # fmt: skip
def test_images_that_do_not_fit_together_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str], also: str, said: str
) -> None:
    built(place / "same", "amd64", spec=Spec(labels={"other": "content"}))
    built(place / "other", "riscv64", spec=Spec(read_only=True))
    built(place / "root", "ppc64le", spec=Spec(user="7:7"))

    assert main(["k8s-deploy", "web", "-o", "own", "--also", also, "--output", "out"]) == 1
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not (place / "out").exists()
