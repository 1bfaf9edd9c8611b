"""`networks`: the networks of a container or an application, for who makes them otherwise."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.container import Network

NAME = "networks"
HELP = "Print networks: of container.yaml as CNI configurations, or for multus"
DESCRIPTION = (
    HELP + ". One CNI network configuration list for each network, as /etc/cni/net.d has them, or "
    "NetworkAttachmentDefinitions for kubectl apply."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", help="container.yaml, the file of an application, or a compose file"
    )
    parser.add_argument("--format", choices=("cni", "multus"), default="cni", help="form of the answer")
    parser.add_argument(
        "--namespace", default="", help="with multus: the namespace (default: that of kubectl)"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    import json

    from sdk_hooks.core import cni

    found = _networks(args.file)
    drivers = [session.plugins.network(network.driver) for network in found]
    # with multus a pod has its default route on the cluster's own network
    default = args.format == "cni"
    lists = [cni.shared(*pair, default=default) for pair in zip(found, drivers, strict=True)]
    if args.format == "cni":
        print(json.dumps(lists, indent=2))
        return 0
    items = [cni.attachment(each, args.namespace) for each in lists]
    print(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2))
    return 0


def _networks(wanted: str) -> tuple[Network, ...]:
    """The networks that the file *wanted* has.

    :raises SdkError: When it has none.
    """
    from dataclasses import replace
    from pathlib import Path

    from sdk_hooks.core import applications
    from sdk_hooks.core.spec import read
    from sdk_hooks.errors import SdkError

    path = Path(wanted)
    if applications.several(path):
        application = applications.load(path)
        name, found = applications.name(application, path), tuple(application.networks.values())
    else:
        spec = read.load(path)
        name, found = spec.name or "", spec.networks or ()
    if not found:
        raise SdkError(f"'{path}' has no networks", hint="describe them: networks:", code="no-network")
    made = (each for each in found if not each.external)
    return tuple(replace(each, name=f"{name}-{each.name}".lstrip("-")) for each in made)
