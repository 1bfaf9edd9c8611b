"""What an application file can say: several containers, their networks, secrets and configs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sdk_hooks.container import Network, Settings
from sdk_hooks.core.deploy.parts import COMPLETED, HEALTHY, STARTED, Need
from sdk_hooks.core.spec import values
from sdk_hooks.core.spec.isolation import ISOLATION
from sdk_hooks.core.spec.kinds import Either, Many, Section, Table, Text
from sdk_hooks.core.spec.model import SPEC, Spec
from sdk_hooks.core.spec.network import NETWORKS, PART
from sdk_hooks.kubernetes import Kubernetes

FILE = r"[A-Za-z0-9_][\w.-]*"
"""The name of a secret or config, and of its file."""


@dataclass(frozen=True)
class Source:
    """Where the content of a config comes from."""

    file: str = ""
    """Path, relative to the application file."""
    content: str | None = None
    """The content itself, instead of a file."""

    def __post_init__(self) -> None:
        if bool(self.file) == (self.content is not None):
            raise ValueError("it has either 'file' or 'content'")


@dataclass(frozen=True)
class Mounted:
    """A config in a container."""

    source: str
    target: str = ""
    """Its path in there; empty for one that is called like it, at the top."""

    @property
    def path(self) -> str:
        return self.target or f"/{self.source}"


@dataclass(frozen=True)
class Entry:
    """One container."""

    image: str = ""
    """Name of a built image, or path of a layout; empty for one that is called like the container."""
    spec: Spec = field(default_factory=Spec)
    """What is said over the image's own settings."""
    needs: tuple[Need, ...] = ()
    networks: tuple[str, ...] | None = None
    """Names; None for all."""
    secrets: tuple[str, ...] = ()
    configs: tuple[Mounted, ...] = ()
    lasts: bool = False
    """Whether a cluster keeps it up, though nobody said that it is to be started again."""


@dataclass(frozen=True)
class Application:
    """Several containers that are deployed as one."""

    containers: Mapping[str, Entry]
    name: str = ""
    networks: Mapping[str, Network] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Path of the file that holds each, relative to the application file."""
    configs: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What people are to be told of how their file was understood."""


def settings(own: Settings, entry: Entry, networks: Iterable[Network]) -> Settings:
    """The settings *own* of an image with what *entry* says over them."""
    said = entry.spec
    plain = (
        "ports", "devices", "ulimits", "healthcheck", "resources", "restart", "network", "read_only",
        "stop_timeout", "entrypoint", "cmd", "volumes", "hostname", "hooks", "kubernetes", "user", "workdir",
        "stop_signal", "cap_add", "cap_drop", "tmpfs", "extra_hosts", *ISOLATION,
    )  # fmt: skip
    changes: dict[str, Any] = {key: getattr(said, key) for key in plain if getattr(said, key) is not None}
    if said.healthcheck and not (said.healthcheck.command or said.healthcheck.port):
        changes["healthcheck"] = None  # a compose file says that there is to be none
    there = said.kubernetes or own.kubernetes or Kubernetes()
    if entry.lasts and not (there.kind or there.schedule):
        changes["kubernetes"] = replace(there, kind="Deployment")
    joined = () if said.network else tuple(networks)
    return replace(own, **changes, env={**own.env, **(said.env or {})}, networks=joined)


def lasting(containers: Mapping[str, Entry]) -> Mapping[str, Entry]:
    """*containers*, of which those do not last whose end others wait for."""
    ending = {need.part for each in containers.values() for need in each.needs if need.condition == COMPLETED}
    return {name: replace(each, lasts=each.lasts and name not in ending) for name, each in containers.items()}


def checked(application: Application) -> Application:
    """*application*, when its parts name nothing that is not there.

    :raises ValueError: With what is not.
    """
    for name, entry in application.containers.items():
        _known(f"containers.{name}.needs", (need.part for need in entry.needs), application.containers)
        _known(f"containers.{name}.networks", entry.networks or (), application.networks)
        _known(f"containers.{name}.secrets", entry.secrets, application.secrets)
        _known(f"containers.{name}.configs", (each.source for each in entry.configs), application.configs)
        _once(f"containers.{name}.networks", entry.networks or ())
        _once(f"containers.{name}.configs", tuple(each.path for each in entry.configs))
        if entry.networks and entry.spec.network:
            raise ValueError(f"'containers.{name}' has both 'network' and 'networks'")
    return application


def _known(key: str, names: Iterable[str], there: Mapping[str, object]) -> None:
    for name in names:
        if name not in there:
            raise ValueError(f"{key!r} names {name!r}, there is: {', '.join(there) or 'none'}")


def _once(key: str, names: tuple[str, ...]) -> None:
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice:
        raise ValueError(f"{key!r} names {twice!r} twice")


def _entry(
    image: str = "",
    needs: tuple[Need, ...] = (),
    networks: tuple[str, ...] | None = None,
    secrets: tuple[str, ...] = (),
    configs: tuple[Mounted, ...] = (),
    **rest: Any,
) -> Entry:
    return Entry(image, Spec(**rest), needs, networks, secrets, configs)


def _application(
    containers: Mapping[str, Entry],
    name: str = "",
    networks: Iterable[Network] = (),
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    configs: Mapping[str, Source] | None = None,
) -> Application:
    made = {network.name: network for network in networks}
    files = {key: value["file"] for key, value in (secrets or {}).items()}
    return checked(Application(containers, name, made, files, configs or {}))


def need(text: str) -> Need:
    """`db`, `db:started`, `db:healthy`, `init:completed`; without a condition it is up to what *db* has."""
    name, _, condition = text.partition(":")
    if condition not in ("", STARTED, HEALTHY, COMPLETED) or not re.fullmatch(PART, name):
        raise ValueError(f"{text!r} is not a container such as db, or db:healthy")
    return Need(name, condition)


_SECRET = Section(
    "a file that containers see in /run/secrets",
    {"file": Text("a path relative to this file")},
    required=("file",),
)
CONFIG = Section(
    "a file of settings that containers see",
    {"file": Text("a path relative to this file"), "content": Text("what is in it")},
    Source,
)
MOUNTED = Either(
    Text("a config's name", Mounted),
    Section(
        "a config and its path",
        {"source": Text("a config's name"), "target": Text("a path in the container", values.file_path)},
        Mounted,
        required=("source",),
    ),
)
_SETTINGS = (
    "env", "ports", "volumes", "devices", "ulimits", "healthcheck", "resources", "restart", "network",
    "hostname", "hooks", "read_only", "stop_timeout", "entrypoint", "cmd", "user", "workdir", "stop_signal",
    "cap_add", "cap_drop", "kubernetes", "tests", "tmpfs", "extra_hosts", *ISOLATION,
)  # fmt: skip
_ENTRY = Section(
    "a container",
    {
        "image": Text("a built image, by its name or the path of its layout"),
        "needs": Many("containers that have to be there first", Text("NAME[:CONDITION]", need)),
        "networks": Many("which of the networks it joins, all by default", Text("a network's name")),
        "secrets": Many("which of the secrets it sees", Text("a secret's name")),
        "configs": Many("which of the configs it sees: /NAME, or what target: says", MOUNTED),
        **{key: SPEC.keys[key] for key in _SETTINGS},
    },
    _entry,
)
APPLICATION = Section(
    "an application of several containers",
    {
        "name": SPEC.keys["name"],
        "containers": Table("its containers, by name", _ENTRY, PART),
        "networks": NETWORKS,
        "secrets": Table("files that containers see in /run/secrets", _SECRET, FILE),
        "configs": Table(
            "files of settings that containers see, read-only",
            Either(Text("a path relative to this file", Source), CONFIG),
            FILE,
        ),
    },
    _application,
    required=("containers",),
)
