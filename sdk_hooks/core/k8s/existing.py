"""Manifests that a person wrote, with our images and labels, deployed as objects of ours are."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sdk_hooks.core.k8s import imagerefs, inventory, manifestfiles, order, placement, storage
from sdk_hooks.core.k8s.app import ARCHITECTURE, BY, INSTANCE, App, Manifest, Member
from sdk_hooks.core.k8s.cluster import Facts
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.manifestfiles import File
from sdk_hooks.core.k8s.order import Order, Prepared
from sdk_hooks.core.k8s.placement import Placed, Pods
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.core.push import place as place_
from sdk_hooks.errors import SdkError

_OF_THE_CLUSTER = (
    "Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
    "StorageClass", "IngressClass", "PriorityClass", "RuntimeClass", "CSIDriver", "APIService",
    "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)  # fmt: skip
"""Kinds that are of no namespace: others may use them, and removing one may remove much."""


@dataclass(frozen=True)
class Existing:
    """Files of manifests, with our images in them."""

    order: Order
    sources: tuple[File, ...]
    """As they are written."""
    place: str
    files: tuple[File, ...]
    """The same with our images."""
    unused: tuple[str, ...]
    """Names of our images that are in none."""


def of(order_: Order, files: Sequence[File], place: str) -> Existing:
    """*files* with the images of *order_*.

    :param place: Where they come from, for errors.
    :raises SdkError: When one is no YAML, or none has an image of ours.
    """
    references = {place_.path(each.part.image.name): each.image for each in order.members(order_)}
    found, used = [], set[str]()
    for file in files:
        text, names = imagerefs.put(file.text, file.name, references)
        found.append(replace(file, text=text))
        used |= names
    if not used:
        names_ = ", ".join(map(repr, references))
        raise SdkError(
            f"no manifest in '{place}' has the image {names_}",
            hint=f"let a container have it: image: {next(iter(references))}",
            code="no-image-used",
        )
    return Existing(
        order_, tuple(files), place, tuple(found), tuple(name for name in references if name not in used)
    )


def joined(orders: Sequence[Order], name: str) -> Order:
    """All of *orders* as the one application *name*; each image is a part called as it is."""
    parts = [
        replace(part, name=place_.path(part.image.name), needs=()) for each in orders for part in each.parts
    ]
    references = {digest: text for each in orders for digest, text in each.references.items()}
    distinct = {part.images.digest + part.name: part for part in parts}
    return Order(name, tuple(distinct.values()), references)


def namespace(found: Existing, said: str) -> str:
    """The namespace that the objects are for; *said* when they do not say.

    :param said: What the user said; may be empty.
    :raises SdkError: When they are for several, or for another one.
    """
    for file, each in _objects(found):
        wanted = each["metadata"].get("namespace")
        said = said or wanted or ""
        if wanted and wanted != said:
            raise SdkError(
                f"{file.name}: the {each['kind']} {each['metadata']['name']!r} is for the namespace "
                f"{wanted!r}, not {said!r}",
                hint="deploy to one namespace at a time: --namespace",
                code="two-namespaces",
            )
    return said


def remarks(found: Existing) -> Iterator[str]:
    """What is not done, or will not do what it says."""
    for name in found.unused:
        yield f"no manifest has the image {name!r}"
    for file, each in manifestfiles.objects(found.files):
        name = f"{file.name}: the {each['kind']} {each['metadata']['name']!r}"
        if each["kind"] in _OF_THE_CLUSTER:
            yield f"{name} is for the whole cluster, and left alone: kubectl apply --filename FILE"
    brought = {found.order.brought(each) for each in order.members(found.order)} - {""}
    for file, each in _objects(found):
        for container in imagerefs.containers(imagerefs.pod(each) or {}):
            if container.get("image") in brought and container.get("imagePullPolicy") == "Always":
                name = f"{file.name}: the {each['kind']} {each['metadata']['name']!r}"
                yield f"{name} has imagePullPolicy: Always, and its image is in no registry: IfNotPresent"


def _objects(found: Existing) -> list[tuple[File, Manifest]]:
    """Those that are of a namespace."""
    listed = manifestfiles.objects(found.files)
    return [(file, each) for file, each in listed if each["kind"] not in _OF_THE_CLUSTER]


def prepare(found: Existing, wanted: Order, facts: Facts, kubectl: Kubectl, *, force: bool) -> Prepared:
    """Look for everything that could be in the way, as `order.prepare` does for objects that we make.

    :param wanted: What the cluster knows the images by now.
    :raises SdkError: With what is in the way. Nothing was changed.
    """
    found = of(wanted, found.sources, found.place)
    members = order.members(wanted)
    manifests = tuple(labelled(each, wanted.name, file.name) for file, each in _objects(found))
    app = App(wanted.name, members, facts.namespace, facts.version)
    inventory.check(kubectl, wanted.name, manifests)
    storage.check(kubectl, manifests)
    remembered = order.remembered(kubectl, wanted.name)
    found_on = nodes(members, manifests, facts, wanted)
    prepared = Prepared(wanted, app, facts, manifests, found_on, remembered, given=True)
    order.attempt(prepared, kubectl, force=force)
    return prepared


def labelled(manifest: Manifest, name: str, file: str) -> Manifest:
    """*manifest* with the labels by which what we deployed is found again, on its pods, too.

    :raises SdkError: When it says that it is of another application.
    """
    found = copy.deepcopy(manifest)
    selector = found.get("spec", {}).get("selector") if isinstance(found.get("spec"), dict) else None
    chosen = selector.get("matchLabels", selector) if isinstance(selector, dict) else {}
    for meta in _metas(found):
        labels = meta.get("labels") or {}
        for key, value in {INSTANCE: name, **BY}.items():
            other = labels.get(key, value)
            if other != value and (key == INSTANCE or key in chosen):
                hint = (
                    f"call it so: --name {other}" if key == INSTANCE else "choose another label to select by"
                )
                raise SdkError(
                    f"{file}: the {found['kind']} {found['metadata']['name']!r} has the label {key}: {other}",
                    hint=hint,
                    code="other-label",
                )
        meta["labels"] = {**labels, INSTANCE: name, **BY}
    return found


def _metas(manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The metadata of *manifest*, and of what it makes: pods, jobs, claims."""
    yield manifest["metadata"]
    spec = manifest.get("spec")
    if imagerefs.pod(manifest) is None or not isinstance(spec, dict):
        return
    for template in (
        spec.get("template"),
        spec.get("jobTemplate"),
        *(spec.get("volumeClaimTemplates") or ()),
    ):
        if isinstance(template, dict):
            yield template.setdefault("metadata", {})
    inner = spec.get("jobTemplate", {}).get("spec", {}).get("template")
    if isinstance(inner, dict):
        yield inner.setdefault("metadata", {})


def nodes(members: Sequence[Member], manifests: Sequence[Manifest], facts: Facts, order_: Order) -> Placed:
    """The nodes that may run a pod that has an image of ours, and the images that they need to have.

    :raises SdkError: When there is none, or one that there is no image for.
    """
    wanted = []
    for manifest in manifests:
        spec = imagerefs.pod(manifest) or {}
        names = {each.get("image") for each in imagerefs.containers(spec)}
        for member in (each for each in members if each.image in names):
            images = member.part.images
            found = placement.nodes(_pods(manifest, spec, images), images, facts, pinned=False)
            wanted.append((found, order_.brought(member), images))
    return placement.placed(wanted)


def _pods(manifest: Manifest, spec: Mapping[str, Any], images: ImageSet) -> Pods:
    who = f"the pods of the {manifest['kind']} {manifest['metadata']['name']!r}"
    known = ", ".join(images.architectures)
    term = f"nodeSelector: {{{ARCHITECTURE}: {known}}}"
    if len(images.architectures) > 1:
        term = f"affinity: with {ARCHITECTURE} In [{known}]"
    what, choose = f"the image {place_.path(images.name)!r}", f"or choose nodes: {term}"
    return Pods(manifest["kind"], spec, what, who, who, choose)
