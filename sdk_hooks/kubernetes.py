"""What is said about a container on Kubernetes, and what a distribution of Kubernetes states about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sdk_hooks.families import Plugin
from sdk_hooks.nodes import NodeNeeds
from sdk_hooks.target import Argv, Script

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
SERVICES = ("ClusterIP", "NodePort", "LoadBalancer", "none")


@dataclass(frozen=True)
class Kubernetes:
    """What a container is on Kubernetes, over what its other settings imply; empty where nothing was said."""

    kind: str = ""
    """One of `KINDS`."""
    replicas: int | None = None
    """None leaves it to the cluster: one at first, then what somebody scaled it to."""
    schedule: str = ""
    """When a CronJob runs, as cron has it: minute, hour, day, month, weekday."""
    service: str = ""
    """The type of its Service, one of `SERVICES`."""
    storage: str = ""
    """The size of each named volume, as Kubernetes writes quantities; `temporary`: it ends with the pod."""
    storage_class: str = ""
    runtime_class: str = ""
    pull_secret: str = ""
    """The Secret by which nodes log in to the registry that has the image."""
    node_selector: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    """What device plugins offer, by name, such as example.com/fpga: 1."""


class NodeStore(Protocol):
    """Where a container runtime of nodes keeps images, seen by a login of the node."""

    def inventory(self) -> Script:
        """Print facts, a line each, and exit 0; or say on stderr why not, and exit otherwise.

        `blob sha256:...` for a layer found by its diff ID alone, `image NAME` for an image by name.
        """

    def load(self) -> Argv:
        """Read an archive (OCI layout and docker-archive in one) that may omit layers already held."""

    def keep(self, image: str) -> Argv:
        """Let the node not remove *image* when its disk gets full; empty when that can't be said."""

    def release(self, image: str) -> Argv:
        """Let the node remove *image* again when its disk gets full; empty when nothing was said."""

    def forget(self, image: str) -> Argv:
        """Remove the name *image*, and what nothing else uses."""


class Cluster(Plugin, Protocol):
    """A distribution of Kubernetes."""

    @property
    def kubectl(self) -> Argv:
        """What kubectl is called on its machines; the program is first."""

    @property
    def needs(self) -> NodeNeeds:
        """What a machine must have to be one of its nodes."""

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:
        """Whether a node whose kubelet has *version*, with these *labels*, is one of its."""

    def store(self, runtime: str) -> NodeStore | None:
        """How images get to nodes with *runtime*, such as `containerd://1.7.24`; None when not at all."""
