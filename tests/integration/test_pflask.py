"""A deployment with pflask, which takes no bundle: PFLASK=<its binary>, built from ghedo/pflask."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import NamespaceTarget
from lab.fixtures import MakeBoard
from lab.host import libraries_of

from .place import Place, wait
from .tester import Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif("PFLASK" not in os.environ, reason="PFLASK=<binary of pflask> is not set"),
]


SPECS = {
    "hello-http": (
        "hello-tree",
        "entrypoint: /usr/bin/hello-http\nports: [8080]\nvolumes: ['data:/var/lib/deep/data']\n",
    ),
    "plain": (
        "tester-tree",
        "entrypoint: /usr/bin/tester\nenv: {PATH: /bin}\nports: [8090]\nhostname: front\n",
    ),
}


def install(board: NamespaceTarget, program: str, place: str) -> None:
    """Put *program* on *board*, with the libraries that it has not."""
    for source, target in ((program, place), *((library, library) for library in libraries_of(program))):
        script = (
            f"[ -e {target} ] || {{ mkdir -p {os.path.dirname(target)}; cat >{target}; chmod 755 {target}; }}"
        )
        assert board.run(("sh", "-c", script), stdin=Path(source).read_bytes()).returncode == 0


@pytest.fixture
def pflask(make_board: MakeBoard, cli: Cli) -> Iterator[Place]:
    board = make_board("bare", "dropbear")
    install(board, os.environ["PFLASK"], "/usr/bin/pflask")
    made = "cd /dev; [ -e console ] || mknod console c 5 1; [ -e full ] || mknod full c 1 7; ls /dev"
    assert board.run(("sh", "-c", made)).returncode == 0
    yield Place(board, cli)


@pytest.fixture(scope="module")
def roots(cli: Cli) -> Callable[[str, str], tuple[str, ...]]:
    """Builds an image that runs as root, which is all that pflask can, and gives the words to deploy it."""

    def build(name: str, version: str, *options: str) -> tuple[str, ...]:
        place, file = f"root-{version}", cli.home / f"root-{name}.yaml"
        tree, spec = SPECS[name]
        file.write_text(f"user: root\n{spec}")
        cli.build(
            name, "--from", f"{cli.home}/{tree}-{version}", "-f", str(file), "-o", f"{cli.home}/{place}"
        )
        return (name, place, *options)

    return build


def test_the_scenario(pflask: Place, roots: Callable[..., tuple[str, ...]]) -> None:
    first = pflask.deployed(*roots("hello-http", "v1"))
    assert (first["result"], first["stack"]) == ("deployed", "none")
    assert pflask.state("hello-http")["runtime"] == "pflask"
    assert pflask.get() == "hello from a container, version 1\n"
    assert pflask.deployed(*roots("hello-http", "v1"))["result"] == "unchanged"

    second = pflask.deployed(*roots("hello-http", "v2"))
    assert second["sent"]["layers"] == 1
    assert pflask.get() == "hello from a container, version 2\n"
    pflask.deployed(*roots("hello-http", "v1", "--rollback"))
    assert pflask.get() == "hello from a container, version 1\n"

    # its command line is also part of those of pflask and of the shell that waits for it
    (inner,) = [
        n for n in pflask.processes("hello-http") if Path(f"/proc/{n}/comm").read_text() == "hello-http\n"
    ]
    os.kill(inner, signal.SIGKILL)
    assert wait(lambda: pflask.get() == "hello from a container, version 1\n"), "it is started again"
    assert pflask.undeploy("hello-http", "--volumes").status == 0
    assert pflask.silent()
    assert not pflask.processes("pflask") + pflask.processes("hello-http") + pflask.processes("supervise")
    assert [name for name in pflask.files() if name.startswith(("apps/", "layers/", "volumes/"))] == []
    assert pflask.sh("ls /run/pflask; grep -c rootfs /proc/mounts || true") == "0\n"


def test_what_the_container_gets(pflask: Place, roots: Callable[..., tuple[str, ...]]) -> None:
    words = (
        "--env",
        "GREETING=a, b\\, c: $HOME; it's",
        "--volume",
        "data:/data",
        "--device",
        "/dev/null:/dev/given",
    )
    pflask.deployed(*roots("plain", "v1", *words))

    facts = pflask.facts(8090)
    assert facts["greeting"] == "a, b\\, c: $HOME; it's"
    assert (facts["uid"], facts["starts"], facts["device"], facts["umask"]) == ("0", "1", "open", "0022")
    (inner,) = pflask.processes("httpd -f")
    status = dict(line.split(":\t") for line in Path(f"/proc/{inner}/status").read_text().splitlines())
    own = subprocess.run(("nsenter", "-t", str(inner), "-u", "uname", "-n"), capture_output=True, check=True)
    assert own.stdout == b"front\n"
    assert status["CapBnd"] == status["CapEff"] == "00000000800405fb", "eleven capabilities"
    assert pflask.state("plain")["state"] == "running"
    assert "tester v1 starts" in pflask.status("plain", "--logs").stdout


def test_a_stopped_container_gets_its_signal(pflask: Place, roots: Callable[..., tuple[str, ...]]) -> None:
    pflask.deployed(*roots("hello-http", "v1"))
    started = time.monotonic()
    pflask.undeploy("hello-http")

    assert pflask.silent()
    assert time.monotonic() - started < 8, "it was not killed after the ten seconds of stop_timeout"


def test_a_bad_version_is_taken_back(pflask: Place, roots: Callable[..., tuple[str, ...]]) -> None:
    pflask.deployed(*roots("plain", "v1"))
    done = pflask.deploy(*roots("plain", "v2", "--env", "MODE=crash"))

    assert done.status == 1
    assert "what ran before runs again" in done.stderr
    assert "log: no luck today" in done.stderr
    assert pflask.facts(8090)["version"] == "v1"


def test_what_it_cannot_do_is_refused(pflask: Place) -> None:
    done = pflask.deploy("tester", "v1")

    assert pflask.normal(done.stderr) == (
        "error: pflask can't run as a user by number: 65532:65532 [runtime-refuses]\n"
        "  hint: choose another one with --runtime\n"
    )
