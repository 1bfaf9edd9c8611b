"""What k8s-deploy writes, read by real kubectl and helm; by a real cluster, too: TEST_KUBECONFIG=<file>."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.shop import image, shop

from devtool_plugins.__main__ import main

pytestmark = pytest.mark.integration
FETCHED = Path(sys.prefix) / "kube"
"""Where .ci/setup puts the newer programs."""
MANAGED = "app.kubernetes.io/managed-by"
needs_cluster = pytest.mark.skipif(
    "TEST_KUBECONFIG" not in os.environ,
    reason="needs a cluster: TEST_KUBECONFIG=<kubeconfig of a cluster's administrator>",
)


def _program(name: str) -> str:
    """*name* as $NAME says, as .ci/setup fetched it, or as the distribution has it."""
    found = os.environ.get(name.upper()) or shutil.which(str(FETCHED / name)) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not there: .ci/setup test, or {name.upper()}=<path>")
    return found


@pytest.fixture(params=["distribution", "newer"])
def kubectl(request: pytest.FixtureRequest) -> str:
    found = shutil.which("kubectl") if request.param == "distribution" else _program("kubectl")
    if not found:
        pytest.skip("kubectl is not there: apt-get install kubernetes-client")
    return found


@pytest.fixture
def helm() -> str:
    return _program("helm")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with an application and its images, where the commands run."""
    shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*argv: str) -> str:
    found = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr
    return found.stdout


def objects(text: str) -> dict[str, Any]:
    return {f"{each['kind']} {each['metadata']['name']}": each for each in yaml.safe_load_all(text) if each}


def deploy(*words: str) -> None:
    assert main(["k8s-deploy", *words, "-o", "."]) == 0


def version(kubectl: str) -> str:
    text = run(kubectl, "version", "--client", "--output=json")
    info = yaml.safe_load(text)["clientVersion"]
    return f"{info['major']}.{info['minor'].rstrip('+')}"


def test_kustomize_builds_the_base_and_the_overlays(place: Path, kubectl: str) -> None:
    deploy("container.yaml", "--output", "out", "--kubernetes-version", version(kubectl))

    written = objects("---\n".join(path.read_text() for path in (place / "out/base").glob("*-*.yaml")))
    assert objects(run(kubectl, "kustomize", "out/base")) == written
    for overlay, replicas in (("development", 1), ("production", 2)):
        found = objects(run(kubectl, "kustomize", f"out/overlays/{overlay}"))
        assert found.keys() == written.keys()
        assert {each["metadata"]["namespace"] for each in found.values()} == {f"shop-{overlay}"}
        assert found["Deployment shop-web"]["spec"]["replicas"] == replicas
    limits = objects(run(kubectl, "kustomize", "out/overlays/development"))["Deployment shop-web"]
    (container,) = limits["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == {"memory": "67108864", "cpu": "500m"}
    assert container["resources"]["requests"] == {"memory": "16777216", "cpu": "125m"}


def test_a_base_without_what_somebody_removed_is_still_built(place: Path, kubectl: str) -> None:
    for _ in range(2):
        deploy("container.yaml", "--output", "out", "--kubernetes-version", version(kubectl))
        (place / "out/base/networkpolicy-shop.yaml").unlink(missing_ok=True)

    assert "NetworkPolicy shop" not in objects(run(kubectl, "kustomize", "out/base"))


def test_a_kustomization_of_the_person_is_built_and_has_our_images(
    place: Path, kubectl: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", f"{Path(kubectl).parent}:{os.environ['PATH']}")
    (place / "own").mkdir()
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: web, image: web}]}\n"
    (place / "own/pod.yaml").write_text(pod)
    (place / "own/kustomization.yaml").write_text("namePrefix: my-\nresources: [pod.yaml]\n")

    deploy("web", "--manifests", "own", "--output", "out")

    found = objects((place / "out/manifests.yaml").read_text())["Pod my-a"]
    name = f"localhost/web:{image(place, 'web').replace(':', '-')}"
    assert found["spec"]["containers"] == [{"name": "web", "image": name}]
    (place / "own/pod.yaml").unlink()
    capsys.readouterr()
    assert main(["k8s-deploy", "web", "-o", ".", "--manifests", "own", "--output", "out"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: 'own' can't be built by kustomize [kustomize]\n")
    assert error.endswith("  hint: try it by hand: kubectl kustomize own\n")


def test_helm_makes_the_same_objects(place: Path, helm: str) -> None:
    deploy("container.yaml", "--output", "out")
    deploy("container.yaml", "--helm", "chart")

    assert "0 chart(s) failed" in run(helm, "lint", "chart")
    texts = [
        path.read_text().replace("devtool-containers\n", "Helm\n")
        for path in (place / "out/base").glob("*-*.yaml")
    ]
    written = objects("---\n".join(texts))
    found = objects(run(helm, "template", "shop", "chart"))
    job = next(key for key in written if key.startswith("Job "))
    renamed = written.pop(job)
    renamed["metadata"]["name"] = "shop-migrate-1"
    written["Job shop-migrate-1"] = renamed
    for each in written.values():
        for container in _containers(each) or ():
            container.setdefault("resources", {})
    assert found == written


def _containers(manifest: Any) -> Any:
    spec = manifest.get("spec") or {}
    return (
        (spec.get("jobTemplate", {}).get("spec") or spec)
        .get("template", {})
        .get("spec", {})
        .get("containers")
    )


def test_values_of_a_chart_count(place: Path, helm: str) -> None:
    deploy("container.yaml", "--helm", "chart")
    values = (
        "web.replicas=0",
        "web.service.type=NodePort",
        "web.image=reg/web:1",
        "db.replicas=3",
        "db.resources.limits.cpu=1",
    )

    found = objects(
        run(helm, "template", "shop", "chart", *(word for each in values for word in ("--set", each)))
    )

    assert found["Deployment shop-web"]["spec"]["replicas"] == 0
    assert found["StatefulSet shop-db"]["spec"]["replicas"] == 3
    assert found["Service shop-web"]["spec"]["type"] == "NodePort"
    assert _containers(found["Deployment shop-web"])[0]["image"] == "reg/web:1"
    assert _containers(found["StatefulSet shop-db"])[0]["resources"] == {"limits": {"cpu": 1}}


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A namespace of one's own on the cluster, gone afterwards."""
    kubectl, name = _program("kubectl"), f"files-{os.getpid()}"
    monkeypatch.setenv("KUBECONFIG", os.environ["TEST_KUBECONFIG"])
    run(kubectl, "create", "namespace", name)
    yield name
    run(kubectl, "delete", "namespace", name)


@needs_cluster
@pytest.mark.parametrize("dry_run", ["client", "server"])
def test_a_cluster_takes_what_is_written(place: Path, helm: str, namespace: str, dry_run: str) -> None:
    kubectl = _program("kubectl")
    deploy("container.yaml", "--output", "out")
    deploy("container.yaml", "--helm", "chart")
    apply = (kubectl, "apply", "--namespace", namespace, f"--dry-run={dry_run}")

    assert run(*apply, "-k", "out/base").count(" created ") == 13
    (place / "rendered.yaml").write_text(run(helm, "template", "shop", "chart"))
    assert run(*apply, "-f", "rendered.yaml").count(" created ") == 13


@needs_cluster
def test_helm_installs_upgrades_and_removes_it(place: Path, helm: str, namespace: str) -> None:
    """Its pods have no image here: that the cluster takes each revision is what is asked."""
    deploy("container.yaml", "--helm", "chart")
    for _ in range(2):
        run(helm, "upgrade", "--install", "shop", "chart", "--namespace", namespace)
        image(place, "db", "2")
        deploy("container.yaml", "--helm", "chart")

    run(helm, "uninstall", "shop", "--namespace", namespace)
