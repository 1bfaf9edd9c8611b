"""`k8s-deploy` with files: written instead of asking a cluster, and those of the user as input."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from devtool_plugins import settings, targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devtool_plugins.session import Session
    from sdk_hooks.core.k8s.existing import Existing
    from sdk_hooks.core.k8s.kept import Generated, Plan
    from sdk_hooks.core.k8s.order import Order


def add_arguments(group: argparse._ActionsContainer) -> None:
    """Options that say where files are written to."""
    group.add_argument(
        "--output",
        action=targets.Given,
        default="",
        metavar="DIR",
        help="write a base for kustomize, with overlays; ask no cluster (--registry pushes, too)",
    )
    group.add_argument(
        "--helm",
        action=targets.Given,
        default="",
        metavar="DIR",
        help="write a chart for helm; ask no cluster (--registry pushes, too)",
    )


def add_input(parser: argparse.ArgumentParser) -> None:
    """Options that say what files are made of."""
    group = parser.add_argument_group("files")
    group.add_argument(
        "--manifests",
        action=targets.Given,
        default="",
        metavar="DIR",
        help="deploy what DIR has, with these images; with --output: write it with these images",
    )
    group.add_argument(
        "--kubernetes-version",
        default="",
        metavar="VERSION",
        help="with --output and --helm: what to write for (default: the newest known)",
    )


def check(args: argparse.Namespace) -> None:
    """
    :raises UsageError: When options do not go together.
    """
    from sdk_hooks.core.k8s import offline
    from sdk_hooks.errors import UsageError

    offline.version(args.kubernetes_version)
    if args.manifests:
        settings.refuse(args, Path(args.manifests))
    for one, other, hint in _apart(args):
        raise UsageError(f"{one} and {other} do not go together", hint=hint)
    if args.kubernetes_version and not (args.output or args.helm):
        raise UsageError("--kubernetes-version is for files", hint="write them: --output DIR, --helm DIR")
    if args.manifests and args.output and _inside(args.manifests, args.output):
        raise UsageError("--output is in the directory of --manifests", hint="write to another one")
    if args.manifests and len(args.names) > 1 and not args.name:
        raise UsageError("--manifests with several NAMEs wants a name", hint="say one for all: --name NAME")


def _apart(args: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Options that make no sense together, with what to do."""
    several = len(args.names) > 1
    found = [
        (args.helm and args.manifests, "--helm", "--manifests", "write a chart without --manifests"),
        (args.helm and args.namespace, "--helm", "--namespace", "say it then: helm install --namespace"),
        (args.helm and several, "--helm", "several NAMEs", "write a chart for each"),
        (
            args.manifests and args.pin_architecture,
            "--manifests",
            "--pin-architecture",
            "choose nodes in the manifests: nodeSelector:",
        ),
        (args.manifests and args.kubernetes_version, "--manifests", "--kubernetes-version", "leave one out"),
    ]
    return [(one, other, hint) for wrong, one, other, hint in found if wrong]


def _inside(one: str, other: str) -> bool:
    return Path(other).resolve().is_relative_to(Path(one).resolve())


def given(args: argparse.Namespace, session: Session) -> Existing:
    """The user's manifests, with the images of the NAMEs.

    :raises SdkError: When one can't be read, or has none of the images.
    """
    from devtool_plugins import cluster_order
    from sdk_hooks.core.k8s import app, existing, manifestfiles

    orders = [cluster_order.of(args, session, wanted) for wanted in args.names]
    files = manifestfiles.read(Path(args.manifests), lambda place: _rendered(place, session))
    name = app.checked(args.name) if args.name else orders[0].name
    return existing.of(existing.joined(orders, name), files, args.manifests)


def _rendered(place: Path, session: Session) -> str:
    """What kustomize makes of the directory *place*.

    :raises SdkError: With what it says when it fails.
    """
    from sdk_hooks.core.deploy.connection import Local
    from sdk_hooks.core.k8s.kubectl import Kubectl, here
    from sdk_hooks.errors import SdkError

    kubectl = Kubectl(Local(), here(session.plugins.clusters()))
    result = kubectl.try_("kustomize", str(place))
    if result.status:
        hint = f"try it by hand: kubectl kustomize {place}"
        raise SdkError(
            f"'{place}' can't be built by kustomize", detail=result.error.strip(), hint=hint, code="kustomize"
        )
    return result.output


def write(args: argparse.Namespace, session: Session) -> int:
    """Write files instead of asking a cluster; gives the exit status."""
    from devtool_plugins import cluster_images
    from sdk_hooks.core import locks
    from sdk_hooks.core.k8s import kept

    directory = Path(args.output or args.helm)
    with locks.held("k8s-files", directory):
        made = _given_files(args, session) if args.manifests else _made(args, session, directory)
        plan = kept.plan(directory, made.files)
        for each in made.orders:  # files are not to name what nobody can pull
            cluster_images.push(args, session, each)
        kept.write(plan)
    secrets = sorted(path for path in plan.private if plan.texts.get(path))
    for text in (*plan.remarks, *(f"'{directory / path}' is secret: publish it nowhere" for path in secrets)):
        session.ui.warning(text)
    if not args.registry:
        session.ui.step(_unpushed(args, directory))
    _tell(args, plan)
    return 0


def _unpushed(args: argparse.Namespace, directory: Path) -> str:
    """How nodes get images that are in no registry."""
    what = "no registry has these images"
    if len(args.names) > 1 and not args.manifests:  # --manifests is for one application
        return f"{what}: push them: --registry"
    first = f"helm template {directory} >FILE; " if args.helm else ""
    place = "FILE" if args.helm else directory if args.manifests else directory / "base"
    name = f" --name {args.name}" if args.name else ""
    how = f"{first}k8s-deploy {' '.join(args.names)}{name} --manifests {place}"
    return f"{what}: {how} brings them to the nodes; or push them: --registry"


class _Made(NamedTuple):
    """What is to be written, and what is in the images that it names."""

    files: Mapping[str, Generated]
    orders: Sequence[Order]


def _given_files(args: argparse.Namespace, session: Session) -> _Made:
    from sdk_hooks.core.k8s import existing
    from sdk_hooks.core.k8s.kept import Generated

    found = given(args, session)
    for text in existing.remarks(found):
        session.ui.warning(text)
    return _Made({file.path: Generated(file.text) for file in found.files}, [found.order])


def _made(args: argparse.Namespace, session: Session, directory: Path) -> _Made:
    """The files of a chart, or of a base with overlays."""
    from devtool_plugins import cluster_order
    from sdk_hooks.core.k8s import chart, kept, kustomize, offline, refusals

    version = offline.version(args.kubernetes_version)
    orders = [cluster_order.of(args, session, wanted) for wanted in args.names]
    apps = [offline.app(each, version) for each in orders]
    for each in apps:
        for text in refusals.warnings(each):
            session.ui.warning(text)
    objects = [offline.manifests(each, session.plugins.network) for each in apps]
    if args.helm:
        return _Made(chart.files(apps[0], objects[0], version), orders)
    gone = kept.removed(directory)
    manifests = [each for listed in objects for each in listed]
    files = kustomize.files(manifests, _name(orders, directory), args.namespace, version, gone)
    return _Made(files, orders)


def _name(orders: list[Order], directory: Path) -> str:
    """What namespaces are called after."""
    from sdk_hooks.core.k8s import app

    return orders[0].name if len(orders) == 1 else app.label(directory.resolve().name) or orders[0].name


def _tell(args: argparse.Namespace, plan: Plan) -> None:
    import json

    from sdk_hooks.core.ui import table

    if args.format == "json":
        print(json.dumps([{"file": each.path, "result": each.result} for each in plan.done], indent=2))
        return
    rows = [
        (str(plan.directory / each.path), each.result) for each in plan.done if each.result != "unchanged"
    ]
    print(table([("FILE", "RESULT"), *rows]) if rows else f"{plan.directory}: unchanged")
