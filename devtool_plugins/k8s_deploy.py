"""`k8s-deploy`: let a Kubernetes cluster run an image, or an application of several."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from devtool_plugins import cluster, cluster_files, settings, targets, trust

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.core.k8s.deploy import How
    from sdk_hooks.core.k8s.kubectl import Kubectl

NAME = "k8s-deploy"
HELP = "Run containers on a Kubernetes cluster, sending nodes only what they lack"
DESCRIPTION = (
    "Brings the images of each NAME to the nodes that may run them, over ssh and only the layers that each "
    "lacks, or to a registry; applies what container.yaml says as objects of Kubernetes, watches them come "
    "up, and goes back to the version before when they do not."
)
_ACTIONS = ("dry_run", "status", "rollback", "delete", "logs", "output", "helm", "watch", "check_nodes")
_BELONGS = {
    "follow": "logs", "volumes": "delete", "worker": "check_nodes", "distribution": "check_nodes",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="name of a built image, path of an OCI layout, or the file of an application",
    )
    parser.add_argument("--tag", default="latest", help="tag of the image (default: latest)")
    parser.add_argument("-o", dest="directory", metavar="DIR", help="where container-build -o put the image")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="DIR",
        help="where another SDK has the same image, for nodes of its architecture; may be repeated",
    )
    parser.add_argument("--name", metavar="NAME", help="name of the objects (default: the image's)")
    _add_actions(parser)
    cluster_files.add_input(parser)
    _add_rollout(parser)
    trust.add_verify(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the answer")
    settings.add_arguments(parser)
    cluster.add_arguments(parser)


def _add_actions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("instead of deploying")
    one = group.add_mutually_exclusive_group()
    one.add_argument("-n", "--dry-run", action="store_true", help="show what would change there")
    one.add_argument("--status", action="store_true", help="show what runs; without NAME all of ours")
    one.add_argument("--rollback", action="store_true", help="go back to the version before")
    one.add_argument("--delete", action="store_true", help="remove all of it but its storage")
    one.add_argument("--logs", action="store_true", help="print what its containers print")
    cluster_files.add_arguments(one)
    one.add_argument("--watch", action="store_true", help="deploy, and again whenever the sources change")
    one.add_argument(
        "--check-nodes",
        action="store_true",
        help="whether the machines NAME, or all nodes of the cluster, have what a node needs",
    )
    group.add_argument(
        "--distribution", default="", metavar="NAME", help="with --check-nodes: of which cluster"
    )
    group.add_argument("--worker", action="store_true", help="with --check-nodes: without the control plane")
    group.add_argument("-f", "--follow", action="store_true", help="with --logs: until Ctrl-C")
    group.add_argument("--lines", type=int, default=200, metavar="N", help="with --logs (default: 200)")
    group.add_argument("--volumes", action="store_true", help="with --delete: its storage, too")


def _add_rollout(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("rollout")
    group.add_argument(
        "--registry",
        action=targets.Given,
        default="",
        metavar="HOST[:PORT][/PATH]",
        help="push the images there, for the nodes to pull (default: bring them to the nodes by ssh)",
    )
    group.add_argument("--no-wait", action="store_true", help="do not wait until it is up")
    group.add_argument("--timeout", default="180s", help="how long to wait for that (default: 180s)")
    group.add_argument("--no-undo", action="store_true", help="leave it as it is when it does not come up")
    group.add_argument(
        "--pin-architecture", action="store_true", help="keep pods from nodes that their image is not for"
    )
    group.add_argument(
        "--force-conflicts", action="store_true", help="take fields that somebody else has changed"
    )


def run(args: argparse.Namespace, session: Session) -> int:
    from devtool_plugins import cluster_view

    _check(args)
    if args.check_nodes:
        from devtool_plugins import cluster_check

        return cluster_check.run(args, session)
    if args.output or args.helm:
        return cluster_files.write(args, session)
    if args.watch:
        from devtool_plugins.watch import watch

        args.image = args.names[0]
        return watch(args, session, deploy)
    with cluster.kubectl(args, session) as kubectl:
        if args.status or args.logs or args.delete or args.rollback:
            kubectl.server()  # whether it is there at all
        if args.status:
            return cluster_view.status(args, session, kubectl)
        if args.logs:
            return cluster_view.logs(args, kubectl, name_of(args, session, args.names[0]))
        if args.delete or args.rollback:
            return _change(args, session, kubectl)
        return _deploy(args, session, kubectl)


def deploy(args: argparse.Namespace, session: Session) -> int:
    """Deploy once; gives the exit status."""
    with cluster.kubectl(args, session) as kubectl:
        return _deploy(args, session, kubectl)


def how(args: argparse.Namespace) -> How:
    """What was said about the rollout.

    :raises UsageError: When the time makes no sense.
    """
    from sdk_hooks.core.k8s.deploy import How
    from sdk_hooks.core.spec import texts
    from sdk_hooks.errors import UsageError

    try:
        timeout = texts.duration(args.timeout)
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from error
    return How(timeout, not args.no_wait, not args.no_undo, args.force_conflicts)


def _check(args: argparse.Namespace) -> None:
    """
    :raises UsageError: When options do not go together.
    """
    from sdk_hooks.errors import UsageError

    doing = [name for name in _ACTIONS if getattr(args, name)]
    args.logs = args.logs or (args.follow and not doing)
    for option, action in _BELONGS.items():
        if getattr(args, option) and action not in doing and not (args.logs and action == "logs"):
            said = action.replace("_", "-")
            raise UsageError(f"--{option} is for --{said}", hint="leave it out, or say both")
    if not args.names and not (args.status or args.check_nodes):
        raise UsageError("no NAME is given", hint="name what to deploy: k8s-deploy NAME")
    if len(args.names) > 1 and ((args.name and not args.manifests) or args.watch or args.logs):
        option = "--name" if args.name and not args.manifests else "--watch" if args.watch else "--logs"
        raise UsageError(f"{option} is for one NAME", hint="give one")
    if args.lines < 0:
        raise UsageError(f"--lines is {args.lines}", hint="give how many lines to show, 0 for none")
    cluster.check(args)
    cluster_files.check(args)
    how(args)


def name_of(args: argparse.Namespace, session: Session, wanted: str) -> str:
    """What the objects of *wanted* are called, also when its image is no longer here."""
    from contextlib import suppress
    from pathlib import Path

    from sdk_hooks.core import applications, images
    from sdk_hooks.core.k8s import app
    from sdk_hooks.errors import SdkError

    file = applications.file(wanted)
    if args.name:
        return app.checked(args.name)
    if file is not None:
        return app.checked(applications.name(applications.load(file), file))
    with suppress(SdkError):
        return app.checked(app.of_image(images.find_set(wanted, settings.directory(args, session), args.tag)))
    return app.checked(Path(wanted).name)


def _change(args: argparse.Namespace, session: Session, kubectl: Kubectl) -> int:
    from sdk_hooks.core.k8s import deploy as core

    for wanted in args.names:
        name = name_of(args, session, wanted)
        if args.rollback:
            core.rollback(kubectl, name, how(args), session.ui)
            print(f"{name}: rolled back")
            continue
        _delete(args, session, kubectl, name)
    return 0


def _delete(args: argparse.Namespace, session: Session, kubectl: Kubectl, name: str) -> None:
    from devtool_plugins import cluster_nodes
    from sdk_hooks.core.k8s import cluster as facts_of
    from sdk_hooks.core.k8s import release, removal

    known = release.read(kubectl, name)
    kept = removal.delete(kubectl, name, how(args), storage=args.volumes)
    print(f"{name}: removed")
    if kept:
        session.ui.step(f"{name}: kept: {', '.join(kept)}; remove it, too: --delete --volumes")
    versions = (known.current, known.previous, known.pending)
    if any(version and version.nodes for version in versions):
        facts = facts_of.facts(kubectl, session.plugins.clusters())
        target = cluster.node_targets(args, facts)
        cluster_nodes.forget(args, kubectl, facts, target, versions, release.Release(name))


def _deploy(args: argparse.Namespace, session: Session, kubectl: Kubectl) -> int:
    from devtool_plugins import cluster_order

    given = cluster_files.given(args, session) if args.manifests else None
    return cluster_order.run(args, session, kubectl, how(args), given)
