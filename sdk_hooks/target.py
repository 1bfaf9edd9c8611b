"""What a target machine is, as plugins see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

Argv = tuple[str, ...]
"""A command line. It becomes text for a shell in `sdk_hooks.core.shell.quoted` and nowhere else."""

Script = str
"""POSIX shell text, for the few facts that no single command can give. Runs under dash and busybox."""


@dataclass(frozen=True)
class Platform:
    """What an image runs on, in the words of the OCI image-spec (GOOS, GOARCH, GOARM)."""

    architecture: str
    variant: str = ""
    os: str = "linux"

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def runs(self, other: Platform) -> bool:
        """Whether this machine runs images for *other*: same architecture, and no newer ARM variant."""
        if (self.os, self.architecture) != (other.os, other.architecture):
            return False
        return not (self.variant and other.variant) or self.variant >= other.variant


@dataclass(frozen=True)
class Needs:
    """What a plugin wants to find on a target before anything is sent."""

    programs: tuple[str, ...] = ()
    cgroups: tuple[int, ...] = ()
    """Versions of the cgroup file system that will do; empty for any."""
    devices: tuple[str, ...] = ()
    """Device nodes, such as /dev/fuse."""
    one_of: tuple[str, ...] = ()
    """Device nodes of which any will do, such as /dev/kvm."""
    one_of_means: str = ""
    """What these stand for, such as "hardware virtualization"."""
    prevented: str = ""
    """Why it can't run on this target, whatever is installed there."""
    least: tuple[tuple[str, str, str], ...] = ()
    """(program, version, what older ones can't): of programs that tell theirs with --version."""


@dataclass(frozen=True)
class Target:
    """A machine that containers are deployed to, as the probe found it."""

    name: str
    """As the user wrote it: user@host, an ssh alias, `qemu`, `local`."""
    platform: Platform
    uid: int
    state: PurePosixPath
    """Where deployments are kept on the target."""
    kernel: str = ""
    cgroup: int = 0
    """Version of the cgroup file system, 0 when there is none."""
    hybrid: str = ""
    """Controllers that it has in version 2 of that, while the others are in version 1."""
    init: str = ""
    """systemd, sysvinit, busybox, or nothing that is known."""
    programs: frozenset[str] = frozenset()
    """The names that the probe asked for and found."""
    devices: frozenset[str] = frozenset()
    """The device nodes and files that the probe asked for and found."""
    free: int = 0
    """Bytes left on the file system of *state*."""
    overlay: bool = False
    """Whether the kernel can mount overlayfs."""
    gid: int = 0
    confined: str = ""
    """What keeps this login from making user namespaces, empty when nothing does, and for root."""
    filters: frozenset[str] = frozenset()
    """Names of the runtimes there that can filter system calls."""
    low_ports: int = 0
    """TCP ports below this one are not for this login."""
    cni: frozenset[str] = frozenset()
    """The CNI plugins that it has."""
    cni_path: str = ""
    """Where they are."""
    listening: frozenset[int] = frozenset()
    """TCP ports that something listens on."""
    config: str = ""
    """Where an ordinary user's configurations are; this and `places` only where a runtime was named."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Paths of the programs of runtimes, by their names."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What programs say to --version of which a runtime needs a least one, by their names; as `places`."""
    stacks: Mapping[str, StackFacts] = field(default_factory=dict)


@dataclass(frozen=True)
class StackFacts:
    """What a stack said of itself on one target."""

    version: str = ""
    problem: str = ""
    """Why it can't be used ("permission denied while trying to connect ..."), empty when it can."""
    blobs: frozenset[str] = frozenset()
    """Layers that it holds and finds by digest, in any order."""
    chains: frozenset[tuple[str, ...]] = frozenset()
    """Layers that it finds only on top of the same layers, per image and bottom first."""
    states: Mapping[str, str] = field(default_factory=dict)
    """By name, the state of the containers that have a name that is to be deployed."""
    runtimes: frozenset[str] = frozenset()
    """Runtimes that it says it is set up for."""
    cdi: bool = False
    """Whether it looks up CDI names that it is given as devices."""
    daemon: str = ""
    """Where its daemon listens that runs in namespaces of the login, or what it is known by, so that its
    containers never have the target's own network; empty for any other."""
    forwards: bool = False
    """Whether ports of the target lead to what has that daemon's own network, which `host` then means."""
    unlimited: bool = False
    """Whether it has no control groups to limit a container's resources with."""
    ids: tuple[int, int] | None = None
    """How many users and groups, counted from 0, its containers have; None for all."""
    enlarge: str = ""
    """What makes it notice that the login was given more of them."""

    units: str = ""
    """The program that makes units for systemd of its containers; empty when none does for this login."""

    @property
    def major(self) -> int:
        """The first number of its version; 0 when it did not say."""
        number = self.version.lstrip("v").partition(".")[0]
        return int(number) if number.isdigit() else 0

    def holds(self, layers: tuple[str, ...]) -> frozenset[str]:
        """Those of *layers* (diff IDs of an image, bottom first) that need not be sent."""
        held = {layer for layer in layers if layer in self.blobs}
        for chain in self.chains:
            for ours, theirs in zip(layers, chain, strict=False):
                if ours != theirs:
                    break
                held.add(ours)
        return frozenset(held)


@dataclass(frozen=True)
class Setup:
    """A change to the configuration of a stack: one file, and what makes the stack read it."""

    path: str
    """On the target."""
    content: str | Mapping[str, Any]
    """The whole file, which is only ours; or what has to be in the JSON object that it holds."""
    reload: Script = ""
    """Commands after which it holds; none when the file is read each time."""


@dataclass(frozen=True)
class Unit:
    """What makes a target's init start a container at boot, which that also supervises and stops."""

    enable: Script
    """It runs as what `Stack.run` has given to the init: from now on also at boot."""
    disable: Script
    """Undoes `enable`, and stops nothing: another deployment may have taken its place."""
