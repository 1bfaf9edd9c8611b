"""A deployment to CRI-O: CRIO=<its binary, with pinns beside it> CRICTL=<crictl>."""

import json
import os
from pathlib import Path

import pytest
from lab import NamespaceTarget
from lab.fixtures import MakeBoard

from .app import App
from .place import STATE, Place, wait
from .test_pflask import install
from .test_several import INNER, OUTER, looked
from .tester import SPECS, Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not {"CRIO", "CRICTL"} <= set(os.environ), reason="CRIO=<crio> and CRICTL=<crictl> are not set"
    ),
]

# Without CAP_SYS_RESOURCE no process here gets the oom score that CRI-O asks for; an older crun knows neither
# the newest runtime-spec nor -1 as no limit.
CHANGES = (
    's/"oomScoreAdj": *-[0-9]*,//',
    's/"hugepageLimits": *[[][^]]*[]],*//',
    's/"pids": *[{]"limit": *-1/"pids":{"limit":4000/',
    's/"ociVersion": *"[^"]*"/"ociVersion":"1.0.2"/',
)
RUNTIME = f"""\
#!/bin/sh
bundle= last=
for word; do
	[ "$last" != --bundle ] && [ "$last" != -b ] || bundle=$word
	last=$word
done
config=$bundle/config.json
[ -z "$bundle" ] || {{
	tr -d '\\n\\t' <"$config" | sed {" ".join(f"-e '{change}'" for change in CHANGES)} >"$config.new"
	mv "$config.new" "$config"
}}
exec crun "$@"
"""
CONF = """\
[crio.runtime]
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
default_runtime = "crun"
[crio.runtime.runtimes.crun]
runtime_path = "/usr/bin/lab-crun"
[crio.image]
pause_image = "localhost/plain:pause"
"""
START = "setsid crio </dev/null >>/var/log/crio.log 2>&1 &"
ENDPOINT = "crictl --runtime-endpoint unix:///run/crio/crio.sock"


def put(board: NamespaceTarget, path: str, text: str, mode: str = "644") -> None:
    script = f"mkdir -p {os.path.dirname(path)}; cat >{path}; chmod {mode} {path}"
    assert board.run(("sh", "-c", script), stdin=text.encode()).returncode == 0


@pytest.fixture
def crio(make_board: MakeBoard, cli: Cli) -> Place:
    board = make_board("podman", "openssh")
    for program in (
        os.environ["CRIO"],
        os.environ["CRICTL"],
        str(Path(os.environ["CRIO"]).with_name("pinns")),
    ):
        install(board, program, f"/usr/bin/{os.path.basename(program)}")
    put(board, "/usr/bin/lab-crun", RUNTIME, "755")
    put(board, "/etc/crio/crio.conf", CONF)
    place = Place(board, cli)
    place.deployed("plain", "v1", "--stack", "podman")  # an image for the pod itself, which a node has
    place.sh("podman tag localhost/plain:latest localhost/plain:pause")
    place.undeploy("plain")
    start(place)
    return place


def start(place: Place) -> None:
    place.sh(START)
    wait(lambda: place.board.run(("sh", "-c", f"{ENDPOINT} version")).returncode == 0, 20)


def deployed(place: Place, image: str, version: str, *options: str) -> dict[str, object]:
    return place.deployed(image, version, "--stack", "cri-o", *options)


def test_the_scenario(crio: Place) -> None:
    first = deployed(crio, "hello-http", "v1")
    assert (first["result"], first["stack"]) == ("deployed", "cri-o")
    assert crio.get() == "hello from a container, version 1\n"
    assert deployed(crio, "hello-http", "v1")["result"] == "unchanged"
    second = deployed(crio, "hello-http", "v2")
    assert second["sent"] == {"layers": 1, "size": second["sent"]["size"], "wire": second["sent"]["wire"]}
    assert crio.get() == "hello from a container, version 2\n"
    crio.deployed("hello-http", "v1", "--rollback")
    assert crio.get() == "hello from a container, version 1\n"

    crio.kill("/usr/bin/hello-http")
    wait(lambda: crio.get() == "hello from a container, version 1\n", 10)
    assert crio.state("hello-http")["state"] == "running"
    assert crio.undeploy("hello-http").status == 0
    assert crio.silent()
    assert crio.sh(f"{ENDPOINT} pods -q; {ENDPOINT} ps -aq; ls {STATE}/apps") == ""


def test_a_container_is_as_asked(crio: Place) -> None:
    deployed(crio, "tester", "v1", "--env", "WORDS=two  'words'$HOME", "--device", "/dev/null:/dev/given")
    facts = crio.facts()

    assert facts["words"] == "two  'words'$HOME"
    assert (facts["uid"], facts["gid"], facts["root"], facts["device"]) == ("65532", "65532", "ro", "open")
    assert (facts["starts"], facts["owner"]) == ("1", "65532:65532")
    assert crio.state("tester")["health"] == "healthy"
    assert crio.status("tester", "--logs").stdout == "tester v1 starts\n"
    done = crio.deploy("tester", "v2", "--stack", "cri-o", "--env", "MODE=crash")
    assert (done.status, "log: no luck today" in done.stderr) == (1, True)
    assert crio.facts()["version"] == "v1"


def test_a_container_calls_itself_as_asked(crio: Place, cli: Cli) -> None:
    file = cli.home / "named.yaml"
    check = "healthcheck: {command: grep -qx front-1 /proc/sys/kernel/hostname}\n"
    file.write_text(f"{SPECS['plain']}{check}hostname: front-1\n")
    cli.build("plain", "--from", f"{cli.home}/tester-tree-v1", "-f", str(file), "-o", f"{cli.home}/named")
    deployed(crio, "plain", "named")

    assert crio.state("plain")["health"] == "healthy"
    assert crio.sh("cat /proc/sys/kernel/hostname") != "front-1\n"


def test_after_a_reboot_its_start_script_brings_it_back(crio: Place) -> None:
    deployed(crio, "hello-http", "v1")
    crio.board.reboot()
    start(crio)
    assert crio.silent()

    crio.sh(
        f"sh {STATE}/apps/hello-http/$(cat {STATE}/apps/hello-http/current)/start </dev/null >/dev/null 2>&1"
    )
    assert crio.get(patience=20) == "hello from a container, version 1\n"


def test_a_runtime_is_named_by_its_handler(crio: Place) -> None:
    deployed(crio, "hello-http", "v1", "--runtime", "crun")
    assert crio.get() == "hello from a container, version 1\n"


def test_what_keeps_a_container_in_is_as_asked(crio: Place, tmp_path: Path) -> None:
    """Names, settings of the kernel, groups; and one that shares what the target has."""
    inner = {**INNER, "network": "host", "sysctls": {"kernel.shmmax": "4194304"}, "group_add": ["4321"]}
    outer = {**OUTER, "pid": "host", "ipc": "host"}  # root here has fewer rights than privileged: wants
    crio.sh("echo shared >/dev/shm/of-the-target")
    text = json.dumps({"name": "x", "containers": {"inner": inner, "outer": outer}})
    App(crio, tmp_path / "app.yaml", text).deployed("v1", "--stack", "cri-o")

    facts = looked(crio)
    assert facts["inner"].items() >= {
        "nameserver": "9.9.9.9", "search": "example.com", "options": "ndots:3", "shmmax": "4194304",
        "groups": "65532 4321", "Seccomp:": "0", "NoNewPrivs:": "1", "memory": "",
    }.items()  # fmt: skip
    assert facts["outer"]["memory"] == "shared"
    assert int(facts["outer"]["number"]) > 10
