"""The options that choose a cluster, and the ways to it and to its nodes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from devtool_plugins import targets

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.deploy.connection import Options
    from sdk_hooks.core.k8s.cluster import Facts, Node
    from sdk_hooks.core.k8s.kubectl import Kubectl


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("cluster")
    group.add_argument(
        "--context", action=targets.Given, default="", help="of the kubeconfig (default: its current one)"
    )
    group.add_argument(
        "--kubeconfig", action=targets.Given, default="", metavar="FILE", help="(default: as kubectl has it)"
    )
    group.add_argument(
        "--via",
        action=targets.Given,
        default="",
        metavar="TARGET",
        help="a machine of the cluster, whose own kubectl is used by ssh",
    )
    group.add_argument(
        "--namespace", action=targets.Given, default="", metavar="NAME", help="(default: that of the context)"
    )
    group.add_argument(
        "--node",
        action="append",
        default=[],
        metavar="NAME=TARGET",
        help="how to log in to a node by ssh (default: its address, as the user of --via); may be repeated",
    )
    targets.add_arguments(parser)


def check(args: argparse.Namespace) -> None:
    """
    :raises UsageError: When there can't be such a namespace: files are written without asking a cluster.
    """
    import re

    from sdk_hooks.errors import UsageError

    if args.namespace and not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", args.namespace):
        raise UsageError(
            f"--namespace: {args.namespace!r} can't be the name of a namespace",
            hint="1 to 63 lower-case letters, digits and hyphens",
        )


@contextmanager
def kubectl(args: argparse.Namespace, session: Session) -> Iterator[Kubectl]:
    """kubectl as the options choose it.

    :raises SdkError: When there is none.
    """
    from sdk_hooks.core.deploy.connection import Local, connect
    from sdk_hooks.core.k8s import kubectl as core

    clusters = session.plugins.clusters()
    options = (
        *(("--kubeconfig", args.kubeconfig) if args.kubeconfig else ()),
        *(("--context", args.context) if args.context else ()),
    )
    if not args.via:
        yield core.Kubectl(Local(), core.here(clusters), options, args.namespace)
        return
    with connect(*targets.resolver(args, session)(args.via)) as connection:
        yield core.Kubectl(connection, core.there(connection, clusters), options, args.namespace)


def node_targets(args: argparse.Namespace, facts: Facts) -> Callable[[Node], str]:
    """Gives, for a node, the target by which one logs in to it.

    :raises UsageError: When --node names none.
    """
    from sdk_hooks.errors import UsageError, did_you_mean

    known = {node.name for node in facts.nodes}
    said: dict[str, str] = {}
    for text in args.node:
        name, equals, place = text.partition("=")
        if not equals or not place:
            raise UsageError(f"--node {text!r} has no '='", hint="write it like --node NAME=root@192.168.7.2")
        if known and name not in known:  # nobody may look at them otherwise
            near = did_you_mean(name, known) or f"there are: {', '.join(sorted(known))}"
            raise UsageError(f"--node: the cluster has no node {name!r}", hint=near)
        if place in said.values():
            raise UsageError(f"--node: two nodes are {place!r}", hint="give each its own")
        said[name] = place
    via = str(args.via)
    user = f"{via.rpartition('@')[0]}@" if "@" in via else ""

    def target(node: Node) -> str:
        if node.name in said:
            return said[node.name]
        if via and len(facts.nodes) == 1:
            return via
        host = f"[{node.address}]" if ":" in node.address else node.address
        return f"{user}{host}"

    return target


def options(args: argparse.Namespace) -> Options:
    """What was said about ssh."""
    from sdk_hooks.core.deploy.connection import Options

    return Options(args.ssh_config, "", not args.no_host_check, tuple(args.ssh_option))
