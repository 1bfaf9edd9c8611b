"""One login of a guest, with the command that deploys to it and what can be seen of it from outside."""

import urllib.request
from pathlib import Path
from typing import Any

from guests import Guest

from .place import wait
from .tester import Cli, Done

NAME = "hello-http"
_LIMIT = 600.0

_LEFT = {
    "podman": "podman ps -aq; podman image ls -q; podman volume ls -q",
    "docker": "docker ps -aq; docker image ls -q; docker volume ls -q",
    "containerd": """\
k=/run/user/$(id -u)/containerd-rootless
[ ! -s $k/child_pid ] || ctr() { nsenter -U --preserve-credentials -m -t $(cat $k/child_pid) -- ctr "$@"; }
"""
    "for of in containers tasks images content; do ctr $of ls -q; done; ctr snapshots ls",
    # crun has filters of its own there
    "none": "find /run/crun /run/runc /run/runsc -mindepth 1 2>/dev/null | grep -v /.cache",
}


class Site:
    """Where one application is deployed, with the options that go with every command filled in."""

    def __init__(self, guest: Guest, cli: Cli, store: Path, login: str, stack: str, options: tuple[str, ...]):
        """:param store: Where the images are, in a directory for each version."""
        self.guest, self.cli, self.store = guest, cli, store
        self.login, self.stack, self.options = login, stack, options
        self.alias = guest.alias(login)

    def deploy(self, version: str, *options: str) -> Done:
        place = ("-o", str(self.store / version))
        return self.run("container-deploy", NAME, self.alias, *place, *self.options, *options)

    def deployed(self, version: str, *options: str) -> tuple[dict[str, Any], str]:
        """Deploy, which must succeed; gives the record of it and what was told meanwhile."""
        done = self.deploy(version, "--format", "json", *options)
        assert done.status == 0, done.stderr
        return done.json()[0], done.stderr

    def status(self) -> list[dict[str, Any]]:
        done = self.run("container-status", self.alias, "--format", "json")
        assert done.status == 0, done.stderr
        return done.json()

    def logs(self) -> str:
        done = self.run("container-status", self.alias, NAME, "--logs")
        assert done.status == 0, done.stderr
        return done.stdout

    def undeploy(self) -> Done:
        return self.run("container-undeploy", NAME, self.alias)

    def get(self, patience: float = 60, path: str = "/") -> str:
        """What answers over HTTP."""
        url = f"http://127.0.0.1:{self.guest.http}{path}"
        return str(wait(lambda: urllib.request.urlopen(url, timeout=5).read().decode(), patience))

    def silent(self) -> bool:
        """Whether nothing answers there."""
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.guest.http}/", timeout=5).close()
        except OSError:
            return True
        return False

    def limited(self, limit: int) -> bool:
        """Whether the kernel keeps some control group of the guest to *limit* bytes of memory."""
        files = "find /sys/fs/cgroup -name memory.max -o -name memory.limit_in_bytes"
        return bool(self.guest.sh(f"{files} | xargs grep -lx {limit} || true"))

    def left(self, more: str = "") -> list[str]:
        """All that a deployment could leave behind, what the engine keeps, and what *more* prints."""
        script = Path(__file__).with_name("left.sh").read_text() + _LEFT[self.stack]
        return sorted(self.guest.sh(f"{script}\n{more}\ntrue\n", self.login).splitlines())

    def run(self, *words: str) -> Done:
        return self.cli(*words, "--ssh-config", self.guest.ssh_config, timeout=_LIMIT)
