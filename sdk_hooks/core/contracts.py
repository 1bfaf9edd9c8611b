"""What the contracts of all families share, the scripts of a stack, and the contract of clusters."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace

from sdk_hooks.container import Container
from sdk_hooks.core.shell import quoted
from sdk_hooks.families import Plugin, Stack
from sdk_hooks.kubernetes import Cluster, NodeStore
from sdk_hooks.target import Script, Target

_IMAGE = "localhost/web:sha256-0123"
_RUNTIMES = ("containerd://1.7.24", "cri-o://1.32.0")


def check_plugin(plugin: Plugin) -> None:
    """What holds for a member of any family.

    :raises AssertionError: With what does not hold.
    """
    require(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", plugin.name), f"{plugin.name!r} is no name to type")
    require(plugin.summary and "\n" not in plugin.summary, f"{plugin.name}: the summary is one line")
    require(not plugin.summary.endswith("."), f"{plugin.name}: the summary ends without a full stop")


def check_cluster(cluster: Cluster) -> None:
    """The contract of `sdk_hooks.kubernetes.Cluster`, and of the stores of its nodes.

    :raises AssertionError: With what does not hold.
    """
    check_plugin(cluster)
    check_argv(f"{cluster.name}.kubectl", cluster.kubectl)
    for version, labels in (("v1.32.0", {}), ("nonsense", {"a": "b"})):
        answer = cluster.marks(version, labels)
        require(isinstance(answer, bool), f"{cluster.name}.marks is true or false")
    require(
        cluster.store("nonsense://1") is None,
        f"{cluster.name}.store gives None for a runtime that it does not know",
    )
    stores = [store for store in map(cluster.store, _RUNTIMES) if store]
    require(stores, f"{cluster.name} has no store for any of {', '.join(_RUNTIMES)}")
    for store in stores:
        _check_store(f"{cluster.name}.store", store)


def _check_store(what: str, store: NodeStore) -> None:
    check_script(f"{what}.inventory", f"inventory() {{\n{store.inventory().rstrip()}\n}}\n")
    commands = {"load": store.load(), "forget": store.forget(_IMAGE)}
    optional = {"keep": store.keep(_IMAGE), "release": store.release(_IMAGE)}
    commands |= {name: argv for name, argv in optional.items() if argv}
    for verb, argv in commands.items():
        check_argv(f"{what}.{verb}", argv)
        check_script(f"{what}.{verb}", argv[2] if argv[:2] == ("sh", "-c") else quoted(argv))
        require(verb == "load" or _IMAGE in argv, f"{what}.{verb}: {argv} does not name the image")
    require(len(commands) in (2, 4), f"{what}: what keep says, release takes back")


def check_argv(what: str, argv: Iterable[str]) -> None:
    """A command is a tuple of words, and not an empty one."""
    words = isinstance(argv, tuple) and all(isinstance(word, str) for word in argv)
    require(words and argv, f"{what} is a tuple of words, not {argv!r}")


def check_script(what: str, text: Script) -> None:
    """Parsed by the strictest shell that is here."""
    shell = shutil.which("dash") or shutil.which("sh") or "sh"
    done = subprocess.run((shell, "-n"), input=text.encode(), capture_output=True, check=False)
    require(done.returncode == 0, f"{what} is not POSIX shell: {done.stderr.decode().strip()}")


def require(holds: object, otherwise: str) -> None:
    """
    :raises AssertionError: Saying *otherwise* unless it *holds*.
    """
    if not holds:
        raise AssertionError(otherwise)


def stack_scripts(stack: Stack, box: Container, joined: Container, target: Target) -> dict[str, Script]:
    """All that a shell runs for *box*, also with a daemon in namespaces of the login, and for *joined*."""
    rootless = replace(box, nested=True)
    return {
        "networked": quoted(stack.run(joined)),
        **_files(stack, joined, target, "networked "),
        "inventory": f"inventory() {{\n{stack.inventory(('web', 'db'), False)}\n}}\n",
        "detailed inventory": f"inventory() {{\n{stack.inventory(('web', 'db'), True)}\n}}\n",
        "state": stack.state(box),
        "run": quoted(stack.run(box)),
        **_files(stack, box, target, ""),
        **_files(stack, rootless, target, "nested "),
        "nested state": stack.state(rootless),
        "nested remove": "\n".join(map(quoted, stack.remove(rootless))),
    }


def _files(stack: Stack, box: Container, target: Target, label: str) -> dict[str, Script]:
    """Those of its files that are scripts."""
    data = (".json", "net-", "hosts")
    files = stack.files(box, target).items()
    return {f"{label}{name}": text for name, text in files if not any(part in name for part in data)}
