"""What goes to a cluster: the parts of an application with the names and labels that they have there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sdk_hooks.container import Port
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.push.place import has_host, path, untagged
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.kubernetes import Kubernetes

Manifest = dict[str, Any]
"""An object of the API, as JSON has it."""

MANAGER = "devtool-containers"
"""Our field manager, and what objects of ours say of who manages them."""
BY = {"app.kubernetes.io/managed-by": MANAGER}
VERSION = "devtool-containers/version"
"""Annotation of a workload: the version that the cluster was told of."""
INSTANCE, COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
ARCHITECTURE = "kubernetes.io/arch"
_LOOPBACK = ("127.", "[::1]")
_LONGEST = 52
"""Characters of a CronJob's name, the shortest of all."""


@dataclass(frozen=True)
class Member:
    """One container of an application."""

    part: Part
    user: tuple[int, int]
    """Who it runs as: user and group by number."""
    image: str
    """What the cluster knows the image by."""

    @property
    def said(self) -> Kubernetes:
        return self.part.settings.kubernetes or Kubernetes()

    @property
    def config(self) -> Mapping[str, Any]:
        """The OCI image config's `config` object."""
        found: Mapping[str, Any] = self.part.image.config.get("config") or {}
        return found

    @property
    def kind(self) -> str:
        """What it is on the cluster: as it says, else by when and how often it runs."""
        if self.said.kind:
            return self.said.kind
        if self.said.schedule:
            return "CronJob"
        return "Job" if self.part.settings.restart.policy in ("no", "on-failure") else "Deployment"

    @property
    def published(self) -> tuple[Port, ...]:
        """Ports for others than the application itself: those of the loopback address are for nobody else."""
        return tuple(port for port in self.part.settings.ports if not port.address.startswith(_LOOPBACK))

    @property
    def serves(self) -> bool:
        """Whether it goes on for ever, and may be asked for something."""
        return self.kind not in ("Job", "CronJob")


@dataclass(frozen=True)
class App:
    """An application on one cluster."""

    name: str
    members: tuple[Member, ...]
    namespace: str = ""
    """Empty for that of kubectl's context."""
    version: tuple[int, int] = (1, 32)
    """Of the cluster."""
    pinned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a part the architectures of nodes that it may run on; missing for all."""

    def resource(self, member: Member) -> str:
        """What the objects of *member* are called."""
        return f"{self.name}-{label(member.part.name)}" if member.part.name else self.name

    def container(self, member: Member) -> str:
        """What the container of its pods is called."""
        return label(member.part.name) or self.name

    def labels(self, member: Member | None = None) -> dict[str, str]:
        """What all its objects, or those of *member*, have."""
        found = {"app.kubernetes.io/name": self.name, INSTANCE: self.name, **BY}
        return {**found, **self.selector(member)} if member else found

    def selector(self, member: Member) -> dict[str, str]:
        """By which the pods of *member* are found."""
        return {INSTANCE: self.name, COMPONENT: label(member.part.name) or "main"}

    def meta(self, name: str, member: Member | None = None) -> dict[str, Any]:
        """The metadata of an object."""
        place = {"namespace": self.namespace} if self.namespace else {}
        return {"name": name, **place, "labels": self.labels(member)}


def label(name: str) -> str:
    """*name* as objects may be called (RFC 1123)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def checked(name: str) -> str:
    """*name* as an application may be called.

    :raises SdkError: When it is too long.
    """
    found = label(name)
    if not found or len(found) > _LONGEST:
        raise SdkError(
            f"{name!r} can't be the name of objects of Kubernetes",
            hint=f"1 to {_LONGEST} lower-case letters, digits and hyphens: --name",
            code="bad-name",
        )
    return found


def of_image(image: Image | ImageSet) -> str:
    """What the application is called that *image* is."""
    return path(image.name).rpartition("/")[2]


class Copy(NamedTuple):
    """An image as a node is to have it."""

    name: str
    """That pods ask for, whatever the node's architecture."""
    image: Image


def preloaded(image: Image | ImageSet) -> str:
    """The name under which nodes are given *image*: for another content it is another one.

    Of a set it has the digest of the index, which no node gets: each is given its own image under that name.

    A name without a registry gets one: a node would take another for granted.
    """
    name = untagged(image.name)
    return f"{name if has_host(name) else f'localhost/{name}'}:{image.digest.replace(':', '-', 1)}"
