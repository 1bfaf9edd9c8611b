"""What is to go to a cluster, and everything that speaks against it before anything is changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sdk_hooks.core.deploy.network import Drivers
from sdk_hooks.core.deploy.parts import COMPLETED, Part
from sdk_hooks.core.files import users
from sdk_hooks.core.k8s import inventory, objects, placement, refusals, release, snapshot, storage
from sdk_hooks.core.k8s.app import App, Manifest, Member, preloaded
from sdk_hooks.core.k8s.cluster import Facts
from sdk_hooks.core.k8s.kinds import WORKLOADS
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once, listed
from sdk_hooks.core.k8s.placement import Placed, Pods
from sdk_hooks.core.k8s.release import Release, Version, Wanted, Wave, wanted
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.errors import SdkError


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
    def images(self) -> tuple[ImageSet, ...]:
        """Each once."""
        return tuple({preloaded(part.images): part.images for part in self.parts}.values())

    def brought(self, member: Member) -> str:
        """The name under which nodes are to be given the image of *member*; empty when they pull it."""
        return "" if member.part.images.digest in self.references else member.image


@dataclass(frozen=True)
class Prepared:
    """What nothing speaks against."""

    order: Order
    app: App
    facts: Facts
    manifests: tuple[Manifest, ...]
    nodes: Placed
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
    def fresh(self) -> frozenset[Wanted]:
        """The workloads that are another version than what runs."""
        current = self.release.current
        ran = current.manifests if current and not self.release.pending else ()
        return frozenset(wanted(m) for m in self.manifests if m["kind"] in WORKLOADS and m not in ran)

    @property
    def version(self) -> Version:
        return Version(
            self.manifests,
            tuple(dict.fromkeys(member.image for member in self.app.members)),
            {member.part.name: member.part.images.digest for member in self.app.members},
            tuple(node.name for node, images in self.nodes if images),
            () if self.given else waves(self.app, self.manifests),
        )

    def without(self, names: Collection[str]) -> Prepared:
        """The same when the nodes *names* are no longer there.

        :raises SdkError: When none is left that may run some of it.
        """
        left = tuple((node, copies) for node, copies in self.nodes if node.name not in names)
        gone = {each.name for _, copies in self.nodes for each in copies}
        gone -= {each.name for _, copies in left for each in copies}
        if gone:
            raise SdkError(
                f"no node is left for the image {sorted(gone)[0]!r}",
                hint="look at them: kubectl get nodes",
                code="no-node",
            )
        nodes = (replace(node, ready=node.ready and node.name not in names) for node in self.facts.nodes)
        return replace(self, nodes=left, facts=replace(self.facts, nodes=tuple(nodes)))


def members(order: Order) -> tuple[Member, ...]:
    """The parts with what the cluster knows their images by.

    :raises SdkError: When the user of one is not known, or not the same on all architectures.
    """
    return tuple(
        Member(part, _user(part), order.references.get(part.images.digest) or preloaded(part.images))
        for part in order.parts
    )


def _user(part: Part) -> tuple[int, int]:
    """Who it runs as; pods say it, and are the same on all nodes."""
    found = [(each.platform, users.of_container(each, part.settings.user)) for each in part.images.images]
    if len({user for _, user in found}) > 1:
        told = [f"{platform}: {uid}:{gid}" for platform, (uid, gid) in found]
        raise SdkError(
            f"the images of {part.images.name!r} run as different users",
            detail="\n".join(told),
            hint="say by number which: user: in container.yaml",
            code="images-differ",
        )
    return found[0][1]


def pinned(order: Order, members: tuple[Member, ...]) -> dict[str, tuple[str, ...]]:
    """For each part the architectures of nodes that it may run on, where that was asked for."""
    return {each.part.name: each.part.images.architectures for each in members if order.pin}


def prepare(order: Order, facts: Facts, kubectl: Kubectl, drivers: Drivers, *, force: bool) -> Prepared:
    """Look for everything that could be in the way.

    :param force: Whether fields that somebody else changed may be taken.
    :raises SdkError: With what is in the way. Nothing was changed.
    """
    found = members(order)
    places = [
        (
            placement.nodes(_pods(member, order), member.part.images, facts, pinned=order.pin),
            order.brought(member),
            member.part.images,
        )
        for member in found
    ]
    app = App(order.name, found, facts.namespace, facts.version, pinned(order, found))
    refusals.check(app)
    manifests = tuple(objects.manifests(app, drivers))
    *_, known = at_once(
        lambda: inventory.check(kubectl, order.name, manifests),
        lambda: storage.check(kubectl, manifests),
        lambda: remembered(kubectl, order.name),
    )
    prepared = Prepared(order, app, facts, manifests, placement.placed(places), known)
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
    found = [now.named(*each) for each in known.pending.workloads]
    if all(each and each.up and each.version == known.pending.id for each in found):
        return replace(known.succeeded(known.pending), stamp=known.stamp)
    return known


def waves(app: App, manifests: tuple[Manifest, ...]) -> tuple[Wave, ...]:
    """The workloads of *app* so that each comes after those that it needs."""
    needs = {member.part.name: member.part.needs for member in app.members}
    level: dict[str, int] = {}
    for member in app.members:  # each comes after those that it needs
        level[member.part.name] = max((level[need.part] + 1 for need in member.part.needs), default=0)
    ending = {need.part for each in needs.values() for need in each if need.condition == COMPLETED}
    made = [wanted(each) for each in manifests if each["kind"] in WORKLOADS]
    by_part = {member.part.name: each for member, each in zip(app.members, made, strict=True)}
    found = []
    for number in range(max(level.values()) + 1):
        names = [name for name, at in level.items() if at == number]
        last = tuple(by_part[name] for name in names if name in ending)
        found.append(Wave(tuple(by_part[name] for name in names), last))
    return tuple(found)


def _pods(member: Member, order: Order) -> Pods:
    who = repr(member.part.name or order.name)
    choose = "keep them away from there: --pin-architecture; or choose nodes: kubernetes: node_selector:"
    spec = {"nodeSelector": member.said.node_selector}
    return Pods(member.kind, spec, f"the image of {who}", "its pods", who, choose)


def attempt(prepared: Prepared, kubectl: Kubectl, *, force: bool) -> None:
    """Let the server say what it thinks of it all, without doing it."""
    manifests = [*prepared.manifests, release.manifest(replace(prepared.release, pending=prepared.version))]
    at_once(lambda: kubectl.apply(manifests, dry_run=True, force=force), lambda: _try_pods(prepared, kubectl))


def _try_pods(prepared: Prepared, kubectl: Kubectl) -> None:
    try:
        kubectl.run("create", "--dry-run=server", "--filename=-", stdin=_trials(prepared))
    except SdkError as error:
        # who may make workloads need not be allowed to make pods, and a quota has room again when the pods of
        # the version before are gone: then the rollout tells
        again = prepared.release.current is not None
        if not (error.code == "forbidden" and "pods" in error.what) and not (error.code == "quota" and again):
            raise


def _trials(prepared: Prepared) -> bytes:
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
