"""Deploys to real engines over a link whose bytes the kernel counts: the first time, after an edit, with nothing to do.

    python -m benchmarks.wire [STACK ...]
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks import measure, tree
from benchmarks.measure import Skipped

try:
    from tests.lab import NamespaceTarget, Unavailable
except ImportError as error:  # a checkout without tests
    raise SystemExit(f"the lab is not here: {error}") from error

STACKS = {"podman": "podman", "docker": "docker", "containerd": "containerd", "crun": "none"}
"""Kinds of the lab's targets, and the stack that deploys to them."""
NAME = "localhost/app:latest"
_CODE = ("/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/aarch64-linux-gnu/libc.so.6", "/usr/lib64/libc.so.6")
_FRAME = 17_000
"""Bytes of the compiled program without its ballast."""


class Used(NamedTuple):
    """What one action put on the link."""

    to: int
    back: int
    seconds: float

    @property
    def both(self) -> int:
        return self.to + self.back


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stacks", nargs="*", default=list(STACKS), metavar="STACK", help=", ".join(STACKS))
    args = parser.parse_args()
    measure.section("Bytes on the link: a 346 KB program over a base of 100 MB")
    with tempfile.TemporaryDirectory(prefix="bench-wire-") as scratch:
        try:
            bench = Bench(scratch)
        except Skipped as reason:
            print(f"  skipped: {reason}\n")
            return 0
        print(f"  the program has {bench.size:,} bytes, {bench.packed:,} after gzip -9\n")
        met = [ok for kind in args.stacks for ok in _stack(bench, kind)]
    return 0 if all(met) else 1


class Bench:
    """The images: a base, and on it three versions of a program."""

    def __init__(self, scratch: str) -> None:
        measure.programs("gcc", "ssh")
        self.scratch = scratch
        self.environment = {**os.environ, "XDG_CACHE_HOME": f"{scratch}/cache"}
        tree.image(f"{scratch}/base")
        self.ours("container-build", "base", "--from", f"{scratch}/base", "--entrypoint", "/usr/bin/app", "-o", scratch)
        for number in (1, 2, 3):
            self._version(number)
        program = Path(f"{scratch}/install1/usr/sbin/app").read_bytes()
        self.size, self.packed = len(program), len(zlib.compress(program, 9))

    def ours(self, *words: str) -> str:
        """Run our command; gives what it prints.

        :raises RuntimeError: With what it said, when it fails.
        """
        argv = (measure.ours(), "-q", *words)
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=self.environment)
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stderr}{done.stdout}")
        return done.stdout

    def deploy(self, target: NamespaceTarget, number: int, stack: str) -> Used:
        """Deploy version *number* of the program."""
        words = ("container-deploy", "app", target.alias, "--ssh-config", target.ssh_config, "--stack", stack)
        return counted(target, lambda: self.ours(*words, "-o", f"{self.scratch}/{number}"))

    def archive(self, number: int) -> str:
        return f"{self.scratch}/{number}/app-latest-docker.tar"

    def _version(self, number: int) -> None:
        top = f"{self.scratch}/install{number}"
        os.makedirs(f"{top}/usr/sbin")
        compiled(f"{top}/usr/sbin/app", number)
        base = f"{self.scratch}/base-latest-oci"
        self.ours("container-build", "app", "--from", top, "--base", base, "--entrypoint", "/usr/sbin/app",
                  "-o", f"{self.scratch}/{number}", "--output", "docker-archive")  # fmt: skip


def compiled(place: str, version: int) -> None:
    """Compile *version* of the program to *place*, filled up with real machine code to 346 KB."""
    code, start = _machine_code()
    text = Path(__file__).with_name("program.c.in").read_text(encoding="utf-8")
    # another length of a name and another start of the code: addresses move, as when a function was edited
    values = {"CODE": code, "SKIP": start + 4096 * version, "SIZE": tree.PROGRAM_SIZE - _FRAME,
              "FUNCTION": f"answer{'x' * version}", "VERSION": version}  # fmt: skip
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    subprocess.run(("gcc", "-O2", "-s", "-x", "c", "-", "-o", place), input=text.encode(), check=True)


def _machine_code() -> tuple[str, int]:
    """A library with plenty of code, and where in it the code is: at its executable segment."""
    for path in filter(os.path.exists, _CODE):
        with open(path, "rb") as file:
            head = file.read(4096)
        table, count = struct.unpack_from("<Q", head, 32)[0], struct.unpack_from("<H", head, 56)[0]
        segments = [struct.unpack_from("<IIQQQQ", head, table + 56 * number) for number in range(count)]
        for kind, flags, offset, _, _, size in segments:
            if kind == 1 and flags & 1 and size > 2 * tree.PROGRAM_SIZE:
                return path, offset
    raise Skipped("no 64-bit libc to take machine code from")


def counted(target: NamespaceTarget, action: Callable[[], object]) -> Used:
    """What *action* costs on the link of *target*."""
    before, started = target.bytes(), time.perf_counter()
    action()
    seconds, after = time.perf_counter() - started, target.bytes()
    return Used(after.received - before.received, after.sent - before.sent, seconds)


def _stack(bench: Bench, kind: str) -> list[bool]:
    try:
        with NamespaceTarget(kind) as target:
            return _measured(bench, kind, target)
    except Unavailable as reason:
        print(f"  {kind}: skipped: {reason}\n")
        return []


def _measured(bench: Bench, kind: str, target: NamespaceTarget) -> list[bool]:
    stack = STACKS[kind]
    first = bench.deploy(target, 1, stack)
    redeploy = [bench.deploy(target, number, stack) for number in (2, 3)]
    nothing = bench.deploy(target, 3, stack)
    login = counted(target, lambda: target.ssh(("true",)))
    peers = dict(_peers(bench, kind))
    rows = [(f"{kind}: {_version(kind, target)}", "to target", "back", "both", "s")]
    rows += [_row("first deploy", first), _row("redeploy after an edit", redeploy[0]), _row("again", redeploy[1])]
    rows += [_row("deploy with nothing to do", nothing), _row("for comparison: ssh TARGET true", login)]
    rows += [_row(name, used) for name, used in peers.items()]
    measure.table(rows)
    edit = max(used.both for used in redeploy)
    met = [
        measure.bar(f"{kind}: redeploy, KB both ways", edit / 1000, 200, "{:.1f}"),
        measure.bar(f"{kind}: nothing to do, KB to the target", nothing.to / 1000, 10, "{:.1f}"),
    ]
    for name, used in peers.items():
        times = used.both / edit
        print(f"  {'':4}  {name}: {times:.0f} times the bytes of our redeploy")
        if name.startswith("docker save"):
            met.append(measure.bar("docker: our bytes, 1/N of docker save's, N at least 100: 100/N", 100 / times, 1))
    print(flush=True)
    return met


def _peers(bench: Bench, kind: str) -> Iterator[tuple[str, Used]]:
    """What users of the same engine do, from a second machine with that engine to one that has the version before."""
    ways = {
        "docker": [(("docker", "save", NAME), ("docker", "load", "-q"))],
        "podman": [
            (("podman", "save", "-q", "--format", "oci-archive", NAME), ("podman", "load", "-q")),
            (("podman", "save", "-q", NAME), ("podman", "load", "-q")),
        ],
        "containerd": [(("ctr", "images", "export", "-", NAME), ("ctr", "images", "import", "-"))],
    }
    if kind not in ways:
        return
    with _two(kind) as (desk, target):
        _load(desk, kind, bench.archive(2))
        _load(target, kind, bench.archive(1))
        for save, load in ways[kind]:
            name = f"{' '.join(word for word in save if word not in (NAME, '-q', '-'))} | ssh {' '.join(load[:3])}"
            yield name.removesuffix(" -q").removesuffix(" -"), counted(target, lambda s=save, u=load: _pipe(desk, target, s, u))


@contextmanager
def _two(kind: str) -> Iterator[tuple[NamespaceTarget, NamespaceTarget]]:
    with NamespaceTarget(kind) as desk, NamespaceTarget(kind) as target:
        yield desk, target


def _pipe(desk: NamespaceTarget, target: NamespaceTarget, save: tuple[str, ...], load: tuple[str, ...]) -> None:
    archive = _checked(desk.run(save, timeout=300))
    _checked(target.ssh(load, stdin=archive.stdout, timeout=300))


def _load(machine: NamespaceTarget, kind: str, archive: str) -> None:
    load = {"containerd": ("ctr", "images", "import", "-")}.get(kind, (kind, "load", "-q"))
    _checked(machine.run(load, stdin=Path(archive).read_bytes(), timeout=300))


def _checked(done: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[bytes]:
    if done.returncode:
        raise RuntimeError(f"{done.args}: exit status {done.returncode}\n{done.stderr.decode(errors='replace')}")
    return done


def _version(kind: str, target: NamespaceTarget) -> str:
    said = target.run((kind, "--version")).stdout.decode().splitlines()
    return said[0] if said else "?"


def _row(what: str, used: Used) -> tuple[str, ...]:
    return (what, f"{used.to:,}", f"{used.back:,}", f"{used.both:,}", f"{used.seconds:.1f}")


if __name__ == "__main__":
    sys.exit(main())
