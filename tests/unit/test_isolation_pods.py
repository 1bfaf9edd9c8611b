"""What keeps a container in, as pods and runtimes that take no bundle have it, or refuse it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdk_hooks import Settings
from sdk_hooks.core.k8s import refusals
from sdk_hooks.core.registry import load
from sdk_hooks.testing import container

from .helpers import fails
from .k8smaker import app, manifests

OURS = load()
OPEN = Settings(network="host", privileged=True, pid="host", ipc="host")


@pytest.mark.parametrize(
    ("runtime", "settings", "what"),
    [
        ("pflask", Settings(sysctls={"kernel.sem": "1"}), "set kernel.sem in the container's namespaces"),
        ("pflask", Settings(group_add=("9",)), "add the group 9 to those of a container's user"),
        ("pflask", Settings(security_opt=("no-new-privileges",)),
         "keep programs from new privileges: no-new-privileges"),
        ("pflask", Settings(security_opt=("seccomp=unconfined",)), ""),
        ("pflask", OPEN, "give a container all devices and rights"),
        ("runx", Settings(network="host", dns=("9.9.9.9",)), "give a container name servers of its own"),
        ("runx", Settings(network="host", pid="host"), "show a container the target's processes"),
        ("runsc", Settings(sysctls={"kernel.sem": "1"}), "set kernel.sem in the container's namespaces"),
        ("runsc", Settings(cap_add=("CAP_NET_ADMIN",)), ""),
        ("runsc", OPEN, "pass devices: its kernel has no drivers for them"),
        ("runsc", Settings(ipc="host"), "share the target's memory with a container"),
        ("kata", Settings(privileged=True), "give a container all devices and rights"),
        ("kata", Settings(sysctls={"kernel.sem": "1"}, group_add=("9",)), ""),
    ],
)  # fmt: skip
def test_runtimes_refuse_what_they_do_not_know(runtime: str, settings: Settings, what: str) -> None:
    box = container(user=(0, 0), config={"Entrypoint": ["/bin/web"]}, settings=settings)
    assert OURS.runtime(runtime).refuses(box) == what


def test_what_is_added_reaches_root_only_in_gvisor() -> None:
    settings = Settings(cap_add=("CAP_NET_ADMIN",))
    box = container(user=(65532, 65532), config={"Entrypoint": ["/bin/web"]}, settings=settings)
    assert OURS.runtime("runsc").refuses(box) == "give CAP_NET_ADMIN to a user other than root"


POD = """\
user: 65532:65532
network: bridge
dns: [9.9.9.9]
dns_opt: [rotate, "ndots:2"]
sysctls: {net.core.somaxconn: 1024}
group_add: [20]
security_opt: [seccomp=unconfined, apparmor=unconfined, label=disable]
"""


def pod(directory: Path, text: str, version: tuple[int, int] = (1, 32)) -> Any:
    found = manifests(directory, text, version)
    return next(each["spec"]["template"] for each in found if each["kind"] == "Deployment")


def test_a_pod_has_it(tmp_path: Path) -> None:
    found = pod(tmp_path, POD)["spec"]

    assert found["dnsConfig"] == {
        "nameservers": ["9.9.9.9"], "options": [{"name": "rotate"}, {"name": "ndots", "value": "2"}],
    }  # fmt: skip
    assert found["securityContext"] == {
        "seccompProfile": {"type": "Unconfined"}, "seLinuxOptions": {"type": "spc_t"},
        "appArmorProfile": {"type": "Unconfined"}, "runAsNonRoot": True, "runAsUser": 65532,
        "runAsGroup": 65532, "supplementalGroups": [20],
        "sysctls": [{"name": "net.core.somaxconn", "value": "1024"}],
    }  # fmt: skip
    assert not {"hostPID", "hostIPC"} & set(found)


def test_clusters_before_1_30_have_an_annotation_for_apparmor(tmp_path: Path) -> None:
    found = pod(tmp_path, POD, (1, 25))

    assert "appArmorProfile" not in found["spec"]["securityContext"]
    assert found["metadata"]["annotations"] == {
        "container.apparmor.security.beta.kubernetes.io/shop": "unconfined"
    }


def test_a_pod_shares_what_is_its_nodes(tmp_path: Path) -> None:
    text = "user: root\nprivileged: true\npid: host\nipc: host\ncap_drop: [CHOWN]\n"
    found = pod(tmp_path, text)["spec"]

    assert (found["hostPID"], found["hostIPC"]) == (True, True)
    assert found["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": True, "privileged": True,
    }  # fmt: skip
    assert refusals.warnings(app(tmp_path, text))[1:] == [
        "shop: it is privileged, which only privileged namespaces allow",
        "shop: it shares the processes of its node, which only privileged namespaces allow",
        "shop: it shares the memory of its node, which only privileged namespaces allow",
    ]


def test_a_directory_in_memory_that_is_not_as_closed_as_asked_is_told(tmp_path: Path) -> None:
    text = "user: 65532:65532\ntmpfs: [/tmp, '/run/keys:mode=0700']\n"
    assert refusals.warnings(app(tmp_path, text)) == [
        "shop: /run/keys is open to all its users: Kubernetes knows no mode of a directory in memory"
    ]


def test_what_is_open_for_more_than_on_a_target_is_told(tmp_path: Path) -> None:
    text = """\
user: 65532:65532
devices: ["/dev/a:/dev/b:r", /dev/c, "/dev/d:/dev/d:rw"]
ports: ["8080:80", "127.0.0.1:81:81", "0.0.0.0:82:82", "10.0.0.7:8083:83"]
"""
    assert refusals.warnings(app(tmp_path, text)) == [
        "shop: it has paths of its node, which only privileged namespaces allow",
        "shop: /dev/b can be read and written: Kubernetes knows no 'r' of a device",
        "shop: port 8083 is not bound to 10.0.0.7: a Service has an address of its own",
    ]


def test_what_a_cluster_has_to_allow_is_told(tmp_path: Path) -> None:
    assert refusals.warnings(app(tmp_path, POD)) == [
        "shop: it has seccomp=unconfined, which only privileged namespaces allow",
        "shop: it sets net.core.somaxconn, which kubelets allow when told to: "
        "--allowed-unsafe-sysctls=net.core.somaxconn",
    ]
    with fails(
        "the container 'shop' can't be a pod: net.core.somaxconn is its node's, whose network or memory it "
        "shares [no-pod]\n  hint: leave out sysctls: for Kubernetes"
    ):
        refusals.check(app(tmp_path, POD.replace("bridge", "host")))
