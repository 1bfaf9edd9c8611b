"""How long it takes until a command starts, and what registering adds to every devtool command.

python -m benchmarks.start [--repeats N]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from benchmarks import measure

# devtool has argparse, os, sys and logging loaded when it comes to its plugins; its groups are a list.
_BEFORE = "import argparse, logging, os, sys, time"
_REGISTER = """
class Subparsers:
    def __init__(self, real): self.real, self.choices = real, real.choices
    def add_subparser_group(self, *names): pass
    def add_parser(self, name, group=None, **options): return self.real.add_parser(name, **options)
subparsers = Subparsers(argparse.ArgumentParser().add_subparsers())
started = time.perf_counter()
from devtool_plugins.entry import register
register(subparsers, None)
print(time.perf_counter() - started)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    measure.section("Start")
    programs = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "container-build --help": (measure.ours(), "container-build", "--help"),
        "container-deploy --help": (measure.ours(), "container-deploy", "--help"),
    }
    walls: dict[str, list[float]] = {name: [] for name in programs}
    registering: list[float] = []
    for _ in range(args.repeats):
        for name, argv in programs.items():
            walls[name].append(measure.run(argv).wall)
        registering.append(_register())
    return 0 if _report(walls, registering) else 1


def _register() -> float:
    """Seconds that devtool would wait for us, in an interpreter that has loaded nothing of ours."""
    argv = (sys.executable, "-c", _BEFORE + _REGISTER)
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _report(walls: dict[str, list[float]], registering: Sequence[float]) -> bool:
    rows = [(f"medians of {len(registering)}", "ms", "best")]
    rows += [(name, _ms(median(times)), _ms(min(times))) for name, times in walls.items()]
    rows.append(("import and register, in devtool", _ms(median(registering)), _ms(min(registering))))
    measure.table(rows)
    slowest = max(median(times) for name, times in walls.items() if name.endswith("--help"))
    return all((
        measure.bar("--help of a command without devtool, ms", slowest * 1000, 150, "{:.0f}"),
        measure.bar("registering in devtool, ms", median(registering) * 1000, 30, "{:.0f}"),
    ))  # fmt: skip


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"


if __name__ == "__main__":
    sys.exit(main())
