"""What `k8s-deploy` does for each NAME: look, bring the images, let the cluster change, tell of it."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace

from devtool_plugins import cluster, cluster_nodes, settings, trust
from devtool_plugins.session import Session
from sdk_hooks.core import applications, images
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import app, existing, order, refusals
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.k8s import deploy as core
from sdk_hooks.core.k8s.deploy import How, Outcome
from sdk_hooks.core.k8s.existing import Existing
from sdk_hooks.core.k8s.failures import explained
from sdk_hooks.core.k8s.kubectl import Kubectl, listed
from sdk_hooks.core.k8s.order import Order, Prepared
from sdk_hooks.core.push import registry
from sdk_hooks.core.ui import human, table
from sdk_hooks.errors import SdkError

_AT_ONCE = 16
"""Nodes: a fleet takes about as long as one."""


def run(
    args: argparse.Namespace, session: Session, kubectl: Kubectl, how: How, given: Existing | None = None
) -> int:
    """Deploy each NAME; gives the exit status.

    :param given: The user's own manifests of all of them together.
    """
    orders = [given.order] if given else [of(args, session, wanted) for wanted in args.names]
    if given:
        kubectl = replace(kubectl, namespace=existing.namespace(given, kubectl.namespace))
    facts = facts_of.facts(kubectl, session.plugins.clusters())
    kubectl = replace(kubectl, namespace=facts.namespace)
    for node in facts.nodes:
        if not node.ready:
            session.ui.warning(f"the node {node.name} is not ready")
    target = cluster.node_targets(args, facts)
    outcomes = []
    for wanted in orders:
        begun = time.monotonic()
        if given:
            prepared = existing.prepare(given, wanted, facts, kubectl, force=how.force)
        else:
            prepared = order.prepare(wanted, facts, kubectl, session.plugins.network, force=how.force)
        for text in existing.remarks(given) if given else refusals.warnings(prepared.app):
            session.ui.warning(text)
        if args.dry_run:
            _show(prepared, kubectl)
            continue
        pushed = _push(args, session, wanted)
        sent = cluster_nodes.bring(args, session, prepared, target)
        before, version = prepared.release, prepared.version
        try:
            result = core.execute(prepared, kubectl, how, session.ui)
        except SdkError:
            if how.undo:
                cluster_nodes.forget(args, kubectl, facts, target, (version,), before)
            raise
        if how.wait:
            now = before.succeeded(version)
            cluster_nodes.forget(args, kubectl, facts, target, (before.previous, version), now)
        outcomes.append(
            Outcome(
                wanted.name, result, facts.namespace, f"{facts.distribution.name} {facts.text}",
                sent, pushed, round(time.monotonic() - begun, 1),
            )
        )  # fmt: skip
    if not args.dry_run:
        _tell(args, outcomes)
    return 0


def of(args: argparse.Namespace, session: Session, wanted: str) -> Order:
    """What NAME means.

    :raises SdkError: When there is none, or its signature is not right.
    """
    directory, file = settings.directory(args, session), applications.file(wanted)
    if file is not None:
        settings.refuse(args, file)
        found = applications.load(file)
        parts = applications.assemble(found, file, directory, settings.of_image)
        name = args.name or applications.name(found, file)
    else:
        image = images.find(wanted, directory, args.tag)
        parts = (Part(image, settings.apply(args, image)),)
        name = args.name or image.name.rpartition("/")[2].partition(":")[0]
    trust.check(args, [part.image for part in parts], session.ui)
    return Order(app.checked(name), parts, _references(args, parts), args.pin_architecture)


def _references(args: argparse.Namespace, parts: tuple[Part, ...]) -> dict[str, str]:
    """What the cluster knows images by that it gets out of a registry, by digest."""
    if not args.registry:
        return {}
    place = registry.parse(args.registry)
    images = {part.image.digest: part.image for part in parts}
    return {digest: registry.reference(image, place) for digest, image in images.items()}


def _push(args: argparse.Namespace, session: Session, wanted: Order) -> int:
    """Bring the images to the registry; gives the bytes that were sent.

    :raises SdkError: When it does not take one. Nothing in the cluster was changed.
    """
    if not args.registry:
        return 0
    place = registry.parse(args.registry)
    return sum(registry.push(image, place, session.ui).size for image in wanted.images)


def _show(prepared: Prepared, kubectl: Kubectl) -> None:
    """Print what would change."""
    for node, found in prepared.nodes:
        for image in found:
            print(f"# node {node.name}: image {app.preloaded(image)}")
    result = kubectl.try_(
        "diff",
        "--server-side",
        f"--field-manager={app.MANAGER}",
        "--filename=-",
        stdin=listed(prepared.manifests),
    )
    if result.status > 1:
        raise explained(result.error)
    print(result.output, end="")


def _tell(args: argparse.Namespace, outcomes: list[Outcome]) -> None:
    if args.format == "json":
        print(json.dumps([asdict(each) for each in outcomes], indent=2))
        return
    rows = [("NAME", "RESULT", "NAMESPACE", "CLUSTER", "SENT", "SECONDS"), *map(_row, outcomes)]
    print(table(rows))


def _row(each: Outcome) -> tuple[str, ...]:
    layers, wire = (sum(getattr(b, key) for b in each.nodes.values()) for key in ("layers", "wire"))
    count = f" to {len(each.nodes)} nodes" if len(each.nodes) > 1 else ""
    sent = f"{human(wire)} in {layers} layer{'s' * (layers != 1)}{count}" if wire else "nothing"
    if each.pushed:
        sent = f"{human(each.pushed)} to the registry"
    return (each.name, each.result, each.namespace, each.cluster, sent, f"{each.seconds:.1f}")
