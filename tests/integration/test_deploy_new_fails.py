"""A new version that does not come up: the old one is put back, and the error tells why."""

import shutil
from collections.abc import Callable

import pytest

from .place import STATE, Place, wait

pytestmark = pytest.mark.integration
At = Callable[[str], Place]


def failure(place: Place, *options: str) -> list[str]:
    done = place.deploy("tester", "v2", *options)
    assert (done.status, done.stdout) == (1, "")
    return place.normal(done.stderr).partition("error: ")[2].splitlines()


def test_new_version_that_ends(place: Place) -> None:
    place.deployed("tester")

    lines = failure(place, "--env", "MODE=crash", "--restart", "no")
    assert lines[0] == "'tester' did not come up on 'BOARD' [not-up]"
    assert lines[1] == "  it ended: stopped 3"
    assert lines[2:-2] == ["  log: tester v2 starts", "  log: no luck today"]
    assert lines[-2].startswith("  put back: ")
    assert lines[-1] == "  what ran before runs again"
    assert place.facts()["version"] == "v1"
    assert place.state("tester")["state"] == "running"
    assert place.deployed("tester")["result"] == "unchanged"


@pytest.mark.parametrize("kind", ["podman", "crun"])
def test_new_version_that_is_never_healthy(at: At, kind: str) -> None:
    place = at(kind)
    place.deployed("tester")

    lines = failure(place, "--env", "MODE=sick")
    assert lines[1:4] == ["  it is not healthy after 3 seconds", "  feeling sick", "  log: tester v2 starts"]
    assert place.facts()["version"] == "v1"
    assert place.facts()["greeting"] == "hi"


def test_new_version_that_crashes_again_and_again(crun: Place) -> None:
    """It has a restart policy, so one end is not the end; but it never stays up."""
    crun.deployed("plain")
    done = crun.deploy("plain", "v2", "--env", "MODE=crash")

    assert done.status == 1
    lines = crun.normal(done.stderr).partition("error: ")[2].splitlines()
    assert lines[0] == "'plain' did not come up on 'BOARD' [not-up]"
    assert lines[1].startswith("  it does not stay up: ")
    assert "  log: no luck today" in lines
    assert crun.facts()["version"] == "v1"


def test_first_version_that_ends(place: Place) -> None:
    """There is none to put back, and nothing is left: no files, no image."""
    lines = failure(place, "--env", "MODE=crash", "--restart", "no")

    assert lines[-1] == "  nothing ran before"
    assert place.status("--format", "json").json() == []
    assert place.sh(f"ls -A {STATE}/apps") == ""
    assert place.images() == []
    assert place.undeploy("tester").status == 1


def test_first_version_that_ends_leaves_what_another_application_needs(place: Place) -> None:
    place.deployed("tester", "v2", "--name", "other")
    lines = failure(place, "--env", "MODE=crash", "--env", "PORT=8099", "--port", "8099", "--restart", "no")

    assert lines[-1] == "  nothing ran before"
    assert place.sh(f"ls -A {STATE}/apps") == "other\n"
    assert place.deployed("tester", "v2", "--name", "other")["result"] == "unchanged"
    assert place.undeploy("other").status == 0
    assert place.images() == []


def test_old_version_had_ended(crun: Place) -> None:
    """A job that has run well is put back too."""
    job = ("--restart", "no", "--env", "MODE=job")
    crun.deployed("tester", "v1", *job)

    failure(crun, "--env", "MODE=crash", "--restart", "no")
    state = wait(lambda: crun.state("tester"))
    assert state["state"] == "stopped 0"


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd", "crun"])
def test_damaged_layer_is_refused(at: At, kind: str) -> None:
    """One bit of the layer that is sent is wrong; what ran before still runs."""
    place = at(kind)
    place.deployed()
    layout = place.cli.home / "v2/hello-http-latest-oci"
    layer = min((layout / "blobs/sha256").iterdir(), key=lambda blob: abs(blob.stat().st_size - 21_000))
    good = layer.read_bytes()
    layer.write_bytes(good[:3000] + bytes([good[3000] ^ 1]) + good[3001:])
    try:
        done = place.deploy("hello-http", "v2")
    finally:
        layer.write_bytes(good)

    stack = "none" if place.raw else kind
    assert done.status == 1, done.stderr
    assert f"error: {stack} on 'BOARD' did not take the image [load-failed]\n" in place.normal(done.stderr)
    assert place.get() == "hello from a container, version 1\n"
    place.deployed("hello-http", "v2")
    assert place.get() == "hello from a container, version 2\n"


@pytest.mark.parametrize("kind", ["docker", "crun"])
def test_disk_that_fills_up_while_it_is_sent(at: At, kind: str) -> None:
    """Thousands of tiny files take four times the room of their tar, which nobody knew before."""
    place = at(kind)
    tree = place.cli.home / "tiny-tree"
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(place.cli.home / "tester-tree-v1", tree, symlinks=True)
    for number in range(3000):
        file = tree / f"srv/{number // 100}/{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    options = ("-o", f"{place.cli.home}/v1", "--entrypoint", "/usr/bin/tester")
    place.cli.build("tiny", "--from", str(tree), *options)
    place.deployed()
    before = place.images()

    place.board.limit_disk((13 if kind == "docker" else 8) << 20)
    done = place.deploy("tiny")
    place.board.restore_disk()
    lines = place.normal(done.stderr).partition("error: ")[2].splitlines()
    assert (done.status, lines[0]) == (1, "no space left on 'BOARD' [no-space]")
    assert "o space left on device" in lines[1]
    assert lines[-1] == "  hint: remove what is not needed there; what ran before still runs"
    assert place.get() == "hello from a container, version 1\n"
    assert place.images() == before or place.raw  # layers that arrived whole are kept for the next time
    place.undeploy("tiny")
