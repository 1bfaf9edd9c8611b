"""Devices of the target in a container: its user can open them, and nobody else's are there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import NamespaceTarget

from .conftest import SPREAD, found
from .place import Place
from .tester import Cli

pytestmark = pytest.mark.integration
OPENS = """\
name: one
containers:
  a:
    image: plain
    devices: [/dev/one]
    tests: [{command: [sh, -c, 'exec 3<>/dev/one && echo open'], output: ^open$, within: 2s}]
"""
FUSE = "10 229"
"""A device that no engine lets containers open by itself."""


@pytest.fixture(scope="module", params=SPREAD)
def stack(
    request: pytest.FixtureRequest, cli: Cli, start_board: Callable[[str], NamespaceTarget]
) -> Iterator[Place]:
    """A board with devices of its group 5, in which its ordinary user is."""
    place = found(request.param, cli, start_board)
    made = "".join(
        f"rm -f /dev/{name}; mknod -m {mode} /dev/{name} c {FUSE}; chgrp {group} /dev/{name}\n"
        for name, mode, group in (("one", 660, 5), ("all", 666, 0), ("root", 600, 0), ("fuse", 666, 0))
    )
    made += "sed -i s/^tty:.*/tty:x:5:user/ /etc/group"
    done = place.board.run(("sh", "-ec", made))
    assert done.returncode == 0, done.stderr
    yield place


def test_user_gets_the_group_of_its_device(place: Place) -> None:
    if place.engine == "containerd":
        done = place.deploy("plain", "v1", "--device", "/dev/one")
        assert done.stderr == (
            "error: ctr can't put a container's user into the group 5 of its device [no-device]\n"
            "  hint: use another stack, or user: root in container.yaml\n"
        )
        return
    if place.own:
        pytest.skip("test_own_engine.py has what is told then")
    place.deployed("plain", "v1", "--device", "/dev/one:/dev/given:rw")

    assert place.facts()["device"] == "open"


@pytest.mark.parametrize("kind", ["podman", "crun", "crun-user", "runc"])
def test_a_command_in_the_container_opens_it_too(
    at: Callable[[str], Place], kind: str, tmp_path: Path
) -> None:
    """As its user, who is in the group of the device: health checks and tests are such commands."""
    place = at(kind)
    # of a login without root a namespace knows but its own group
    node = f"rm -f /dev/one; mknod -m 660 /dev/one c {FUSE}; chgrp {1000 if place.user else 5} /dev/one"
    place.board.run(("sh", "-ec", node))
    file = tmp_path / "one.yaml"
    file.write_text(OPENS)
    words = (str(file), place.alias, "-o", f"{place.cli.home}/v1", *place.ssh)
    for verb in ("container-deploy", "container-test"):
        done = place.cli(verb, *words)
        assert done.status == 0, done.stdout + done.stderr


def test_device_for_all_keeps_its_path(place: Place) -> None:
    place.board.run(("sh", "-c", "mv /dev/all /dev/given"))
    place.deployed("plain", "v1", "--device", "/dev/given")
    try:
        assert place.facts()["device"] == "open"
    finally:
        place.board.run(("sh", "-c", "mv /dev/given /dev/all"))
    place.deployed("plain", "v2")
    assert place.facts()["device"] == ""


def test_device_that_is_not_there_is_told_before_anything_is_sent(place: Place) -> None:
    for path, what in (("/dev/ttyUSB9", "is not there"), ("/etc/passwd", "is no device")):
        done = place.deploy("plain", "v1", "--device", path)
        assert (done.status, place.normal(done.stderr)) == (1, (
            f"error: the device '{path}' {what} on 'BOARD' [no-device]\n"
            "  hint: connect it, or load its driver; else change devices: in container.yaml\n"
        ))  # fmt: skip
    assert not [name for name in place.files() if "plain" in name]


def test_device_that_its_user_may_not_open_is_told(place: Place) -> None:
    done = place.deploy("plain", "v1", "--device", "/dev/root")

    who = "the login there" if place.user else "the container's user 65532"
    assert place.normal(done.stderr) == (
        f"error: the device '/dev/root' of 'BOARD' is not for {who} [device-access]\n"
        "  its mode is 0600, its owner 0:0\n"
        "  hint: let a udev rule give it to a group (GROUP=, MODE=), or set user: in container.yaml\n"
    )


def test_device_is_found_by_what_it_is(place: Place) -> None:
    if place.engine == "containerd":
        assert place.deploy("matched", "v1").stderr == (
            "error: ctr can't give the device '/dev/fuse' another path or less access [no-device]\n"
            "  hint: write it as /dev/fuse, or use another stack\n"
        )
        return
    place.deployed("matched", "v1")

    assert place.facts()["device"] == "open"


def test_device_that_nothing_is_like_is_told_with_what_is_there(crun: Place) -> None:
    done = crun.deploy("plain", "v1", "--device", "udev=SUBSYSTEM=misc,DEVNAME=fuse,MINOR=0")

    assert crun.normal(done.stderr) == (
        "error: no device of 'BOARD' matches 'udev: SUBSYSTEM=misc, DEVNAME=fuse, MINOR=0' [no-device]\n"
        "  there is /dev/fuse (SUBSYSTEM=misc, DEVNAME=fuse, MINOR=229)\n"
        "  hint: connect it, or load its driver; else change devices: in container.yaml\n"
    )
    assert not [name for name in crun.files() if "plain" in name]


THING = {
    "cdiVersion": "0.3.0",
    "kind": "acme.com/thing",
    "containerEdits": {
        "env": ["GREETING=from CDI"],
        "mounts": [{"hostPath": "/etc/cdi/acme", "containerPath": "/www/acme", "options": ["ro", "bind"]}],
    },
    "devices": [{"name": "one", "containerEdits": {"deviceNodes": [{"path": "/dev/given"}]}}],
}
# crun 1.8 fails when a hook does not read what it is told on standard input
HOOK = {
    "hookName": "createRuntime",
    "path": "/bin/sh",
    "args": ["sh", "-c", "while read -r line; do :; done; : >/tmp/hooked"],
}
HOOKED = {
    **THING,
    "kind": "acme.com/hooked",
    "devices": [{"name": "one", "containerEdits": {"hooks": [HOOK]}}],
}
OTHER = """cdiVersion: 0.3.0
kind: acme.com/other
devices:
- name: one
  containerEdits:
    env: [WORDS=yaml]
"""
SPECS = {
    "thing.json": json.dumps(THING),
    "hooked.json": json.dumps(HOOKED),
    "other.yaml": OTHER,
    "acme": "acme",
}


@pytest.fixture
def cdi(place: Place) -> Iterator[Place]:
    """A board with CDI specs of a vendor, in JSON and in YAML."""
    made = "".join(f"cat >/etc/cdi/{name} <<'END'\n{text}\nEND\n" for name, text in SPECS.items())
    node = f"mknod -m 666 /dev/given c {FUSE}; chmod 666 /dev/given"
    done = place.board.run(("sh", "-ec", f"mkdir -p /etc/cdi; {node}\n{made}"))
    assert done.returncode == 0, done.stderr
    yield place
    place.board.run(("sh", "-c", "rm -rf /etc/cdi /dev/given /tmp/hooked"))


def test_cdi_device_brings_all_that_its_spec_says(cdi: Place) -> None:
    names = ["acme.com/thing=one", "acme.com/other=one"]
    if cdi.engine in ("docker", "containerd"):
        assert cdi.normal(cdi.deploy("plain", "v1", "--device", "acme.com/hooked=one").stderr) == (
            f"error: {cdi.engine} on 'BOARD' can't give a container acme.com/hooked=one [no-cdi]\n"
            "  it takes no names of CDI devices, and can't be told of the hook /bin/sh otherwise\n"
            "  hint: install a version that knows CDI there, or enable it; or choose another one with "
            "--stack\n"
        )
    else:
        names.append("acme.com/hooked=one")
    cdi.deployed("plain", "v1", *(word for name in names for word in ("--device", name)))

    facts = cdi.facts()
    assert (facts["device"], facts["greeting"], facts["words"]) == ("open", "from CDI", "yaml")
    # rootlesskit shows its daemon the /etc of the time when that was started
    assert cdi.own or cdi.get(8090, "/acme").strip() == "acme"
    if len(names) == 3:
        assert cdi.sh("ls /tmp/hooked") == "/tmp/hooked\n"


def test_cdi_device_that_no_spec_has_is_told_with_those_that_are_there(cdi: Place) -> None:
    done = cdi.deploy("plain", "v1", "--device", "acme.com/thing=two")

    assert cdi.normal(done.stderr) == (
        "error: no CDI spec of 'BOARD' has the device 'acme.com/thing=two' [no-device]\n"
        "  there is acme.com/hooked=one\n  there is acme.com/other=one\n  there is acme.com/thing=one\n"
        "  hint: let its vendor's tool generate the spec there; else change devices: in container.yaml\n"
    )


@pytest.mark.parametrize("kind", ["podman", "podman-user"])
def test_spec_that_is_printed_is_one_that_an_engine_takes(at: Callable[[str], Place], kind: str) -> None:
    place = at(kind)
    place.board.run(("sh", "-ec", f"mknod /dev/fuse c {FUSE}; chmod 666 /dev/fuse"))
    done = place.cli("cdi", "matched", place.alias, "-o", f"{place.cli.home}/v1", *place.ssh)
    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)["devices"][0]["containerEdits"] == {
        "deviceNodes": [{"path": "/dev/given", "hostPath": "/dev/fuse", "permissions": "rw"}]
    }
    none = place.cli("cdi", "plain", place.alias, "-o", f"{place.cli.home}/v1", *place.ssh)
    assert (none.status, none.stderr) == (1, (
        "error: 'plain' has no device that a CDI spec could be made of [no-device]\n"
        "  hint: name some with --device, or devices: in container.yaml\n"
    ))  # fmt: skip
    write = ("sh", "-ec", "mkdir -p /etc/cdi; cat >/etc/cdi/matched.json")
    place.board.run(write, stdin=done.stdout.encode())
    try:
        place.deployed("plain", "v1", "--device", "devtool-containers/device=matched")
        assert place.facts()["device"] == "open"
    finally:
        place.board.run(("rm", "-rf", "/etc/cdi"))
