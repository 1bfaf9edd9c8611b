"""`--dry-run`: the text of the steps, for each stack; nothing is changed, and it is shell that is valid."""

import re
import shutil
import subprocess
from collections.abc import Callable

import pytest

from .place import STATE, Place

pytestmark = pytest.mark.integration
At = Callable[[str], Place]

ARCHIVE = (
    "devtool-containers archive HOME/v1/hello-http-latest-oci --name localhost/hello-http:ID"
    " | gzip | ssh BOARD 'gzip -dc | {load}'\n"
)


def dry(place: Place, *options: str, image: str = "hello-http", version: str = "v1") -> tuple[str, str]:
    """The steps before the script that runs on the target, and that script."""
    done = place.deploy(image, version, "--dry-run", *options)
    assert (done.status, done.stderr) == (0, "")
    text = place.normal(done.stdout).replace(str(place.cli.home), "HOME")
    steps, there, script = text.partition("ssh BOARD sh -s <<'END'\n")
    assert there and script.endswith("END\n")
    return steps, script.removesuffix("END\n")


def test_steps_and_no_change(place: Place) -> None:
    """What is sent, how it is loaded; the board is as it was."""
    before = place.files(), place.images()
    steps, script = dry(place)

    assert (place.files(), place.images()) == before
    if place.raw:
        pattern = rf"# send layer sha256:[0-9a-f]{{12}}, \d+ bytes, to {STATE}/layers/sha256-[0-9a-f]{{64}}"
        assert [line for line in steps.splitlines() if not re.fullmatch(pattern, line)] == []
        assert len(steps.splitlines()) == 3
    else:
        load = {"podman": "podman load -q", "docker": "docker load -q",
                "containerd": "ctr --connect-timeout 3s images import -"}[place.board.kind]  # fmt: skip
        assert re.sub(r"http:[0-9a-f]{12}", "http:ID", steps) == ARCHIVE.format(load=load)
    for shell in ("sh", "busybox"):
        if path := shutil.which(shell):
            argv = (path, "sh", "-n") if shell == "busybox" else (path, "-n")
            checked = subprocess.run(argv, input=script, capture_output=True, text=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, "")


def test_what_is_there_is_left_out(place: Place) -> None:
    place.deployed()
    steps, _ = dry(place, version="v2")
    same = place.deploy("hello-http", "v1", "--dry-run")

    assert same.stdout == "# nothing to do: exactly this runs already\n"
    if place.raw:
        assert len(steps.splitlines()) == 1
    else:
        assert steps.count(" --omit sha256:") == 2
    assert place.get() == "hello from a container, version 1\n"


def files(script: str) -> dict[str, str]:
    """The files that the script writes, by name."""
    found = re.findall(r"^cat >(\S+) <<'(EOF_*)'\n(.*?)^\2\n", script, re.DOTALL | re.MULTILINE)
    return {name.rpartition("/")[2].strip("'"): text for name, _, text in found}


ENGINE_RUN = (
    "run --detach --restart unless-stopped --stop-timeout 10 --name hello-http --pull never --network host"
    " --memory 33554432 --label devtool-containers.digest=DIGEST localhost/hello-http:ID >/dev/null"
)
RUN = {
    "podman": f"exec podman {ENGINE_RUN}",
    "docker": f"exec docker {ENGINE_RUN}",
    "containerd": f"exec sh {STATE}/apps/hello-http/ID/run >/dev/null",
    "crun": f"exec sh {STATE}/apps/hello-http/ID/run >/dev/null",
    "runc": f"exec sh {STATE}/apps/hello-http/ID/run >/dev/null",
}  # fmt: skip
EXEC = {
    "podman": 'exec podman exec hello-http "$@"',
    "docker": 'exec docker exec hello-http "$@"',
    "containerd": """exec sh -c 'exec ctr tasks exec --exec-id "check-$$" "$@"' sh hello-http "$@\"""",
    "crun": 'exec crun exec hello-http "$@"',
    "runc": 'exec runc exec --user 65532:65532 hello-http "$@"',
}

COMMON = (
    "deployment.json", "stack", "image", "ports", "layers", "limits", "start", "stop", "state", "exec",
    "logs", "follow", "enable", "disable", "forget", "unname", "ready", "volumes", "tidy", "health",
    "restarts", "switch",
)  # fmt: skip


def normal(text: str) -> str:
    text = re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", text)
    return re.sub(r"(?<=[/:])[0-9a-f]{12}\b", "ID", text)


def test_commands_that_start_it(place: Place) -> None:
    """The exact line that starts the container, and the files that it needs."""
    written = files(dry(place)[1])

    assert normal(written["start"]).splitlines()[-1] == RUN[place.board.kind]
    assert normal(written["exec"]).splitlines()[-1] == EXEC[place.board.kind]
    common = set(COMMON)
    own = {"containerd": {"run"}, "crun": {"run", "supervise", "down", "state-of", "vars", "bundle.json"}}
    own["runc"] = own["crun"]
    assert set(written) == common | own.get(place.board.kind, set())
    assert (written["ports"], written["restarts"]) == ("8080\n", "unless-stopped\n")
    assert written["limits"] == "tries=30\nsettle=2\noneshot=\n"


@pytest.mark.parametrize("kind", ["podman", "containerd", "crun"])
def test_shellcheck_has_nothing_to_say(at: At, kind: str) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed: apt-get install shellcheck")
    script = dry(at(kind))[1]
    for name, text in {"": script, **files(script)}.items():
        if text.startswith("#") or not name:
            # SC2046: what an engine prints is split into words on purpose
            # SC1090, SC2034, SC2154: a file may use what another one of the same deployment sets
            argv = ("shellcheck", "-s", "sh", "-S", "warning", "-e", "SC1090,SC2034,SC2046,SC2154", "-")
            said = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
            assert said.returncode == 0, f"{name}: {said.stdout}"


def test_undeploy_prints_what_it_would_do(crun: Place) -> None:
    crun.deployed()
    done = crun.undeploy("hello-http", "--dry-run")

    assert (done.status, done.stderr) == (0, "")
    assert crun.normal(done.stdout).startswith("ssh BOARD sh -s <<'END'\n")
    script = done.stdout.partition("\n")[2].removesuffix("END\n")
    assert subprocess.run(("sh", "-n"), input=script, text=True, check=False).returncode == 0
    assert crun.get() == "hello from a container, version 1\n"
