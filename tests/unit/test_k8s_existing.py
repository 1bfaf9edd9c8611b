"""`--manifests`: files of the person with our images in them, and how they become what we deploy."""

# ruff: noqa: E501  messages are read best in one line

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.container import Settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import affinity, existing, manifestfiles, order
from sdk_hooks.core.k8s.app import INSTANCE
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.manifestfiles import File
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.registry import load

from .helpers import fails, write
from .shop import image

WEB = """\
# the front
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec:
      containers:
      - {name: web, image: "example.com/web:1"}   # ours
"""
OURS = {INSTANCE: "shop", "app.kubernetes.io/managed-by": "devtool-containers"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the images web and db, where the commands run; there is no kubectl."""
    for name in ("web", "db"):
        image(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


def wanted(place: Path, *names: str) -> Order:
    orders = [Order(name, (Part(images.find(name, place), Settings()),), {}) for name in names]
    return existing.joined(orders, "shop")


def given(place: Path, *texts: str) -> existing.Existing:
    files = [File(f"{n}.yaml", f"own/{n}.yaml", text) for n, text in enumerate(texts)]
    return existing.of(wanted(place, "web", "db"), files, "own")


def test_files_are_written_with_our_images_and_byte_for_byte_else(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = b"kind: Service\r\napiVersion: v1 \nmetadata: {'name': x}"
    write(
        place,
        {"own/web.yaml": WEB, "own/deep/other.yml": other, "own/notes.txt": "-", "own/.git/x.yaml": "["},
    )

    assert main(["k8s-deploy", "web", "-o", ".", "--manifests", "own", "--output", "out"]) == 0

    name = f"localhost/web:{image(place, 'web').replace(':', '-')}"
    assert (place / "out" / "web.yaml").read_text() == WEB.replace("example.com/web:1", name)
    assert (place / "out" / "deep" / "other.yml").read_bytes() == other
    assert not (place / "out" / "notes.txt").exists()
    assert (place / "own" / "web.yaml").read_text() == WEB
    assert [line.split() for line in capsys.readouterr().out.splitlines()][1:] == [
        ["out/deep/other.yml", "written"],
        ["out/web.yaml", "written"],
    ]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"own/a.yaml": "a: 1\nb: [\n"},
         "own/a.yaml:3:1: expected the node content, but found '<stream end>' [bad-yaml]\n  hint: correct it there"),
        ({"own/a.yaml": b"\xff"},
         "'own/a.yaml' can't be read [unreadable]\n"
         "  'utf-8' codec can't decode byte 0xff in position 0: invalid start byte\n"
         "  hint: let it be UTF-8 text, or name another directory: --manifests DIR"),
        ({"own/a.yaml": "kind: Pod\n"},
         "no manifest in 'own' has the image 'web' [no-image-used]\n  hint: let a container have it: image: web"),
        ({"own/": ""}, "'own' has no manifests [no-manifests]\n"
         "  hint: name a directory with .yaml files: --manifests DIR"),
        ({}, "there is no directory 'own' [no-manifests]\n"
         "  hint: name a directory with .yaml files: --manifests DIR"),
        ({"own/a.yaml": f"{WEB}---\n\nkind: Service\n"},
         "own/a.yaml:14: it is no object of Kubernetes: it lacks apiVersion, kind, or metadata.name [no-object]\n"
         "  hint: keep manifests and other files apart"),
        ({"own/kustomization.yaml": ""},
         "there is no kubectl here [no-kubectl]\n"
         "  hint: install it, or let a machine of the cluster run its own: --via"),
    ],
)  # fmt: skip
def test_files_that_make_no_sense_are_refused(
    place: Path, capsys: pytest.CaptureFixture[str], files: Mapping[str, str | bytes], said: str
) -> None:
    write(place, files)

    assert main(["k8s-deploy", "web", "-o", ".", "--manifests", "own", "--output", "out"]) == 1
    assert capsys.readouterr().err == f"error: {said}\n"
    assert not (place / "out").exists()


def test_one_file_will_do(place: Path) -> None:
    write(place, {"own/web.yaml": WEB})

    (found,) = manifestfiles.read(place / "own" / "web.yaml", lambda _: "")
    assert (found.path, found.text) == ("web.yaml", WEB)


def test_what_kustomize_makes_is_one_file(place: Path) -> None:
    write(place, {"own/kustomization.yml": "resources: [x]\n"})

    assert manifestfiles.read(Path("own"), lambda path: f"# {path}\n{WEB}") == [
        File("manifests.yaml", "own (kustomize)", f"# own\n{WEB}")
    ]


def test_objects_of_lists_are_taken_one_by_one() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    text = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [pod, {"kind": "PodList", "items": [pod]}]}
    )

    assert [each for _, each in manifestfiles.objects([File("f", "f", text)])] == [pod, pod]


def test_our_labels_are_added_to_all_that_is_found_by_them_and_to_no_selector() -> None:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": []}}
    claim = {"metadata": {"name": "data"}, "spec": {}}
    selector = {"matchLabels": {"app": "x"}}
    manifest = {
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {"selector": selector, "template": template, "volumeClaimTemplates": [claim]},
    }
    before = json.dumps(manifest)

    found = existing.labelled(manifest, "shop", "f")

    assert json.dumps(manifest) == before
    assert found == {
        "kind": "StatefulSet",
        "metadata": {"name": "db", "labels": OURS},
        "spec": {
            "selector": selector,
            "template": {**template, "metadata": {"labels": {"app": "x", **OURS}}},
            "volumeClaimTemplates": [{**claim, "metadata": {"name": "data", "labels": OURS}}],
        },
    }


def test_jobs_of_a_cronjob_and_their_pods_have_them_too() -> None:
    spec: dict[str, Any] = {"jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}}}

    found = existing.labelled({"kind": "CronJob", "metadata": {"name": "a"}, "spec": spec}, "shop", "f")

    job = found["spec"]["jobTemplate"]
    assert job["metadata"]["labels"] == job["spec"]["template"]["metadata"]["labels"] == OURS


def test_who_else_manages_it_is_replaced_where_nothing_selects_by_it() -> None:
    manifest = {
        "kind": "Service",
        "metadata": {"name": "a", "labels": {"app.kubernetes.io/managed-by": "Helm"}},
    }

    assert existing.labelled(manifest, "shop", "f")["metadata"]["labels"] == OURS


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({INSTANCE: "other"}, "app.kubernetes.io/instance: other [other-label]\n  hint: call it so: --name other"),
        ({"app.kubernetes.io/managed-by": "Helm"},
         "app.kubernetes.io/managed-by: Helm [other-label]\n  hint: choose another label to select by"),
    ],
)  # fmt: skip
def test_labels_of_others_that_are_in_the_way_are_told(labels: Mapping[str, str], said: str) -> None:
    template = {"metadata": {"labels": labels}, "spec": {}}
    spec = {"selector": {"matchLabels": labels}, "template": template}

    with fails(f"own/f.yaml: the Deployment 'a' has the label {said}"):
        existing.labelled(
            {"kind": "Deployment", "metadata": {"name": "a"}, "spec": spec}, "shop", "own/f.yaml"
        )


def test_the_namespace_is_that_of_the_files(place: Path) -> None:
    one = WEB.replace("name: front}", "name: front, namespace: edge}", 1)

    assert existing.namespace(given(place, WEB), "") == ""
    assert existing.namespace(given(place, WEB), "x") == "x"
    assert existing.namespace(given(place, WEB, one), "") == "edge"
    with fails(
        "own/1.yaml: the Deployment 'front' is for the namespace 'edge', not 'x' [two-namespaces]\n"
        "  hint: deploy to one namespace at a time: --namespace"
    ):
        existing.namespace(given(place, WEB, one), "x")


def test_what_is_not_done_is_told(place: Path) -> None:
    always = WEB.replace("name: web,", "name: web, imagePullPolicy: Always,")
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: edge}\n"

    assert [*existing.remarks(given(place, always, space))] == [
        "no manifest has the image 'db'",
        "own/1.yaml: the Namespace 'edge' is for the whole cluster, and left alone: kubectl apply --filename FILE",
        "own/0.yaml: the Deployment 'front' has imagePullPolicy: Always, and its image is in no registry: IfNotPresent",
    ]
    found = given(place, always)
    digest = images.find("web", place).digest
    pulled = existing.of(replace(found.order, references={digest: "reg/web@x"}), found.sources, "own")
    assert "reg/web@x" in pulled.files[0].text
    assert [*existing.remarks(pulled)] == ["no manifest has the image 'db'"]


def node(name: str, architecture: str = "amd64", **labels: str) -> Node:
    return Node(name, architecture, "containerd://2", "v1.32.0", "10.0.0.1", {"at": name, **labels}, True)


def facts(*nodes: Node) -> Facts:
    return Facts((1, 32), "v1.32.0", load().clusters()["k8s"], "default", nodes)


def rule(operator: str, *values: str, key: str = "at") -> dict[str, Any]:
    terms = {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": operator, "values": [*values]}]}]
    }
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({}, True), (rule("In", "a"), True), (rule("In", "b"), False), (rule("NotIn", "a"), False),
        (rule("NotIn", "a", key="x"), True), (rule("Exists"), True), (rule("Exists", key="x"), False),
        (rule("DoesNotExist"), False), (rule("Gt", "3", key="size"), True), (rule("Gt", "4", key="size"), False),
        (rule("Lt", "5", key="size"), True), (rule("Lt", "5"), False), ({"affinity": {"podAffinity": {}}}, True),
    ],
)  # fmt: skip
def test_affinity_leaves_the_nodes_that_its_labels_say(spec: Mapping[str, Any], allowed: bool) -> None:
    assert affinity.allows(spec, {"at": "a", "size": "4"}) is allowed


def test_images_go_to_the_nodes_that_may_run_their_pods(place: Path) -> None:
    text = WEB.replace(
        "    spec:\n      containers", "    spec:\n      nodeSelector: {at: a}\n      containers"
    )
    found = given(place, text, WEB.replace("web:1", "db:1").replace("front", "back"))
    manifests = [each for _, each in manifestfiles.objects(found.files)]
    members = order.members(found.order)

    nodes = existing.nodes(members, manifests, facts(node("a"), node("b")), found.order)
    assert {each.name: sorted(copy.image.name for copy in copies) for each, copies in nodes} == {
        "a": ["localhost/db:latest", "localhost/web:latest"],
        "b": ["localhost/db:latest"],
    }
    with fails(
        "the image 'db' is for amd64, and the pods of the Deployment 'back' may run on b (arm64) "
        "[wrong-architecture]\n"
        "  hint: give one for these, too: --also DIR; or choose nodes: nodeSelector: {kubernetes.io/arch: amd64}"
    ):
        existing.nodes(members, manifests, facts(node("a"), node("b", "arm64")), found.order)
    with fails(
        "no node may run the pods of the Deployment 'front' [no-node]\n"
        "  nodes: b (amd64)\n"
        "  hint: look at them: kubectl get nodes --show-labels"
    ):
        existing.nodes(members, manifests, facts(node("b")), found.order)
