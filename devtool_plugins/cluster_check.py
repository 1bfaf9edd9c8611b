"""`k8s-deploy --check-nodes`: whether machines can be nodes, and what a Yocto build has to change for it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict

from devtool_plugins import cluster
from devtool_plugins.session import Session
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.k8s import cluster as facts_of
from sdk_hooks.core.nodecheck import findings, preflight
from sdk_hooks.core.nodecheck.facts import Facts
from sdk_hooks.core.nodecheck.findings import Finding
from sdk_hooks.core.ui import table
from sdk_hooks.errors import SdkError, UnknownPluginError, UsageError
from sdk_hooks.kubernetes import Cluster


def run(args: argparse.Namespace, session: Session) -> int:
    """Look at the machines that are named, or at all nodes of the cluster; gives the exit status."""
    known, targets = _wanted(args, session)
    answers = fleet.each(
        [*targets],
        lambda target: (target, cluster.options(args)),
        lambda connection: preflight.ask(connection, known.needs),
    )
    failed = [answer for answer in answers if isinstance(answer, SdkError)]
    if len(answers) == 1 and failed:
        raise failed[0]
    facts = {}
    for name, answer in zip(targets.values(), answers, strict=True):
        if isinstance(answer, SdkError):
            session.ui.error(f"{name}: {answer}")
        else:
            facts[name] = answer
    found = _judged(facts, known, worker=args.worker)
    _tell(args, session, found)
    return max([int(bool(failed)), *(findings.status(each) for each in found.values())])


def _judged(facts: Mapping[str, Facts], known: Cluster, *, worker: bool) -> dict[str, tuple[Finding, ...]]:
    """What is found of each machine, and, without a name, of them all together."""
    found = {name: preflight.judge(each, known.needs, worker=worker) for name, each in facts.items()}
    return {**found, **({"": preflight.alike(facts)} if len(facts) > 1 else {})}


def _wanted(args: argparse.Namespace, session: Session) -> tuple[Cluster, dict[str, str]]:
    """The distribution, and for each target what it is called.

    :raises SdkError: When there is no such distribution, or no cluster to ask.
    """
    clusters = session.plugins.clusters()
    if args.distribution and args.distribution not in clusters:
        raise UnknownPluginError("cluster", args.distribution, clusters)
    if args.names:
        if not args.distribution:
            raise UsageError(
                "--check-nodes of machines wants to know what they are to run",
                hint=f"say it: --distribution {'|'.join(sorted(clusters))}",
            )
        return clusters[args.distribution], {name: name for name in args.names}
    with cluster.kubectl(args, session) as kubectl:
        facts = facts_of.facts(kubectl, clusters)
    target = cluster.node_targets(args, facts)
    known = clusters[args.distribution] if args.distribution else facts_of.known(facts)
    return known, {target(node): node.name for node in facts.nodes}


def _tell(args: argparse.Namespace, session: Session, found: Mapping[str, tuple[Finding, ...]]) -> None:
    if args.format == "json":
        print(
            json.dumps(
                [{"node": name, "findings": [asdict(f) for f in each]} for name, each in found.items()],
                indent=2,
            )
        )
        return
    rows = [(name, *row) for name, each in found.items() for row in findings.lines(each) if row[0] != "ok"]
    if rows:
        print(table([("NODE", "LEVEL", "WHAT", "DETAIL", "FIX"), *rows]))
    fine = sum(finding.level == "ok" for each in found.values() for finding in each)
    session.ui.step(f"{fine} things are as they should be" + ("" if rows else ", and nothing is missing"))
    fragment = findings.fragment(finding for each in found.values() for finding in each)
    if fragment:
        session.ui.step(f"as a kernel fragment, in SRC_URI of the kernel's .bbappend:\n{fragment}".rstrip())
