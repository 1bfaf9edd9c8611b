"""What container.yaml can say: the one model that its reader and its JSON Schema are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sdk_hooks.container import Device, DeviceMatch, HealthCheck, Network, Port, Restart, Settings, Volume
from sdk_hooks.core.capabilities import NAMED, OR_ALL, capability, or_all
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.spec import kinds, texts, values
from sdk_hooks.core.spec.checks import CHECKS, Check
from sdk_hooks.core.spec.device import DeviceEntry
from sdk_hooks.core.spec.feeds import PACKAGES
from sdk_hooks.core.spec.hooks import HOOKS
from sdk_hooks.core.spec.isolation import ISOLATION
from sdk_hooks.core.spec.kinds import Many, Pairs, Section, Text, Words
from sdk_hooks.core.spec.kubernetes import KUBERNETES
from sdk_hooks.core.spec.network import NETWORKS
from sdk_hooks.core.spec.ulimits import ULIMITS
from sdk_hooks.hook import Hook
from sdk_hooks.kubernetes import Kubernetes
from sdk_hooks.limits import Resources, Ulimit
from sdk_hooks.packages import Relation
from sdk_hooks.tmpfs import Tmpfs

NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
"""A component of a repository's name, as the OCI distribution-spec has it."""
TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
IMAGE = rf"(?:(?:{_LABEL}(?:\.{_LABEL})+(?::\d+)?|{_LABEL}:\d+)/)?{NAME}(?:/{NAME})*"
"""What is before the first slash is a registry where a dot or a port is in it, or it is `localhost`."""

_AN_IMAGE = "an image name: [HOST.DOMAIN[:PORT]/]name[/name], in lower case"


@dataclass(frozen=True)
class File:
    """A file that is put into the image on top of everything else."""

    target: str
    source: str = ""
    content: str | None = None
    owner: str = "0:0"
    mode: int | None = None

    def __post_init__(self) -> None:
        if bool(self.source) == (self.content is not None):
            raise ValueError("give either 'source' or 'content'")


@dataclass(frozen=True)
class LayerRule:
    """Paths of the application that get a layer of their own."""

    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Spec:
    """What somebody said about a container; None where nothing was said."""

    name: str | None = None
    image: str | None = None
    tag: str | None = None
    base: str | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None
    user: str | None = None
    workdir: str | None = None
    ports: tuple[Port, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    ulimits: tuple[Ulimit, ...] | None = None
    cap_add: tuple[str, ...] | None = None
    cap_drop: tuple[str, ...] | None = None
    devices: tuple[Device | DeviceMatch, ...] | None = None
    labels: Mapping[str, str] | None = None
    author: str | None = None
    stop_signal: str | None = None
    stop_timeout: float | None = None
    healthcheck: HealthCheck | None = None
    files: tuple[File, ...] | None = None
    include: tuple[str, ...] | None = None
    layers: tuple[LayerRule, ...] | None = None
    install: tuple[Relation, ...] | None = None
    feeds: tuple[Feed, ...] | None = None
    recommends: bool | None = None
    setuid: tuple[str, ...] | None = None
    run_scripts: tuple[str, ...] | None = None
    skip_scripts: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None
    package_database: bool | None = None
    resources: Resources | None = None
    restart: Restart | None = None
    network: str | None = None
    networks: tuple[Network, ...] | None = None
    hostname: str | None = None
    hooks: tuple[Hook, ...] | None = None
    read_only: bool | None = None
    tmpfs: tuple[Tmpfs, ...] | None = None
    extra_hosts: tuple[tuple[str, str], ...] | None = None
    dns: tuple[str, ...] | None = None
    dns_search: tuple[str, ...] | None = None
    dns_opt: tuple[str, ...] | None = None
    sysctls: Mapping[str, str] | None = None
    group_add: tuple[str, ...] | None = None
    security_opt: tuple[str, ...] | None = None
    privileged: bool | None = None
    pid: str | None = None
    ipc: str | None = None
    kubernetes: Kubernetes | None = None
    tests: tuple[Check, ...] | None = None

    def over(self, other: Spec) -> Spec:
        """This one, and *other* where this one says nothing; env and labels key by key."""
        changes: dict[str, Any] = {}
        for item in fields(self):
            ours, theirs = getattr(self, item.name), getattr(other, item.name)
            if ours is None:
                changes[item.name] = theirs
            elif item.name in ("env", "labels") and theirs is not None:
                changes[item.name] = {**theirs, **ours}
        if self.entrypoint is not None and self.cmd is None:
            changes["cmd"] = None  # the arguments of another program
        return replace(self, **changes)

    def settings(self) -> Settings:
        """What is needed to run the container, with the defaults filled in."""
        default = Settings()
        return Settings(
            ports=self.ports or (),
            volumes=self.volumes or (),
            devices=self.devices or (),
            ulimits=self.ulimits or (),
            cap_add=self.cap_add or (),
            cap_drop=self.cap_drop or (),
            healthcheck=self.healthcheck,
            resources=self.resources or default.resources,
            restart=self.restart or default.restart,
            network=self.network or default.network,
            networks=self.networks or (),
            hostname=self.hostname or default.hostname,
            hooks=self.hooks or (),
            read_only=bool(self.read_only),
            tmpfs=self.tmpfs or (),
            extra_hosts=self.extra_hosts or (),
            dns=self.dns or (),
            dns_search=self.dns_search or (),
            dns_opt=self.dns_opt or (),
            sysctls=self.sysctls or {},
            group_add=self.group_add or (),
            security_opt=self.security_opt or (),
            privileged=bool(self.privileged),
            pid=self.pid or "",
            ipc=self.ipc or "",
            stop_timeout=default.stop_timeout if self.stop_timeout is None else self.stop_timeout,
            kubernetes=self.kubernetes,
        )


def _health(http: Mapping[str, Any] | None = None, **rest: Any) -> HealthCheck:
    if (http is None) == ("command" not in rest):
        raise ValueError("give either 'command' or 'http'")
    return HealthCheck(**{**(http or {}), **rest})


def _spec(**said: Any) -> Spec:
    if "network" in said and "networks" in said:
        raise ValueError("give either 'network' or 'networks'")
    return Spec(**said)


_TEXT_OR_NUMBER = {"type": ["string", "number"]}
_HEALTH = Section(
    "how to tell that the container is up",
    {
        "command": Words("a command that exits 0 in the container when it is up"),
        "http": Section(
            "a URL on the target that answers with 2xx or 3xx when it is up",
            {
                "port": Text("a port of the target", values.port_number, {"type": "integer"}),
                "path": Text("a path, / by default", values.absolute),
            },
            required=("port",),
        ),
        "interval": Text("a time such as 2s", texts.duration, _TEXT_OR_NUMBER),
        "timeout": Text("a time such as 5s", texts.duration, _TEXT_OR_NUMBER),
        "retries": Text("how often to try", texts.count, {"type": "integer"}),
        "start_period": Text("a time of failures that do not count", texts.duration, _TEXT_OR_NUMBER),
    },
    _health,
)
_FILE = Section(
    "a file to put into the image",
    {
        "source": Text("a path relative to container.yaml"),
        "content": Text("the text of the file"),
        "target": Text("an absolute path in the image", values.inside, values.INSIDE),
        "owner": kinds.matching("user:group, by number or name", r"[\w.-]+(:[\w.-]+)?", "user:group"),
        "mode": Text("an octal mode such as 0644", values.mode, _TEXT_OR_NUMBER),
    },
    File,
    required=("target",),
)
_LAYER = Section(
    "files that change together",
    {
        "name": Text("a name for the history"),
        "paths": Many("globs relative to the image's root; ** crosses directories", Text("a glob")),
    },
    LayerRule,
    required=("name", "paths"),
)
_RESOURCES = Section(
    "limits",
    {
        "memory": Text("a size such as 64M", values.memory, _TEXT_OR_NUMBER),
        "cpus": Text("a number of processors such as 0.5", values.cpus, {"type": "number"}),
        "pids": Text("a number of processes", texts.count, {"type": "integer"}),
    },
    Resources,
)
_PORT = Text("HOST:CONTAINER[/udp]", values.port, _TEXT_OR_NUMBER)
_VOLUME = Text("NAME:/PATH[:ro] or /HOST:/PATH[:ro]", values.volume)
_TMPFS = Text("/PATH or /PATH:size=64M,mode=1777", values.tmpfs)
_HOST = Text("NAME:ADDRESS, or NAME:host-gateway for the target itself", values.extra_host)
_CAPABILITY = Text("a name such as NET_ADMIN", capability, NAMED)
_OR_ALL = Text("a name such as CHOWN, or ALL", or_all, OR_ALL)
_INCLUDE = Text("libNAME.so.N or an absolute path")

SPEC = Section(
    "a container: what is in its image, and how it is run",
    {
        "name": kinds.matching("the container's name", NAME, "a name of lower-case letters, digits, . _ -"),
        "image": kinds.matching("the image's full name, localhost/NAME by default", IMAGE, _AN_IMAGE),
        "tag": kinds.matching("the tag of the image, latest by default", TAG, "a tag"),
        "base": Text(
            "an image to build on: a layout directory or an archive, relative to container.yaml, or a name"
        ),
        "entrypoint": Words("the program and its fixed arguments"),
        "cmd": Words("arguments that can be replaced when it is run"),
        "env": Pairs("environment variables"),
        "user": kinds.matching("user[:group], by number or name", r"[\w.-]+(:[\w.-]+)?", "user[:group]"),
        "workdir": Text("an absolute path", values.inside, values.INSIDE),
        "ports": Many("ports of the target that the container answers on", _PORT),
        "volumes": Many("directories that outlive the container", _VOLUME),
        "ulimits": ULIMITS,
        "cap_add": Many("capabilities beside those of every container", _CAPABILITY),
        "cap_drop": Many("capabilities that it does not get; ALL for all but cap_add", _OR_ALL),
        "devices": Many("devices of the target that the container gets", DeviceEntry()),
        "labels": Pairs("labels of the image"),
        "author": Text("who to ask about it"),
        "stop_signal": Text("a signal such as SIGTERM", values.stop_signal, values.SIGNAL),
        "stop_timeout": Text("a time such as 10s", texts.duration, _TEXT_OR_NUMBER),
        "healthcheck": _HEALTH,
        "files": Many("files to put into the image", _FILE),
        "include": Many("libraries by name and paths to bring from the sysroot", _INCLUDE),
        "layers": Many("layers of their own, the first the most stable", _LAYER),
        **PACKAGES,
        "resources": _RESOURCES,
        "restart": Text(
            "no, always, unless-stopped or on-failure[:N]",
            values.restart,
            # for YAML 1.1 an unquoted no is false, for the editors that know 1.2 it is a text
            {"anyOf": [{"type": "string", "pattern": f"^(?:{values.RESTART})$"}, {"const": False}]},
        ),
        "network": kinds.choice("host, bridge or none", "host", "bridge", "none"),
        "networks": NETWORKS,
        "hostname": kinds.matching(
            "what the container calls itself", values.HOSTNAME, "a host name such as web-1"
        ),
        "hooks": HOOKS,
        "read_only": Text("true or false", texts.boolean, {"type": "boolean"}),
        "tmpfs": Many("directories in memory, empty at each start", _TMPFS),
        "extra_hosts": Many("names that the container finds in its /etc/hosts", _HOST),
        **ISOLATION,
        "kubernetes": KUBERNETES,
        "tests": CHECKS,
    },
    _spec,
)
