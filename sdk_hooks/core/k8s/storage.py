"""Whether a cluster has the storage that claims ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.errors import SdkError

_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def check(kubectl: Kubectl, manifests: Iterable[Manifest]) -> None:
    """Refuse claims that nothing in the cluster could satisfy, as far as one may ask for that.

    :raises SdkError: Naming the claim.
    """
    asked = {each["metadata"]["name"]: each["spec"] for each in claims(manifests)}
    if not asked:
        return
    result = kubectl.try_("get", "storageclasses,persistentvolumes", "--output=json")
    if result.status:
        return
    items = json.loads(result.output)["items"]
    classes = {item["metadata"]["name"]: item for item in items if item["kind"] == "StorageClass"}
    volumes = {
        item["spec"].get("storageClassName", "") for item in items if item["kind"] == "PersistentVolume"
    }
    default = any(
        item["metadata"].get("annotations", {}).get(_DEFAULT) == "true" for item in classes.values()
    )
    for name, spec in asked.items():
        wanted = spec.get("storageClassName", "")
        if wanted in volumes or (wanted in classes if wanted else default):
            continue
        what = f"no StorageClass {wanted!r}" if wanted else "no default StorageClass"
        raise SdkError(
            f"the cluster has {what} for the volume {name!r}",
            detail=f"there is: {', '.join(sorted(classes)) or 'none'}",
            hint="choose one: kubernetes: storage_class: in container.yaml; or storage: temporary",
            code="no-storage",
        )


def claims(manifests: Iterable[Manifest]) -> list[Any]:
    """What in *manifests* asks for storage."""
    return [*_claims(manifests)]


def used(name: str, manifests: Iterable[Manifest]) -> bool:
    """Whether a claim called *name* is one of *manifests*, or of a pod of theirs, however many these are."""
    for each in manifests:
        own = each["metadata"]["name"]
        made = each.get("spec", {}).get("volumeClaimTemplates") or ()
        if (each["kind"] == "PersistentVolumeClaim" and own == name) or any(
            name.rpartition("-")[0] == f"{claim['metadata']['name']}-{own}" for claim in made
        ):
            return True
    return False


def _claims(manifests: Iterable[Manifest]) -> Iterable[Any]:
    for each in manifests:
        if each["kind"] == "PersistentVolumeClaim":
            yield each
        yield from each.get("spec", {}).get("volumeClaimTemplates") or ()
