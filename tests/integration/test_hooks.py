"""Hooks of container.yaml are called on the target, by a runtime that runs without an engine."""

from collections.abc import Callable

import pytest

from .place import Place, wait
from .tester import SPECS, Cli

pytestmark = pytest.mark.integration

HOOK = """\
#!/bin/sh
read -r state
case $state in *'"id"'*plain*) echo "$1 $WORD" >>/tmp/hooks/called ;; esac
[ "$1" != fails ] || { echo no such luck >&2; exit 1; }
"""
STAGES = """\
hooks:
  createRuntime: [{path: /tmp/hooks/hook, args: [hook, made], env: {WORD: a b}, timeout: 5s}]
  createContainer: [{path: /tmp/hooks/hook, args: hook entered}]
  startContainer: [{path: /bin/sh, args: [sh, -c, "read -r state; echo >/tmp/started"]}]
  poststart: [{path: /tmp/hooks/hook, args: hook started}]
  poststop: [{path: /tmp/hooks/hook, args: hook gone}, {path: /tmp/hooks/hook, args: hook forgotten}]
healthcheck: {command: cat /tmp/started}
"""
Hooked = Callable[[Place, str], None]


@pytest.fixture
def hooked(cli: Cli) -> Hooked:
    """Builds `plain` with hooks into the directory `hooked`, and puts their program on a board."""

    def make(place: Place, hooks: str) -> None:
        file = cli.home / "hooks.yaml"
        file.write_text(SPECS["plain"] + hooks)
        cli.build(
            "plain", "--from", f"{cli.home}/tester-tree-v1", "-f", str(file), "-o", f"{cli.home}/hooked"
        )
        assert place.board.run(("rm", "-rf", "/tmp/hooks")).returncode == 0
        place.sh(f"mkdir /tmp/hooks; cd /tmp/hooks; cat >hook <<'END'\n{HOOK}END\nchmod 755 hook")

    return make


@pytest.mark.parametrize("kind", ["crun", "runc", "crun-user", "runc-user"])
def test_they_are_called_at_their_time(at: Callable[[str], Place], hooked: Hooked, kind: str) -> None:
    place = at(kind)
    hooked(place, STAGES)
    place.deployed("plain", "hooked")

    assert place.state("plain")["health"] == "healthy"
    before = "made a b\nentered \nstarted \n"
    assert place.sh("cat /tmp/hooks/called") == before
    place.kill("httpd -f")
    wait(lambda: place.sh("cat /tmp/hooks/called") == f"{before}gone \nforgotten \n{before}", 10)
    place.undeploy("plain")
    assert place.sh("cat /tmp/hooks/called") == 2 * f"{before}gone \nforgotten \n"


def test_gvisor_calls_those_outside_of_the_container(at: Callable[[str], Place], hooked: Hooked) -> None:
    place, hook = at("runsc"), "[{path: /tmp/hooks/hook, args: hook %s}]"
    stages = (("createRuntime", "made"), ("poststart", "started"), ("poststop", "gone"))
    hooked(place, "hooks:\n" + "".join(f"  {stage}: {hook % word}\n" for stage, word in stages))
    place.deployed("plain", "hooked")
    place.undeploy("plain")

    assert place.sh("cat /tmp/hooks/called") == "made \nstarted \ngone \n"


@pytest.mark.parametrize("kind", ["crun", "runc"])
def test_one_that_fails_lets_nothing_start(at: Callable[[str], Place], hooked: Hooked, kind: str) -> None:
    place = at(kind)
    hooked(place, "hooks: {createRuntime: [{path: /tmp/hooks/hook, args: hook fails}]}\n")
    place.deployed("plain", "v1")
    done = place.deploy("plain", "hooked")

    assert done.status == 1
    assert "hook" in done.stderr.partition("[not-up]\n")[2], "its output tells why"
    assert "what ran before runs again" in done.stderr
    assert place.sh("cat /tmp/hooks/called") != ""
    assert place.facts()["version"] == "v1"


def test_a_program_that_is_not_there_is_told_before_anything_is_sent(crun: Place, hooked: Hooked) -> None:
    hooked(crun, "hooks: {poststop: [{path: /tmp/hooks}, {path: /tmp/hooks/other}]}\n")
    for path, repair in (("/tmp/hooks", "rm -r /tmp/hooks; cp /bin/sh /tmp/hooks"), ("/tmp/hooks/other", "")):
        assert crun.normal(crun.deploy("plain", "hooked").stderr) == (
            f"error: 'BOARD' has no program '{path}' for the hook poststop [no-hook]\n"
            "  hint: install it there, or change hooks: in container.yaml\n"
        )
        crun.sh(repair)
    assert crun.images() == []


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd"])
def test_engines_are_not_told_of_hooks(at: Callable[[str], Place], hooked: Hooked, kind: str) -> None:
    place = at(kind)
    before = place.images()
    hooked(place, STAGES)

    assert place.deploy("plain", "hooked").stderr == (
        f"error: {kind} can't be told of the hook '/tmp/hooks/hook' [no-hooks]\n"
        "  only a runtime without an engine takes hooks of a container\n"
        "  hint: do without the engine: --stack none; or leave out hooks:\n"
    )
    assert place.images() == before


def test_here_none_is_called(cli: Cli, hooked: Hooked, crun: Place) -> None:
    hooked(crun, "hooks: {poststop: [{path: /nowhere}]}\n")
    words = ("-o", f"{cli.home}/hooked", "--stack", "none", "--runtime", "runc", "--env", "MODE=job")
    done = cli("container-run", "plain", *words)

    assert (done.status, done.stdout) == (0, "tester v1 starts\n"), done.stderr
