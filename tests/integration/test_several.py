"""Applications of several containers: started in order, replaced and rolled back as one."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .app import App
from .conftest import SPREAD
from .place import Place, wait
from .tester import Cli

SHOP = """\
name: shop
containers:
  web:
    image: tester
    needs: [db]
    env: {PORT: "8091", GREETING: web, PEER: "db:8092"}
    ports: [8091]
    secrets: [token]
    configs: [{source: app, target: /etc/tester/app.conf}]
    volumes: ["web:/data"]
  db:
    image: tester
    env: {PORT: "8092", GREETING: db}
    ports: [8092]
    volumes: ["db:/data"]
"""
SECRETS = """\
secrets: {token: {file: token}}
configs: {app: {content: 'level = "5 $x"'}}
"""
JOB = """\
  init:
    image: tester
    env: {MODE: job}
    restart: "no"
    volumes: ["job:/data"]
"""


@pytest.fixture
def place(request: pytest.FixtureRequest, at: Callable[[str], Place]) -> Place:
    return at(request.param)


def shop(place: Place, directory: Path, text: str = SHOP) -> App:
    (directory / "token").write_text("s3cret")
    return App(place, directory / "shop.yaml", text + SECRETS)


@pytest.mark.parametrize("place", SPREAD, indirect=True)
def test_containers_find_each_other_by_name_and_are_replaced_as_one(place: Place, tmp_path: Path) -> None:
    app = shop(place, tmp_path)
    record = app.deployed()
    facts = place.facts(8091)

    assert (record["result"], record["containers"], record["digest"]) == ("deployed", 2, "")
    assert (facts["version"], facts["peer"], facts["secret"]) == ("v1", "db", "s3cret")
    assert facts["config"] == 'level = "5 $x"'
    found = place.state("shop")
    assert (found["state"], found["health"]) == ("running", "healthy")
    assert [(c["name"], c["state"], c["health"]) for c in found["containers"]] == [
        ("db", "running", "healthy"),
        ("web", "running", "healthy"),
    ]
    assert place.status("shop", "--logs").stdout.splitlines() == [
        "db | tester v1 starts",
        "web | tester v1 starts",
    ]
    assert app.deployed()["result"] == "unchanged"

    assert app.deployed("v2")["sent"]["layers"] > 0  # type: ignore[index]  # of the record's object
    assert [place.facts(port)["version"] for port in (8091, 8092)] == ["v2", "v2"]
    assert app.deployed("v2", "--rollback")["result"] == "rolled back"
    assert [place.facts(port)["version"] for port in (8091, 8092)] == ["v1", "v1"]

    done = place.undeploy("shop", "--volumes")
    assert done.status == 0, done.stderr
    assert place.silent(8091)
    assert place.silent(8092)
    assert place.images() == []
    assert place.files()[:1] == [place.directory]
    assert not [name for name in place.files() if "shop" in name]


@pytest.mark.parametrize("place", ("docker", "crun-user"), indirect=True)
def test_what_does_not_come_up_brings_all_of_the_old_ones_back(place: Place, tmp_path: Path) -> None:
    app = shop(place, tmp_path)
    app.deployed()
    app.change("GREETING: db}", "GREETING: db, MODE: sick}")
    done = app.deploy("v2")

    assert done.status == 1
    text = place.normal(done.stderr)
    assert "'shop' did not come up on 'BOARD' [not-up]" in text
    assert "db is not healthy" in text
    assert "what ran before runs again" in text
    assert wait(lambda: [place.facts(port)["version"] for port in (8091, 8092)] == ["v1", "v1"])
    assert place.state("shop")["health"] == "healthy"


@pytest.mark.parametrize("place", ("podman", "crun"), indirect=True)
def test_one_that_waits_for_a_job_starts_when_that_has_ended_well(place: Place, tmp_path: Path) -> None:
    app = shop(place, tmp_path, SHOP.replace("needs: [db]", "needs: [init:completed]") + JOB)
    app.deployed()

    assert place.state("shop")["state"] == "running"
    states = {part["name"]: part["state"] for part in place.state("shop")["containers"]}
    assert states == {"db": "running", "init": "stopped 0", "web": "running"}
    app.change("{MODE: job}", '{MODE: job, CODE: "3"}')
    done = app.deploy()
    assert done.status == 1
    assert "init is not completed: stopped 3" in done.stderr
    assert place.state("shop")["state"] == "running"


def update(place: Place, version: str, status: int = 0) -> dict[str, Any]:
    """Deploy again by sdk-update what runs there of the images of *version*."""
    words = ("sdk-update", "-o", f"{place.cli.home}/{version}", "--deploy", place.alias, "--format", "json")
    done = place.cli(*words, *place.ssh)
    assert done.status == status, done.stderr
    [record] = json.loads(done.stdout.partition("\n]\n")[2] or done.stdout[done.stdout.rindex("[\n") :])
    return {**record, "told": place.normal(done.stderr)}


def built_sick(cli: Cli) -> None:
    """Into the directory `sick` an image that never becomes healthy."""
    tree = cli.home / "tester-tree-sick"
    if not tree.exists():
        shutil.copytree(cli.home / "tester-tree-v2", tree, symlinks=True)
        (tree / "usr/bin/check").write_text("#!/bin/sh\nexit 1\n")
    spec = ("-f", str(cli.home / "tester.yaml"))
    cli.build("tester", "--from", str(tree), *spec, "-o", str(cli.home / "sick"))


@pytest.mark.parametrize("place", ("podman", "crun", "crun-user"), indirect=True)
def test_an_update_deploys_all_of_it_again_as_one(place: Place, tmp_path: Path) -> None:
    app = shop(place, tmp_path)
    app.deployed()
    app.file.unlink()  # it is not asked for
    (tmp_path / "token").unlink()
    record = update(place, "v2")

    assert (record["name"], record["result"]) == ("shop", "deployed")
    assert [place.facts(port)["version"] for port in (8091, 8092)] == ["v2", "v2"]
    facts = place.facts(8091)
    assert facts["config"] == 'level = "5 $x"'
    assert (facts["greeting"], facts["peer"], facts["secret"], facts["starts"]) == (
        "web",
        "db",
        "s3cret",
        "2",
    )
    assert place.state("shop")["health"] == "healthy"

    built_sick(place.cli)
    record = update(place, "sick", status=1)
    assert record["result"] == "failed [not-up]"
    assert "BOARD: 'shop' did not come up on 'BOARD' [not-up]" in record["told"]
    assert "what ran before runs again" in record["told"]
    assert wait(lambda: [place.facts(port)["version"] for port in (8091, 8092)] == ["v2", "v2"])
    assert place.facts(8091)["secret"] == "s3cret"


def test_what_was_not_updated_stays_as_it_is_where_its_image_is_here(crun: Place, tmp_path: Path) -> None:
    text = SHOP.replace("  db:\n    image: tester", "  db:\n    image: plain")
    shop(crun, tmp_path, text).deployed()
    only = crun.cli.home / "only"
    tree, spec = crun.cli.home / "tester-tree-v2", crun.cli.home / "tester.yaml"
    crun.cli.build("tester", "--from", str(tree), "-f", str(spec), "-o", str(only))
    record = update(crun, "only", status=1)

    assert record["result"] == "failed [no-image]"
    what = "the image 'localhost/plain:latest', which runs there beside what was updated, is not here"
    assert f"{what} [no-image]\n  the container 'db' has sha256:" in record["told"]
    assert "  hint: deploy the application from its file: container-deploy FILE TARGET\n" in record["told"]
    assert crun.facts(8091)["version"] == "v1"

    shutil.copytree(crun.cli.home / "v1/plain-latest-oci", only / "plain-latest-oci")
    assert update(crun, "only")["result"] == "deployed"
    assert [crun.facts(port)["version"] for port in (8091, 8092)] == ["v2", "v1"]


LOOK = r"""
while read -r key value; do case $key in
  nameserver | search | options | NoNewPrivs: | Seccomp: | CapBnd:) echo "$key $value" ;;
esac; done <<END
$(cat /etc/resolv.conf /proc/self/status)
END
echo "ttl $(cat /proc/sys/net/ipv4/ip_default_ttl)"
echo "shmmax $(cat /proc/sys/kernel/shmmax)"
echo "groups $(id -G)"
echo "number $$"
echo "fuse $(ls /dev/fuse 2>&1)"
echo "memory $(cat /dev/shm/of-the-target 2>/dev/null)"
exec sleep 1000
"""
INNER = {
    "image": "plain", "ports": [], "entrypoint": ["/bin/sh", "-c", LOOK], "dns": ["9.9.9.9"],
    "dns_search": ["example.com"], "dns_opt": ["ndots:3"], "sysctls": {"net.ipv4.ip_default_ttl": "99"},
    "security_opt": ["no-new-privileges", "seccomp=unconfined", "apparmor=unconfined", "label=disable"],
}  # fmt: skip
OUTER = {**{key: INNER[key] for key in ("image", "ports", "entrypoint")}, "network": "host"}


def looked(place: Place) -> dict[str, dict[str, str]]:
    """What the containers of `x` see, by key."""
    wait(lambda: place.status("x", "--logs").stdout.count("| memory") == 2)
    facts: dict[str, dict[str, str]] = {"inner": {}, "outer": {}}
    for line in place.status("x", "--logs").stdout.splitlines():
        name, _, key, *value = line.split()
        facts[name][key] = " ".join(value)
    return facts


@pytest.mark.parametrize("kind", ["docker", "podman", "podman-user", "containerd", "crun"])
def test_what_keeps_a_container_in_is_as_asked(at: Callable[[str], Place], kind: str, tmp_path: Path) -> None:
    """One on a network of its own, with names of its own; one that shares what the target has."""
    place, ctr, engine = at(kind), kind == "containerd", kind.startswith(("docker", "podman"))
    inner = INNER | ({"network": "bridge"} if engine else {"networks": ["front"]})
    if kind.startswith("podman"):
        inner.pop("dns")  # it would know no other container: refused
    if not ctr:
        inner |= {"sysctls": {**INNER["sysctls"], "kernel.shmmax": "4194304"}, "group_add": ["4321"]}
    # with fewer rights than a board's root has, root here can't give docker all of them
    outer = OUTER | {"pid": "host", "ipc": "host", "privileged": kind != "docker"}
    place.board.run(("sh", "-c", "echo shared >/dev/shm/of-the-target"))
    networks = {} if engine else {"networks": {"front": {}}}
    app = {"name": "x", "containers": {"inner": inner, "outer": outer}, **networks}
    App(place, tmp_path / "app.yaml", json.dumps(app)).deployed()

    facts = looked(place)
    assert facts["inner"].items() >= {
        "search": "example.com", "options": "ndots:3", "ttl": "99", "number": "1",
        "NoNewPrivs:": "1", "Seccomp:": "0", "memory": "",
        **({} if engine else {"nameserver": "9.9.9.9"}),
        **({} if ctr else {"shmmax": "4194304", "groups": "65532 4321"}),
    }.items()  # fmt: skip
    assert (facts["outer"]["memory"], facts["outer"]["number"] == "1") == ("shared", False)
    if outer["privileged"]:
        assert (facts["outer"]["Seccomp:"], facts["outer"]["fuse"]) == ("0", "/dev/fuse")
        assert int(facts["outer"]["CapBnd:"], 16) & 1 << 21, "CAP_SYS_ADMIN"
