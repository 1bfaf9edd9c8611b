"""Brings images to nodes of a cluster as k8s-deploy does: one node, a fleet, and bytes on the link.

python -m benchmarks.nodes [STORE ...]
"""

from __future__ import annotations

import argparse
import platform
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from benchmarks import measure, wire
from benchmarks.measure import Skipped
from benchmarks.wire import Bench, Used
from devtool_plugins import cluster, cluster_nodes
from devtool_plugins.session import Session
from sdk_hooks.container import Settings
from sdk_hooks.core import images
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import fleet
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s import preload
from sdk_hooks.core.k8s.app import App, Copy, preloaded
from sdk_hooks.core.k8s.cluster import Facts, Node, known
from sdk_hooks.core.k8s.order import Order, Prepared, members
from sdk_hooks.core.k8s.release import Release
from sdk_hooks.core.ui import Ui
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.kubernetes import Cluster, NodeStore
from sdk_hooks.nodes import NodeNeeds
from sdk_hooks.target import Argv, Script

try:
    from tests.lab import Kind, NamespaceTarget, Unavailable
    from tests.lab.cgroups import processor_time
except ImportError as error:  # a checkout without tests
    raise SystemExit(f"the lab is not here: {error}") from error

STORES = {"blobs": "bare", "containerd": "containerd"}
"""What is measured, and the kind of the lab's targets."""
FLEET = 16
EDITS = 6
"""The quickest counts: what else the machine does only makes them slower."""
ABOUT = {
    "blobs": "a stand-in that keeps blobs, and no more: the time is ours and the link's",
    "containerd": "namespace k8s.io; all nodes unpack and sum on this machine's processors",
}
_HEAD = (
    "",
    "one node, s",
    f"{FLEET} nodes, s",
    "ratio",
    "CPU: ours",
    "theirs",
    f"for {FLEET}: ours",
    "theirs",
)
_SSH = {"blobs": ("--ssh-option", "KexAlgorithms=curve25519-sha256"), "containerd": ()}
"""What OpenSSH 9 does by itself takes 65 ms of a processor at each end, and both ends of all are here."""
_RUNTIME = {"blobs": "blobs://1", "containerd": "containerd://1"}


class Blobs:
    """A store that unpacks what it is sent into a directory, and does nothing else with it."""

    def inventory(self) -> Script:
        return (
            "mkdir -p /var/lib/store/blobs/sha256; cd /var/lib/store/blobs/sha256\n"
            'for f in *; do echo "blob sha256:$f"; done\n'
        )

    def load(self) -> Argv:
        return ("tar", "-xf", "-", "-C", "/var/lib/store")

    def keep(self, image: str) -> Argv:  # noqa: ARG002
        return ()

    def release(self, image: str) -> Argv:  # noqa: ARG002
        return ()

    def forget(self, image: str) -> Argv:  # noqa: ARG002
        return ("true",)


@dataclass(frozen=True)
class Distribution:
    """Kubernetes as the plugin has it, and nodes with the stand-in."""

    real: Cluster
    name: str = "k8s"
    summary: str = "for the benchmark"
    kubectl: Argv = ("kubectl",)

    @property
    def needs(self) -> NodeNeeds:
        return self.real.needs

    def marks(self, version: str, labels: Mapping[str, str]) -> bool:
        return self.real.marks(version, labels)

    def store(self, runtime: str) -> NodeStore | None:
        return Blobs() if runtime.startswith("blobs:") else self.real.store(runtime)


class Took(NamedTuple):
    """What it took to bring an image to some nodes at once."""

    wall: float
    cpu: float
    """Seconds of this machine's processors for our side: ourselves, our ssh, what compresses."""
    theirs: float
    """The same for all nodes together."""


class Nodes:
    """Some targets of the lab as nodes of a cluster."""

    def __init__(self, bench: Bench, store: str, boards: Sequence[NamespaceTarget], session: Session) -> None:
        self.boards, self.session = boards, session
        config = Path(f"{bench.scratch}/ssh_config-{boards[0].alias}")
        config.write_text("".join(Path(board.ssh_config).read_text() for board in boards))
        parser = argparse.ArgumentParser()
        cluster.add_arguments(parser)
        self.args = parser.parse_args(["--ssh-config", str(config), *_SSH[store]])
        distribution = Distribution(session.plugins.clusters()["k8s"])
        nodes = tuple(_node(board.alias, _RUNTIME[store]) for board in boards)
        self.facts = Facts((1, 30), "v1.30.0", distribution, "default", nodes)

    def bring(self, image: Image) -> Took:
        """As k8s-deploy does.

        :raises SdkError: When a node does not take it.
        """
        part = Part(image, Settings())
        order = Order("app", (part,), {})
        app = App("app", members(order), "default", self.facts.version, {})
        nodes = tuple((node, (Copy(preloaded(image), image),)) for node in self.facts.nodes)
        prepared = Prepared(order, app, self.facts, (), nodes, Release("app"))
        names = [node.name for node in self.facts.nodes]
        return self._timed(
            lambda: cluster_nodes.bring(
                self.args, self.session, prepared, lambda node: node.name, lambda: names
            )
        )

    def login(self) -> Took:
        """Log in, and do nothing."""
        return self._timed(lambda: self._each(lambda there: link.feed(there, ("true",), [])))

    def forget(self, image: Image) -> None:
        """What comes after the rollout: all but *image* goes."""

        def work(connection: Connection) -> None:
            store = known(self.facts).store(self.facts.nodes[0].runtime)
            assert store is not None
            preload.forget(connection, store, [preloaded(image)], {preloaded(image)}, lambda: set())

        self._each(work)

    def _each(self, work: Callable[[Connection], object]) -> None:
        names = [node.name for node in self.facts.nodes]
        for answer in fleet.each(names, lambda place: (place, cluster.options(self.args)), work, FLEET):
            if isinstance(answer, SdkError):
                raise answer

    def _timed(self, action: Callable[[], object]) -> Took:
        before, theirs, started = _cpu(), self._theirs(), time.perf_counter()
        action()
        return Took(time.perf_counter() - started, _cpu() - before, self._theirs() - theirs)

    def _theirs(self) -> float:
        return sum(processor_time(board.alias) for board in self.boards)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", default=list(STORES), metavar="STORE", help=", ".join(STORES))
    args = parser.parse_args()
    measure.section("Nodes of a cluster: the same image to one and to 16, as k8s-deploy brings it")
    with tempfile.TemporaryDirectory(prefix="bench-nodes-") as scratch:
        try:
            bench = Bench(scratch, EDITS + 1)
        except Skipped as reason:
            print(f"  skipped: {reason}\n")
            return 0
        met = [ok for store in args.stores for ok in _store(bench, store)]
    return 0 if all(met) else 1


def _store(bench: Bench, store: str) -> list[bool]:
    try:
        with _boards(store, FLEET + 1) as boards:
            return _measured(bench, store, boards)
    except Unavailable as reason:
        print(f"  {store}: skipped: {reason}\n")
        return []


@contextmanager
def _boards(store: str, count: int) -> Iterator[Sequence[NamespaceTarget]]:
    with ExitStack() as stack:
        kind = cast("Kind", STORES[store])
        yield [stack.enter_context(NamespaceTarget(kind, userland="debian")) for _ in range(count)]


def _measured(bench: Bench, store: str, boards: Sequence[NamespaceTarget]) -> list[bool]:
    session = Session(Ui(quiet=True))
    places = [Path(f"{bench.scratch}/{number}") for number in range(1, EDITS + 2)]
    versions = [images.find("app", place, "latest") for place in places]
    one, many = (Nodes(bench, store, each, session) for each in (boards[:1], boards[1:]))
    first, edits, used = (one.bring(versions[0]), many.bring(versions[0])), [], []
    for image in versions[1:]:
        single, cost = _redeploy(one, image)
        used.append(cost.both)
        edits.append((single, many.bring(image)))
    logins = [(one.login(), many.login()) for _ in edits]
    print(f"  {store}: {ABOUT[store]}\n")
    rows = [_quickest("first time", [first]), _quickest("an edit", edits), _quickest("logins alone", logins)]
    measure.table([_HEAD, *rows])
    ratio = min(all_.wall for _, all_ in edits) / min(single.wall for single, _ in edits)
    return [*_bars(store, ratio), *(_bytes(bench, boards[0], max(used)) if store == "containerd" else ())]


def _redeploy(node: Nodes, image: Image) -> tuple[Took, Used]:
    """What one node takes, and its link with what comes after the rollout."""
    took = []

    def all_of_it() -> None:
        took.append(node.bring(image))
        node.forget(image)

    cost = wire.counted(node.boards[0], all_of_it)
    return took[0], cost


def _bars(store: str, ratio: float) -> list[bool]:
    what = f"{store}: an edit to {FLEET} nodes, time over one node's"
    if store == "blobs":
        return [measure.bar(what, ratio, 2)]
    print(f"        {what}: {ratio:.2f}")
    return []


def _bytes(bench: Bench, board: NamespaceTarget, ours: int) -> list[bool]:
    """Against container-deploy on the same board."""
    for number in (1, 2, 3):
        peer = bench.deploy(board, number, "containerd")
    print(f"        an edit, bytes both ways: {ours:,}; container-deploy {peer.both:,}")
    return [measure.bar("containerd: an edit, bytes over container-deploy's", ours / peer.both, 1.1)]


def _quickest(what: str, took: Sequence[tuple[Took, Took]]) -> tuple[str, ...]:
    one, many = (Took(*map(min, zip(*each, strict=True))) for each in zip(*took, strict=True))
    figures = (one.wall, many.wall, many.wall / one.wall, *one[1:], *many[1:])
    return (what, *(f"{each:.2f}" for each in figures))


def _node(name: str, runtime: str) -> Node:
    return Node(name, platform.machine(), runtime, "v1.30.0", name, {}, ready=True)


def _cpu() -> float:
    """Seconds of processors that we and what we started have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


if __name__ == "__main__":
    sys.exit(main())
