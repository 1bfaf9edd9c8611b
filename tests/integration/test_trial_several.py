"""container-test of an application of several containers, where it is deployed."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .app import App
from .place import Place
from .tester import Done

pytestmark = pytest.mark.integration

SHOP = """\
name: shop
containers:
  web:
    image: plain
    needs: [db]
    env: {PORT: "8091", GREETING: web, PEER: "db:8092"}
    ports: [8091]
    tests:
      - {http: {port: 8091, path: /cgi-bin/facts, body: ^peer=db$}}
      - {name: own, command: [sh, -c, 'echo "$GREETING"'], output: ^web$}
      - {log: ^tester v1 starts$}
  db:
    image: plain
    env: {PORT: "8092", GREETING: db}
    ports: [8092]
    tests:
      - {name: own, command: [sh, -c, 'echo "$GREETING"'], output: ^db$}
  job: {image: plain, env: {MODE: job}, restart: "no", ports: [], tests: [{log: starts}, {command: id}]}
"""
NAMES = ["web: http 8091/cgi-bin/facts", "web: own", "web: log ^tester v1 starts$", "db: own",
         "job: log starts", "job: id"]  # fmt: skip


def trial(app: App, *options: str, version: str = "v1") -> Done:
    place = app.place
    words = ("container-test", str(app.file), place.alias, "-o", f"{place.cli.home}/{version}")
    return place.cli(*words, *place.ssh, *options)


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd", "crun", "podman-user", "crun-user"])
def test_each_is_tested_by_its_own_tests(at: object, tmp_path: Path, kind: str) -> None:
    place: Place = at(kind)  # type: ignore[operator]  # the fixture is a function
    app = App(place, tmp_path / "shop.yaml", SHOP)
    app.deployed()
    report = tmp_path / "report.xml"
    done = trial(app, "--format", "json", "--junit", str(report))

    assert done.status == 1, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    assert [test["name"] for test in answer["tests"]] == NAMES
    *good, last = answer["tests"]
    assert [test["seen"] for test in good] == [""] * 5
    assert last["seen"] == "it does not run: stopped 0", "it is tested in its own container, which has ended"
    assert (answer["name"], answer["failed"]) == ("shop", 1)
    assert "web | tester v1 starts" in answer["log"]
    [suite] = ElementTree.parse(report).getroot()
    assert [case.get("name") for case in suite.iter("testcase")] == NAMES


def test_what_is_there_has_to_be_what_is_built_here(crun: Place, tmp_path: Path) -> None:
    app = App(crun, tmp_path / "shop.yaml", SHOP.replace("  job:", "  old:"))
    app.deployed("v2")
    app.change("  old:", "  job:")
    done = trial(app)

    first, *lines, hint = crun.normal(done.stderr).splitlines()
    assert first == "error: 'BOARD' runs another 'shop' than the one that is built here [other-digest]"
    said = [line.split() for line in lines]
    assert [(name, there[:6], here[:6]) for name, _, there, _, here in said] == [
        ("db:", "sha256", "sha256"), ("job:", "none,", "sha256"),
        ("old:", "sha256", "none"), ("web:", "sha256", "sha256"),
    ]  # fmt: skip
    assert hint.endswith(f"{app.file} BOARD; or test what is there with --deployed")
    assert crun.normal(trial(app, "--deployed").stderr) == (
        "error: 'shop' on 'BOARD' has no container 'job' [no-container]\n"
        "  it has: db, web, old\n"
        f"  hint: deploy it: container-deploy {app.file} BOARD\n"
    )
    app.change("  job:", "  old:")
    app.change("^tester v1", "^tester v2")
    assert "own" in trial(app, "--deployed").stdout


def test_one_that_does_not_run_is_named(podman: Place, tmp_path: Path) -> None:
    app = App(podman, tmp_path / "shop.yaml", SHOP)
    assert podman.normal(trial(app).stderr) == (
        "error: 'shop' is not deployed on 'BOARD' [not-deployed]\n"
        f"  hint: deploy it: container-deploy {app.file} BOARD\n"
    )
    app.deployed()
    podman.sh("podman stop -t 0 shop-db")

    assert podman.normal(trial(app).stderr) == (
        "error: 'db' of 'shop' does not run on 'BOARD': it is stopped 137 [not-running]\n"
        "  hint: see why: container-status BOARD shop --logs; or deploy it: "
        f"container-deploy {app.file} BOARD\n"
    )
