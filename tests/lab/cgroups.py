"""A cgroup subtree per target, so that its engine sees a root of its own and nothing is left behind."""

import contextlib
import os
import time

from .host import Unavailable

ROOT = "/sys/fs/cgroup"


def is_unified() -> bool:
    return os.path.exists(f"{ROOT}/cgroup.controllers")


def v1_hierarchies() -> tuple[str, ...]:
    """Return the mounted v1 hierarchies, the named systemd one included."""
    if not os.path.isdir(ROOT) or is_unified():
        return ()
    names = (name for name in os.listdir(ROOT) if name != "unified" and not os.path.islink(f"{ROOT}/{name}"))
    return tuple(sorted(name for name in names if os.path.exists(f"{ROOT}/{name}/cgroup.procs")))


def create(name: str, version: int) -> tuple[str, ...]:
    """Make the subtree `name` in every hierarchy of that cgroup version; return its directories."""
    if version == 2:
        parents: tuple[str, ...] = (_unified_root(),)
    else:
        parents = tuple(f"{ROOT}/{hierarchy}" for hierarchy in v1_hierarchies())
    if not parents:
        raise Unavailable("cgroup v1 is not mounted on this machine")
    for parent in parents:
        os.makedirs(f"{parent}/{name}", exist_ok=True)
        _inherit_cpuset(parent, f"{parent}/{name}")
    return tuple(f"{parent}/{name}" for parent in parents)


def processor_time(name: str) -> float:
    """Return the seconds of processors that the target `name` has used since it started, reboots included."""
    if not is_unified():
        with open(f"{ROOT}/cpuacct/{name}/cpuacct.usage") as file:
            return int(file.read()) / 1e9
    with open(f"{ROOT}/{name}/cpu.stat") as file:
        return int(dict(line.split() for line in file)["usage_usec"]) / 1e6


def default_version() -> int:
    return 2 if is_unified() else 1


def _unified_root() -> str:
    if is_unified():
        return ROOT
    if os.path.exists(f"{ROOT}/unified/cgroup.procs"):
        return f"{ROOT}/unified"
    raise Unavailable("cgroup v2 is not mounted on this machine")


def _inherit_cpuset(parent: str, child: str) -> None:
    # A new v1 cpuset is empty, and refuses every process until it names processors and memory nodes.
    for item in ("cpuset.cpus", "cpuset.mems"):
        if os.path.exists(f"{child}/{item}") and os.path.basename(parent) == "cpuset":
            with open(f"{parent}/{item}") as source, open(f"{child}/{item}", "w") as copy:
                copy.write(source.read())


def remove(name: str, patience: float = 3.0) -> None:
    """Remove what is left of the subtree; the kernel needs a moment after the last process is gone."""
    deadline = time.monotonic() + patience
    hierarchies = ("", *(f"/{entry}" for entry in (*v1_hierarchies(), "unified")))
    for top in (f"{ROOT}{hierarchy}/{name}" for hierarchy in hierarchies):
        while os.path.isdir(top) and time.monotonic() < deadline:
            _remove_tree(top)
            if os.path.isdir(top):
                time.sleep(0.02)


def clear(groups: tuple[str, ...]) -> None:
    """Remove what is below these groups and has no process."""
    for directory in (f"{group}/{name}" for group in groups for name in os.listdir(group)):
        if os.path.isdir(directory):
            _remove_tree(directory)


def _remove_tree(top: str) -> None:
    for directory, _, _ in os.walk(top, topdown=False):
        with contextlib.suppress(OSError):  # busy for now: `remove` comes back
            os.rmdir(directory)
