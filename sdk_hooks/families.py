"""The families of plugins: what each member states about itself. All methods are pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from sdk_hooks.container import Container, Network
from sdk_hooks.image import Image
from sdk_hooks.target import Argv, Needs, Platform, Script, Setup, Target, Unit


class Plugin(Protocol):
    """What every member of every family has."""

    @property
    def name(self) -> str:
        """What the user types: lower case, letters, digits and hyphens."""

    @property
    def summary(self) -> str:
        """One line for listings: what it is, and for whom."""


class Runtime(Plugin, Protocol):
    """An OCI runtime: starts a container from a bundle, without an engine.

    The verbs are those of the OCI runtime-spec, and a text *container* is the container's ID. They are asked
    for only where it is `alone`.
    """

    @property
    def alone(self) -> bool:
        """Whether it runs a container without an engine."""

    @property
    def program(self) -> str:
        """What engines start: a program with runc's command line. Empty when it has none."""

    @property
    def handler(self) -> str:
        """What containerd calls it that has a shim of its own, such as io.containerd.kata.v2; else empty."""

    def needs(self, target: Target) -> Needs:
        """What must be there before anything is sent to *target*."""

    def refuses(self, container: Container) -> str:
        """What it can't do of all that *container* is to have, such as "pass devices"; empty when it can."""

    def filters(self) -> Argv:
        """Say of itself whether it was built with seccomp: +SECCOMP, libseccomp or SCMP_ACT_...

        Empty when it never filters system calls as the bundle's `linux.seccomp` says.
        """

    def run(self, container: Container, bundle: PurePosixPath) -> Argv:
        """Create and start; stays in the foreground until the container's process ends.

        *bundle* has `rootfs` and `config.json`, which says the same as *container* does.
        """

    def exec(self, container: str, user: tuple[int, int], command: Argv) -> Argv:
        """Run *command* in it as *user* (user and group by number); exits with the command's status."""

    def state(self, container: str) -> Argv:
        """Print the state as the runtime-spec's JSON; fail when there is none."""

    def kill(self, container: str, signal: str) -> Argv:
        """Send *signal* (TERM, KILL, ...) to its init process."""

    def delete(self, container: str) -> Argv:
        """Remove what is left of it, killing it first if it still runs."""


class Stack(Plugin, Protocol):
    """A container engine on a target, or what stands in for one."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Programs on the target's PATH that together mean that it is there."""

    @property
    def takes(self) -> str:
        """`archive`: `load` reads a tar on stdin. `layers`: the core keeps layers by digest."""

    @property
    def networks(self) -> tuple[str, ...]:
        """What it can do of host, none, and the network drivers; `cni`: those of the target's CNI plugins."""

    @property
    def space(self) -> float:
        """How many times the size of what is sent has to be free while `load` runs."""

    @property
    def restarts(self) -> bool:
        """Whether it starts containers again by itself when the target boots."""

    @property
    def boots(self) -> bool:
        """Whether an init in a container of its finds what it wants: /run, and control groups to change."""

    def environment(self, target: Target) -> Mapping[str, str]:
        """Variables that all its commands want on *target*, which a login or an init may not have set."""

    def inside(self, target: Target) -> Argv:
        """Words before all its commands on *target*, which let them run in the namespaces of its daemon.

        Empty where its programs reach that from outside.
        """

    def lacks(self, runtime: Runtime, target: Target) -> str:
        """Why it can't start containers with *runtime* on *target*, whatever they are; empty when it can."""

    def setup(self, runtime: Runtime, target: Target) -> Setup | None:
        """What makes it know *runtime*, which it `lacks`; None when nothing does, or not for this login."""

    def inventory(self, containers: Argv, details: bool) -> Script:
        """Print facts, a line each, and exit 0; or say on stderr why it can't be used, and exit otherwise.

        `$limit` before a command ends it after some seconds, where the target can do that.

        `version 4.3.1`; `state NAME running 2026-01-01T00:00:00Z` for those of *containers* that are there;
        `blob sha256:...` for a layer found by its diff ID alone;
        `chain sha256:... sha256:...` for an image whose layers are found only in this order;
        `daemon unix:///run/user/1000/engine.sock` when its daemon runs in namespaces of the login, $uid, and
        listens there, or by what it is known there; `forwards yes` when ports of the target can lead to what
        has that daemon's own network; `unlimited yes` when that has no control groups for its containers;
        `units /path/of/generator` when a target's systemd can be given its containers, by the name of what
        makes units of them;
        `ids 65537 65537 COMMAND` when its containers have only so many users and groups: those of the login
        in /etc/subuid and /etc/subgid, where COMMAND makes it notice that they were changed;
        with *details*, which cost time, `runtime crun` for a runtime that it is set up for, where it has to
        be, and `cdi yes` when `--device` takes names of CDI devices.
        """

    def load(self) -> Argv:
        """Read an archive (OCI layout and docker-archive in one) that may omit layers already held."""

    def tag(self, image: str, name: str) -> Argv:
        """Let *name* be another name of *image*."""

    def untag(self, image: str) -> Argv:
        """Forget the name *image*, and what nothing else uses."""

    def forget_volume(self, volume: str) -> Argv:
        """Remove the volume of that name with all that is in it.

        Empty where it keeps none itself: the core removes what is in `volumes` of the container's `state`.
        """

    def files(self, container: Container, target: Target) -> Mapping[str, str]:
        """Text files that `run` wants to find in the deployment's directory."""

    def unit(self, container: Container, target: Target) -> Unit | None:
        """How the init of *target* starts, supervises and stops *container*, of which `Container.unit` says
        the name; None when it can't, or not this one.

        Asked for containers that are alone in their application and are restarted. Where it is not None,
        `run`, `remove`, `state`, `logs` and `files` of a container with `unit` are those of the unit.
        """

    def run(self, container: Container) -> Argv:
        """Create and start it: detached and under its restart policy, or attached."""

    def remove(self, container: Container) -> tuple[Argv, ...]:
        """Stop and remove it. What fails because there is nothing to remove is ignored."""

    def exec(self, container: Container, command: Argv) -> Argv:
        """Run *command* in it; exits with the command's status. Without one the target adds its words."""

    def state(self, container: Container) -> Script:
        """Print `running STAMP`, `stopped EXIT-CODE` or `absent`; STAMP differs from start to start."""

    def logs(self, container: Container, follow: bool, lines: int) -> Argv:
        """Print its last *lines* lines of output, and with *follow* what comes after."""


class NetworkDriver(Plugin, Protocol):
    """A kind of network that containers join."""

    @property
    def addresses(self) -> bool:
        """Whether containers have addresses of its subnet."""

    def refuses(self, network: Network) -> str:
        """What it can't do of all that *network* is to be, such as "have a parent"; empty when it can."""

    def engine(self, network: Network) -> tuple[str, Mapping[str, str]] | None:
        """Driver and options of `docker network create`; None when no engine can make it."""

    def cni(self, network: Network) -> Mapping[str, Any]:
        """The configuration of its CNI plugin, without name, version and IPAM."""


class DeviceKind(Plugin, Protocol):
    """A way to say which device of a target is meant. Its name is its key in an entry of `devices:`."""

    @property
    def values(self) -> str:
        """What is written there, for people: "an address such as 0000:03:00.0"."""

    @property
    def pattern(self) -> str:
        """Regular expression that each word of it matches as a whole."""

    @property
    def pairs(self) -> bool:
        """Whether it is a mapping, whose words are KEY=VALUE, and not one word."""

    def find(self) -> Script:
        """Look for the device on the target; the words are the script's parameters.

        It prints lines, each of one of these forms:
        `found HARDWARE NODE` for each node of each device that is meant: nodes of one HARDWARE (a word)
        belong together, more than one HARDWARE is an error; `near TEXT` for what else could have been meant;
        `problem TEXT` and `hint TEXT` for why what is meant has no node.

        At hand are the functions of sdk_hooks/core/deploy/devices.sh: `real DIRECTORY`, `node_of DIRECTORY`,
        `below DIRECTORY`, `called DIRECTORY`, `fits TEXT PATTERN`, `members`.
        """


class ImageBackend(Plugin, Protocol):
    """A form that a built image is written in."""

    @property
    def suffix(self) -> str:
        """What follows `<name>-<tag>` in the file's name."""

    def write(self, image: Image, destination: Path) -> None:
        """Write *image* to *destination*, which is replaced only when all is written.

        :raises SdkError: When it can't be written; nothing is left behind.
        """


@dataclass(frozen=True)
class Machine:
    """A virtual machine that a hypervisor plugin keeps."""

    name: str
    directory: Path
    """Where its files are: keys, disk, log, monitor socket."""
    platform: Platform
    ports: tuple[tuple[int, int], ...] = ()
    """(port on this machine's loopback address, port of the guest)."""
    images: Path | None = None
    """Where the SDK puts the images that it builds (DEPLOY_DIR_IMAGE), None outside of an SDK."""


class Hypervisor(Plugin, Protocol):
    """Starts targets as virtual machines on this machine."""

    def start(self, machine: Machine, progress: Progress) -> None:
        """Start it unless it runs, and wait until ssh answers.

        :raises SdkError: When it can't be started, with the end of its console log.
        """

    def ssh_config(self, machine: Machine) -> Path:
        """An ssh_config file in which `Host <machine.name>` is this machine."""

    def running(self, machine: Machine) -> bool:
        """Whether it runs."""

    def forward(self, machine: Machine, ports: Sequence[int]) -> Mapping[int, int]:
        """Make TCP *ports* of the guest answer on the loopback address.

        :returns: For each port of the guest the port of this machine.
        """

    def stop(self, machine: Machine) -> None:
        """Stop it; nothing when it does not run."""


class Progress(Protocol):
    """The story of what happens, on stderr."""

    def step(self, text: str) -> None:
        """One line: what is being done now."""

    def bytes(self, stream: Iterator[bytes], total: int, label: str) -> Iterator[bytes]:
        """Pass *stream* on, showing how much of *total* bytes (0: unknown) went by, and how fast."""
