"""Builds the same tree with each tool, interleaved, and compares times and memory.

python -m benchmarks.build [--repeats N] [--no-big]
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from benchmarks import measure, tree
from benchmarks.measure import Argv, Cost

Costs = dict[str, list[Cost]]
MOMENTS = ("cold build", "one file changed", "nothing changed")


class Tool(Protocol):
    """Something that makes an OCI layout of a directory, in a work directory of its own."""

    name: str
    does: str
    """What it does, in words for the report."""

    def version(self) -> str: ...
    def environment(self, work: str) -> Mapping[str, str]: ...
    def cold(self, source: str, work: str) -> list[Argv]: ...
    def again(self, source: str, work: str, changed: Sequence[str]) -> list[Argv]: ...
    def discard(self, work: str) -> None: ...


class Ours:
    """container-build --from, as it is used without an SDK."""

    def __init__(self, gzip: bool = False) -> None:
        self.name = "ours, gzip" if gzip else "ours"
        self.gzip = ("--output", "oci-dir-gzip") if gzip else ()
        self.does = "container-build --from TREE: " + (
            "the layout with uncompressed layers, and of it one with gzip layers (--output oci-dir-gzip)"
            if gzip else "a layout with uncompressed layers; reads the programs' ELF headers, too"
        )  # fmt: skip

    def version(self) -> str:
        return measure.version((sys.executable, "-c", _OUR_VERSION))

    def environment(self, work: str) -> Mapping[str, str]:
        return {**os.environ, "XDG_CACHE_HOME": f"{work}/cache"}

    def cold(self, source: str, work: str) -> list[Argv]:
        command = (measure.ours(), "-q", "container-build", "app", "--from", source, "-o", f"{work}/images")
        return [(*command, *self.gzip)]

    def again(self, source: str, work: str, changed: Sequence[str]) -> list[Argv]:  # noqa: ARG002  it finds out
        return self.cold(source, work)

    def discard(self, work: str) -> None:
        shutil.rmtree(work)


class Umoci:
    """umoci as its manual and meta-virtualization use it; the bundle is kept between builds."""

    name = "umoci"
    does = "init, new, unpack, cp -a, repack, config: gzip, it knows nothing else; rebuild: cp, repack"

    def version(self) -> str:
        return measure.version(("umoci", "--version"))

    def environment(self, work: str) -> Mapping[str, str]:  # noqa: ARG002  the others need it
        return os.environ

    def cold(self, source: str, work: str) -> list[Argv]:
        image, bundle = f"{work}/layout:latest", f"{work}/bundle"
        return [
            ("umoci", "init", "--layout", f"{work}/layout"),
            ("umoci", "new", "--image", image),
            ("umoci", "unpack", "--image", image, bundle),
            ("cp", "-a", f"{source}/.", f"{bundle}/rootfs/"),
            ("umoci", "repack", "--refresh-bundle", "--image", image, bundle),
            ("umoci", "config", "--image", image, "--config.entrypoint", f"/{tree.PROGRAM}"),
        ]

    def again(self, source: str, work: str, changed: Sequence[str]) -> list[Argv]:
        bundle = f"{work}/bundle"
        copies: list[Argv] = [("cp", "-a", f"{source}/{path}", f"{bundle}/rootfs/{path}") for path in changed]
        return [*copies, ("umoci", "repack", "--refresh-bundle", "--image", f"{work}/layout:latest", bundle)]

    def discard(self, work: str) -> None:
        shutil.rmtree(work)


class Buildah:
    """buildah without a Containerfile; the working container is kept between builds."""

    def __init__(self, gzip: bool = False) -> None:
        self.name = "buildah, gzip" if gzip else "buildah"
        self.gzip = ("--disable-compression=false",) if gzip else ()
        self.does = "from scratch, add, config, commit oci:DIR: " + (
            "gzip (--disable-compression=false)" if gzip else "uncompressed, its default"
        ) + "; rebuild: add, commit"  # fmt: skip

    def version(self) -> str:
        return measure.version(("buildah", "--version"))

    def environment(self, work: str) -> Mapping[str, str]:  # noqa: ARG002  the others need it
        return os.environ

    def cold(self, source: str, work: str) -> list[Argv]:
        call = self._call(work)
        return [
            (*call, "from", "--name", "work", "scratch"),
            (*call, "add", "-q", "work", source, "/"),
            (*call, "config", "--entrypoint", f'["/{tree.PROGRAM}"]', "work"),
            self._commit(work),
        ]

    def again(self, source: str, work: str, changed: Sequence[str]) -> list[Argv]:
        add = (*self._call(work), "add", "-q", "work")
        return [*((*add, f"{source}/{path}", f"/{path}") for path in changed), self._commit(work)]

    def discard(self, work: str) -> None:
        measure.run((*self._call(work), "rm", "--all"))
        shutil.rmtree(work)

    def _call(self, work: str) -> Argv:
        return ("buildah", "--root", f"{work}/storage", "--runroot", f"{work}/run")

    def _commit(self, work: str) -> Argv:
        return (*self._call(work), "commit", "-q", *self.gzip, "work", f"oci:{work}/layout:latest")


_OUR_VERSION = (
    "from importlib.metadata import version; print('devtool-containers', version('devtool-containers'))"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-big", action="store_true", help="leave the 1 GB tree out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-build-") as scratch:
        met = [*_hundred(scratch, args.repeats), *_thousands(scratch, args.repeats)]
        if not args.no_big:
            met += _gigabyte(scratch)
    return 0 if all(met) else 1


def _hundred(scratch: str, repeats: int) -> list[bool]:
    measure.section("Build: a tree of 100 MB, 62 % programs and libraries, 38 % text")
    source = _make("image", scratch)
    tools = _present(Ours(), Umoci(), Buildah(), Ours(gzip=True), Buildah(gzip=True))
    costs = _measure(tools, source, scratch, repeats)
    for title, names in (
        ("each tool's default", ("ours", "umoci", "buildah")),
        ("gzip on all sides", ("ours, gzip", "umoci", "buildah, gzip")),
    ):
        _show(title, [tool for tool in tools if tool.name in names], costs)
    return _bars(costs)


def _bars(costs: Mapping[str, Costs]) -> list[bool]:
    cold, changed, _ = MOMENTS
    bars = [
        ("cold build, time over umoci's", cold, "ours", cold, "umoci", 1 / 4),
        ("cold build, time over buildah's", cold, "ours", cold, "buildah", 1),
        ("cold build with gzip, time over umoci's", cold, "ours, gzip", cold, "umoci", 1),
        ("one file changed, time over umoci's repack", changed, "ours", changed, "umoci", 1 / 10),
    ]
    met = [
        measure.bar(what, _wall(costs, name, moment) / _wall(costs, peer, peers), limit)
        for what, moment, name, peers, peer, limit in bars
        if peer in costs
    ]
    if "umoci" in costs:  # no bar: image-oci.bbclass keeps no bundle, so its users wait for all of it again
        ratio = _wall(costs, "ours", changed) / _wall(costs, "umoci", cold)
        print(f"        the same over umoci's whole build, as meta-virtualization rebuilds: {ratio:.2f}")
    return [*met, _memory("100 MB", costs["ours"]), _memory("100 MB and gzip", costs["ours, gzip"])]


def _thousands(scratch: str, repeats: int) -> list[bool]:
    measure.section(f"Build: a tree of {tree.MANY:,} small files")
    tools = _present(Ours(), Umoci(), Buildah())
    costs = _measure(tools, _make("many", scratch), scratch, max(3, repeats - 2))
    _show("each tool's default", tools, costs)
    cold = measure.typical(costs["ours"][MOMENTS[0]])
    met = measure.bar(f"cold build of {tree.MANY:,} files, seconds of CPU", cold.cpu, 1.5)
    return [met, _memory(f"{tree.MANY:,} files", costs["ours"])]


def _gigabyte(scratch: str) -> list[bool]:
    measure.section("Build: a tree of 1 GB with libraries of up to 200 MB, once")
    source, work = _make("image", scratch, "1000", "200"), f"{scratch}/big"
    tool = Ours()
    cost = measure.run_all(tool.cold(source, work), tool.environment(work))
    shutil.rmtree(work)
    shutil.rmtree(source)
    print(f"  {cost.wall:.2f} s, {cost.cpu:.2f} s of CPU\n")
    return [measure.bar("peak memory, 1 GB, MB", cost.peak / 1e6, 80, "{:.0f}")]


def _make(kind: str, scratch: str, *more: str) -> str:
    """A tree, made by a process of its own: this one has to stay small."""
    place = f"{scratch}/{kind}{''.join(more)}"
    measure.run((sys.executable, "-m", "benchmarks.tree", kind, place, *more), cwd=str(measure.ROOT))
    return place


def _present(*tools: Tool) -> list[Tool]:
    present = [tool for tool in tools if isinstance(tool, Ours) or shutil.which(tool.name.partition(",")[0])]
    for tool in tools:
        version = tool.version() if tool in present else "skipped: it is not installed"
        print(f"  {tool.name}: {version}\n    {tool.does}")
    print(flush=True)
    return present


def _measure(tools: Sequence[Tool], source: str, scratch: str, repeats: int) -> dict[str, Costs]:
    """Every tool once, and again from the first: what disturbs the machine disturbs all."""
    costs: dict[str, Costs] = {tool.name: {moment: [] for moment in MOMENTS} for tool in tools}
    version = 0
    measure.run(("tar", "-cf", f"{scratch}/warm", source))  # read once: no tool pays for the disk alone
    for _ in range(repeats):
        for tool in tools:
            version += 1
            for moment, cost in zip(MOMENTS, _once(tool, source, scratch, version), strict=True):
                costs[tool.name][moment].append(cost)
    os.unlink(f"{scratch}/warm")
    return costs


def _once(tool: Tool, source: str, scratch: str, version: int) -> tuple[Cost, Cost, Cost]:
    work = f"{scratch}/work"
    Path(work).mkdir()
    env = tool.environment(work)
    os.sync()  # what the tool before has still to write
    cold = measure.run_all(tool.cold(source, work), env)
    tree.change(source, version)
    time.sleep(0.05)  # nobody builds within the granularity of time stamps
    changed = measure.run_all(tool.again(source, work, [tree.PROGRAM]), env)
    nothing = measure.run_all(tool.again(source, work, []), env)
    tool.discard(work)
    return cold, changed, nothing


def _show(title: str, tools: Sequence[Tool], costs: Mapping[str, Costs]) -> None:
    repeats = len(costs[tools[0].name][MOMENTS[0]])
    rows = [(f"{title}, medians of {repeats}", "wall s", "CPU s", "peak MB", "wall", "CPU")]
    for moment in MOMENTS:
        base = measure.typical(costs[tools[0].name][moment])
        for tool in tools:
            cost = measure.typical(costs[tool.name][moment])
            ratios = (f"{cost.wall / base.wall:.1f}x", f"{cost.cpu / base.cpu:.1f}x")
            figures = (f"{cost.wall:.2f}", f"{cost.cpu:.2f}", f"{cost.peak / 1e6:.0f}")
            rows.append((f"{moment}: {tool.name}", *figures, *ratios))
    measure.table(rows)


def _wall(costs: Mapping[str, Costs], name: str, moment: str) -> float:
    return measure.typical(costs[name][moment]).wall


def _memory(what: str, costs: Costs) -> bool:
    peak = max(cost.peak for moment in costs.values() for cost in moment)
    return measure.bar(f"peak memory, {what}, MB", peak / 1e6, 80, "{:.0f}")


if __name__ == "__main__":
    sys.exit(main())
