"""What a container is: the settings that a person writes, and one deployment of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sdk_hooks.limits import Resources, Ulimit
from sdk_hooks.target import Argv

if TYPE_CHECKING:
    from sdk_hooks.families import Runtime
    from sdk_hooks.hook import Hook
    from sdk_hooks.kubernetes import Kubernetes
    from sdk_hooks.tmpfs import Tmpfs


_INITS = ("/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init")


@dataclass(frozen=True)
class Port:
    """A port of the container that the target's own address answers on."""

    container: int
    host: int
    protocol: str = "tcp"
    address: str = ""

    def __str__(self) -> str:
        return f"{f'{self.address}:' if self.address else ''}{self.host}:{self.container}/{self.protocol}"


@dataclass(frozen=True)
class Volume:
    """A directory that outlives the container: a path on the target, or a name that the stack keeps."""

    source: str
    target: str
    read_only: bool = False

    @property
    def named(self) -> bool:
        return not self.source.startswith("/")

    def __str__(self) -> str:
        return f"{self.source}:{self.target}{':ro' if self.read_only else ''}"


@dataclass(frozen=True)
class Device:
    """A device node of the target that the container gets."""

    source: str
    target: str
    """Its path in the container."""
    access: str = "rwm"
    """Of read, write and mknod, as the device cgroup has them."""

    def __str__(self) -> str:
        return f"{self.source}:{self.target}:{self.access}"


@dataclass(frozen=True)
class DeviceMatch:
    """A device of the target by what it is, which a plugin of the family `device` looks for there."""

    kind: str
    """Name of the plugin; `cdi` for a device of a CDI spec on the target, by its qualified name."""
    words: Argv
    """What is looked for: one word, or KEY=VALUE each."""
    target: str = ""
    """Its path in the container; empty for that on the target."""
    access: str = "rwm"

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.words)}"


@dataclass(frozen=True)
class DeviceNode:
    """A device as the probe found it."""

    device: Device
    kind: str
    """c or b."""
    major: int
    minor: int
    mode: int
    """Permission bits."""
    owner: tuple[int, int]
    """User and group by number."""


@dataclass(frozen=True)
class HealthCheck:
    """How to tell that it is up: a command that exits 0 in it, or an HTTP answer. Times are in seconds."""

    command: Argv = ()
    port: int = 0
    """Of the target, where *path* is asked for."""
    path: str = "/"
    interval: float = 2.0
    timeout: float = 5.0
    retries: int = 15
    start_period: float = 0.0


@dataclass(frozen=True)
class Restart:
    """What happens when the container's process ends: no, always, unless-stopped, on-failure."""

    policy: str = "unless-stopped"
    retries: int = 0
    """With on-failure: how often; 0 for without end."""

    def __str__(self) -> str:
        return f"{self.policy}:{self.retries}" if self.retries else self.policy


@dataclass(frozen=True)
class Network:
    """A network of an application's own, which its containers join."""

    name: str
    driver: str = "bridge"
    """The name of a network plugin: bridge, macvlan, ipvlan, host-device."""
    subnet: str = ""
    """In CIDR form, such as 10.9.0.0/24; empty for one that the stack picks."""
    gateway: str = ""
    parent: str = ""
    """The target's interface that it is reached through, of the drivers that want one."""
    vlan: int = 0
    """802.1Q tag on *parent*; 0 for none."""
    mtu: int = 0
    internal: bool = False
    """Whether it leads nowhere but to its own containers."""
    sysctl: Mapping[str, str] = field(default_factory=dict)
    """Settings of the kernel in the containers' network namespace: `net.` and what follows."""

    external: bool = False
    """Whether somebody else has made it on the target, under this name, and for others as well."""

    def __post_init__(self) -> None:
        if self.external and replace(self, external=False) != Network(self.name):
            raise ValueError("what is 'external' is as it was made: nothing else can be said of it")
        if self.gateway:
            self._check_gateway(self.gateway)

    def _check_gateway(self, gateway: str) -> None:
        from ipaddress import ip_address, ip_network  # most networks have none that was chosen

        if not self.subnet:
            raise ValueError("a 'gateway' wants the 'subnet' that it is in")
        if ip_address(gateway) not in ip_network(self.subnet, strict=False):
            raise ValueError(f"the gateway {gateway} is not in {self.subnet}")


@dataclass(frozen=True)
class Settings:
    """How a container is run; what is not part of the OCI image config, and travels beside it."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the image's own when it is deployed."""
    ports: tuple[Port, ...] = ()
    volumes: tuple[Volume, ...] = ()
    devices: tuple[Device | DeviceMatch, ...] = ()
    ulimits: tuple[Ulimit, ...] = ()
    healthcheck: HealthCheck | None = None
    resources: Resources = field(default_factory=Resources)
    restart: Restart = Restart()
    network: str = ""
    """host, bridge or none; empty for host, or for bridge where ports have to be moved."""
    networks: tuple[Network, ...] = ()
    """Those of its application that it joins, instead of *network*; the first has its default route."""
    hostname: str = ""
    """Empty for one that the stack gives it."""
    hooks: tuple[Hook, ...] = ()
    entrypoint: Argv | None = None
    """Instead of the image's, whose CMD then does not count either."""
    cmd: Argv | None = None
    """Instead of the image's CMD."""
    user: str = ""
    workdir: str = ""
    stop_signal: str = ""
    """These, too, instead of the image's."""
    cap_add: Argv = ()
    cap_drop: Argv = ()
    """Capabilities (CAP_CHOWN) over those that the stack gives; here ALL is all but those of *cap_add*."""
    read_only: bool = False
    tmpfs: tuple[Tmpfs, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()
    """(name, address) that it finds in its /etc/hosts; `host-gateway` is an address of the target."""
    dns: Argv = ()
    dns_search: Argv = ()
    dns_opt: Argv = ()
    """Name servers, domains and options of its /etc/resolv.conf, each of these instead of the target's."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """Settings of the kernel in the container's own namespaces."""
    group_add: Argv = ()
    """Groups of its user besides its own: numbers, and names of the image's /etc/group."""
    security_opt: Argv = ()
    """Of `sdk_hooks.security`: what keeps it in that is left out, or added."""
    privileged: bool = False
    """Whether nothing keeps it in but its namespaces: all capabilities, all devices of the target."""
    pid: str = ""
    ipc: str = ""
    """`host` for the target's own processes, and its shared memory; empty for some of its own."""
    stop_timeout: float = 10.0
    kubernetes: Kubernetes | None = None
    """What counts on Kubernetes only."""


@dataclass(frozen=True)
class Joined:
    """A network that a container joins, as engines and as CNI plugins are told of it."""

    network: Network
    """With the name that the target knows it by."""
    engine: tuple[str, Mapping[str, str]] | None = None
    """Driver and options of `docker network create`; None when no engine has such a network."""
    plugins: tuple[Mapping[str, Any], ...] = ()
    """Configurations of CNI plugins in the order in which they are called."""
    address: str = ""
    """Of the container, in CIDR form, where CNI plugins give it the address that they are told to."""


@dataclass(frozen=True)
class Container:
    """One container on one target, as a stack is asked to run it."""

    name: str
    image: str
    """What the stack knows the image by on the target."""
    digest: str
    """Of the image manifest."""
    config: Mapping[str, Any]
    """The OCI image config's `config` object."""
    settings: Settings
    layers: tuple[str, ...]
    """Diff IDs, bottom first."""
    user: tuple[int, int]
    """Who it runs as: user and group by number."""
    directory: PurePosixPath
    """The deployment's own directory on the target."""
    state: PurePosixPath
    """Where all deployments, and the layers of targets without an engine, are kept."""
    runtime: Runtime | None = None
    """Chosen by the user; None for the stack's own default."""
    attach: bool = False
    """Run in the foreground, connected to the terminal, and remove it at the end."""
    tty: bool = False
    command: Argv | None = None
    """Instead of the image's CMD."""
    rootless: bool = False
    nested: bool = False
    """Whether the stack's daemon runs in namespaces of the login."""
    devices: tuple[DeviceNode, ...] = ()
    groups: tuple[int, ...] = ()
    """Besides its own: those that its user needs to open the devices, and those of `group_add`."""
    own_groups: tuple[int, ...] = ()
    """Groups that the image's /etc/group has its user in; engines look there by themselves."""
    application: str = ""
    """What it is deployed under; its own name, unless the application has several containers."""
    alias: str = ""
    """Its name on the networks that it joins."""
    networks: tuple[Joined, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()
    """(name, address) that it finds in its /etc/hosts, besides what the stack puts there."""
    cdi: Argv = ()
    """Qualified names of devices (`vendor.com/class=name`) that the stack looks up in CDI specs by itself."""
    hooks: tuple[Hook, ...] = ()
    """Only for a stack that takes layers."""
    unit: str = ""
    """What the target's init knows it by that starts, supervises and stops it; empty when the stack does."""

    @property
    def boots(self) -> bool:
        """Whether its program is an init that starts services: root's, and of a name that podman knows."""
        command = self.config.get("Cmd") if self.command is None else self.command
        program = next(iter([*(self.config.get("Entrypoint") or ()), *(command or ())]), "")
        return self.user == (0, 0) and (program in _INITS or program.endswith("/systemd"))

    @property
    def hostname(self) -> str:
        """What it calls itself, where the stack leaves that to us."""
        return self.settings.hostname or self.name
