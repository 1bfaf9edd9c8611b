"""The engines a target can have: their programs, packages, daemons, and how to tell that a daemon answers."""

import dataclasses
import subprocess
import time
from collections.abc import Sequence
from typing import Literal, Protocol

from .host import require_programs

Kind = Literal[
    "podman", "docker", "docker-user", "containerd", "containerd-user", "crun", "runc", "runsc", "bare"
]


@dataclasses.dataclass(frozen=True)
class Engine:
    """One engine. `programs` stay visible in the target, those of all other engines do not."""

    package: str
    programs: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()  # taken along into a busybox userland when present
    trees: tuple[str, ...] = ()  # likewise, directories that its programs look into
    daemon: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()


START = 'setsid "$@" </dev/null >>/var/log/engine.log 2>&1 & echo $! >/run/engine.pid'

# dockerd's default oom score (-500) and containerd's need CAP_SYS_RESOURCE, which a plain VM may lack.
DOCKERD = ("dockerd", "--oom-score-adjust=0", "--storage-driver=overlay2")
CONTAINERD = ("containerd", "--log-level", "info")

# The ordinary user's own, in namespaces that rootlesskit makes; its data are on the disk, as overlayfs wants.
OWN_DOCKERD = """\
mkdir -p /run/user/1000 /var/lib/docker-user
chown 1000:1000 /run/user/1000 /var/lib/docker-user
export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/user
cd
exec setpriv --reuid=1000 --regid=1000 --init-groups sh /usr/share/docker.io/contrib/dockerd-rootless.sh \\
	--oom-score-adjust=0 --data-root=/var/lib/docker-user
"""

# What nerdctl's containerd-rootless.sh does, which Debian does not have: rootlesskit, and in its namespaces
# containerd with directories of the user's in the places of root's.
KIT = "/run/user/1000/containerd-rootless"
OWN_CONTAINERD = f"""\
data=/var/lib/containerd-user
mkdir -p /run/user/1000/containerd $data/containerd $data/cni
chown -R 1000:1000 /run/user/1000 $data
export XDG_RUNTIME_DIR=/run/user/1000 HOME=/home/user
cd
exec setpriv --reuid=1000 --regid=1000 --init-groups rootlesskit --state-dir={KIT} \\
	--net=slirp4netns --mtu=65520 --slirp4netns-sandbox=auto --slirp4netns-seccomp=auto \\
	--disable-host-loopback --port-driver=builtin --copy-up=/etc --copy-up=/run --copy-up=/var/lib \\
	--propagation=rslave sh -c '
		rm -f /run/containerd /run/xtables.lock /var/lib/containerd /var/lib/cni /etc/containerd
		mkdir /run/containerd /var/lib/containerd /var/lib/cni /etc/containerd
		mount --bind /run/user/1000/containerd /run/containerd
		for d in containerd cni; do mount --bind '$data'/$d /var/lib/$d; done
		exec containerd --log-level info'
"""
IN_KIT = f"nsenter -U --preserve-credentials -m -n -t $(cat {KIT}/child_pid) -- "
"""Goes before a command of the user, to run it where that containerd is."""
OWN_DOCKER = "unix:///run/user/1000/docker.sock"

XTABLES = "/usr/lib/x86_64-linux-gnu/xtables"

ENGINES: dict[str, Engine] = {
    "podman": Engine(
        package="podman",
        programs=("podman", "conmon", "crun"),
        helpers=("iptables", "nft", "ip"),
        trees=(XTABLES, "/usr/lib/podman", "/etc/containers", "/usr/share/containers"),
    ),
    "docker": Engine(
        package="docker.io",
        programs=("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc"),
        helpers=("docker-init", "docker-proxy", "iptables", "nft", "ip"),
        trees=(XTABLES,),
        daemon=DOCKERD,
        ready=("docker", "version"),
    ),
    "docker-user": Engine(
        package="docker.io rootlesskit slirp4netns uidmap",
        programs=("docker", "dockerd", "containerd", "ctr", "containerd-shim-runc-v2", "runc", "rootlesskit"),
        daemon=("sh", "-c", OWN_DOCKERD),
        ready=("docker", "-H", OWN_DOCKER, "version"),
    ),
    "containerd": Engine(
        package="containerd",
        programs=("containerd", "ctr", "containerd-shim-runc-v2", "runc"),
        helpers=("containerd-shim-runc-v1", "containerd-shim"),
        daemon=CONTAINERD,
        ready=("ctr", "--connect-timeout", "1s", "version"),  # its own patience is 10 s
    ),
    "containerd-user": Engine(
        package="containerd rootlesskit slirp4netns uidmap",
        programs=("containerd", "ctr", "containerd-shim-runc-v2", "runc", "rootlesskit"),
        daemon=("sh", "-c", OWN_CONTAINERD),
        ready=("su", "user", "-c", f"{IN_KIT} ctr --connect-timeout 1s version"),
    ),
    "crun": Engine(
        package="crun",
        programs=("crun",),
        helpers=("iptables", "ip6tables", "ip"),
        trees=(XTABLES, "/usr/lib/cni"),
    ),
    "runc": Engine(package="runc", programs=("runc",)),
    "runsc": Engine(package="runsc", programs=("runsc",)),
    "bare": Engine(package=""),
}

BIG = frozenset(("podman", "docker", "docker-user", "containerd", "containerd-user"))
"""Those that want more of a userland than busybox."""

OTHER_PROGRAMS = frozenset(("buildah", "skopeo", "umoci", "nerdctl", "crictl", "rootlesskit"))
ENGINE_PROGRAMS = OTHER_PROGRAMS.union(*(engine.programs for engine in ENGINES.values()))


def require_engine(kind: Kind) -> Engine:
    """Return the engine, or raise Unavailable with the package that brings what is missing."""
    engine = ENGINES[kind]
    require_programs(engine.programs, engine.package)
    return engine


class Run(Protocol):
    """Runs a command on a target and returns what came of it."""

    def __call__(self, argv: Sequence[str]) -> subprocess.CompletedProcess[bytes]: ...


def start_daemon(engine: Engine, run: Run, patience: float = 30) -> None:
    """Start the engine's daemon on a target, and return once it answers."""
    if not engine.daemon:
        return
    run(("sh", "-c", START, "sh", *engine.daemon))
    deadline = time.monotonic() + patience
    while (answer := run(engine.ready)).returncode != 0:
        if time.monotonic() > deadline or not _runs(run):
            log = run(("tail", "-n", "20", "/var/log/engine.log")).stdout.decode()
            raise RuntimeError(f"{engine.daemon[0]} does not answer: {answer.stderr.decode()}\n{log}")
        time.sleep(0.05)


def stop_daemon(engine: Engine, run: Run, signal: str, patience: float = 30) -> None:
    """Send the daemon a signal and return once it is gone."""
    if not engine.daemon:
        return
    run(("sh", "-c", f"kill -{signal} $(cat /run/engine.pid)"))
    deadline = time.monotonic() + patience
    while _runs(run):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{engine.daemon[0]} does not end")
        time.sleep(0.05)


def _runs(run: Run) -> bool:
    return run(("sh", "-c", "kill -0 $(cat /run/engine.pid)")).returncode == 0
