"""What is to go to a cluster, and everything that speaks against it before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sdk_hooks.core.deploy.network import Drivers
from sdk_hooks.core.deploy.parts import COMPLETED, Part
from sdk_hooks.core.files import users
from sdk_hooks.core.k8s import inventory, objects, refusals, release, snapshot, storage
from sdk_hooks.core.k8s.app import App, Manifest, Member, preloaded
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once, listed
from sdk_hooks.core.k8s.release import Release, Version
from sdk_hooks.core.k8s.rollout import Wanted
from sdk_hooks.core.k8s.snapshot import WORKLOADS
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image


@dataclass(frozen=True)
class Order:
    """What to deploy, whatever the cluster."""

    name: str
    parts: tuple[Part, ...]
    """In the order of their start."""
    references: Mapping[str, str]
    """By the digest of an image: what the cluster knows it by; those that are missing go to the nodes."""
    pin: bool = False
    """Whether pods keep away from nodes of other architectures than their image's."""

    @property
    def images(self) -> tuple[Image, ...]:
        """Each once."""
        return tuple({preloaded(part.image): part.image for part in self.parts}.values())


@dataclass(frozen=True)
class Prepared:
    """What nothing speaks against."""

    order: Order
    app: App
    facts: Facts
    manifests: tuple[Manifest, ...]
    nodes: tuple[tuple[Node, tuple[Image, ...]], ...]
    """Those that may run a pod, and the images that they need to have."""
    release: Release
    given: bool = False
    """Whether a person wrote the manifests, which go to the cluster all at once."""

    @property
    def unchanged(self) -> bool:
        """Whether it is what runs already."""
        current = self.release.current
        return not self.release.pending and current is not None and current.manifests == self.manifests

    @property
    def version(self) -> Version:
        return Version(
            self.manifests,
            tuple(dict.fromkeys(member.image for member in self.app.members)),
            {member.part.name: member.part.image.digest for member in self.app.members},
            tuple(node.name for node, images in self.nodes if images),
        )


def members(order: Order) -> tuple[Member, ...]:
    """The parts with what the cluster knows their images by."""
    return tuple(
        Member(
            part,
            users.of_container(part.image, part.settings.user),
            order.references.get(part.image.digest) or preloaded(part.image),
        )
        for part in order.parts
    )


def prepare(order: Order, facts: Facts, kubectl: Kubectl, drivers: Drivers, *, force: bool) -> Prepared:
    """Look for everything that could be in the way.

    :param force: Whether fields that somebody else changed may be taken.
    :raises SdkError: With what is in the way. Nothing was changed.
    """
    found = members(order)
    nodes = {member.part.name: _nodes(member, facts, order) for member in found}
    pinned = {member.part.name: (member.part.image.platform.architecture,) for member in found if order.pin}
    app = App(order.name, found, facts.namespace, facts.version, pinned)
    refusals.check(app)
    manifests = tuple(objects.manifests(app, drivers))
    *_, known = at_once(
        lambda: inventory.check(kubectl, order.name, manifests),
        lambda: storage.check(kubectl, manifests),
        lambda: remembered(kubectl, order.name),
    )
    prepared = Prepared(order, app, facts, manifests, _images(found, nodes, order), known)
    attempt(prepared, kubectl, force=force)
    return prepared


def remembered(kubectl: Kubectl, name: str) -> Release:
    """What the cluster remembers of *name*; a version that nobody waited for counts when it is up by now.

    :raises SdkError: When that can't be asked.
    """
    known = release.read(kubectl, name)
    if known.pending is None:
        return known
    now = snapshot.take(kubectl, name)
    found = [now.named(*each) for each in workloads(known.pending.manifests)]
    if all(each and each.up and each.version == known.pending.id for each in found):
        return replace(known.succeeded(known.pending), stamp=known.stamp)
    return known


def workloads(manifests: tuple[Manifest, ...]) -> tuple[Wanted, ...]:
    """Kind and name of each workload."""
    return tuple((each["kind"], each["metadata"]["name"]) for each in manifests if each["kind"] in WORKLOADS)


def waves(prepared: Prepared) -> list[tuple[tuple[Manifest, ...], tuple[Wanted, ...], tuple[Wanted, ...]]]:
    """What is applied at once, the workloads that are waited for then, and those that have to end.

    The first wave has all that is no workload, and the workloads that need no other.
    """
    if prepared.given:
        return [(prepared.manifests, workloads(prepared.manifests), ())]
    members = prepared.app.members
    needs = {member.part.name: member.part.needs for member in members}
    level: dict[str, int] = {}
    for member in members:  # each comes after those that it needs
        level[member.part.name] = max((level[need.part] + 1 for need in member.part.needs), default=0)
    ending = {need.part for each in needs.values() for need in each if need.condition == COMPLETED}
    made = [each for each in prepared.manifests if each["kind"] in WORKLOADS]
    by_part = {member.part.name: each for member, each in zip(members, made, strict=True)}
    found = []
    for number in range(max(level.values()) + 1):
        names = [name for name, at in level.items() if at == number]
        now = tuple(by_part[name] for name in names)
        others = (
            tuple(each for each in prepared.manifests if each["kind"] not in WORKLOADS) if not number else ()
        )
        last = workloads(tuple(by_part[name] for name in names if name in ending))
        found.append(((*others, *now), workloads(now), last))
    return found


def _nodes(member: Member, facts: Facts, order: Order) -> list[Node]:
    """The nodes that may run *member*.

    :raises SdkError: When there is none, or one of another architecture.
    """
    if not facts.nodes:  # nobody may look at them
        return []
    who, architecture = member.part.name or order.name, member.part.image.platform.architecture
    candidates = facts.candidates(member.said.node_selector, member.kind)
    others = [node for node in candidates if node.architecture != architecture]
    if others and not order.pin:
        names = ", ".join(f"{node.name} ({node.architecture})" for node in others)
        raise SdkError(
            f"the image of {who!r} is for {architecture}, and its pods may run on {names}",
            hint="keep them away from there: --pin-architecture; or choose nodes: kubernetes: node_selector:",
            code="wrong-architecture",
        )
    found = [node for node in candidates if node.architecture == architecture]
    if not found:
        told = ", ".join(f"{n.name} ({_why(n)})" for n in facts.nodes)
        raise SdkError(
            f"no node may run {who!r}",
            detail=f"nodes: {told}",
            hint="look at them: kubectl get nodes --show-labels",
            code="no-node",
        )
    return found


def _why(node: Node) -> str:
    if not node.ready:
        return "not ready"
    return node.architecture if node.takes else "takes no pods"


def _images(
    found: tuple[Member, ...], nodes: Mapping[str, list[Node]], order: Order
) -> tuple[tuple[Node, tuple[Image, ...]], ...]:
    wanted: dict[str, tuple[Node, dict[str, Image]]] = {}
    for member in found:
        for node in nodes[member.part.name]:
            _, images = wanted.setdefault(node.name, (node, {}))
            image = member.part.image
            if image.digest not in order.references:
                images[preloaded(image)] = image  # two names may have the same content
    return tuple((node, tuple(images.values())) for node, images in wanted.values())


def attempt(prepared: Prepared, kubectl: Kubectl, *, force: bool) -> None:
    """Let the server say what it thinks of it all, without doing it."""
    manifests = [*prepared.manifests, release.manifest(replace(prepared.release, pending=prepared.version))]
    at_once(lambda: kubectl.apply(manifests, dry_run=True, force=force), lambda: _try_pods(prepared, kubectl))


def _try_pods(prepared: Prepared, kubectl: Kubectl) -> None:
    try:
        kubectl.run("create", "--dry-run=server", "--filename=-", stdin=_pods(prepared))
    except SdkError as error:
        # who may make workloads need not be allowed to make pods, and a quota has room again when the pods of
        # the version before are gone: then the rollout tells
        again = prepared.release.current is not None
        if not (error.code == "forbidden" and "pods" in error.what) and not (error.code == "quota" and again):
            raise


def _pods(prepared: Prepared) -> bytes:
    """The pods of the workloads by themselves: what is said of pods is not said of their templates."""
    pods = []
    for each in prepared.manifests:
        if each["kind"] in WORKLOADS:
            spec = each["spec"]
            template = (spec.get("jobTemplate", {}).get("spec") or spec)["template"]
            inner = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
            # the claims of a StatefulSet are made with its pods: a pod by itself has none
            claims = [each["metadata"]["name"] for each in spec.get("volumeClaimTemplates") or ()]
            if claims:
                extra = [{"name": name, "emptyDir": {}} for name in claims]
                inner["volumes"] = [*(inner.get("volumes") or ()), *extra]
            meta = {"name": f"{each['metadata']['name']}-check", "labels": template["metadata"]["labels"]}
            place = {"namespace": prepared.app.namespace}
            pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": {**meta, **place}, "spec": inner})
    return listed(pods)
