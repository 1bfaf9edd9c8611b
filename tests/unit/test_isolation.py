"""What keeps a container in, and whom it asks for names: how it is written, and what is told of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks import Joined, Network, Settings, StackFacts
from sdk_hooks.core import local
from sdk_hooks.core.deploy import asked, deployment, namespace, nested
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec import annotation
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails, file, make
from .schemas import validate
from .test_compose_services import service

OURS = load()
KEPT_IN = Settings(
    network="bridge",
    dns=("9.9.9.9", "fd00::1"),
    dns_search=("example.com",),
    dns_opt=("ndots:2", "rotate"),
    sysctls={"net.ipv4.ip_forward": "1", "kernel.shmmax": "4096"},
    security_opt=("no-new-privileges", "seccomp=unconfined", "apparmor=unconfined", "label=disable"),
)
OPEN = Settings(network="host", privileged=True, pid="host", ipc="host")
GROUPS = file("etc/group", b"root:x:0:\ndialout:x:20:\nmine:x:1234:\n")


def said(settings: Settings) -> Spec:
    keys = ("dns", "dns_search", "dns_opt", "sysctls", "security_opt", "privileged", "pid", "ipc")
    return Spec(**{key: getattr(settings, key) or None for key in keys})


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            "dns: [9.9.9.9, 'fd00::1'], dns_search: [example.com], dns_opt: ['ndots:2', rotate], "
            "sysctls: {net.ipv4.ip_forward: 1, kernel.shmmax: 4096}, security_opt: "
            "['no-new-privileges:true', 'seccomp:unconfined', apparmor=unconfined, 'label:disable']",
            said(KEPT_IN),
        ),
        ("dns: 9.9.9.9, dns_search: a, sysctls: [net.ipv4.ip_forward=1]",
         Spec(dns=("9.9.9.9",), dns_search=("a",), sysctls={"net.ipv4.ip_forward": "1"})),
        ("privileged: true, pid: host, ipc: host", said(OPEN)),
        ("security_opt: ['no-new-privileges:false'], ipc: shareable", Spec(security_opt=(), ipc="")),
        ("group_add: [dialout, 44], ipc: private", Spec(group_add=("dialout", "44"), ipc="")),
    ],
)  # fmt: skip
def test_compose_files_have_it(tmp_path: Path, text: str, made: Spec) -> None:
    found = service(tmp_path, text).spec

    assert replace(found, restart=None, ports=None, network=None) == made


@pytest.mark.parametrize("settings", [KEPT_IN, OPEN, Settings(group_add=("dialout", "44"))])
def test_the_image_has_it_in_its_annotation(settings: Settings) -> None:
    assert annotation.settings_from_json(annotation.settings_to_json(settings)) == settings
    words = set(json.loads(annotation.settings_to_json(Settings())))
    assert not {"dns", "sysctls", "group_add", "security_opt", "privileged", "pid", "ipc"} & words


@pytest.mark.parametrize("stack", ["docker", "podman"])
def test_engines_are_told(stack: str) -> None:
    words = " ".join(OURS.stack(stack).run(container(settings=KEPT_IN)))
    assert (
        "--dns 9.9.9.9 --dns fd00::1 --dns-search example.com --dns-option ndots:2 --dns-option rotate "
        "--sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=4096 --security-opt no-new-privileges "
        "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt label=disable "
    ) in words

    assert "--privileged --pid host --ipc host" in " ".join(OURS.stack(stack).run(container(settings=OPEN)))


def test_a_bundle_says_it() -> None:
    target = replace(TARGET, filters=frozenset({"runtime"}))
    found = runtimespec.config(container(settings=replace(KEPT_IN, network="none")), target)
    validate("config-schema", found, "runtime-spec")

    assert found["linux"]["sysctl"] == KEPT_IN.sysctls
    assert "seccomp" not in found["linux"]
    assert "seccomp" in runtimespec.config(container(), target)["linux"]


def test_a_bundle_shares_what_is_the_targets() -> None:
    found = runtimespec.config(container(settings=replace(OPEN, privileged=False), user=(0, 0)), TARGET)

    assert [each["type"] for each in found["linux"]["namespaces"]] == ["uts", "mount", "cgroup"]
    memory = [each["type"] for each in found["mounts"] if each["destination"] == "/dev/shm"]
    assert memory == ["tmpfs", "bind"]
    own = runtimespec.config(container(settings=replace(OPEN, privileged=False), rootless=True), TARGET)
    assert [each["source"] for each in own["mounts"] if each["destination"] == "/proc"] == ["/proc"]


@pytest.mark.parametrize("shell", ["dash", "busybox sh", "bash"])
def test_one_that_is_privileged_gets_what_the_target_has_when_it_starts(tmp_path: Path, shell: str) -> None:
    box = container(settings=OPEN, user=(0, 0))
    (tmp_path / "bundle.json").write_text(runtimespec.config_json(box, TARGET))
    words = (*shell.split(), "-c", runtimespec.configure(box, "bundle.json", "config.json"))
    subprocess.run(words, cwd=tmp_path, check=True)

    found = json.loads((tmp_path / "config.json").read_text())
    validate("config-schema", found, "runtime-spec")
    status = Path("/proc/self/status").read_text()
    mine = int(status.partition("CapBnd:")[2].split()[0], 16)
    assert len(found["process"]["capabilities"]["bounding"]) == mine.bit_count()
    paths = [each["path"] for each in found["linux"]["devices"]]
    assert paths[0] == "/dev/null"
    assert all(Path(path).is_char_device() or Path(path).is_block_device() for path in paths)
    assert found["linux"]["resources"]["devices"] == [{"access": "rwm", "allow": True}]
    assert not {"maskedPaths", "readonlyPaths", "seccomp"} & set(found["linux"])


def test_files_of_names_say_what_is_asked_and_else_what_the_targets_do(tmp_path: Path) -> None:
    box = container(settings=Settings(network="host", dns=("9.9.9.9",), dns_opt=("ndots:2",)))
    with local.bundle(make(tmp_path).image, box, TARGET) as directory:
        assert Path(directory).stat().st_mode & 0o7777 == 0o700, "of an image with setuid programs"
        text = Path(directory, "resolv.conf").read_text()
        mounts = json.loads(Path(directory, "config.json").read_text())["mounts"]

    own = Path("/etc/resolv.conf").read_text().splitlines(keepends=True)
    assert (
        text
        == "".join(line for line in own if not line.startswith(("nameserver ", "options ")))
        + "nameserver 9.9.9.9\noptions ndots:2\n"
    )
    assert [each["source"] for each in mounts if each["destination"] == "/etc/resolv.conf"] == [
        f"{directory}/resolv.conf"
    ]
    assert namespace.etc(box) == ("resolv.conf",)


def ctr(settings: Settings, **more: object) -> str:
    return OURS.stack("containerd").files(container(settings=settings, **more), TARGET)["run"]


def test_ctr_is_told_what_it_has_words_for() -> None:
    text = ctr(OPEN)
    assert "--privileged" in text
    assert "--with-ns pid:/proc/1/ns/pid --with-ns ipc:/proc/1/ns/ipc" in text
    assert "type=bind,src=/dev/shm,dst=/dev/shm,options=rbind:rw" in text
    assert "--seccomp" not in text
    assert "--seccomp" in ctr(Settings(network="host"))
    assert "--seccomp" not in ctr(replace(KEPT_IN, sysctls={}, network="host"))
    assert "--with-ns network:" not in ctr(Settings(network="none", dns=("9.9.9.9",)))


@pytest.mark.parametrize(
    ("settings", "nested", "message"),
    [
        (Settings(group_add=("dialout",)), False,
         "ctr can't put a container's user into the group 'dialout' [no-group]\n"
         "  hint: use another stack, or leave out group_add:"),
        (Settings(sysctls={"kernel.shmmax": "1"}), False,
         "ctr can't set kernel.shmmax in a container [no-sysctl]\n"
         "  hint: use another stack, or leave it out of sysctls:"),
        (Settings(ipc="host"), True, "ctr can't share the target's ipc without root [no-share]\n"
         "  hint: use another stack, or leave out ipc:"),
    ],
)  # fmt: skip
def test_ctr_refuses_the_rest(settings: Settings, nested: bool, message: str) -> None:
    with fails(message):
        ctr(settings, nested=nested)


def test_cri_o_is_told() -> None:
    stack = OURS.stack("cri-o")
    settings = replace(KEPT_IN, network="host", sysctls={"kernel.shmmax": "1"}, pid="host", privileged=True)
    found = stack.files(container(settings=settings, groups=(20,)), TARGET)
    pod, box = json.loads(found["pod.json"]), json.loads(found["container.json"])["linux"]["security_context"]

    assert pod["dns_config"] == {
        "servers": ["9.9.9.9", "fd00::1"], "searches": ["example.com"], "options": ["ndots:2", "rotate"],
    }  # fmt: skip
    assert pod["linux"]["sysctls"] == {"kernel.shmmax": "1"}
    for context in (pod["linux"]["security_context"], box):
        assert context["privileged"] is True
        assert context["namespace_options"] == {"network": 2, "pid": 2, "ipc": 1}
        assert context["seccomp"] == context["apparmor"] == {"profile_type": 1}
        assert context["selinux_options"] == {"type": "spc_t"}
    assert (box["supplemental_groups"], box["no_new_privs"]) == ([20], True)
    with fails(
        "cri-o can't keep the target's name servers beside 'a' [no-dns]\n"
        "  hint: use another stack, or say which: dns:"
    ):
        stack.files(container(settings=Settings(dns_search=("a",))), TARGET)


def boxed(directory: Path, settings: Settings, stack: str = "podman", uid: int = 0) -> Any:
    board = replace(TARGET, name="board", platform=AMD64, uid=uid, stacks={stack: StackFacts("99")})
    part = Part(make(directory, GROUPS, file("usr/bin/web", b"#!", 0o755)).image, settings)
    runtime = OURS.runtime("crun") if stack == "none" else None
    return deployment.make("web", (part,), OURS.stack(stack), runtime, board, OURS.network).containers[0]


def test_groups_have_the_numbers_of_the_image(tmp_path: Path) -> None:
    settings = Settings(group_add=("mine", "dialout", "7"))

    assert boxed(tmp_path, settings).groups == (7, 20, 1234)
    assert "--group-add 7 --group-add 20 --group-add 1234" in " ".join(
        OURS.stack("podman").run(boxed(tmp_path, settings))
    )
    assert boxed(tmp_path, settings, "none").groups == (7, 20, 1234)
    assert boxed(tmp_path, settings, "none", 1000).groups == ()
    with fails(
        "the image has no group 'other' [unknown-user]\n"
        "  hint: give the group's number, or a recipe or base image that makes the group"
    ):
        boxed(tmp_path, Settings(group_add=("other",)))


def test_podman_keeps_the_groups_of_a_login_or_adds_others() -> None:
    settings = Settings(group_add=("9",))
    with fails(
        "podman of an ordinary user can't add the group '9' to those that open devices [no-group]\n"
        "  hint: leave out group_add:, or log in as root"
    ):
        OURS.stack("podman").run(container(settings=settings, rootless=True, cdi=("a/b=c",)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(network="host", sysctls={"net.core.somaxconn": "1"}),
         "net.core.somaxconn is the target's own for 'web', which shares its network [no-sysctl]\n"
         "  hint: in container.yaml: network: bridge, or networks:; or set it on the target"),
        (Settings(network="bridge", ipc="host", sysctls={"kernel.sem": "1"}),
         "kernel.sem is the target's own for 'web', which shares its memory [no-sysctl]\n"
         "  hint: in container.yaml: no ipc: host; or set it on the target"),
    ],
)  # fmt: skip
def test_what_would_be_the_targets_own_is_not_set(settings: Settings, message: str) -> None:
    with fails(message):
        asked.check_namespaces(container(settings=settings))


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (OPEN, "give all devices and rights to"),
        (Settings(sysctls={"kernel.sem": "1"}), "set kernel.sem for"),
    ],
)
def test_without_an_engine_an_ordinary_user_can_not(settings: Settings, what: str) -> None:
    asked.check_alone(container())
    with fails(
        f"without an engine only root can {what} 'web' [needs-root]\n"
        "  hint: log in as root, or leave it out of container.yaml"
    ):
        asked.check_alone(container(settings=settings))


@pytest.mark.parametrize(
    ("key", "what"),
    [("pid", "show a container the target's processes"), ("ipc", "share the target's memory")],
)
def test_a_daemon_of_the_login_shares_nothing_of_the_target(key: str, what: str) -> None:
    stack, box = OURS.stack("docker"), container(settings=Settings(**{key: "host"}))
    facts = {"docker": StackFacts("20.10", daemon="unix:///run/user/1000/docker.sock")}
    nested.check_shared(box, stack, TARGET)
    with fails(
        f"docker of an ordinary user of 'root@board' can't {what} [no-share]\n"
        f"  its daemon has namespaces of its own\n  hint: leave out {key}: host, or log in as root"
    ):
        nested.check_shared(box, stack, replace(TARGET, uid=1000, stacks=facts))


def test_podman_before_5_knows_the_others_or_is_given_name_servers() -> None:
    stack, target = OURS.stack("podman"), replace(TARGET, stacks={"podman": StackFacts("4.3.1")})
    joined = (Joined(Network("shop.default"), ("bridge", {})),)
    box = container(settings=Settings(dns=("9.9.9.9",)), networks=joined, application="shop")
    with fails(
        "podman 4.3.1 gives 'web' name servers of its own, or names of the others [no-dns]\n"
        "  hint: leave out dns:, and set the name servers of the target; or use network: host"
    ):
        stack.files(box, target)
    stack.files(replace(box, application="web"), target)
    stack.files(box, replace(target, stacks={"podman": StackFacts("5.4.2")}))
