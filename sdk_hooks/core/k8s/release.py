"""What was deployed, kept in the cluster itself: the current version, the one before, and one on its way."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sdk_hooks.core.k8s.app import BY, INSTANCE, MANAGER, Manifest
from sdk_hooks.core.k8s.kinds import WORKLOADS
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.errors import SdkError

TYPE = "devtool-containers/release"
"""Its type: what is in it may be secret, as the application's own secrets are in there."""


Wanted = tuple[str, str]
"""Kind and name of a workload."""


class Wave(NamedTuple):
    """Workloads that come up at once."""

    workloads: tuple[Wanted, ...]
    ending: tuple[Wanted, ...] = ()
    """Those of them that have to end well before others are begun."""


@dataclass(frozen=True)
class Version:
    """One version of an application."""

    manifests: tuple[Manifest, ...]
    images: tuple[str, ...]
    """Names by which the pods ask for them."""
    digests: Mapping[str, str]
    """Of each part's image."""
    nodes: tuple[str, ...] = field(default=(), compare=False)
    """That were given the images; none with a registry."""
    waves: tuple[Wave, ...] = field(default=(), compare=False)
    """The order in which its workloads come up."""

    @property
    def id(self) -> str:
        """By which it is known whether the cluster was told of it."""
        return hashlib.sha256(json.dumps(self.manifests, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def workloads(self) -> tuple[Wanted, ...]:
        return tuple(wanted(each) for each in self.manifests if each["kind"] in WORKLOADS)

    @property
    def steps(self) -> list[tuple[list[Manifest], Wave]]:
        """What is applied, one after the other, and who has to be up then; first all that is no workload."""
        waves = self.waves or (Wave(self.workloads),)
        found = [([m for m in self.manifests if wanted(m) in wave.workloads], wave) for wave in waves]
        found[0][0][:0] = [each for each in self.manifests if each["kind"] not in WORKLOADS]
        return found


@dataclass(frozen=True)
class Release:
    """What the cluster remembers of an application."""

    name: str
    current: Version | None = None
    previous: Version | None = None
    pending: Version | None = None
    """Whose deployment has not ended, or was interrupted."""
    stamp: str = field(default="", compare=False)
    """What the cluster calls the state of its object; written only over that state, unless it is empty."""

    @property
    def secret(self) -> str:
        """What its object is called."""
        return f"{self.name}.{MANAGER}"

    @property
    def images(self) -> set[str]:
        """All that may be asked for."""
        return {name for each in (self.current, self.previous, self.pending) if each for name in each.images}

    def succeeded(self, version: Version) -> Release:
        """When *version* is up."""
        same = self.current == version
        return Release(self.name, version, self.previous if same else self.current)


def read(kubectl: Kubectl, name: str) -> Release:
    """What the cluster remembers of *name*; nothing when it was never deployed.

    :raises SdkError: When it can't be read.
    """
    return parsed(kubectl.get("secret", Release(name).secret, "--ignore-not-found"), name)


def parsed(item: Manifest, name: str = "") -> Release:
    """What the object *item* remembers.

    :param name: Of the application, where there may be no object.
    :raises SdkError: When it can't be read.
    """
    name = name or item["metadata"]["labels"][INSTANCE]
    try:
        data: Mapping[str, str] = item.get("data") or {}
        versions = {key: _unpacked(text) for key, text in data.items()}
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        secret = Release(name).secret
        raise SdkError(
            f"the Secret {secret!r} can't be read",
            detail=str(error),
            hint=f"remove it, and deploy again: kubectl delete secret {secret}",
            code="bad-release",
        ) from error
    stamp = item.get("metadata", {}).get("resourceVersion", "")
    return Release(name, versions.get("current"), versions.get("previous"), versions.get("pending"), stamp)


def write(kubectl: Kubectl, release: Release) -> None:
    """Let the cluster remember *release*.

    :raises SdkError: When it does not take it, or somebody else has written meanwhile.
    """
    made = manifest(release)
    if release.stamp:
        made["metadata"]["resourceVersion"] = release.stamp
    kubectl.apply([made], force=True)


def manifest(release: Release) -> Manifest:
    """The object that remembers *release*."""
    kept = {"current": release.current, "previous": release.previous, "pending": release.pending}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": release.secret, "labels": {INSTANCE: release.name, **BY}},
        "type": TYPE,
        "data": {key: _packed(version) for key, version in kept.items() if version},
    }


def _packed(version: Version) -> str:
    raw = {
        "manifests": version.manifests,
        "images": version.images,
        "digests": dict(version.digests),
        "nodes": version.nodes,
        "waves": version.waves,
    }
    return base64.b64encode(gzip.compress(json.dumps(raw, sort_keys=True).encode(), mtime=0)).decode()


def _unpacked(text: str) -> Version:
    raw: Mapping[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    manifests: Sequence[Manifest] = raw["manifests"]
    waves = tuple(
        Wave(*(tuple((kind, name) for kind, name in each) for each in wave)) for wave in raw.get("waves", ())
    )
    return Version(tuple(manifests), tuple(raw["images"]), raw["digests"], tuple(raw["nodes"]), waves)


def wanted(manifest: Manifest) -> Wanted:
    return manifest["kind"], manifest["metadata"]["name"]
