"""What `k8s-deploy` does for each NAME: look, bring the images, let the cluster change, tell of it."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from devtool_plugins import cluster, cluster_images, cluster_nodes, settings, trust
from devtool_plugins.session import Session
from sdk_hooks.core import applications, images
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import app, existing, order, refusals, turns
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.k8s import deploy as core
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.deploy import How, Outcome
from sdk_hooks.core.k8s.existing import Existing
from sdk_hooks.core.k8s.failures import explained
from sdk_hooks.core.k8s.kubectl import Kubectl, listed
from sdk_hooks.core.k8s.order import Order, Prepared
from sdk_hooks.core.ui import human, table
from sdk_hooks.errors import SdkError


def run(
    args: argparse.Namespace, session: Session, kubectl: Kubectl, how: How, given: Existing | None = None
) -> int:
    """Deploy each NAME; gives the exit status.

    :param given: The user's own manifests of all of them together.
    """
    orders = [given.order] if given else [of(args, session, wanted) for wanted in dict.fromkeys(args.names)]
    if given:
        kubectl = replace(kubectl, namespace=existing.namespace(given, kubectl.namespace))
    facts = _facts(args, kubectl, session)
    kubectl = replace(kubectl, namespace=facts.namespace)
    target = cluster.node_targets(args, facts)
    outcomes = []
    for wanted in orders:
        begun = time.monotonic()
        prepared = _prepared(session, wanted, facts, kubectl, how.force or args.dry_run, given)
        if args.dry_run:
            _show(prepared, kubectl)
        else:
            outcomes.append(_deployed(args, session, kubectl, prepared, how, target, begun))
    if not args.dry_run:
        _tell(args, outcomes)
    return 0


def _facts(args: argparse.Namespace, kubectl: Kubectl, session: Session) -> Facts:
    """What the cluster is; nodes that will be passed over are told of."""
    facts = facts_of.facts(kubectl, session.plugins.clusters(), blind=bool(args.registry))
    again = "" if args.registry else ", and gets no images: deploy again when it is"
    for node in facts.nodes:
        if not node.ready:
            session.ui.warning(f"the node {node.name} is not ready{again}")
    if not facts.nodes:
        session.ui.warning("you may not look at the nodes: whether they can run the images is not known")
    return facts


def _ready(kubectl: Kubectl, session: Session) -> set[str]:
    """The nodes that the cluster says are there."""
    facts = facts_of.facts(kubectl, session.plugins.clusters())
    return {node.name for node in facts.nodes if node.ready}


def _prepared(
    session: Session, wanted: Order, facts: Facts, kubectl: Kubectl, force: bool, given: Existing | None
) -> Prepared:
    """
    :raises SdkError: With what speaks against it. Nothing was changed.
    """
    if given:
        prepared = existing.prepare(given, wanted, facts, kubectl, force=force)
    else:
        prepared = order.prepare(wanted, facts, kubectl, session.plugins.network, force=force)
    for text in existing.remarks(given) if given else refusals.warnings(prepared.app):
        session.ui.warning(text)
    return prepared


def _deployed(
    args: argparse.Namespace,
    session: Session,
    kubectl: Kubectl,
    prepared: Prepared,
    how: How,
    target: Callable[[Node], str],
    begun: float,
) -> Outcome:
    """Bring the images, and let the cluster change over.

    :raises SdkError: With the reason when it does not, and what runs now.
    """
    facts, before, version = prepared.facts, prepared.release, prepared.version
    turns.begin(prepared, kubectl)
    try:
        pushed = cluster_images.push(args, session, prepared.order)
        sent = cluster_nodes.bring(args, session, prepared, target, lambda: _ready(kubectl, session))
        prepared = prepared.without({name for name in version.nodes if name not in sent})
    except BaseException:  # also Ctrl-C
        turns.abandon(prepared, kubectl)
        raise
    try:
        result = core.execute(prepared, kubectl, how, session.ui)
    except SdkError:
        if how.undo:
            cluster_nodes.forget(args, kubectl, facts, target, (version,), before)
        raise
    if how.wait:
        now = before.succeeded(version)
        cluster_nodes.forget(args, kubectl, facts, target, (before.previous, version), now)
    seconds = round(time.monotonic() - begun, 1)
    return Outcome(prepared.app.name, result, facts.namespace, facts.name, sent, pushed, seconds)


def of(args: argparse.Namespace, session: Session, wanted: str) -> Order:
    """What NAME means.

    :raises SdkError: When there is none, or its signature is not right.
    """
    directory, file = settings.directory(args, session), applications.file(wanted)
    if file is not None:
        settings.refuse(args, file)
        found = applications.load(file)
        for note in found.notes:
            session.ui.step(note)
        parts = applications.assemble(found, file, directory, settings.of_image, images.find_set)
        name = args.name or applications.name(found, file)
    else:
        found_ = images.find_set(wanted, directory, args.tag)
        parts = (Part(found_.images[0], settings.apply(args, found_.images[0]), variants=found_),)
        name = args.name or app.of_image(found_)
    parts = cluster_images.joined(parts, [Path(each) for each in args.also])
    trust.check(args, [image for part in parts for image in part.images.images], session.ui)
    return Order(app.checked(name), parts, cluster_images.references(args, parts), args.pin_architecture)


def _show(prepared: Prepared, kubectl: Kubectl) -> None:
    """Print what would change."""
    for node, found in prepared.nodes:
        for image in found:
            print(f"# node {node.name}: image {image.name}")
    result = kubectl.try_(
        "diff",
        "--server-side",
        "--force-conflicts",  # what would be in conflict is just what is to be seen
        f"--field-manager={app.MANAGER}",
        "--filename=-",
        stdin=listed(prepared.manifests),
    )
    if result.status > 1:
        raise explained(result.error)
    print(result.output, end="")
    for name in core.superfluous(kubectl, prepared.app.name, prepared.manifests):
        print(f"# removed when it is up: {name}")


def _tell(args: argparse.Namespace, outcomes: list[Outcome]) -> None:
    if args.format == "json":
        print(json.dumps([asdict(each) for each in outcomes], indent=2))
        return
    rows = [("NAME", "RESULT", "NAMESPACE", "CLUSTER", "SENT", "SECONDS"), *map(_row, outcomes)]
    print(table(rows))


def _row(each: Outcome) -> tuple[str, ...]:
    given = [brought for brought in each.nodes.values() if brought.wire]
    layers, wire = (sum(getattr(brought, key) for brought in given) for key in ("layers", "wire"))
    count = f" to {len(given)} nodes" if len(given) > 1 else ""
    sent = f"{human(wire)} in {layers} layer{'s' * (layers != 1)}{count}" if wire else "nothing"
    if each.pushed:
        sent = f"{human(each.pushed)} to the registry"
    return (each.name, each.result, each.namespace, each.cluster, sent, f"{each.seconds:.1f}")
