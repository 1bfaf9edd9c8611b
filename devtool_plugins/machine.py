"""`machine`: the virtual machines that hypervisors keep, by hand."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devtool_plugins.session import Session
    from sdk_hooks.families import Hypervisor, Machine

NAME = "machine"
HELP = "Start, stop, look at or log in to the virtual machine of a hypervisor"
DESCRIPTION = (
    "container-deploy NAME qemu starts the machine by itself, and leaves it running. stop keeps what was "
    "deployed to it: it is there again after the next start."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "stop", "status", "ssh"), help="what to do")
    parser.add_argument("hypervisor", nargs="?", default="qemu", help="whose machine (default: qemu)")
    parser.add_argument("words", metavar="WORD", nargs="*", help="ssh: a command to run there, after --")


def run(args: argparse.Namespace, session: Session) -> int:
    from sdk_hooks.core import machines

    hypervisor = session.plugins.hypervisor(args.hypervisor)
    known = machines.kept(hypervisor.name)
    if args.action == "start":
        hypervisor.start(machines.machine(hypervisor.name), session.ui)
    elif args.action == "stop":
        _stop(hypervisor, known, session)
    elif args.action == "ssh":
        return _ssh(hypervisor, known, args.words)
    else:
        _status(hypervisor, known)
    return 0


def _stop(hypervisor: Hypervisor, known: Sequence[Machine], session: Session) -> None:
    running = [machine for machine in known if hypervisor.running(machine)]
    for machine in running:
        hypervisor.stop(machine)
        session.ui.step(f"{machine.directory.name}: stopped")
    if not running:
        session.ui.step(f"{hypervisor.name}: not running")


def _status(hypervisor: Hypervisor, known: Sequence[Machine]) -> None:
    from sdk_hooks.core.ui import table

    states = ["running" if hypervisor.running(machine) else "stopped" for machine in known]
    rows = [(m.directory.name, state, str(m.directory)) for m, state in zip(known, states, strict=True)]
    print(table([("MACHINE", "STATE", "DIRECTORY"), *rows]))


def _ssh(hypervisor: Hypervisor, known: Sequence[Machine], words: Sequence[str]) -> int:
    import subprocess

    machine = _only([machine for machine in known if hypervisor.running(machine)], hypervisor.name)
    argv = ("ssh", "-F", str(hypervisor.ssh_config(machine)), machine.name, *words)
    return subprocess.run(argv, check=False).returncode


def _only(running: Sequence[Machine], name: str) -> Machine:
    from sdk_hooks.errors import SdkError

    if len(running) == 1:
        return running[0]
    if running:
        configs = "\n".join(f"ssh -F {machine.directory}/ssh_config {name}" for machine in running)
        raise SdkError(
            f"several machines of {name!r} run", detail=configs, hint="use one of these", code="ambiguous"
        )
    raise SdkError(
        f"no machine of {name!r} runs",
        hint=f"start it: devtool-containers machine start {name}",
        code="not-running",
    )
