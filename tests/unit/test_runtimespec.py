"""runtimespec.py: config.json of a bundle, against the runtime-spec's own schema."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sdk_plugins.runtimes.crun import Crun
from sdk_plugins.runtimes.runc import Runc

from sdk_hooks import (
    Container,
    Device,
    DeviceNode,
    Hook,
    Platform,
    Port,
    Resources,
    Settings,
    Target,
    Ulimit,
    Volume,
)
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.testing import TARGET, container

from .schemas import validate

SETTINGS = Settings(
    env={"A": "image's is replaced"},
    ports=(Port(80, 80),),
    volumes=(Volume("data", "/data"), Volume("/srv", "/srv", True)),
    resources=Resources(64 << 20, 0.5, 20),
    network="host",
    read_only=True,
)


@pytest.mark.parametrize("settings", [Settings(network="host"), Settings(network="none"), SETTINGS])
@pytest.mark.parametrize("target", [TARGET, replace(TARGET, cgroup=1), replace(TARGET, cgroup=0)])
@pytest.mark.parametrize("user", [(0, 0), (65532, 65532)])
def test_it_is_what_the_schema_wants(settings: Settings, target: Target, user: tuple[int, int]) -> None:
    text = runtimespec.config_json(container(settings=settings, user=user), target)

    validate("config-schema", json.loads(text), "runtime-spec")


@pytest.mark.parametrize("cgroup", [0, 1, 2])
def test_an_ordinary_user_asks_for_nothing_that_is_roots(cgroup: int) -> None:
    target = replace(TARGET, uid=1000, gid=1001, cgroup=cgroup)
    box = container(settings=SETTINGS, user=(0, 0), rootless=True)

    found = json.loads(runtimespec.config_json(box, target))

    validate("config-schema", found, "runtime-spec")
    assert {"type": "user"} in found["linux"]["namespaces"]
    assert found["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 1000, "size": 1}]
    assert found["linux"]["gidMappings"] == [{"containerID": 0, "hostID": 1001, "size": 1}]
    assert not found["linux"].keys() & {"cgroupsPath", "resources"}
    assert not [mount for mount in found["mounts"] if mount["type"] in ("sysfs", "cgroup")]


def test_what_an_ordinary_user_has_read_only_keeps_the_flags_of_its_source() -> None:
    """runc before 1.2 does not look; what may be a device is left as it is."""
    volumes = (Volume("/home/x", "/a", True), Volume("/dev/y", "/b", True), Volume("/home/z", "/c"))
    box = container(settings=Settings(volumes=volumes, network="host"), user=(0, 0), rootless=True)

    def options(box: Container) -> dict[str, list[str]]:
        found = json.loads(runtimespec.config_json(box, replace(TARGET, uid=1000)))["mounts"]
        return {mount["destination"]: mount["options"] for mount in found}

    found = options(box)
    assert found["/a"] == ["rbind", "rprivate", "ro", "nosuid", "nodev"]
    assert found["/b"] == ["rbind", "rprivate", "ro"]
    assert found["/c"] == ["rbind", "rprivate", "rw"]
    assert found["/sys"] == ["rbind", "rslave", "nosuid", "nodev", "noexec", "ro"]
    assert options(replace(box, rootless=False))["/a"] == ["rbind", "rprivate", "ro"]


NODE = DeviceNode(Device("/dev/a", "/dev/b", "rw"), "c", 4, 64, 0o660, (0, 20))


def test_a_device_is_made_and_allowed_and_its_group_given() -> None:
    box = container(devices=(NODE,), groups=(20,))
    found = json.loads(runtimespec.config_json(box, TARGET))

    validate("config-schema", found, "runtime-spec")
    numbers = {"type": "c", "major": 4, "minor": 64}
    assert found["linux"]["devices"] == [
        {**numbers, "path": "/dev/b", "fileMode": 0o660, "uid": 0, "gid": 20}
    ]
    assert found["linux"]["resources"]["devices"][1:] == [{**numbers, "allow": True, "access": "rw"}]
    assert found["process"]["user"]["additionalGids"] == [20]


def test_hooks_are_in_it_by_their_stage() -> None:
    hooks = (Hook("poststop", "/bin/a"), Hook("poststop", "/bin/b", ("b", "c"), ("D=1",), 5))
    found = json.loads(runtimespec.config_json(container(hooks=hooks), TARGET))

    validate("config-schema", found, "runtime-spec")
    assert found["hooks"] == {
        "poststop": [
            {"path": "/bin/a"},
            {"path": "/bin/b", "args": ["b", "c"], "env": ["D=1"], "timeout": 5},
        ]
    }
    assert "hooks" not in runtimespec.config(container(), TARGET)


def test_an_ordinary_users_device_is_the_targets_own() -> None:
    box = container(devices=(NODE,), user=(0, 0), rootless=True)
    found = json.loads(runtimespec.config_json(box, replace(TARGET, uid=1000, gid=1000)))

    validate("config-schema", found, "runtime-spec")
    mount = found["mounts"][-1]
    assert (mount["source"], mount["destination"]) == ("/dev/a", "/dev/b")
    assert "devices" not in found["linux"]


def test_the_settings_are_in_it() -> None:
    box = container(settings=SETTINGS, config={"Entrypoint": ["/a"], "Cmd": ["b"], "Env": ["A=1", "B=2"]})
    found = runtimespec.config(box, TARGET)

    assert found["process"]["args"] == ["/a", "b"]
    assert found["process"]["env"] == ["A=image's is replaced", "B=2"]
    assert found["root"] == {"path": "rootfs", "readonly": True}
    assert found["linux"]["resources"]["memory"] == {"limit": 64 << 20}
    assert found["linux"]["resources"]["cpu"] == {"quota": 50_000, "period": 100_000}
    assert found["linux"]["resources"]["pids"] == {"limit": 20}
    binds = [
        (m["source"], m["destination"], m["options"][-1]) for m in found["mounts"] if m["type"] == "bind"
    ]
    assert binds == [("/var/lib/devtool-containers/volumes/data", "/data", "rw"), ("/srv", "/srv", "ro")]


def test_limits_of_processes_are_the_kernels() -> None:
    box = container(settings=Settings(ulimits=(Ulimit("nofile", 1024, 2048), Ulimit("core", 0, -1))))
    found = json.loads(runtimespec.config_json(box, TARGET))

    validate("config-schema", found, "runtime-spec")
    assert found["process"]["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 2048},
        {"type": "RLIMIT_CORE", "soft": 0, "hard": (1 << 64) - 1},
    ]


def test_it_calls_itself_by_the_name_that_it_was_given() -> None:
    def name(**settings: Any) -> str | None:
        made = runtimespec.config(container(settings=Settings(**settings)), TARGET)
        assert {"type": "uts"} in made["linux"]["namespaces"]
        return str(made["hostname"]) if "hostname" in made else None

    assert name(hostname="front", network="host") == "front"
    assert name(network="none") == "web"
    assert name(network="host") is None  # that of the target


def test_arguments_take_the_place_of_cmd() -> None:
    box = container(command=("x",), config={"Entrypoint": ["/a"], "Cmd": ["b"]})

    assert runtimespec.config(box, TARGET)["process"]["args"] == ["/a", "x"]


def sets(box: Container) -> dict[str, int]:
    capabilities = runtimespec.config(box, TARGET)["process"]["capabilities"]
    return {name: len(found) for name, found in capabilities.items()}


def test_only_root_has_capabilities() -> None:
    assert sets(container(user=(1000, 0))) == {"bounding": 11, "effective": 0, "permitted": 0}
    assert sets(container(user=(0, 0))) == {"bounding": 11, "effective": 11, "permitted": 11}


def test_only_without_a_network_there_is_one_of_its_own() -> None:
    def kinds(network: str) -> set[str]:
        spaces = runtimespec.config(container(settings=Settings(network=network)), TARGET)["linux"][
            "namespaces"
        ]
        return {space["type"] for space in spaces}

    assert kinds("none") - kinds("host") == {"network"}


def test_the_targets_names_are_shared_where_it_has_them() -> None:
    target = replace(TARGET, devices=frozenset({"/etc/hosts"}))
    mounts = runtimespec.config(container(), target)["mounts"]

    assert [m["source"] for m in mounts if m["destination"].startswith("/etc")] == ["/etc/hosts"]


def filtered(architecture: str, *, can: bool = True) -> Any:
    box = container()
    names = frozenset({box.runtime.name} if can and box.runtime else ())
    target = replace(TARGET, platform=Platform(architecture), filters=names)
    found = json.loads(runtimespec.config_json(box, target))
    validate("config-schema", found, "runtime-spec")
    return found["linux"].get("seccomp")


@pytest.mark.parametrize(
    ("architecture", "both"),
    [
        ("amd64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        ("arm64", ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        ("riscv64", ["SCMP_ARCH_RISCV64"]),
        ("s390x", ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"]),
    ],
)
def test_system_calls_are_filtered_for_every_abi_of_the_machine(architecture: str, both: list[str]) -> None:
    found = filtered(architecture)

    assert found["architectures"] == both
    assert found["defaultAction"] == "SCMP_ACT_ALLOW"
    blocked, clone, unshare, clone3 = found["syscalls"]
    assert {"mount", "bpf", "kexec_load", "keyctl", "swapon"} <= set(blocked["names"])
    assert not {"clone", "unshare", "ptrace", "personality", "openat"} & set(blocked["names"])
    assert (clone["names"], clone["args"][0]["index"]) == (["clone"], 1 if architecture == "s390x" else 0)
    assert unshare["args"][0]["valueTwo"] == 0x10000000
    assert (clone3["names"], clone3["errnoRet"]) == (["clone3"], 38)


def test_there_is_no_filter_where_runtime_or_architecture_have_none() -> None:
    assert filtered("amd64", can=False) is None
    assert filtered("vax") is None


def test_a_command_in_a_container_has_the_groups_of_its_devices() -> None:
    """With --user crun leaves out all groups but that user's own; runc keeps them."""
    assert Crun().exec("web", (65532, 65532), ("id",)) == ("crun", "exec", "web", "id")
    assert Runc().exec("web", (65532, 65532), ("id",)) == (
        "runc",
        "exec",
        "--user",
        "65532:65532",
        "web",
        "id",
    )
