"""The ways to the nodes of a cluster: images are brought there, and forgotten."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping

from devtool_plugins import cluster
from devtool_plugins.session import Session
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.k8s import inventory, preload
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.k8s.release import Release, Version
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import NodeStore

_AT_ONCE = 16
"""Nodes: a fleet takes about as long as one."""


def bring(
    args: argparse.Namespace, session: Session, prepared: Prepared, target: Callable[[Node], str]
) -> Mapping[str, Brought]:
    """Bring the images to all nodes at once.

    :raises SdkError: When a node does not take one. Nothing in the cluster was changed.
    """
    wanted = [(node, found) for node, found in prepared.nodes if found]
    jobs = {target(node): (_store(prepared.facts, node), found) for node, found in wanted}

    def work(connection: Connection) -> Brought:
        store, found = jobs[connection.name]
        return preload.bring(connection, store, found, session.ui, packer)

    with Packer(len(jobs)) as packer:
        answers = fleet.each([*jobs], lambda place: (place, cluster.options(args)), work, _AT_ONCE)
    sent = {}
    for (node, _), answer in zip(wanted, answers, strict=True):
        if isinstance(answer, SdkError):
            raise _not_brought(node, answer)
        sent[node.name] = answer
    return sent


def forget(
    args: argparse.Namespace,
    kubectl: Kubectl,
    facts: Facts,
    target: Callable[[Node], str],
    versions: Iterable[Version | None],
    kept: Release,
) -> None:
    """Let nodes forget the images of *versions*, and others of these names, but not those of *kept*.

    A node that can't be reached is left as it is.
    """
    known = [version for version in versions if version]
    names = {name for version in known for name in version.images}
    nodes = {name for version in known for name in version.nodes}
    jobs = {target(node): node for node in facts.nodes if node.name in nodes}
    if not jobs:
        return
    used = inventory.images_in_use(kubectl)

    def work(connection: Connection) -> None:
        preload.forget(connection, _store(facts, jobs[connection.name]), names, kept.images, used)

    fleet.each([*jobs], lambda place: (place, cluster.options(args)), work, _AT_ONCE)


def _store(facts: Facts, node: Node) -> NodeStore:
    store = facts_of.known(facts).store(node.runtime)
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
