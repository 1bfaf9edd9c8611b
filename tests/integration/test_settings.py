"""What container.yaml and the options ask for is what the container gets, on every stack."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from .app import App
from .place import Place, finish, wait
from .tester import SPECS, Cli

pytestmark = pytest.mark.integration


def test_container_is_as_asked(place: Place) -> None:
    """Environment, user, volume and its owner, read-only root, memory limit."""
    place.deployed("tester", "v1", "--env", "WORDS=two  'words'$HOME", "--memory", "40M")

    facts = place.facts()
    assert {facts.pop("addresses").split()[0], facts.pop("links").split()[-1]} == {
        "127.0.0.1/8",
        "/sys/class/net/lo",
    }
    assert facts == {
        "version": "v1", "uid": "65532", "gid": "65532", "umask": "0022", "greeting": "hi",
        "words": "two  'words'$HOME", "starts": "1", "owner": "65532:65532", "root": "ro",
        "device": "", "secret": "", "config": "",
    }  # fmt: skip
    assert 40_000_000 // 4096 * 4096 in place.memory_limits() or 40 << 20 in place.memory_limits()


def test_directory_of_the_target_as_volume(place: Place) -> None:
    """It is made when it is not there, and belongs to whom it belongs."""
    place.sh("rm -rf /srv/kept && mkdir -p /srv/kept/data && chown 65532:65532 /srv/kept/data")
    place.deployed("plain", "v1", "--volume", "/srv/kept/data:/data", "--volume", "/srv/kept/made:/made:ro")

    assert place.facts()["starts"] == "1"
    assert place.facts()["root"] == "rw"
    assert place.sh("cat /srv/kept/data/starts; ls /srv/kept") == "start\ndata\nmade\n"


def test_data_stays_over_deployments(place: Place) -> None:
    place.deployed("tester")
    place.deployed("tester", "v2")
    place.deployed("tester", "v2", "--rollback")

    assert (place.facts()["version"], place.facts()["starts"]) == ("v1", "3")


@pytest.mark.parametrize("kind", ["docker", "crun"])
def test_a_volume_that_is_left_is_told_with_what_removes_it(at: Callable[[str], Place], kind: str) -> None:
    place = at(kind)
    place.deployed("plain", "v1", "--volume", "left:/data")
    done = place.deploy("plain")

    note = "BOARD: note: the volume left is kept, which this version does not name: "
    [line] = [line for line in place.normal(done.stderr).splitlines() if line.startswith(note)]
    place.sh(line.removeprefix(note))
    there = "docker volume ls -q" if kind == "docker" else f"ls {place.directory}/volumes"
    assert "left" not in place.sh(there).split()


def test_killed_process_is_started_again(place: Place) -> None:
    place.deployed()

    place.kill("/usr/bin/hello-http")
    wait(lambda: place.get() == "hello from a container, version 1\n", 15)
    assert place.state("hello-http")["state"] == "running"


def test_job_that_ends_well(place: Place) -> None:
    """With `restart: no` a container may end: it has run once, and can be deployed and run again."""
    options = ("--restart", "no", "--env", "MODE=job")
    place.deployed("plain", "v1", *options)
    state = place.state("plain")
    assert (state["state"], state["health"]) == ("stopped 0", "none")

    again = place.deployed("plain", "v1", *options)
    assert (again["result"], again["sent"]["layers"]) == ("deployed", 0)
    logs = place.status("plain", "--logs")
    assert (logs.status, set(logs.stdout.splitlines())) == (0, {"tester v1 starts"})


def test_job_that_fails(place: Place) -> None:
    done = place.deploy("plain", "v1", "--restart", "no", "--env", "MODE=job", "--env", "CODE=7")

    assert done.status == 1
    assert place.normal(done.stderr).partition("error: ")[2] == (
        "'plain' did not come up on 'BOARD' [not-up]\n"
        "  it ended: stopped 7\n"
        "  log: tester v1 starts\n"
        "  nothing ran before\n"
    )


def test_status_and_logs(place: Place) -> None:
    record = place.deployed()
    place.deployed("tester", "v2")
    place.deployed("tester", "v1")
    stack = f"none ({place.board.kind})" if place.raw else place.board.kind

    text = place.table(place.status().stdout.replace(stack, stack.replace(" ", "")))
    digest = place.status("--format", "json").json()[1]["digest"]
    assert [row[:3] + row[4:] for row in text] == [
        ["NAME", "STATE", "HEALTH", "DIGEST", "STACK", "ROLLBACK"],
        ["hello-http", "running", "healthy", str(record["digest"])[:19], stack.replace(" ", ""), "no"],
        ["tester", "running", "healthy", str(digest)[:19], stack.replace(" ", ""), "yes"],
    ]
    one = place.state("hello-http")
    assert 0 <= int(one.pop("age")) < 600
    assert len(one.pop("deployment")) == 12
    assert one == {
        "target": place.board.alias, "name": "hello-http", "state": "running", "health": "healthy",
        "digest": record["digest"], "image": "localhost/hello-http:latest", "stack": record["stack"],
        "runtime": place.board.kind if place.raw else "", "previous": "", "containers": [],
    }  # fmt: skip
    assert place.status("tester", "--logs", "--lines", "1").stdout == "tester v1 starts\n"
    several = place.status("--logs")
    assert (several.status, several.stderr) == (
        2,
        ("error: --logs wants the name of one container [usage]\n  there are: hello-http, tester\n"),
    )


def test_logs_are_followed(place: Place) -> None:
    """What was printed, then what comes, until Ctrl-C; nothing of it stays on the target."""
    place.deployed()
    process = place.cli.start("container-status", place.board.alias, "hello-http", "--logs", "-f", *place.ssh)
    assert process.stdout is not None
    assert process.stdout.readline() == "hello-http 1 listens on port 8080\n"

    os.killpg(process.pid, signal.SIGINT)
    done = finish(process, 10)
    assert (done.status, "Traceback" in done.stderr) == (130, False)
    assert place.get() == "hello from a container, version 1\n"
    wait(lambda: not any(map(place.processes, ("follow", "logs -f", "tail -n"))), 5)


def test_what_start_up_files_print_is_no_log(crun: Place) -> None:
    """Also when its last line has no end, and as it comes."""
    crun.deployed("plain")
    shell = '#!/bin/sh\\necho welcome; printf news\\nexec /bin/sh "$@"\\n'
    crun.sh(f"printf '{shell}' >/bin/noisy; chmod 755 /bin/noisy")
    crun.sh("echo /bin/noisy >>/etc/shells; sed -i '/^root/s,/bin/sh,/bin/noisy,' /etc/passwd")
    try:
        assert crun.status("plain", "--logs").stdout == "tester v1 starts\n"
        process = crun.cli.start("container-status", crun.alias, "plain", "--logs", "-f", *crun.ssh)
        assert process.stdout is not None
        assert process.stdout.readline() == "tester v1 starts\n"
        os.killpg(process.pid, signal.SIGINT)
        assert finish(process, 10).status == 130
    finally:
        crun.sh("sed -i s,/bin/noisy,/bin/sh, /etc/passwd")


def test_unhealthy_is_seen(place: Place) -> None:
    """Status asks the health check again, now."""
    place.sh("rm -rf /srv/state")
    place.deployed("tester", "v1", "--volume", "/srv/state:/state:ro")
    assert place.state("tester")["health"] == "healthy"

    place.sh("touch /srv/state/sick")
    assert place.state("tester")["health"] == "unhealthy"


def test_other_stack_takes_over(podman: Place) -> None:
    """The same application from podman to no engine, and back by rollback."""
    podman.deployed()
    moved = podman.deployed("hello-http", "v2", "--stack", "none")

    assert (moved["result"], moved["stack"]) == ("deployed", "none")
    assert podman.get() == "hello from a container, version 2\n"
    assert podman.sh("podman ps -aq") == ""
    podman.deployed("hello-http", "v2", "--rollback")
    assert podman.get() == "hello from a container, version 1\n"
    assert podman.state("hello-http")["stack"] == "podman"
    assert podman.sh("crun list -q") == podman.sh("podman ps -q --no-trunc")


@pytest.mark.parametrize("kind", ["crun", "runc", "podman", "docker"])
def test_limits_of_processes(at: Callable[[str], Place], cli: Cli, kind: str) -> None:
    file = cli.home / "ulimits.yaml"
    file.write_text(SPECS["plain"] + "ulimits: {nofile: 77, nproc: 4096}\n")
    cli.build("plain", "--from", f"{cli.home}/tester-tree-v1", "-f", str(file), "-o", f"{cli.home}/limits")
    place = at(kind)
    place.deployed("plain", "limits")

    assert place.facts(of="limits")["files"] == "77"


@pytest.mark.parametrize("kind", ["docker", "podman", "podman-user", "crun", "crun-user"])
@pytest.mark.parametrize("network", ["host", "none"])
def test_a_container_calls_itself_as_asked(
    at: Callable[[str], Place], cli: Cli, kind: str, network: str
) -> None:
    file, place = cli.home / "hostname.yaml", at(kind)
    check = "healthcheck: {command: grep -qx front-1 /proc/sys/kernel/hostname}\n"
    file.write_text(f"{SPECS['plain']}{check}hostname: front-1\nnetwork: {network}\n")
    cli.build("plain", "--from", f"{cli.home}/tester-tree-v1", "-f", str(file), "-o", f"{cli.home}/named")
    place.deployed("plain", "named")

    assert place.state("plain")["health"] == "healthy"
    assert place.sh("cat /proc/sys/kernel/hostname") != "front-1\n"


@pytest.mark.parametrize("kind", ["crun", "runc", "containerd"])
def test_system_calls_are_filtered(at: Callable[[str], Place], kind: str) -> None:
    place = at(kind)
    place.deployed("tester")
    facts = place.facts(of="limits")

    assert facts["filter"] == "2"
    assert facts["user_namespace"] == "unshare: unshare(0x10000000): Operation not permitted"


def test_ctr_uses_the_runtime_that_was_named(at: Callable[[str], Place]) -> None:
    place = at("containerd")
    place.deployed("hello-http", "v1", "--runtime", "runc")

    assert place.state("hello-http")["runtime"] == "runc"
    assert place.get() == "hello from a container, version 1\n"
    assert "--runc-binary runc " in place.sh(f"cat {place.directory}/apps/hello-http/*/run")


@pytest.mark.parametrize("kind", ["podman", "docker", "docker-user", "containerd", "crun"])
def test_a_volume_that_the_image_knows_nothing_of_is_the_containers(
    at: Callable[[str], Place], kind: str, tmp_path: Path
) -> None:
    """The image has no such directory: nothing but us can say whose it is."""
    place = at(kind)
    place.deployed("plain", "v1", "--volume", "kept:/data")
    assert (place.facts()["owner"], place.facts()["starts"]) == ("65532:65532", "1")

    assert place.undeploy("plain", "--volumes").status == 0
    text = "name: x\ncontainers: {a: {image: plain, ports: ['8091:8090'], volumes: ['kept:/data']}}\n"
    App(place, tmp_path / "app.yaml", text).deployed()
    assert (place.facts(8091)["owner"], place.facts(8091)["starts"]) == ("65532:65532", "1")


ASKED = """\
containers:
  one:
    image: plain
    network: host
    workdir: /etc
    read_only: true
    tmpfs: ["/scratch/own:size=1M"]
    entrypoint: [/bin/sh, -c, "cd /scratch/own; echo 1 >x; cat x; {}; cd /etc; pwd; exec /usr/bin/tester"]
    cap_drop: [ALL]
    cap_add: [NET_ADMIN]
    {}
"""


WRITES = ": >/dev/shm/x; (: >/tmp/x) 2>/dev/null || echo read-only"
"""A shell ends when what it does by itself can't write."""


@pytest.mark.parametrize(
    "kind", ["docker", "podman", "podman-user", "containerd", "crun", "crun-user", "runc"]
)
def test_what_is_said_over_an_image_holds(at: Callable[[str], Place], kind: str, tmp_path: Path) -> None:
    """User, directory, capabilities, and a directory in memory."""
    place, own = at(kind), kind not in ("containerd", "crun-user")
    text = ASKED.format(WRITES, "user: '4321:1234'" if own else "")
    done = App(place, tmp_path / "app.yaml", f"name: x\n{text}").deploy()
    assert done.status == 0, done.stderr

    facts = place.facts()
    assert (facts["uid"], facts["gid"]) == ("4321", "1234") if own else True
    limits = place.facts(of="limits")
    assert int(limits["capabilities"], 16) == 1 << 12, "CAP_NET_ADMIN"
    to_root = kind in ("docker", "containerd")
    assert int(limits["effective"], 16) == (0 if to_root else 1 << 12)
    assert (f"note: {kind} gives CAP_NET_ADMIN to no user but root" in done.stderr) == to_root
    assert place.status("x", "--logs").stdout.startswith("one | 1\none | read-only\none | /etc\n")
    assert place.facts()["root"] == "ro"
