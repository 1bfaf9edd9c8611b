"""The ways to the nodes of a cluster: images are brought there, and forgotten."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from devtool_plugins import cluster
from devtool_plugins.session import Session
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.k8s import inventory, preload
from sdk_hooks.core.k8s.cluster import Facts, Node
from sdk_hooks.core.k8s.kubectl import Kubectl, Recent
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.k8s.release import Release, Version
from sdk_hooks.errors import SdkError
from sdk_hooks.kubernetes import NodeStore

_AT_ONCE = 16
"""Nodes: a fleet takes about as long as one."""
_LOST = "connection-lost"
_AWAY = (_LOST, "unreachable")
"""Codes of what a node that is off gives."""
_NOTICED, _PAUSE = 60.0, 2.0
"""Seconds: a cluster notices when a kubelet has been silent for 40, or 50; and those between two looks."""


def bring(
    args: argparse.Namespace,
    session: Session,
    prepared: Prepared,
    target: Callable[[Node], str],
    ready: Callable[[], Collection[str]],
) -> Mapping[str, Brought]:
    """Bring the images to all nodes at once; gives what each was sent that is there.

    :param ready: Gives the names of the nodes that the cluster says are there now.
    :raises SdkError: When a node does not take one. Nothing in the cluster was changed.
    """
    wanted = [(node, found) for node, found in prepared.nodes if found]
    jobs = {target(node): (_store(prepared.facts, node), found) for node, found in wanted}

    def work(connection: Connection) -> Brought:
        store, found = jobs[connection.name]
        return preload.bring(connection, store, found, session.ui, packer)

    with Packer(len(jobs)) as packer:
        answers = fleet.each([*jobs], lambda place: (place, cluster.options(args)), work, _AT_ONCE)
    found = list(zip(wanted, answers, strict=True))
    failed = [(node, each) for (node, _), each in found if isinstance(each, SdkError)]
    for node, error in failed:
        if error.code not in _AWAY:
            raise _not_brought(node, error)
    for node, error in _there(failed, ready, session):
        raise _not_brought(node, error)
    for node, _ in failed:
        text = f"the node {node.name} is not ready any more, and gets no images: deploy again when it is"
        session.ui.warning(text)
    return {node.name: each for (node, _), each in found if not isinstance(each, SdkError)}


def _there(
    failed: Sequence[tuple[Node, SdkError]], ready: Callable[[], Collection[str]], session: Session
) -> Sequence[tuple[Node, SdkError]]:
    """Those of *failed* that are there, as the cluster has it: it takes it a while to notice."""
    patience = _NOTICED if any(error.code == _LOST for _, error in failed) else 0
    deadline = time.monotonic() + patience
    if patience:
        names = ", ".join(node.name for node, _ in failed)
        session.ui.step(f"{names}: the connection was lost: waiting for what the cluster says of it")
    while failed:
        known = ready()
        failed = [(node, error) for node, error in failed if node.name in known]
        if not failed or time.monotonic() >= deadline:
            break
        time.sleep(_PAUSE)
    return failed


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
    used = Recent(lambda: inventory.images_in_use(kubectl))

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
    if error.code in _AWAY:
        hint = f"the cluster says it is ready; is it off? leave it out: kubectl cordon {node.name}"
        error = SdkError(error.what, detail=error.detail, hint=hint, code=error.code)
    return SdkError(
        f"the node {node.name!r} can't be given the images: {error.what}",
        detail=error.detail,
        hint=error.hint or f"log in otherwise: --node {node.name}=USER@HOST; or use a registry: --registry",
        code=error.code,
    )
