"""Names of one's own in a container: how they are written, and what each stack is told of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks import Settings, StackFacts
from sdk_hooks.core import local
from sdk_hooks.core.deploy import deployment, namespace
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import annotation, values
from sdk_hooks.testing import TARGET, container

from .helpers import fails, make
from .k8smaker import manifests
from .test_compose_services import service

OURS = load()
HOSTS = (("printer", "192.168.1.9"), ("board", "host-gateway"))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("printer:192.168.1.9", ("printer", "192.168.1.9")),
        ("printer=192.168.1.9", ("printer", "192.168.1.9")),
        ("a.b-c:::1", ("a.b-c", "::1")),
        ("a=[fe80::1]", ("a", "fe80::1")),
        ("host.docker.internal:host-gateway", ("host.docker.internal", "host-gateway")),
    ],
)
def test_one_is_a_name_and_an_address(text: str, made: tuple[str, str]) -> None:
    assert values.extra_host(text) == made


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a_b:1.2.3.4", "'a_b:1.2.3.4' is not a host such as printer:192.168.1.9"),
        ("printer", "'' is not an address"),
        ("printer:other", "'other' is not an address"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError) as error:
        values.extra_host(text)
    assert str(error.value) == why


@pytest.mark.parametrize(
    "text",
    [
        "extra_hosts: ['printer:192.168.1.9', board=host-gateway]",
        "extra_hosts: {printer: 192.168.1.9, board: host-gateway}",
    ],
)
def test_compose_files_have_it_in_two_forms(tmp_path: Path, text: str) -> None:
    assert service(tmp_path, text).spec.extra_hosts == HOSTS


def test_the_image_has_it_in_its_annotation() -> None:
    said = Settings(extra_hosts=HOSTS)

    assert annotation.settings_from_json(annotation.settings_to_json(said)) == said
    assert "extra_hosts" not in annotation.settings_to_json(Settings())


@pytest.mark.parametrize(
    ("stack", "network", "board"),
    [
        ("docker", "bridge", "host-gateway"),
        ("podman", "bridge", "host-gateway"),
        ("docker", "host", "127.0.0.1"),
        ("none", "host", "127.0.0.1"),
    ],
)
def test_stacks_are_told(tmp_path: Path, stack: str, network: str, board: str) -> None:
    part = Part(make(tmp_path).image, Settings(network=network, extra_hosts=HOSTS))
    runtime = OURS.runtime("crun") if stack == "none" else None
    made = deployment.make("web", (part,), OURS.stack(stack), runtime, TARGET, OURS.network).containers[0]

    assert made.hosts == (("printer", "192.168.1.9"), ("board", board))
    if stack == "none":
        assert namespace.files(made, TARGET)["hosts.own"] == "192.168.1.9 printer\n127.0.0.1 board\n"
    else:
        words = " ".join(OURS.stack(stack).run(made))
        assert f"--add-host printer:192.168.1.9 --add-host board:{board}" in words


def test_one_that_runs_here_has_them_too(tmp_path: Path) -> None:
    box = container(settings=Settings(network="host"), hosts=HOSTS[:1])
    with local.bundle(make(tmp_path).image, box, TARGET) as directory:
        names = Path(directory, "hosts").read_text()
        mounts = json.loads(Path(directory, "config.json").read_text())["mounts"]

    assert names == Path("/etc/hosts").read_text() + "192.168.1.9 printer\n"
    assert [each["source"] for each in mounts if each["destination"] == "/etc/hosts"] == [
        f"{directory}/hosts"
    ]


def test_cri_o_has_none() -> None:
    with fails(
        "cri-o can't give a container names of its own: printer [no-hosts]\n"
        "  hint: use another stack, or leave out extra_hosts:"
    ):
        OURS.stack("cri-o").files(container(settings=Settings(network="host", extra_hosts=HOSTS)), TARGET)


def test_podman_has_the_targets_address_since_4_7() -> None:
    box = container(hosts=HOSTS)
    for version in ("4.7.0", "5.4.2"):
        facts = {"podman": StackFacts(version)}
        OURS.stack("podman").files(box, replace(TARGET, stacks=facts))
    with fails(
        "podman 4.3.1 gives a container no address of its target as 'board' [no-hosts]\n"
        "  hint: leave it out of extra_hosts: and use host.containers.internal; or give the address"
    ):
        OURS.stack("podman").files(box, replace(TARGET, stacks={"podman": StackFacts("4.3.1")}))


def aliases(directory: Path, text: str) -> Any:
    found = manifests(directory, f"user: 65532:65532\nextra_hosts: {text}\n")
    pods = [each["spec"]["template"]["spec"] for each in found if each["kind"] == "Deployment"]
    return pods[0]["hostAliases"]


def test_a_pod_has_them_by_address(tmp_path: Path) -> None:
    found = aliases(tmp_path, "['a:10.0.0.1', 'b:10.0.0.1', 'c:10.0.0.2']")

    assert found == [{"ip": "10.0.0.1", "hostnames": ["a", "b"]}, {"ip": "10.0.0.2", "hostnames": ["c"]}]


def test_a_pod_knows_no_address_of_its_node(tmp_path: Path) -> None:
    with fails(
        "on Kubernetes there is no address for 'a': host-gateway [no-hosts]\n"
        "  hint: give an address, or the name of a Service in env:"
    ):
        aliases(tmp_path, "['a:host-gateway']")
