"""A deployment that can't work is refused before anything is sent, and nothing on the target changes."""

import re
from collections.abc import Callable, Iterator

import pytest
from lab.images import Image, busybox_layer

from .place import STATE, Place
from .tester import Cli

pytestmark = pytest.mark.integration
At = Callable[[str], Place]


def refusal(place: Place, *options: str, image: str = "hello-http", status: int = 1, target: str = "") -> str:
    """What is said to a deployment that can't be; nothing was sent, and nothing changed."""
    before = place.files(), place.board.kind == "bare" or place.images()
    words = list(place.words(image, "v1", *options))
    words[2] = target or words[2]
    with place.metered() as link:
        done = place.cli(*words)
    assert (done.status, done.stdout) == (status, ""), done.stderr
    assert link.received < 20_000
    assert (place.files(), place.board.kind == "bare" or place.images()) == before
    return place.normal(done.stderr)


def test_nothing_runs_containers(at: At) -> None:
    assert refusal(at("bare")) == (
        "error: 'BOARD' has nothing that runs containers [no-engine]\n"
        "  looked for: containerd, cri-o, docker, none, podman, crun, pflask, runc, runsc, youki\n"
        "  hint: install one of them there\n"
    )


def test_nothing_can_be_written(crun: Place) -> None:
    """As on a board whose root is read-only."""
    crun.sh(f"mkdir -p {STATE} && mount -t tmpfs -o ro none {STATE}")
    try:
        assert refusal(crun) == (
            f"error: 'BOARD' has no place to keep deployments: '{STATE}' can't be written [read-only]\n"
            f"  they are kept in {STATE}\n  hint: mount something there that can: on {STATE}\n"
        )
    finally:
        crun.sh(f"umount {STATE}")


def test_stack_and_runtime_that_are_not_there(at: At) -> None:
    place = at("crun")
    assert refusal(place, "--stack", "docker") == (
        "error: 'BOARD' has no docker [no-engine]\n"
        "  looked for: docker\n  hint: choose what is there: --stack none\n"
    )
    assert refusal(place, "--runtime", "runc") == (
        "error: runc can't run on 'BOARD' [no-runtime]\n  no program runc\n"
        "  hint: install it there, or choose another one with --runtime\n"
    )
    assert refusal(at("bare"), "--stack", "none") == (
        "error: 'BOARD' has no OCI runtime [no-runtime]\n"
        "  looked for: crun, pflask, runc, runsc, youki\n  hint: install one of them there\n"
    )


def test_stack_and_runtime_that_nobody_knows(crun: Place) -> None:
    assert refusal(crun, "--stack", "dokcer") == (
        "error: no stack is named 'dokcer' [unknown-plugin]\n"
        "  known: containerd, cri-o, docker, none, podman\n  hint: did you mean 'docker'?\n"
    )
    assert refusal(crun, "--runtime", "crunn") == (
        "error: no runtime is named 'crunn' [unknown-plugin]\n"
        "  known: crun, kata, pflask, runc, runsc, runx, youki\n  hint: did you mean 'crun'?\n"
    )


@pytest.fixture
def stopped(request: pytest.FixtureRequest, at: At) -> Iterator[Place]:
    """A board whose engine's daemon is not running."""
    place = at(request.param)
    place.board.stop_engine()
    yield place
    place.board.start_engine()


@pytest.mark.parametrize(("stopped", "words"), [
    ("docker", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
               "Is the docker daemon running?"),
    ("containerd", "there is no /run/containerd/containerd.sock"),
], indirect=["stopped"])  # fmt: skip
def test_engine_that_does_not_run(stopped: Place, words: str) -> None:
    """Nothing else is taken in its place: docker's runc is there, but who has docker wants docker."""
    done = stopped.deploy()
    lines = stopped.normal(done.stderr).splitlines()

    assert (done.status, done.stdout) == (1, "")
    assert lines[0] == f"error: {stopped.board.kind} on 'BOARD' does not answer [engine-not-running]"
    assert lines[1].strip().startswith(words)
    assert lines[2].startswith("  hint: start it there, or log in as a user who may use it")


def test_user_who_may_not_use_docker(at: At) -> None:
    place = at("docker")
    text = refusal(place, "--stack", "docker", target=place.board.user_alias)

    lines = text.splitlines()
    assert lines[0] == "error: docker on 'BOARD-user' does not answer [engine-not-running]"
    assert "permission denied while trying to connect to the Docker daemon socket" in lines[1]


@pytest.mark.parametrize("kind", ["podman", "docker", "containerd", "crun"])
def test_no_space_is_known_before(at: At, kind: str) -> None:
    place = at(kind)
    place.board.limit_disk(1 << 20)
    text = refusal(place)
    place.board.restore_disk()

    stack = "none" if place.raw else kind
    assert re.sub(r"[\d.]+ MB", "N MB", text) == (
        "error: no space on 'BOARD': N MB are needed, N MB are free [no-space]\n"
        f"  N MB are to be sent to {stack}, on the file system of /var/lib/devtool-containers\n"
        "  hint: remove what is not needed there\n"
    )


FOREIGN = {
    "podman": "podman load -q; podman run -d --name hello-http localhost/foreign:1",
    "docker": "docker load -q; docker run -d --name hello-http localhost/foreign:1",
    "containerd": "ctr images import -; ctr run -d localhost/foreign:1 hello-http",
    "crun": """cat >/dev/null; mkdir -p /srv/b/rootfs/bin; cd /srv/b; cp /bin/busybox rootfs/bin/
               crun spec
               sed -i 's/"terminal": true/"terminal": false/; s/"sh"/"busybox", "sleep", "99"/' config.json
               crun run -d hello-http </dev/null >/dev/null 2>&1""",
}  # fmt: skip
REMOVE = {
    "podman": "podman rm -f -t 0 hello-http; podman rmi localhost/foreign:1",
    "docker": "docker rm -f hello-http; docker rmi localhost/foreign:1",
    "containerd": "ctr t rm -f hello-http; ctr c rm hello-http; ctr images rm localhost/foreign:1",
    "crun": "crun delete --force hello-http; rm -rf /srv/b",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_name_of_somebody_elses_container(at: At, kind: str) -> None:
    place = at(kind)
    archive = Image("localhost/foreign:1", (busybox_layer(),), {"Cmd": ["/bin/sleep", "99"]}).archive()
    made = place.board.run(("sh", "-c", f"set -e; {FOREIGN[kind]}"), stdin=archive)
    assert made.returncode == 0, made.stderr
    try:
        text = refusal(place)
    finally:
        place.sh(REMOVE[kind])

    assert text == (
        f"error: {kind} on 'BOARD' has a container 'hello-http' that is not ours [name-in-use]\n"
        "  hint: deploy under another name with --name, or remove that one\n"
    )


@pytest.mark.parametrize("kind", ["podman", "crun"])
def test_port_of_somebody_else(at: At, kind: str) -> None:
    place = at(kind)
    place.deployed("tester", "v1", "--env", "PORT=8080", "--port", "8080")

    assert refusal(place) == (
        "error: port 8080 of 'BOARD' is in use by something else [port-in-use]\n"
        "  hint: stop that, or change ports: in container.yaml\n"
    )
    assert place.facts(8080)["version"] == "v1"


def test_network_that_the_stack_has_not(at: At) -> None:
    runc = at("runc")
    assert refusal(runc, "--network", "bridge") == (
        "error: 'BOARD' lacks CNI plugins for the network 'hello-http.default':"
        " bridge, firewall, host-local, loopback, portmap [no-cni]\n"
        "  hint: install them there (cni-plugins); or say network: host\n"
    )
    assert refusal(runc, "--port", "9090:8080") == (
        "error: ports can't be moved on the network 'host' [no-network]\n"
        "  ports: 9090:8080/tcp\n"
        "  hint: give the container's own port; or --network bridge where the stack has it\n"
    )


def test_machine_of_another_kind(crun: Place, cli: Cli) -> None:
    """busybox with the machine of its ELF header changed to AArch64."""
    tree, directory = cli.home / "arm-tree", cli.home / "v1"
    (tree / "usr/bin").mkdir(parents=True)
    program = bytearray((cli.home / "tester-tree-v1/bin/busybox").read_bytes())
    program[18:20] = b"\xb7\x00"
    (tree / "usr/bin/app").write_bytes(program)
    (tree / "usr/bin/app").chmod(0o755)
    options = ("-o", str(directory), "--entrypoint", "/usr/bin/app", "--sysroot", str(tree))
    cli.build("arm", "--from", str(tree), *options)

    assert refusal(crun, image="arm") == (
        "error: the image is for linux/arm64/v8, 'BOARD' is linux/amd64 [wrong-architecture]\n"
        "  hint: build it with the SDK of that machine\n"
    )


def test_image_that_was_never_built(crun: Place, cli: Cli) -> None:
    text = refusal(crun, image="helo-http").replace(str(cli.home), "HOME")

    lines = text.splitlines()
    assert lines[0] == "error: there is no image 'helo-http' with tag 'latest' [no-image]"
    assert lines[1].startswith("  images in 'HOME/v1': ")
    assert lines[2] == "  hint: build it: devtool container-build helo-http"


@pytest.mark.parametrize(("option", "value", "text"), [
    ("--port", "x", "--port: 'x' is not a port such as 8080:80 [usage]\n"),
    ("--port", "70000", "--port: '70000' is not a port such as 8080:80 [usage]\n"),
    ("--volume", "a/b:/c", "--volume: 'a/b:/c' is not a volume such as data:/var/lib/app [usage]\n"),
    ("--device", "can=can0",
     "--device: 'can=can0': a CAN interface is a network interface, which has no node: write "
     "networks: {can: {driver: host-device, parent: can0}} [usage]\n"),
    ("--restart", "maybe",
     "--restart: 'maybe' is not one of no, always, unless-stopped, on-failure[:N] [usage]\n"),
    ("--env", "A", "--env 'A' has no '=' [usage]\n  hint: write it like --env KEY=VALUE\n"),
    ("--memory", "much", "--memory: 'much' is not a size such as 64M [usage]\n"),
    ("--memory", "1", "--memory: '1' is less memory than any program needs [usage]\n"),
    ("--env", "A B=1", "--env 'A B=1': 'A B' can't be a name [usage]\n"),
    ("--cpus", "-1", "--cpus: '-1' is not a number [usage]\n"),
])  # fmt: skip
def test_option_that_makes_no_sense(crun: Place, option: str, value: str, text: str) -> None:
    assert refusal(crun, f"{option}={value}", status=2) == f"error: {text}"


def test_docker_has_a_least_limit_of_memory_and_of_letters(at: At) -> None:
    """Of its own: told before the image is there."""
    place = at("docker")

    assert refusal(place, "--memory", "6291455") == (
        "error: docker gives 'hello-http' no less memory than 6 MiB [too-little-memory]\n"
        "  6291455 bytes were asked for\n"
        "  hint: --memory 6M, or resources: {memory: 6M}\n"
    )
    place.deployed("hello-http", "v1", "--memory", "6M")
    image = place.sh("docker inspect -f '{{.Image}}' hello-http").strip()
    said = place.sh(f"docker create --memory 6291455 {image} 2>&1 || true")
    assert "Minimum memory limit allowed is 6MB" in said, "or the check can go"

    assert refusal(place, "--name", "w") == (
        "error: docker has no container whose name is one letter: 'w' [bad-name]\n"
        "  hint: deploy it under another name: --name\n"
    )
    said = place.sh(f"docker create --name w {image} 2>&1 || true")
    assert "Invalid container name (w)" in said, "or the check can go"
