"""Deploys to real engines, over a link whose bytes the kernel counts.

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
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from benchmarks import measure, tree
from benchmarks.measure import Argv, Skipped

try:
    from tests.lab import Kind, NamespaceTarget, Unavailable
except ImportError as error:  # a checkout without tests
    raise SystemExit(f"the lab is not here: {error}") from error

STACKS = {"podman": "podman", "docker": "docker", "containerd": "containerd", "crun": "none"}
"""Kinds of the lab's targets, and the stack that deploys to them."""
NAME = "localhost/app:latest"
_CODE = tuple(f"/usr/lib{where}/libc.so.6" for where in ("/x86_64-linux-gnu", "/aarch64-linux-gnu", "64", ""))
_SAVES: dict[str, tuple[Argv, ...]] = {
    "docker": (("docker", "save", NAME),),
    "podman": (("podman", "save", "-q", "--format", "oci-archive", NAME), ("podman", "save", "-q", NAME)),
    "containerd": (("ctr", "images", "export", "-", NAME),),
}
_LOADS: dict[str, Argv] = {
    "docker": ("docker", "load", "-q"),
    "podman": ("podman", "load", "-q"),
    "containerd": ("ctr", "images", "import", "-"),
}
_FRAME = 13_000
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
    """The images: a base, and on it versions of a program, from 1."""

    def __init__(self, scratch: str, versions: int = 3) -> None:
        measure.programs("gcc", "ssh")
        self.scratch = scratch
        self.environment = {**os.environ, "XDG_CACHE_HOME": f"{scratch}/cache"}
        tree.image(f"{scratch}/base")
        base = ("container-build", "base", "--from", f"{scratch}/base", "-o", scratch)
        self.ours(*base, "--entrypoint", f"/{tree.PROGRAM}")
        for number in range(1, versions + 1):
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
        with NamespaceTarget(cast("Kind", kind)) as target:
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
    actions = {
        "first deploy": first,
        "redeploy after an edit": redeploy[0],
        "redeploy after another edit": redeploy[1],
        "deploy with nothing to do": nothing,
        "for comparison: ssh TARGET true": login,
        **peers,
    }
    print(f"  {kind}: {_version(kind, target)}\n")
    measure.table([("bytes", "to target", "back", "both", "s"), *(_row(*one) for one in actions.items())])
    return _bars(kind, max(used.both for used in redeploy), nothing, peers)


def _bars(kind: str, edit: int, nothing: Used, peers: Mapping[str, Used]) -> list[bool]:
    """Whether they are met; *edit* is the bytes of a redeploy, both ways."""
    met = [
        measure.bar(f"{kind}: redeploy, KB both ways", edit / 1000, 200, "{:.1f}"),
        measure.bar(f"{kind}: nothing to do, KB to the target", nothing.to / 1000, 10, "{:.1f}"),
    ]
    for name, used in peers.items():
        what = f"{name}, bytes over ours"
        if kind == "docker":
            met.append(measure.bar(what, used.both / edit, 100, "{:.0f}", least=True))
        else:
            print(f"        {what}: {used.both / edit:.0f}")
    print(flush=True)
    return met


def _peers(bench: Bench, kind: str) -> Iterator[tuple[str, Used]]:
    """What users of the same engine do, from a machine with it to one that has the version before."""
    if kind not in _SAVES:
        return
    with NamespaceTarget(cast("Kind", kind)) as desk, NamespaceTarget(cast("Kind", kind)) as target:
        _load(desk, kind, bench.archive(2))
        _load(target, kind, bench.archive(1))
        for save in _SAVES[kind]:
            what = " ".join(word for word in save if word not in (NAME, "-q", "-"))
            transfer = partial(_pipe, desk, target, save, _LOADS[kind])
            load = " ".join(word for word in _LOADS[kind] if word not in ("-q", "-"))
            yield f"{what} | ssh {load}", counted(target, transfer)


def _pipe(desk: NamespaceTarget, target: NamespaceTarget, save: Argv, load: Argv) -> None:
    archive = _checked(desk.run(save, timeout=300))
    _checked(target.ssh(load, stdin=archive.stdout, timeout=300))


def _load(machine: NamespaceTarget, kind: str, archive: str) -> None:
    _checked(machine.run(_LOADS[kind], stdin=Path(archive).read_bytes(), timeout=300))


def _checked(done: subprocess.CompletedProcess[bytes]) -> subprocess.CompletedProcess[bytes]:
    if done.returncode:
        words = done.stderr.decode(errors="replace")
        raise RuntimeError(f"{done.args}: exit status {done.returncode}\n{words}")
    return done


def _version(kind: str, target: NamespaceTarget) -> str:
    said = target.run((kind, "--version")).stdout.decode().splitlines()
    return said[0] if said else "?"


def _row(what: str, used: Used) -> tuple[str, ...]:
    return (what, f"{used.to:,}", f"{used.back:,}", f"{used.both:,}", f"{used.seconds:.1f}")


if __name__ == "__main__":
    sys.exit(main())
