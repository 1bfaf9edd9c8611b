"""How much longer k8s-deploy takes, from the first object that it changes to its end, than the pod takes.

TEST_KUBECONFIG=FILE TEST_NODES='root@ADDRESS ...' [TEST_SSH_KEY=FILE] python -m benchmarks.rollout
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import measure, wire
from benchmarks.measure import Skipped

sys.path.insert(0, str(measure.ROOT / "tests"))  # where pytest finds them, too
from integration.cluster import WANTED, Cluster, given, namespace
from integration.tester import Cli

BAR = 5.0
"""Seconds."""
_LINE = '{.kind} {.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}'


class Seen(NamedTuple):
    """That an object has changed."""

    at: float
    kind: str
    name: str
    ready: bool


class Rollout(NamedTuple):
    """Seconds that one took."""

    up: float
    """From the first object that changed to that the version is kept as the one that runs."""
    pod: float
    """From the first new pod to that the last was ready."""
    tidied: float
    """From the first object to the command's end, when nodes have forgotten older images."""

    @property
    def besides(self) -> float:
        return self.up - self.pod


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--replicas", type=int, default=1, help="pods, which are replaced one after another")
    args = parser.parse_args()
    measure.section("Rollout: k8s-deploy, from the first object to its end")
    if not given():
        print(f"  skipped: {WANTED}\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="bench-rollout-") as scratch:
        try:
            bench = wire.Bench(scratch, args.repeats)
        except Skipped as reason:
            print(f"  skipped: {reason}\n")
            return 0
        with namespace(Cli(Path(scratch))) as cluster:
            took = [_rollout(bench, cluster, 1)]
            _scale(cluster, args.replicas)
            took += [_rollout(bench, cluster, number) for number in range(2, args.repeats + 1)]
    return 0 if _report(took) else 1


def _rollout(bench: wire.Bench, cluster: Cluster, number: int) -> Rollout:
    words = ("k8s-deploy", "app", *cluster.options, "-o", f"{bench.scratch}/{number}")
    with ExitStack() as stack:
        changes = [
            stack.enter_context(_watched(cluster, kind)) for kind in ("deployments", "pods", "secrets")
        ]
        time.sleep(2)  # what is there already is told at once
        before = {each.name for each in changes[1]}
        started = time.monotonic()
        bench.ours(*words)
        ended = time.monotonic()
        time.sleep(0.5)
    deployments, pods, secrets = changes
    new = [each for each in pods if each.name not in before]
    first = next(each.at for each in deployments if each.at > started)
    ready = max({each.name: each.at for each in reversed(new) if each.ready}.values())
    return Rollout(secrets[-1].at - first, ready - new[0].at, ended - first)


def _scale(cluster: Cluster, replicas: int) -> None:
    """From now on there are *replicas*: k8s-deploy leaves their number to who scales."""
    cluster.kubectl("scale", "deployment/app", f"--replicas={replicas}")
    cluster.kubectl("rollout", "status", "deployment/app")


@contextmanager
def _watched(cluster: Cluster, kind: str) -> Iterator[list[Seen]]:
    """What changes of a *kind*, as it comes in."""
    place = ("--kubeconfig", cluster.kubeconfig, "--namespace", cluster.namespace)
    words = (cluster.program, *place, "get", kind, "--watch", "--output", f"jsonpath={_LINE}")
    seen: list[Seen] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as watcher:
        reader = threading.Thread(target=_read, args=(watcher, seen))
        reader.start()
        try:
            yield seen
        finally:
            watcher.kill()
            reader.join()


def _read(watcher: subprocess.Popen[str], seen: list[Seen]) -> None:
    for line in watcher.stdout or ():
        kind, name, ready = line.rstrip("\n").split(" ")
        seen.append(Seen(time.monotonic(), kind, name, ready == "True"))


def _report(took: list[Rollout]) -> bool:
    rows: list[Sequence[str]] = [
        ("", "until it is up, s", "the pod of it, s", "besides, s", "until all is tidy, s")
    ]
    for number, each in enumerate(took, 1):
        cells = (f"{value:.2f}" for value in (each.up, each.pod, each.besides, each.tidied))
        rows.append((f"version {number}", *cells))
    measure.table(rows)
    return measure.bar("besides what the pod needs, s", median(each.besides for each in took), BAR)


if __name__ == "__main__":
    sys.exit(main())
