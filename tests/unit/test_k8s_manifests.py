"""What a container.yaml becomes on Kubernetes: object by object, and valid for old and new clusters."""

from __future__ import annotations

import functools
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from sdk_hooks.core.k8s.app import preloaded

from .helpers import make
from .k8s_cases import CASES
from .k8smaker import RECORDED, USER, manifests

VERSIONS = {"1.25": (1, 25), "1.32": (1, 32), "1.37": (1, 37)}
"""The oldest that the package with the schemas has, one between, and the newest."""
_schemas = functools.lru_cache(kubernetes_validate.utils.schema_contents)
_DIGEST = re.compile(r"sha256-[0-9a-f]{64}")


def shown(found: list[dict[str, Any]]) -> str:
    """*found* as people read it; digests are those of the tests' images, which other tests look at."""

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    text = yaml.dump_all(found, Dumper=Plain, sort_keys=False, width=110)
    return _DIGEST.sub("sha256-0123456789abcdef", text)


@pytest.mark.parametrize("case", CASES)
def test_each_object_is_as_written_down(tmp_path: Path, case: str) -> None:
    """REWRITE=1 writes them anew, to be read in the diff."""
    golden = RECORDED / "manifests" / f"{case}.yaml"
    made = shown(manifests(tmp_path, CASES[case]))
    if os.environ.get("REWRITE"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(made)

    assert made == golden.read_text()


def test_nothing_is_written_down_that_no_case_has() -> None:
    assert sorted(path.stem for path in (RECORDED / "manifests").iterdir()) == sorted(CASES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_the_schemas_of_kubernetes_have_nothing_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, version: str
) -> None:
    monkeypatch.setattr(
        kubernetes_validate.utils, "schema_contents", _schemas
    )  # it would read 1 MB each time
    found = manifests(tmp_path, CASES[case], VERSIONS[version])
    for each in found:
        if each["kind"] != "NetworkAttachmentDefinition":  # it is of multus
            assert kubernetes_validate.validate(each, version, strict=True) == version


def test_the_schemas_do_find_what_is_wrong(tmp_path: Path) -> None:
    [*_, deployment, _] = manifests(tmp_path, CASES["web"])
    deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError, match="imagePullPolice"):
        kubernetes_validate.validate(deployment, "1.32", strict=True)


@pytest.mark.parametrize(
    ("version", "apis"),
    [
        ((1, 20), {"CronJob": "batch/v1beta1", "PodDisruptionBudget": "policy/v1beta1"}),
        ((1, 21), {"CronJob": "batch/v1", "PodDisruptionBudget": "policy/v1"}),
    ],
)
def test_old_clusters_are_spoken_to_in_their_own_versions(
    tmp_path: Path, version: tuple[int, int], apis: dict[str, str]
) -> None:
    cron = manifests(tmp_path / "one", CASES["cron-job"], version)
    budget = manifests(tmp_path / "two", CASES["runtime-class"], version)

    assert {each["kind"]: each["apiVersion"] for each in cron + budget if each["kind"] in apis} == apis


def test_a_low_port_needs_a_sysctl_that_old_clusters_do_not_allow(tmp_path: Path) -> None:
    def sysctls(version: tuple[int, int]) -> Any:
        [*_, deployment, _] = manifests(tmp_path / str(version[1]), CASES["low-port"], version)
        return deployment["spec"]["template"]["spec"]["securityContext"].get("sysctls")

    assert sysctls((1, 21)) is None
    assert sysctls((1, 22)) == [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]


def test_pods_can_be_kept_to_their_architecture(tmp_path: Path) -> None:
    [*_, deployment, _] = manifests(tmp_path, USER, pin=True)

    rule = {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]}
    assert deployment["spec"]["template"]["spec"]["affinity"] == {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [rule]}]
            }
        }
    }


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("localhost/web:1", "localhost/web"),
        ("acme/web:1", "localhost/acme/web"),
        ("web:1", "localhost/web"),
        ("registry.example/acme/web:1", "registry.example/acme/web"),
        ("10.0.0.1:5000/web:1", "10.0.0.1:5000/web"),
    ],
)
def test_nodes_know_an_image_by_registry_name_and_digest(tmp_path: Path, name: str, wanted: str) -> None:
    image = replace(make(tmp_path).image, name=name)

    assert preloaded(image) == f"{wanted}:sha256-{image.digest.removeprefix('sha256:')}"


def test_a_job_that_changes_is_another_one(tmp_path: Path) -> None:
    def name(directory: str, text: str) -> str:
        [_, job, _] = manifests(tmp_path / directory, text)
        return str(job["metadata"]["name"])

    job = CASES["job"]
    assert name("one", job) == name("two", job) != name("three", job + "env: {A: b}\n")
    assert re.fullmatch(r"shop-[0-9a-f]{8}", name("four", job))


def test_new_files_mean_new_pods(tmp_path: Path) -> None:
    def annotations(directory: str, text: str) -> list[Any]:
        found = manifests(tmp_path / directory, text)
        pods = [each["spec"]["template"]["metadata"] for each in found if "template" in each.get("spec", {})]
        return [pod.get("annotations", {}).get("devtool-containers/files") for pod in pods]

    text = CASES["several"]
    secret, config = "token: {file: token}", "conf: broker.conf"
    before = annotations("one", text)
    assert annotations("two", text.replace(secret, "token: {file: broker.conf}"))[0] == before[0]
    assert annotations("three", text.replace(secret, "token: {file: broker.conf}"))[1] != before[1]
    assert annotations("four", text.replace(config, "conf: token"))[1:] == before[1:]
    assert annotations("four", text.replace(config, "conf: token"))[0] != before[0]
