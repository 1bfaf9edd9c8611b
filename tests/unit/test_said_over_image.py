"""What is said over an image where it runs, such as its user, and what each stack makes of that."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from sdk_plugins.runtimes.pflask import Pflask
from sdk_plugins.runtimes.runx import RunX
from sdk_plugins.stacks.crio import CriO

from sdk_hooks import Settings, StackFacts
from sdk_hooks.container import Container
from sdk_hooks.core import applications
from sdk_hooks.core.capabilities import dropped, kept
from sdk_hooks.core.deploy import deployment
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import pod, refusals
from sdk_hooks.core.k8s.app import App
from sdk_hooks.core.k8s.order import Order, members
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.core.registry import load
from sdk_hooks.core.spec.annotation import settings_from_json, settings_to_json
from sdk_hooks.core.spec.application import settings
from sdk_hooks.testing import TARGET, container

from .helpers import AMD64, fails, make, write

OURS = load()
SAID = Settings(
    network="host",
    user="7:8",
    workdir="/srv",
    stop_signal="SIGINT",
    cap_add=("CAP_NET_ADMIN",),
    cap_drop=("CAP_CHOWN",),
)
TEXT = """\
services:
  a:
    {image: b, network_mode: host, user: '7:8', working_dir: /srv, stop_signal: SIGINT, cap_add: [net_admin],
     cap_drop: [CAP_CHOWN]}
"""


def made(directory: Path, stack: str, said: Settings = SAID) -> Container:
    board = replace(TARGET, name="board", platform=AMD64, stacks={stack: StackFacts("99")})
    part = Part(make(directory).image, said)
    return deployment.make("web", (part,), OURS.stack(stack), None, board, OURS.network).containers[0]


def test_a_compose_file_and_one_of_ours_say_it(tmp_path: Path) -> None:
    ours = TEXT.replace("services", "containers").replace("working_dir", "workdir").replace("_mode", "")
    write(tmp_path, {"compose.yaml": TEXT, "app.yaml": ours})
    for name in ("compose.yaml", "app.yaml"):
        entry = applications.load(tmp_path / name).containers["a"]
        found = settings(Settings(), entry, [])

        assert replace(found, restart=Settings().restart, kubernetes=None) == SAID
        assert settings_from_json(settings_to_json(found)) == found


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("tmpfs: tmp", "1:35: 'services.web.tmpfs': 'tmp' is not a directory such as /run, or /tmp:size=64M "
         "[bad-spec]\n  hint: services.web.tmpfs wants a directory"),
        ("cap_add: [X]", "1:38: 'services.web.cap_add': 'X' is not a capability such as NET_ADMIN "
         "[bad-spec]\n  hint: services.web.cap_add wants a name such as NET_ADMIN"),
        ("cap_add: [ALL]", "1:38: 'services.web.cap_add': 'ALL' is not a capability such as NET_ADMIN "
         "[bad-spec]\n  hint: services.web.cap_add wants a name such as NET_ADMIN"),
        ("cap_drop: ALL", "1:38: 'services.web.cap_drop' wants a list: capabilities that it does not get; "
         "ALL for all but cap_add [bad-spec]"),
        ("user: a b", "1:34: 'services.web.user': 'a b' is not user[:group] [bad-spec]\n"
         "  hint: services.web.user wants user[:group], by number or name"),
        ("working_dir: srv", "1:41: 'services.web.working_dir': 'srv' is not an absolute path [bad-spec]\n"
         "  hint: services.web.working_dir wants an absolute path"),
        ("stop_signal: TREM", "1:41: 'services.web.stop_signal': 'TREM' is not a signal such as SIGTERM "
         "[bad-spec]\n  hint: services.web.stop_signal wants a signal such as SIGTERM"),
    ],
)  # fmt: skip
def test_a_compose_file_that_says_it_wrong_is_told(tmp_path: Path, said: str, message: str) -> None:
    text = f"services: {{web: {{image: a, {said}}}}}"
    with fails(f"{tmp_path}/compose.yaml:{message}"):
        applications.load(write(tmp_path, {"compose.yaml": text}) / "compose.yaml")


def test_what_nobody_said_is_no_part_of_an_image() -> None:
    """Or the digests of all images would be others."""
    assert {"user", "workdir", "stop_signal", "cap_add", "cap_drop"}.isdisjoint(
        json.loads(settings_to_json(Settings()))
    )


def test_the_container_is_as_said(tmp_path: Path) -> None:
    box = made(tmp_path, "none")

    assert box.user == (7, 8)
    process = runtimespec.process(box)
    assert (process["user"], process["cwd"]) == ({"uid": 7, "gid": 8}, "/srv")
    assert process["capabilities"]["bounding"] == [
        *("CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP"),
        *("CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT", "CAP_NET_ADMIN"),
    ]
    assert box.config["StopSignal"] == "SIGINT"


def test_all_may_go_but_what_is_added() -> None:
    said = Settings(cap_add=("CAP_NET_RAW",), cap_drop=("ALL",))

    assert kept(said) == ["CAP_NET_RAW"]
    assert len(dropped(said)) == 40
    assert "CAP_NET_RAW" not in dropped(said)


@pytest.mark.parametrize("stack", ["docker", "podman"])
def test_engines_are_told(tmp_path: Path, stack: str) -> None:
    words = OURS.stack(stack).run(made(tmp_path, stack))

    at = words.index("--user")
    assert words[at : at + 10] == (
        *("--user", "7:8", "--workdir", "/srv", "--stop-signal", "SIGINT"),
        *("--cap-drop", "CAP_CHOWN", "--cap-add", "CAP_NET_ADMIN"),
    )


def test_ctr_is_told_what_it_can(tmp_path: Path) -> None:
    ctr = OURS.stack("containerd")
    words = ctr.run(replace(made(tmp_path, "containerd", replace(SAID, user="")), attach=True))

    at = words.index("--cwd")
    assert words[at : at + 6] == ("--cwd", "/srv", "--cap-add", "CAP_NET_ADMIN", "--cap-drop", "CAP_CHOWN")
    with fails(
        "ctr can't let a container run as '7:8' instead of its image's user [no-user]\n"
        "  hint: use another stack, or say user: when it is built"
    ):
        ctr.run(replace(made(tmp_path / "2", "containerd"), attach=True))


def test_cri_o_is_told_what_it_can(tmp_path: Path) -> None:
    files = CriO().files(made(tmp_path, "cri-o", replace(SAID, stop_signal="")), TARGET)
    found = json.loads(files["container.json"])

    assert found["working_dir"] == "/srv"
    context = found["linux"]["security_context"]
    assert context["run_as_user"] == {"value": 7}
    assert context["capabilities"] == {
        "add_capabilities": ["CAP_NET_ADMIN"],
        "drop_capabilities": ["CAP_CHOWN"],
    }
    with fails(
        "cri-o can't stop a container with 'SIGINT' instead of its image's signal [no-signal]\n"
        "  hint: use another stack, or say stop_signal: when it is built"
    ):
        CriO().files(made(tmp_path / "2", "cri-o"), TARGET)


def test_pflask_keeps_what_is_left(tmp_path: Path) -> None:
    said = Settings(network="host", cap_add=("CAP_NET_ADMIN",), cap_drop=("ALL",))
    for settings_, words in ((said, "-all,+net_admin"), (replace(said, cap_add=()), "-all")):
        box = container(user=(0, 0), settings=settings_)
        assert f"--caps={words}" in Pflask().run(box, PurePosixPath("/b"))


def test_runx_has_one_set_of_capabilities() -> None:
    box = container(user=(0, 0), settings=Settings(network="host", cap_drop=("ALL",)))

    assert RunX().refuses(box) == "give its machine other capabilities than all"


def pod_of(directory: Path, said: Settings) -> App:
    part = Part(make(directory).image, said)
    return App("web", members(Order("web", (part,), {})))


def test_a_pod_is_as_said(tmp_path: Path) -> None:
    app = pod_of(tmp_path / "1", replace(SAID, stop_signal="", network=""))
    refusals.check(app)
    spec = pod.template(app, app.members[0])["spec"]

    assert spec["containers"][0]["workingDir"] == "/srv"
    assert (spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]) == (7, 8)
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["NET_ADMIN"]}
    told = "web: it has CAP_NET_ADMIN, which the restricted Pod Security Standard refuses"
    assert refusals.warnings(app) == [told]
    app = pod_of(tmp_path / "2", Settings(user="0:0", cap_drop=("CAP_CHOWN",)))
    spec = pod.template(app, app.members[0])["spec"]
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["CHOWN"]}


def test_a_pod_is_stopped_with_the_signal_of_its_image(tmp_path: Path) -> None:
    with fails(
        "the container 'web' can't be a pod: Kubernetes stops it with its image's signal, not with 'SIGINT' "
        "[no-pod]\n  hint: say stop_signal: when it is built"
    ):
        refusals.check(pod_of(tmp_path, SAID))


@pytest.mark.parametrize("privileged", [False, True])
def test_what_is_added_another_user_than_root_has_too(privileged: bool) -> None:
    """Across the start of its program, as podman has it."""
    said = Settings(cap_add=("CAP_NET_ADMIN",), cap_drop=("ALL",), privileged=privileged)
    sets = runtimespec.process(container(settings=said, user=(7, 8)))["capabilities"]

    alike = {name for name, found in sets.items() if found == ["CAP_NET_ADMIN"]}
    every = {"bounding", "effective", "permitted", "inheritable", "ambient"}
    assert alike == ({"bounding"} if privileged else every)
    assert set(runtimespec.process(container(settings=said, user=(0, 0)))["capabilities"]).isdisjoint(
        {"inheritable", "ambient"}
    )


@pytest.mark.parametrize("stack", ["docker", "containerd"])
@pytest.mark.parametrize("user", [0, 7])
def test_it_is_told_where_only_root_has_it(stack: str, user: int) -> None:
    said = Settings(cap_add=("CAP_NET_ADMIN", "CAP_SYS_TIME"), network="host")
    box = container(settings=said, user=(user, user))
    found = " ".join((*OURS.stack(stack).run(box), *OURS.stack(stack).files(box, TARGET).values()))

    note = f"note: {stack} gives CAP_NET_ADMIN, CAP_SYS_TIME to no user but root"
    assert (f"{note}, and this one is 7: say user: root" in found) == bool(user)
