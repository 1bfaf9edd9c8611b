"""Deployments that kata starts, under containerd: KATA=<directory with its shim and a configuration.toml>.

It is in no registry. Of kata-containers/kata-containers, src/runtime has what its Go needs in vendor/; its
agent is in Rust. kata-containers/runtime and agent 1.12 are all Go with vendor/; their shim wants a `file://`
of --log-uri added, as 2.5 has it, and to say 2.5 to --version. The configuration.toml beside the shim names,
by absolute paths in that directory, the hypervisor, a kernel and an initrd with the agent. Without KVM, the
hypervisor is a script that starts qemu with accel=tcg; with `use_vsock = false` no module of this kernel is
wanted. A machine then needs 10 seconds to start, and the scenario five minutes.
"""

import os
import shutil
from pathlib import Path

import pytest
from lab import NamespaceTarget
from lab.fixtures import MakeBoard

from .app import App
from .place import Place, wait
from .tester import HEALTH, Cli, Done

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        "KATA" not in os.environ,
        reason="KATA=<directory with containerd-shim-kata-v2 and configuration.toml> is not set: "
        "build it from kata-containers/runtime, see the top of test_kata.py",
    ),
]

SHIM = "containerd-shim-kata-v2"
SPEC = """\
entrypoint: /usr/bin/tester
env: {PATH: /bin, GREETING: hi}
ports: [8090]
stop_signal: SIGKILL
"""
"""Without limits: 1.12 knows no word that qemu 6 and later take for more memory or processors."""
FREE = "volumes: ['data:/data']\ntmpfs: ['/run:size=16M']\nread_only: true\n"
APP = """\
name: vm
containers:
  web:
    {image: free, ports: ['8091:8090'], needs: [db], env: {GREETING: web, PEER: 'db:8090'}, secrets: [token]}
  db: {image: peer, env: {GREETING: db}}
networks: {n: {}}
secrets: {token: {file: token.txt}}
"""
KATA = ("--runtime", "kata", "--stack", "containerd")
# Only that they are there is looked at: this configuration has neither KVM nor vsock.
NODES = "mknod /dev/kvm c 10 232; mknod /dev/vhost-vsock c 10 241"
LOG = "rm -f /dev/log; busybox syslogd"
"""Its shim does not start without a system log."""


def install(board: NamespaceTarget) -> None:
    """Give *board* all of kata, and the system log that its shim will not start without."""
    kata = os.path.realpath(os.environ["KATA"])
    shutil.copytree(kata, f"{board.root}{kata}")
    script = (
        f"ln -s {kata}/{SHIM} /usr/bin/ && mkdir -p /etc/kata-containers /etc/init.d && "
        f"cp {kata}/configuration.toml /etc/kata-containers/ && {{ {NODES}; }} && {LOG}"
    )
    done = board.run(("sh", "-c", script))
    assert done.returncode == 0, done.stderr.decode()


class Patient(Cli):
    """The command, with time for machines that are emulated."""

    def __call__(self, *args: str, timeout: float = 300, cwd: Path | None = None) -> Done:
        return super().__call__(*args, timeout=timeout, cwd=cwd)


@pytest.fixture(scope="module")
def free(cli: Cli) -> None:
    """Build `free` and `peer` as free-v1, as free-v2, and as free-sick, where the check of `free` fails."""
    well = SPEC + FREE + HEALTH.replace("1s", "3s, start_period: 60s")
    sick = SPEC.replace("hi}", "hi, MODE: sick}") + FREE + HEALTH
    for name, version, text in (("v1", "v1", well), ("v2", "v2", well), ("sick", "v2", sick)):
        for image, spec in (("free", text), ("peer", SPEC)):
            file = cli.home / f"{image}.yaml"
            file.write_text(spec)
            tree, place = cli.home / f"tester-tree-{version}", cli.home / f"free-{name}"
            cli.build(image, "--from", str(tree), "-f", str(file), "-o", str(place))


@pytest.fixture
def board(make_board: MakeBoard, cli: Cli) -> Place:
    """A board with containerd alone."""
    return Place(make_board("containerd"), Patient(cli.home))


@pytest.fixture
def kata(board: Place) -> Place:
    """A board with containerd and kata."""
    install(board.board)
    return board


def test_what_is_missing_is_told_before_anything_is_sent(board: Place) -> None:
    done = board.deploy("hello-http", "v1", *KATA)

    assert (done.status, board.images()) == (1, [])
    assert f"  no program {SHIM}\n" in done.stderr
    assert "there is no /dev/kvm or /dev/mshv\n" in done.stderr


def test_the_network_of_the_target_is_refused(kata: Place) -> None:
    done = kata.deploy("hello-http", "v1", *KATA)

    assert (done.status, kata.images()) == (1, [])
    assert done.stderr == (
        "error: kata can't share the target's network: its virtual machine has one of its own; "
        "networks: {n: {}} in container.yaml makes it part of one [runtime-refuses]\n"
        "  hint: choose another one with --runtime\n"
    )


LEFT = """\
ctr containers ls -q; ctr tasks ls -q; ctr images ls -q; ctr content ls -q
ip -o link | grep -v -E ' (lo|eth0)[:@]'
find /run/vc/sbs /run/kata-containers/shared/sandboxes /run/devtool-containers -mindepth 1
find /var/lib/devtool-containers -type f
ls /etc/init.d | grep container-
grep -E 'kata|netns' /proc/mounts
iptables-save | grep 8091
"""
"""Prints what is on the board of containers, of kata's and of ours."""


def started(place: Place, times: int, patience: float = 90) -> dict[str, str]:
    """What the service tells once its volume has seen so many starts."""

    def look() -> dict[str, str] | None:
        facts = place.facts(8091)
        return facts if facts["starts"] == str(times) else None

    found: dict[str, str] = wait(look, patience)
    return found


def test_the_scenario(kata: Place, free: None, tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("geheim")
    app = App(kata, tmp_path / "vm.yaml", APP)

    record = app.deployed("free-v1", *KATA)
    assert (record["result"], record["stack"]) == ("deployed", "containerd")
    facts = started(kata, 1)
    told = {key: facts[key] for key in ("version", "uid", "greeting", "peer", "secret", "root", "owner")}
    assert told == {"version": "v1", "uid": "65532", "greeting": "web", "peer": "db", "secret": "geheim",
                    "root": "ro", "owner": "65532:65532"}  # fmt: skip
    assert len(kata.processes("qemu-system")) == 2
    state = kata.state("vm")
    assert (state["state"], state["health"]) == ("running", "healthy")
    assert "web | tester v1 starts\n" in kata.status("vm", "--logs").stdout

    assert app.deployed("free-v2", *KATA)["sent"]["layers"] == 1
    assert started(kata, 2)["version"] == "v2"

    bad = app.deploy("free-sick", *KATA)
    assert bad.status == 1
    assert "  feeling sick\n" in bad.stderr
    assert "what ran before runs again" in bad.stderr
    assert started(kata, 4)["version"] == "v2"

    kata.kill("sandbox-vm-web")  # as where the target runs out of memory
    assert started(kata, 5)["peer"] == "db"

    kata.board.reboot()
    kata.sh(f"{LOG}\nsh /etc/init.d/container-vm start </dev/null >/dev/null 2>&1")
    assert started(kata, 6)["peer"] == "db"
    assert app.deployed("free-v2", *KATA)["result"] == "unchanged"

    assert kata.undeploy("vm", "--volumes").status == 0
    assert kata.silent(8091)
    wait(lambda: not kata.processes("sandbox-vm-") and not kata.processes("/apps/vm/"))
    assert kata.sh(f"({LEFT}) 2>/dev/null || true") == ""
