"""A board together with the command that deploys to it, and what can be seen of it from outside."""

import glob
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lab import NamespaceTarget
from lab.engines import IN_KIT, OWN_DOCKER

from .tester import Cli, Done

STATE = "/var/lib/devtool-containers"
QUICK = ("--ssh-option", "ServerAliveInterval=1", "--ssh-option", "ServerAliveCountMax=1",
         "--ssh-option", "ConnectTimeout=2")  # fmt: skip
"""Notices a dead link in two seconds, not in fifteen."""


class Meter:
    """Bytes that a board received and sent while something ran."""

    received = sent = 0

    @property
    def total(self) -> int:
        return self.received + self.sent


class Place:
    """One board to deploy to, with the names of the command's options filled in."""

    def __init__(self, board: NamespaceTarget, cli: Cli, *, user: bool = False) -> None:
        """:param user: Log in as an ordinary user."""
        self.board, self.cli, self.user = board, cli, user

    @property
    def alias(self) -> str:
        """The target's name on the command line."""
        return self.board.user_alias if self.user else self.board.alias

    @property
    def directory(self) -> str:
        """Where deployments are kept on the board."""
        return "/home/user/.local/share/devtool-containers" if self.user else STATE

    @property
    def raw(self) -> bool:
        """Whether it has no engine, but a runtime alone."""
        return self.board.kind in ("crun", "runc", "runsc")

    @property
    def engine(self) -> str:
        """The name of its engine's program."""
        return self.board.kind.removesuffix("-user")

    @property
    def own(self) -> bool:
        """Whether its engine is that of the ordinary user."""
        return self.board.kind.endswith("-user")

    @property
    def ssh(self) -> tuple[str, ...]:
        return ("--ssh-config", self.board.ssh_config)

    def words(self, image: str, version: str, *options: str) -> tuple[str, ...]:
        """The command line of a deployment."""
        directory = f"{self.cli.home}/{version}"
        return ("container-deploy", image, self.alias, "-o", directory, *self.ssh, *options)

    def deploy(self, image: str = "hello-http", version: str = "v1", *options: str) -> Done:
        return self.cli(*self.words(image, version, *options))

    def deployed(self, image: str = "hello-http", version: str = "v1", *options: str) -> dict[str, Any]:
        """Deploy, which must succeed, and give the record of it."""
        done = self.deploy(image, version, "--format", "json", *options)
        assert done.status == 0, self.normal(done.stderr)
        return done.json()[0]

    def undeploy(self, name: str, *options: str) -> Done:
        return self.cli("container-undeploy", name, self.alias, *self.ssh, *options)

    def status(self, *args: str, timeout: float = 60) -> Done:
        return self.cli("container-status", self.alias, *args, *self.ssh, timeout=timeout)

    def state(self, name: str) -> dict[str, Any]:
        return self.status(name, "--format", "json").json()[0]

    def normal(self, text: str) -> str:
        """*text* with the board's name, which differs from run to run, replaced."""
        return text.replace(self.alias, "BOARD").replace(self.board.address, "ADDRESS")

    def table(self, text: str) -> list[list[str]]:
        """The cells of a table whose cells have no blanks."""
        return [self.normal(line).split() for line in text.splitlines()]

    def get(self, port: int = 8080, path: str = "/", patience: float = 5) -> str:
        """What answers over HTTP."""
        url = f"http://{self.board.address}:{port}{path}"
        return str(wait(lambda: urllib.request.urlopen(url, timeout=2).read().decode(), patience))

    def facts(self, port: int = 8090, of: str = "facts") -> dict[str, str]:
        """What `tester` sees from inside: facts, or limits."""
        return dict(line.split("=", 1) for line in self.get(port, f"/cgi-bin/{of}").splitlines())

    def silent(self, port: int = 8080) -> bool:
        """Whether nothing answers there."""
        try:
            urllib.request.urlopen(f"http://{self.board.address}:{port}/", timeout=2).close()
        except urllib.error.HTTPError:
            return False
        except OSError:
            return True
        return False

    def sh(self, script: str) -> str:
        """What a shell on the board prints; its link is not used."""
        become = ("su", "user", "-c") if self.user else ("sh", "-c")
        own = f"export DOCKER_HOST={OWN_DOCKER}\n" if self.own else ""
        done = self.board.run((*become, own + script))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def inside(self, name: str, *command: str) -> str:
        """What *command* prints in the container *name*."""
        done = self.board.run((self.engine, "exec", name, *command))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def processes(self, word: str) -> list[int]:
        """This machine's numbers of the board's processes whose command line has *word* in it."""
        found = []
        for entry in glob.glob("/proc/[0-9]*"):
            try:
                with open(f"{entry}/cgroup") as groups, open(f"{entry}/cmdline") as words:
                    ours = f"/{self.board.slot.name}/" in groups.read().replace("\n", "/")
                    if ours and word in words.read().replace("\0", " "):
                        found.append(int(os.path.basename(entry)))
            except OSError:  # it ended meanwhile
                continue
        return found

    def kill(self, word: str) -> None:
        """End the board's processes whose command line has *word* in it, as a crash does."""
        for pid in self.processes(word):
            os.kill(pid, signal.SIGKILL)

    def memory_limits(self) -> list[int]:
        """The limits of all groups of the board that have processes, in bytes."""
        limits = []
        for pattern in ("*/{}/**/memory.limit_in_bytes", "{}/**/memory.max"):
            for path in glob.glob("/sys/fs/cgroup/" + pattern.format(self.board.slot.name), recursive=True):
                with open(f"{os.path.dirname(path)}/cgroup.procs") as procs, open(path) as limit:
                    text = limit.read().strip()
                    limits += [int(text)] if procs.read() and text != "max" else []
        return limits

    def files(self) -> list[str]:
        """What is kept on the board, the locks and logs that a running container makes left out."""
        done = self.board.run(
            ("find", self.directory, "-not", "-path", "*/bundle/*", "-not", "-path", "*/root/*")
        )
        return sorted(line.removeprefix(f"{self.directory}/") for line in done.stdout.decode().splitlines())

    def remains(self) -> list[str]:
        """What deployments leave behind on the board that did not come to their end."""
        words = (".new-", ".run-", ".turn-")
        return [name for name in self.files() if any(word in name for word in words)]

    def images(self) -> list[str]:
        """What the engine, or we without one, keep of images on the board."""
        command = {
            "podman": "podman image ls -q --no-trunc",
            "docker": "docker image ls -q --no-trunc",
            "containerd": "ctr images ls -q; ctr content ls -q",
        }.get(self.engine, f"ls {self.directory}/layers 2>/dev/null || true")
        if self.own and self.engine == "containerd":
            command = f"{IN_KIT} sh -c '{command}'"
        return sorted(self.sh(command).split())

    @contextmanager
    def metered(self) -> Iterator[Meter]:
        meter, before = Meter(), self.board.bytes()
        yield meter
        after = self.board.bytes()
        meter.received, meter.sent = after.received - before.received, after.sent - before.sent

    def clean(self) -> None:
        """Take away whatever a test has left deployed, and the volumes that undeploy has left."""
        self.board.restore_link()
        self.board.restore_disk()
        for login in (Place(self.board, self.cli, user=user) for user in (False, True)):
            if self.board.run(("test", "-d", login.directory)).returncode == 0:
                login._clean()

    def _clean(self) -> None:
        """Of this login."""
        for name in self.board.run(("ls", f"{self.directory}/apps")).stdout.decode().split():
            done = self.undeploy(name, "--volumes")
            assert done.status == 0, done.stderr
        if self.engine in ("podman", "docker"):
            self.sh(f"{self.engine} volume prune -f")
        # as root: in there are users of the namespaces of the login's engine
        assert self.board.run(("rm", "-rf", f"{self.directory}/volumes")).returncode == 0


def wait(look: Callable[[], Any], patience: float = 10) -> Any:
    """What *look* gives once it neither fails nor is false."""
    deadline = time.monotonic() + patience
    while True:
        try:
            found = look()
        except (OSError, AssertionError):
            if time.monotonic() > deadline:
                raise
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"it did not happen in {patience} s"
        time.sleep(0.05)


def finish(process: "subprocess.Popen[str]", timeout: float = 60) -> Done:
    """Wait for what `Cli.start` started."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Done(process.returncode, stdout, stderr)
