"""What the machine that plays the targets must have, and a precise complaint when it has not."""

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DISTRO_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # what somebody put into /usr/local is not what we test

PACKAGES = {
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "dropbear": "dropbear-bin",
    "dropbearkey": "dropbear-bin",
    "busybox": "busybox-static",
}


class Unavailable(Exception):  # noqa: N818 - it is no error: tests skip
    """The machine cannot play this target; the text says why and what to install, fit for `pytest.skip`."""


def find_program(name: str) -> str | None:
    """Return the distribution's copy of a program, by absolute path."""
    return shutil.which(name, path=DISTRO_PATH)


def require_programs(names: Iterable[str], package: str = "") -> None:
    for name in names:
        if find_program(name) is None:
            package = package or PACKAGES.get(name, name)
            raise Unavailable(f"{name} is not installed: apt-get install {package}")


NAMESPACES = ("--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup")


@functools.cache
def namespace_refusal() -> str:
    """Return why this process cannot make namespaces and mounts, or nothing when it can."""
    if os.geteuid() != 0:
        return "namespaces need root"
    trial = run_quietly("unshare", *NAMESPACES, "--fork", "true")
    return "" if trial.returncode == 0 else f"namespaces are refused: {trial.stderr.strip()}"


def require_host() -> None:
    """Raise Unavailable unless namespaces, mounts and the tools for them are at hand."""
    require_programs(("ip", "nft", "nsenter", "unshare", "ssh", "ssh-keygen"))
    if refusal := namespace_refusal():
        raise Unavailable(refusal)


def run_quietly(*argv: str, stdin: str = "", timeout: float = 30) -> subprocess.CompletedProcess[str]:
    """Run a host program and leave it to the caller what its exit status means."""
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)


def run_or_fail(*argv: str, stdin: str = "", timeout: float = 30) -> str:
    """Run a host program that must succeed, and return its stdout."""
    done = run_quietly(*argv, stdin=stdin, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


@functools.cache
def libraries_of(program: str) -> tuple[str, ...]:
    """Return a program's shared libraries and ELF interpreter, by the paths it will look for."""
    words = run_quietly("ldd", program).stdout.split()
    return tuple(sorted({word for word in words if word.startswith("/")}))
