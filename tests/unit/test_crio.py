"""cri-o: what the CRI is told of a container, and what it has no place for."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace

import pytest
from sdk_plugins.runtimes.crun import Crun
from sdk_plugins.runtimes.kata import Kata
from sdk_plugins.runtimes.pflask import Pflask
from sdk_plugins.stacks.crio import CriO

from sdk_hooks import Device, DeviceNode, Resources, Settings, Setup, StackFacts, Ulimit, Volume
from sdk_hooks.testing import TARGET, container

from .helpers import fails

HOST = Settings(network="host")
KNOWN = replace(TARGET, stacks={"cri-o": StackFacts("1.37.0", runtimes=frozenset({"crun"}))})


def test_a_container_becomes_a_pod_with_one_container() -> None:
    settings = replace(
        HOST,
        hostname="front",
        env={"A": "1"},
        volumes=(Volume("data", "/data", True),),
        resources=Resources(64 << 20, 0.5),
    )
    node = DeviceNode(Device("/dev/a", "/dev/b", "rw"), "c", 4, 64, 0o660, (0, 20))
    made = CriO().files(container(settings=settings, devices=(node,), groups=(20,)), TARGET)
    pod, box = json.loads(made["pod.json"]), json.loads(made["container.json"])

    assert pod["metadata"]["uid"] == "web-0123456789ab"
    assert pod["linux"]["security_context"]["namespace_options"] == {"network": 2, "pid": 1, "ipc": 1}
    assert pod["hostname"] == "front"
    assert "hostname" not in json.loads(CriO().files(container(settings=HOST), TARGET)["pod.json"])
    assert box["envs"] == [{"key": "A", "value": "1"}]
    volumes = "/var/lib/devtool-containers/volumes"
    assert box["mounts"] == [{"container_path": "/data", "host_path": f"{volumes}/data", "readonly": True}]
    assert box["devices"] == [{"container_path": "/dev/b", "host_path": "/dev/a", "permissions": "rw"}]
    limits = {"cpu_quota": 50_000, "cpu_period": 100_000, "memory_limit_in_bytes": 64 << 20}
    assert box["linux"]["resources"] == limits
    assert box["linux"]["security_context"]["run_as_user"] == {"value": 65532}
    assert box["linux"]["security_context"]["supplemental_groups"] == [20]
    assert "command" not in box


def test_cdi_devices_are_told_by_their_names() -> None:
    """As ContainerConfig of cri-api's api.proto has them: `repeated CDIDevice CDI_devices = 17`."""
    made = CriO().files(container(settings=HOST, cdi=("acme.com/led=red", "acme.com/led=blue")), TARGET)

    names = [{"name": "acme.com/led=red"}, {"name": "acme.com/led=blue"}]
    assert json.loads(made["container.json"])["CDI_devices"] == names


@pytest.mark.parametrize(("version", "said"), [("1.27.4", ""), ("1.28.0", "cdi yes"), ("1.37.0", "cdi yes")])
def test_a_version_that_takes_names_says_so(version: str, said: str) -> None:
    """crictl is stood in for: what is tried is how a shell reads its answer."""
    text = f"crictl() {{ echo 'RuntimeVersion:  {version}'; }}\npodman() {{ :; }}\nlimit=\n"
    script = f"{text}inventory() {{\n{CriO().inventory((), True)}}}\ninventory\n"
    found = subprocess.run(("sh",), input=script, capture_output=True, text=True, check=True).stdout

    assert [line for line in found.splitlines() if line.startswith("cdi")] == ([said] if said else [])


def test_what_the_cri_has_no_place_for_is_refused() -> None:
    settings = replace(HOST, ulimits=(Ulimit("core", 0, 0),))
    with fails(
        "cri-o can't set the limit 'core' of processes [no-ulimit]\n"
        "  hint: use another stack, or leave out ulimits:"
    ):
        CriO().files(container(settings=settings), TARGET)


def test_processes_are_limited_where_the_hierarchy_is_one() -> None:
    box = container(settings=replace(HOST, resources=Resources(pids=5)))
    found = [json.loads(CriO().files(box, replace(TARGET, cgroup=n))["container.json"]) for n in (1, 2)]

    assert [each["linux"]["resources"] for each in found] == [{}, {"unified": {"pids.max": "5"}}]


def test_it_runs_nothing_in_the_foreground() -> None:
    with fails(
        "cri-o runs no container in the foreground [no-foreground]\n  hint: choose another stack with --stack"
    ):
        CriO().run(container(settings=HOST, attach=True))


def test_a_handler_is_asked_for_and_set_up() -> None:
    stack = CriO()

    assert stack.lacks(Crun(), KNOWN) == ""
    assert stack.lacks(Kata(), KNOWN) == "its crio.conf has no handler kata"
    assert stack.setup(Kata(), KNOWN) == Setup(
        "/etc/crio/crio.conf.d/50-devtool-containers-kata.conf",
        "[crio.runtime.runtimes.kata]\n"
        'runtime_path = "/usr/bin/containerd-shim-kata-v2"\nruntime_type = "vm"\n',
        'kill -HUP "$(pidof crio)"\n',
    )
    elsewhere = replace(KNOWN, places={"crun": "/opt/bin/crun"})
    found = stack.setup(Crun(), elsewhere)
    assert found
    assert found.content == (
        '[crio.runtime.runtimes.crun]\nruntime_path = "/opt/bin/crun"\nruntime_type = "oci"\n'
    )
    assert stack.setup(Pflask(), KNOWN) is None
    assert stack.setup(Kata(), replace(KNOWN, uid=1000)) is None
