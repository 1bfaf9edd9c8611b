"""Names and texts on their way to Kubernetes: what would collide or be changed there."""

# ruff: noqa: E501  what is said is read best in one line

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtool_plugins.__main__ import main
from sdk_hooks.core.k8s.app import Manifest

from .helpers import fails
from .k8smaker import USER, manifests

ONLY = "only lower-case letters, digits and hyphens count"
LONG = "a" * 70


def several(*names: str, more: str = "") -> str:
    return "containers:\n" + "".join(f"  {name}: {{image: a{more}}}\n" for name in names)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            several("a_b", "a-b"),
            "two Services would be called 'a-b'",
            f"call a container otherwise: {ONLY}",
        ),
        (
            several("shop-web") + "  web: {image: a, ports: [80]}\n",
            "two Services would be called 'shop-web'",
            f"call a container otherwise: {ONLY}",
        ),
        (several("1st"), "'1st' can't be the name of a Service", "let it begin with a letter"),
        (several(LONG), f"{LONG!r} is too long for a Service", "at most 63 characters"),
        (
            f"{USER}volumes: ['my_data:/a', 'my-data:/b']",
            "the volumes 'my_data' and 'my-data' would be one",
            f"call one otherwise: {ONLY}",
        ),
        (
            f"{USER}kubernetes: {{storage: temporary}}\nvolumes: ['{LONG}:/a']",
            f"{LONG!r} is too long for a volume",
            "at most 63 characters",
        ),
    ],
)  # fmt: skip
def test_names_that_are_none_or_two(tmp_path: Path, text: str, what: str, hint: str) -> None:
    with fails(f"{what} [bad-name]\n  hint: {hint}"):
        manifests(tmp_path, text)


def pod(found: list[Manifest]) -> Any:
    [workload] = [each for each in found if each["kind"] == "Deployment"]
    return workload["spec"]["template"]["spec"]


def test_volumes_of_ours_are_not_those_of_the_same_name(tmp_path: Path) -> None:
    text = (
        "containers:\n  one: {image: a, secrets: [token], configs: [broker], volumes: ['secrets:/s', 'configs:/c', '/:/host']}\n"
        "secrets: {token: {file: token}}\nconfigs: {broker: broker.conf}\n"
    )  # fmt: skip
    found = pod(manifests(tmp_path, text))

    assert [each["name"] for each in found["volumes"]] == [
        "secrets", "configs", "path-8a5eda", "devtool-secrets", "devtool-configs",
    ]  # fmt: skip
    mounts = {each["mountPath"]: each["name"] for each in found["containers"][0]["volumeMounts"]}
    assert mounts == {
        "/s": "secrets",
        "/c": "configs",
        "/host": "path-8a5eda",
        "/run/secrets": "devtool-secrets",
        "/broker": "devtool-configs",
    }


def test_what_kubernetes_takes_for_variables_stays_as_it_is(tmp_path: Path) -> None:
    """It takes $$ for $ and $(NAME) for a variable, also in what a probe runs."""
    text = f"{USER}entrypoint: [/bin/sh, -c, 'echo $$ $(HOME) $1']\ncmd: ['pa$$word']\n"
    text += "env: {PASSWORD: 'a$$b$(C)'}\nhealthcheck: {command: [sh, -c, 'test $$ -gt $(ONE)']}\n"
    several_ = "containers:\n  one:\n    image: a\n" + "".join(
        f"    {line}\n" for line in text.splitlines()[1:]
    )
    [box] = pod(manifests(tmp_path, several_))["containers"]

    assert box["command"] == ["/bin/sh", "-c", "echo $$$$ $$(HOME) $$1"]
    assert box["args"] == ["pa$$$$word"]
    assert box["env"] == [{"name": "PASSWORD", "value": "a$$$$b$$(C)"}]
    assert box["readinessProbe"]["exec"]["command"] == ["sh", "-c", "test $$$$ -gt $$(ONE)"]


def test_a_port_for_nobody_else_is_published_nowhere(tmp_path: Path) -> None:
    found = manifests(tmp_path, f"{USER}ports: ['127.0.0.1:9000:9000', '8080:80']\n")

    [service] = [each for each in found if each["kind"] == "Service"]
    assert [port["port"] for port in service["spec"]["ports"]] == [8080]
    [policy] = [each for each in found if each["kind"] == "NetworkPolicy"]
    assert policy["spec"]["ingress"][1:] == [{"ports": [{"port": 80, "protocol": "TCP"}]}]


def test_what_one_container_publishes_is_open_at_no_other(tmp_path: Path) -> None:
    """The store may well listen at the same number for its own application only."""
    web_ports = "ports: ['8080:80', '8053:53/udp']"
    text = f"containers:\n  web: {{image: a, {web_ports}}}\n  store: {{image: b, needs: [web]}}\n"
    found = manifests(tmp_path, text)

    web, own = [each for each in found if each["kind"] == "NetworkPolicy"]
    everyone = {"app.kubernetes.io/instance": "shop"}
    assert own["spec"]["podSelector"] == {"matchLabels": everyone}
    assert own["spec"]["ingress"] == [{"from": [{"podSelector": {"matchLabels": everyone}}]}]
    assert web["metadata"]["name"] == "shop-web"
    assert web["spec"]["podSelector"] == {"matchLabels": {**everyone, "app.kubernetes.io/component": "web"}}
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]
    assert web["spec"]["ingress"] == [{"ports": ports}]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("web", "--volumes"), "--volumes is for --delete"),
        (("web", "--worker"), "--worker is for --check-nodes"),
        (("web", "--distribution", "any"), "--distribution is for --check-nodes"),
        (("web", "--status", "--follow"), "--follow is for --logs"),
    ],
)
def test_options_of_another_action(
    words: tuple[str, ...], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["k8s-deploy", *words]) == 2
    assert capsys.readouterr().err == f"error: {what} [usage]\n  hint: leave it out, or say both\n"
