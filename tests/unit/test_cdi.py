"""CDI: specs that are read, what an engine is told instead, and specs that are written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from sdk_plugins.stacks.docker import Docker
from sdk_plugins.stacks.none import NoStack
from sdk_plugins.stacks.podman import Podman

from sdk_hooks import Device, DeviceMatch, DeviceNode, Hook, Settings, StackFacts, Volume, cdi
from sdk_hooks.core.deploy import cdi as reader
from sdk_hooks.core.deploy import hardware, matching
from sdk_hooks.core.deploy.devices import Node
from sdk_hooks.core.deploy.matching import There
from sdk_hooks.testing import TARGET, container

from .helpers import fails
from .schemas import validate_cdi

USER = (65532, 65532)
SPEC: dict[str, Any] = {
    "cdiVersion": "0.7.0",
    "kind": "acme.com/thing",
    "containerEdits": {"env": ["A=1=2", "B="]},
    "devices": [
        {
            "name": "one",
            "containerEdits": {
                "deviceNodes": [{"path": "/dev/a", "hostPath": "/dev/x", "permissions": "rw"}],
                "mounts": [{"hostPath": "/lib/a", "containerPath": "/b", "options": ["ro", "bind"]}],
                "additionalGids": [44],
            },
        },
        {"name": "two", "containerEdits": {"deviceNodes": [{"path": "/dev/x"}]}},
    ],
}
HOOK = {"hookName": "createRuntime", "path": "/bin/h", "args": ["h", "x"], "env": ["C=1"], "timeout": 3}
HOOKED = {
    **SPEC,
    "kind": "acme.com/hooked",
    "devices": [{"name": "one", "containerEdits": {"hooks": [HOOK]}}],
}
SPECS = {"/etc/cdi/a.json": json.dumps(SPEC), "/etc/cdi/b.yaml": yaml.safe_dump(HOOKED)}
NODES = {"/dev/x": Node("c", 0o660, (0, 20), 4, 64, "rw", False)}
THERE = There(NODES, {}, SPECS)


def settings(*names: str) -> Settings:
    return Settings(env={"A": "0"}, devices=tuple(DeviceMatch("cdi", (name,)) for name in names))


def test_what_specs_say_is_joined_and_what_is_common_comes_once() -> None:
    validate_cdi(SPEC)
    assert reader.edits(["acme.com/thing=one", "acme.com/thing=two"], SPECS, TARGET) == reader.Edits(
        devices=(Device("/dev/x", "/dev/a", "rw"), Device("/dev/x", "/dev/x")),
        env={"A": "1=2", "B": ""},
        volumes=(Volume("/lib/a", "/b", True),),
        groups=(44,),
    )


def test_what_is_found_later_goes_over_what_is_found_before() -> None:
    later = {**SPEC, "containerEdits": {}, "devices": [{"name": "one", "containerEdits": {"env": ["X=1"]}}]}
    specs = {**SPECS, "/var/run/cdi/a.json": json.dumps(later)}

    assert reader.edits(["acme.com/thing=one"], specs, TARGET) == reader.Edits(env={"X": "1"})


def test_a_name_that_is_in_no_spec_is_told_with_those_that_are() -> None:
    with fails(
        "no CDI spec of 'root@board' has the device 'acme.com/thing=six' [no-device]\n"
        "  there is acme.com/hooked=one\n  there is acme.com/thing=one\n  there is acme.com/thing=two\n"
        "  /etc/cdi/c.json: Expecting value: line 1 column 1 (char 0)\n"
        "  hint: let its vendor's tool generate the spec there; else change devices: in container.yaml"
    ):
        reader.edits(["acme.com/thing=six"], {**SPECS, "/etc/cdi/c.json": "no"}, TARGET)
    with fails(
        "no CDI spec of 'root@board' has the device 'a/b=c' [no-device]\n"
        "  there are none in /etc/cdi and /var/run/cdi\n"
        "  hint: let its vendor's tool generate the spec there; else change devices: in container.yaml"
    ):
        reader.edits(["a/b=c"], {}, TARGET)


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ({"deviceNodes": [{}]}, "KeyError: 'path'"),
        ({"deviceNodes": [{"path": "dev"}]}, "ValueError: 'dev' is not an absolute path"),
        ({"env": ["A"]}, "ValueError: dictionary update sequence element #0 has length 1; 2 is required"),
        ({"mounts": ["x"]}, "AttributeError: 'str' object has no attribute 'get'"),
    ],
)
def test_a_spec_that_makes_no_sense_is_told(edits: object, why: str) -> None:
    bad = {**SPEC, "containerEdits": {}, "devices": [{"name": "one", "containerEdits": edits}]}
    with fails(
        "a CDI spec of 'root@board' that has acme.com/thing=one is not as CDI wants it [bad-cdi]\n"
        f"  {why}\n  hint: generate it again there"
    ):
        reader.edits(["acme.com/thing=one"], {"/etc/cdi/a.json": json.dumps(bad)}, TARGET)


def test_an_engine_that_knows_cdi_is_given_the_name_and_the_groups() -> None:
    target = replace(TARGET, stacks={"podman": StackFacts(cdi=True)})
    wanted = settings("acme.com/thing=one", "acme.com/hooked=one")
    given = hardware.given(wanted, THERE, Podman(), USER, target)

    assert (given.settings, given.devices, given.hooks) == (wanted, (), ())
    assert (given.cdi, given.groups) == (("acme.com/thing=one", "acme.com/hooked=one"), (20, 44))
    words = Podman().run(container(cdi=given.cdi, groups=given.groups))
    assert (
        " ".join(words).count("--device acme.com/thing=one --device acme.com/hooked=one --group-add 20") == 1
    )


def test_a_path_that_a_rootless_engine_would_not_change_is_told_in_other_words() -> None:
    target = replace(TARGET, uid=1000, stacks={"podman": StackFacts(cdi=True)})
    given = hardware.given(settings("acme.com/thing=one"), THERE, Podman(), (0, 0), target)

    assert given.cdi == ()
    assert [node.device for node in given.devices] == [Device("/dev/x", "/dev/a", "rw")]
    assert hardware.given(settings("acme.com/thing=two"), THERE, Podman(), (0, 0), target).cdi


def test_another_engine_is_told_in_other_words() -> None:
    given = hardware.given(settings("acme.com/thing=one"), THERE, Docker(), USER, TARGET)

    device = Device("/dev/x", "/dev/a", "rw")
    assert given.devices == (DeviceNode(device, "c", 4, 64, 0o660, (0, 20)),)
    assert given.settings.env == {"A": "1=2", "B": ""}
    assert given.settings.volumes == (Volume("/lib/a", "/b", True),)
    assert (given.cdi, given.groups) == ((), (20, 44))


def test_hooks_are_for_the_runtime_when_it_is_told_by_us() -> None:
    given = hardware.given(settings("acme.com/hooked=one"), THERE, NoStack(), USER, TARGET)

    assert given.hooks == (Hook("createRuntime", "/bin/h", ("h", "x"), ("C=1",), 3),)


@pytest.mark.parametrize(
    ("edits", "what"),
    [
        ({"hooks": [HOOK]}, "the hook /bin/h"),
        ({"netDevices": [{"hostInterfaceName": "a", "name": "b"}]}, "netDevices"),
        (
            {
                "intelRdt": {"closID": "x"},
                "mounts": [{"hostPath": "/a", "containerPath": "/b", "type": "tmpfs"}],
            },
            "intelRdt, mounts of the type tmpfs",
        ),
    ],
)
def test_what_an_engine_cannot_be_told_is_refused_by_name(edits: object, what: str) -> None:
    spec = {**SPEC, "containerEdits": {}, "devices": [{"name": "one", "containerEdits": edits}]}
    with fails(
        "docker on 'root@board' can't give a container acme.com/thing=one [no-cdi]\n"
        f"  it takes no names of CDI devices, and can't be told of {what} otherwise\n"
        "  hint: install a version that knows CDI there, or enable it; or choose another one with --stack"
    ):
        there = There(NODES, {}, {"/etc/cdi/a.json": json.dumps(spec)})
        hardware.given(settings("acme.com/thing=one"), there, Docker(), USER, TARGET)


def test_a_spec_that_changes_is_another_deployment() -> None:
    wanted = settings("acme.com/thing=one")
    changed = There(NODES, {}, {"/etc/cdi/a.json": json.dumps({**SPEC, "containerEdits": {}})})

    first, second = (hardware.given(wanted, t, Docker(), USER, TARGET).record for t in (THERE, changed))
    assert first[:-1] == second[:-1]
    assert first != second


def test_a_device_that_is_named_twice_is_given_once() -> None:
    match = DeviceMatch("tty", ("x",))
    there = There(NODES, {matching.key(match): ("found /sys/x /dev/x",)})
    wanted = Settings(devices=(Device("/dev/x", "/dev/x"), match))

    assert hardware.given(wanted, there, Docker(), USER, TARGET).record == ("c 4:64",)


def node(source: str, target: str, access: str = "rwm") -> DeviceNode:
    return DeviceNode(Device(source, target, access), "c", 4, 64, 0o660, (0, 20))


@pytest.mark.parametrize(
    ("version", "name", "nodes", "groups"),
    [
        ("0.3.0", "web", (node("/dev/a", "/dev/a"),), ()),
        ("0.5.0", "3web", (node("/dev/a", "/dev/a"),), ()),
        ("0.5.0", "web", (node("/dev/a", "/dev/b", "r"), node("/dev/c", "/dev/c")), ()),
        ("0.7.0", "web", (node("/dev/a", "/dev/a"),), (20, 44)),
    ],
)
def test_a_spec_has_the_lowest_version_that_its_content_allows(
    version: str, name: str, nodes: tuple[DeviceNode, ...], groups: tuple[int, ...]
) -> None:
    made = cdi.spec(name, nodes, groups)

    validate_cdi(made)
    assert made["cdiVersion"] == version
    edits = reader.edits([f"{cdi.KIND}={name}"], {"/etc/cdi/x.json": json.dumps(made)}, TARGET)
    assert edits == reader.Edits(devices=tuple(each.device for each in nodes), groups=groups)


def test_a_spec_says_no_more_than_it_has_to() -> None:
    nodes = (node("/dev/a", "/dev/a"), node("/dev/a", "/dev/b", "r"))

    assert cdi.spec("web", nodes, (20,)) == {
        "cdiVersion": "0.7.0",
        "kind": "devtool-containers/device",
        "devices": [
            {
                "name": "web",
                "containerEdits": {
                    "deviceNodes": [
                        {"path": "/dev/a"},
                        {"path": "/dev/b", "hostPath": "/dev/a", "permissions": "r"},
                    ],
                    "additionalGids": [20],
                },
            }
        ],
    }
