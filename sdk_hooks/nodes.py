"""What a distribution of Kubernetes needs of a machine that is to be its node: data that a plugin states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Port:
    """A port of the machine that the distribution itself listens on."""

    number: int
    of: str
    """What listens there, such as "kubelet"."""
    protocol: str = "tcp"
    """tcp or udp."""
    everywhere: bool = True
    """Whether workers need it, too."""
    optional: bool = False
    """Whether it is used only where a feature is switched on, which `of` then names."""


@dataclass(frozen=True)
class Sysctl:
    """A setting of the kernel."""

    name: str
    """As sysctl(8) has it, such as net.ipv4.ip_forward."""
    least: int
    """The smallest value that will do."""
    required: bool = True
    """Whether a node does not start without it."""


@dataclass(frozen=True)
class Size:
    """What there must be of processors and memory."""

    cpus: int
    memory: int
    """In MB, of what the kernel says that it has: of 512 MB of RAM, that is about 450."""


@dataclass(frozen=True)
class NodeNeeds:
    """What has to be there before the distribution is, each from its own published list.

    Names of kernel options are without CONFIG_; how they are built and where Yocto has them the core knows.
    """

    distribution: str
    processes: tuple[str, ...] = ()
    """Names of its own processes, at most 15 letters, as /proc/PID/comm has them: where one runs, a machine
    is a node already, and what is taken there it may have taken itself."""
    helpers: tuple[str, ...] = ()
    """And of those that can also run without it: a port that they hold is not taken."""
    ports: tuple[Port, ...] = ()
    server: Size = Size(1, 0)
    """Of a machine with the control plane."""
    worker: Size = Size(1, 0)
    advised: Size = Size(1, 0)
    """What is recommended for a machine with the control plane: less is only a warning."""
    machines: tuple[str, ...] = ()
    """What it is published for, as `uname -m` says it; empty for any."""
    kernel: tuple[int, int] = (0, 0)
    """The oldest version that it is tried with."""
    options: tuple[str, ...] = ()
    """Kernel options without which it does not work."""
    options_v1: tuple[str, ...] = ()
    """And those that matter only where control groups are those of version 1."""
    options_v2: tuple[str, ...] = ()
    useful: Mapping[str, str] = field(default_factory=dict)
    """Kernel options that can be missing, and what isn't there without them."""
    controllers: tuple[str, ...] = ()
    """Of control groups, in either version."""
    controllers_v1: tuple[str, ...] = ()
    """And those that only version 1 has."""
    modules: tuple[str, ...] = ()
    """Kernel modules that have to be loaded before it starts, as it doesn't load them itself."""
    sysctls: tuple[Sysctl, ...] = ()
    programs: tuple[str, ...] = ()
    """Without which it does not work."""
    handy: Mapping[str, str] = field(default_factory=dict)
    """Programs that can be missing, and what isn't there without them."""
    inits: tuple[str, ...] = ()
    """systemd, sysvinit, busybox: those that it is started by; empty for any."""
    directories: tuple[str, ...] = ()
    """Where it writes; the first one is where images and volumes go."""
    disk: int = 0
    """MB that must be left for images and volumes."""
    networks: tuple[str, ...] = ()
    """Of pods and services when nothing else is said, such as 10.42.0.0/16."""
    nameserver: bool = False
    """Whether it finds another nameserver by itself where the machine's own is on its loopback."""
    swap: bool = False
    """Whether its kubelet starts on a machine that swaps."""
    distro_features: tuple[str, ...] = ()
    """What in DISTRO_FEATURES makes meta-virtualization prepare kernel and image; empty when nothing does."""
