"""Runs programs and counts what they cost; prints tables and whether a bar is met."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
Argv = Sequence[str]


class Skipped(Exception):  # noqa: N818  it is no error
    """This machine can't measure that; the text says why."""


class Cost(NamedTuple):
    """What one or several programs, run after each other, took."""

    wall: float = 0.0
    """Seconds."""
    cpu: float = 0.0
    """Seconds of user and system time, of all their children too."""
    peak: int = 0
    """Bytes of memory of the biggest process."""

    def plus(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak))


def run(argv: Argv, env: Mapping[str, str] | None = None, cwd: str | None = None) -> Cost:
    """Run *argv* to its end.

    :raises RuntimeError: With its last words, when its exit status is not 0.
    """
    # the kernel starts a child's peak with what its parent had: this process has to stay small
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            out.seek(0)
            words = out.read().decode(errors="replace").strip().splitlines()[-5:]
            raise RuntimeError(f"{' '.join(argv)}: exit status {child.returncode}\n" + "\n".join(words))
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def run_all(commands: Iterable[Argv], env: Mapping[str, str] | None = None) -> Cost:
    """Run *commands* after each other."""
    total = Cost()
    for argv in commands:
        total = total.plus(run(argv, env))
    return total


def typical(costs: Sequence[Cost]) -> Cost:
    """The median of times, the largest of peaks."""
    return Cost(median(c.wall for c in costs), median(c.cpu for c in costs), max(c.peak for c in costs))


def ours() -> str:
    """The command that is measured: of DEVTOOL_CONTAINERS, else the one beside this Python.

    :raises Skipped: When it is not installed.
    """
    beside = Path(sys.executable).with_name("devtool-containers")
    found = os.environ.get("DEVTOOL_CONTAINERS") or (str(beside) if beside.exists() else "")
    if not found:
        raise Skipped("devtool-containers is not installed beside this Python")
    return found


def version(argv: Argv) -> str:
    """The first line that *argv* prints."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        return f"not found: {error.strerror}"
    return ((done.stdout or done.stderr).strip().splitlines() or ["?"])[0]


def machine() -> str:
    """What this was measured on, on one line."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    load = os.getloadavg()[0]
    return (
        f"{platform.machine()}, {os.cpu_count()} processors ({model}), {memory:.0f} GB, "
        f"Linux {platform.release()}, Python {platform.python_version()}, load {load:.1f}"
    )


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print *rows* in columns, the first as head; all but the first column to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        first, *others = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join([first.strip().ljust(widths[0]), *others]))
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
    print()


def bar(what: str, value: float, limit: float, form: str = "{:.2f}", *, least: bool = False) -> bool:
    """Print whether *value* is at most *limit*, or at *least*."""
    met = value >= limit if least else value <= limit
    bound = f"at {'least' if least else 'most'} {form.format(limit)}"
    print(f"  {'PASS' if met else 'FAIL'}  {what}: {form.format(value)} ({bound})", flush=True)
    return met


def section(title: str) -> None:
    print(f"{title}\n{'=' * len(title)}\n", flush=True)


def programs(*names: str) -> None:
    """
    :raises Skipped: When one is not installed.
    """
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise Skipped(f"{' and '.join(missing)} not installed")
