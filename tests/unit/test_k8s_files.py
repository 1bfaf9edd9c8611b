"""`k8s-deploy --output`: what is written, for whom, and what of it is the person's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .helpers import write
from .shop import image
from .shopfiles import place, read, run

__all__ = ["place"]


BASE = """\
# k8s-deploy writes what is in here; what you change stays as you have it.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- serviceaccount-shop.yaml
- secret-shop-web.yaml
- configmap-shop-web-config.yaml
- service-db.yaml
- statefulset-shop-db.yaml
- service-web.yaml
- service-shop-web.yaml
- deployment-shop-web.yaml
- poddisruptionbudget-shop-web.yaml
- job-shop-migrate.yaml
- cronjob-shop-tidy-up.yaml
- networkpolicy-shop-web.yaml
- networkpolicy-shop.yaml
"""
OVERLAY = """\
# Yours: once you have changed it, k8s-deploy leaves it alone.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-production
resources:
- ../../base
patches:
- path: statefulset-shop-db.yaml
- path: deployment-shop-web.yaml
"""
PRODUCTION = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: shop-db
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: db
        resources:
          requests:
            cpu: 100m
            memory: 64Mi
"""
DEVELOPMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: web
        resources:
          requests:
            memory: '16777216'
            cpu: 125m
"""


def test_a_base_and_two_overlays_are_written_without_a_cluster(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("container.yaml", "--output", "out") == 0

    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == [
        "FILE                                               RESULT",
        "out/base/serviceaccount-shop.yaml                  written",
    ]
    assert "warning: 'out/base/secret-shop-web.yaml' is secret: publish it nowhere\n" in err
    base, overlays = place / "out" / "base", place / "out" / "overlays"
    assert (base / "kustomization.yaml").read_text() == BASE
    assert {path.name for path in base.iterdir()} == {
        "kustomization.yaml",
        *read(base / "kustomization.yaml")["resources"],
    }
    assert (overlays / "production" / "kustomization.yaml").read_text() == OVERLAY
    assert (overlays / "production" / "statefulset-shop-db.yaml").read_text() == PRODUCTION
    assert read(overlays / "production" / "deployment-shop-web.yaml")["spec"] == {"replicas": 2}
    assert (overlays / "development" / "deployment-shop-web.yaml").read_text() == DEVELOPMENT
    assert read(overlays / "development" / "statefulset-shop-db.yaml")["spec"] == {"replicas": 1}


def test_objects_have_their_labels_no_namespace_and_images_by_their_digests(place: Path) -> None:
    digest = image(place, "web").replace(":", "-")
    run("container.yaml", "--output", "out")

    for path in (place / "out" / "base").glob("*-*.yaml"):
        meta = read(path)["metadata"]
        assert "namespace" not in meta
        assert meta["labels"]["app.kubernetes.io/managed-by"] == "devtool-containers"
    deployment = read(place / "out" / "base" / "deployment-shop-web.yaml")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == f"localhost/web:{digest}"
    text = (place / "out" / "base" / "deployment-shop-web.yaml").read_text()
    assert text.startswith("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop-web\n")
    assert "        - name: LINES\n          value: |-\n            one\n            two\n" in text


def test_the_same_again_changes_nothing_and_says_so(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("container.yaml", "--output", "out")
    capsys.readouterr()

    run("container.yaml", "--output", "out")
    assert capsys.readouterr().out == "out: unchanged\n"
    run("container.yaml", "--output", "out", "--format", "json")
    answer = json.loads(capsys.readouterr().out)
    assert answer[0] == {"file": "base/serviceaccount-shop.yaml", "result": "unchanged"}
    assert {each["result"] for each in answer} == {"unchanged"}


def test_new_images_are_merged_into_what_the_person_changed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("container.yaml", "--output", "out")
    path = place / "out" / "base" / "deployment-shop-web.yaml"
    own = path.read_text().replace("imagePullPolicy: IfNotPresent", "imagePullPolicy: Never # mine")
    write(
        place,
        {"out/base/deployment-shop-web.yaml": own, "out/overlays/production/kustomization.yaml": "a: 1\n"},
    )
    (place / "out" / "base" / "networkpolicy-shop.yaml").unlink()
    before, after = image(place, "web"), image(place, "web", "2")
    capsys.readouterr()

    assert run("container.yaml", "--output", "out") == 0

    assert path.read_text() == own.replace(before.replace(":", "-"), after.replace(":", "-"))
    assert (place / "out" / "base" / "kustomization.yaml").read_text() == BASE.replace(
        "- networkpolicy-shop.yaml\n", ""
    )
    rows = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert rows == [
        ["FILE", "RESULT"],
        ["out/base/deployment-shop-web.yaml", "merged"],
        ["out/base/networkpolicy-shop.yaml", "left out"],
        ["out/base/kustomization.yaml", "updated"],
        ["out/overlays/production/kustomization.yaml", "kept"],
    ]


def test_a_job_keeps_its_file_when_it_becomes_another_one(place: Path) -> None:
    run("container.yaml", "--output", "out")
    path = place / "out" / "base" / "job-shop-migrate.yaml"
    before = read(path)["metadata"]["name"]
    image(place, "db", "2")
    run("container.yaml", "--output", "out")

    assert read(path)["metadata"]["name"] != before


def test_old_clusters_get_what_they_know(place: Path) -> None:
    run("container.yaml", "--output", "out", "--kubernetes-version", "v1.20.4")

    assert read(place / "out" / "base" / "cronjob-shop-tidy-up.yaml")["apiVersion"] == "batch/v1beta1"
    overlay = read(place / "out" / "overlays" / "development" / "kustomization.yaml")
    assert overlay["bases"] == ["../../base"]
    assert overlay["patchesStrategicMerge"] == ["statefulset-shop-db.yaml", "deployment-shop-web.yaml"]


def test_several_names_share_a_base_and_the_namespaces_are_called_after_its_directory(place: Path) -> None:
    run("web", "db", "--output", "Edge_1", "--namespace", "prod")
    run("web", "db", "--output", "other")

    assert read(place / "Edge_1" / "base" / "kustomization.yaml")["namespace"] == "prod"
    assert (
        read(place / "Edge_1" / "overlays" / "production" / "kustomization.yaml")["namespace"]
        == "prod-production"
    )
    assert (
        read(place / "other" / "overlays" / "production" / "kustomization.yaml")["namespace"]
        == "other-production"
    )
    names = read(place / "other" / "base" / "kustomization.yaml")["resources"]
    assert [name for name in names if name.startswith("deployment")] == [
        "deployment-web.yaml",
        "deployment-db.yaml",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["web", "--output", "x", "--kubernetes-version", "new"],
         "--kubernetes-version 'new' is no version [usage]\n"
         "  hint: write it like --kubernetes-version 1.37"),
        (["web", "--output", "x", "--kubernetes-version", "1.19"],
         "--kubernetes-version 1.19 is too old [usage]\n  hint: 1.20 is the oldest that will do"),
        (["web", "--kubernetes-version", "1.30"],
         "--kubernetes-version is for files [usage]\n  hint: write them: --output DIR, --helm DIR"),
        (["web", "--helm", "x", "--namespace", "y"],
         "--helm and --namespace do not go together [usage]\n  hint: say it then: helm install --namespace"),
        (["web", "db", "--helm", "x"],
         "--helm and several NAMEs do not go together [usage]\n  hint: write a chart for each"),
        (["web", "--helm", "x", "--manifests", "y"],
         "--helm and --manifests do not go together [usage]\n  hint: write a chart without --manifests"),
        (["web", "--manifests", "y", "--pin-architecture"],
         "--manifests and --pin-architecture do not go together [usage]\n"
         "  hint: choose nodes in the manifests: nodeSelector:"),
        (["web", "--manifests", "y", "--output", "x", "--kubernetes-version", "1.30"],
         "--manifests and --kubernetes-version do not go together [usage]\n  hint: leave one out"),
        (["web", "--manifests", "y", "--output", "./y"],
         "--output is in the directory of --manifests [usage]\n  hint: write to another one"),
        (["web", "--manifests", "y", "--output", "y/z"],
         "--output is in the directory of --manifests [usage]\n  hint: write to another one"),
        (["web", "--manifests", "y", "--env", "A=b"],
         "--env is for one container [usage]\n  hint: write it into 'y'"),
        (["web", "db", "--manifests", "y"],
         "--manifests with several NAMEs wants a name [usage]\n  hint: say one for all: --name NAME"),
        (["web", "web", "--output", "x"],
         "there are two objects ServiceAccount 'web' [same-object]\n"
         "  hint: write them into two directories, one NAME at a time"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    before = sorted(place.rglob("*"))

    assert run(*words) != 0
    assert capsys.readouterr().err.endswith(f"error: {said}\n")
    assert sorted(place.rglob("*")) == before
