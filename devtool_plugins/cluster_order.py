"""What `k8s-deploy` does for each NAME: look, bring the images, let the cluster change, tell of it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace

from devtool_plugins import cluster, settings, trust
from devtool_plugins.session import Session
from sdk_hooks.core import applications, images
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import app, order, preload, refusals
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.k8s import deploy as core
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.deploy import How, Outcome
from sdk_hooks.core.k8s.failures import explained
from sdk_hooks.core.k8s.kubectl import Kubectl, listed
from sdk_hooks.core.k8s.order import Order, Prepared
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.ui import human, table
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import NodeStore

_AT_ONCE = 16
"""Nodes: a fleet takes about as long as one."""


def run(args: argparse.Namespace, session: Session, kubectl: Kubectl, how: How) -> int:
    """Deploy each NAME; gives the exit status."""
    orders = [_order(args, session, wanted) for wanted in args.names]
    facts = facts_of.facts(kubectl, session.plugins.clusters())
    kubectl = replace(kubectl, namespace=facts.namespace)
    for node in facts.nodes:
        if not node.ready:
            session.ui.warning(f"the node {node.name} is not ready")
    target = cluster.node_targets(args, facts)
    outcomes = []
    for wanted in orders:
        begun = time.monotonic()
        prepared = order.prepare(wanted, facts, kubectl, session.plugins.network, force=how.force)
        for text in refusals.warnings(prepared.app):
            session.ui.warning(text)
        if args.dry_run:
            _show(prepared, kubectl)
            continue
        targets = {node.name: target(node) for node, _ in prepared.nodes}
        sent = _bring(args, session, prepared, targets)
        result = core.execute(prepared, kubectl, how, session.ui)
        if how.wait:
            _forget(args, prepared, targets)
        outcomes.append(
            Outcome(
                wanted.name, result, facts.namespace, f"{facts.distribution.name} {facts.text}",
                sent, round(time.monotonic() - begun, 1),
            )
        )  # fmt: skip
    if not args.dry_run:
        _tell(args, outcomes)
    return 0


def _order(args: argparse.Namespace, session: Session, wanted: str) -> Order:
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
    return Order(app.checked(name), parts, {}, args.pin_architecture)


def _bring(
    args: argparse.Namespace, session: Session, prepared: Prepared, targets: Mapping[str, str]
) -> Mapping[str, Brought]:
    """Bring the images to all nodes at once.

    :raises SdkError: When a node does not take one. Nothing in the cluster was changed.
    """
    wanted = [(node, found) for node, found in prepared.nodes if found]
    if not wanted:
        return {}

    jobs = {targets[node.name]: (_store(prepared.facts, node), found) for node, found in wanted}

    def work(connection: Connection) -> Brought:
        store, found = jobs[connection.name]
        return preload.bring(connection, store, found, session.ui)

    answers = fleet.each([*jobs], lambda target: (target, cluster.options(args)), work, _AT_ONCE)
    found = {}
    for (node, _), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, SdkError):
            raise _not_brought(node, answer)
        found[node.name] = answer
    return found


def _store(facts: Facts, node: Node) -> NodeStore:
    store = facts.distribution.store(node.runtime)
    if store is None:
        raise SdkError(
            f"images can't be brought to {node.name!r}, whose runtime is {node.runtime}",
            hint="use a registry: --registry",
            code="no-node-images",
        )
    return store


def _not_brought(node: Node, error: SdkError) -> SdkError:
    return SdkError(
        f"the node {node.name!r} can't be given the images: {error.what}",
        detail=error.detail,
        hint=error.hint or f"log in otherwise: --node {node.name}=USER@HOST; or use a registry: --registry",
        code=error.code,
    )


def _forget(args: argparse.Namespace, prepared: Prepared, targets: Mapping[str, str]) -> None:
    """Let nodes forget versions that nobody can go back to; a node that can't is left as it is."""
    wanted = {targets[node.name]: node for node, found in prepared.nodes if found}
    keep = prepared.release.succeeded(prepared.version).images

    def work(connection: Connection) -> None:
        preload.forget(
            connection, _store(prepared.facts, wanted[connection.name]), prepared.order.images, keep
        )

    fleet.each([*wanted], lambda target: (target, cluster.options(args)), work, _AT_ONCE)


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
    return (each.name, each.result, each.namespace, each.cluster, sent, f"{each.seconds:.1f}")
