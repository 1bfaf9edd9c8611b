"""The options that every command with a target has, and how a target's name becomes a connection."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.container import Port
    from sdk_hooks.core.deploy.connection import Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("connection")
    group.add_argument("--no-host-check", action="store_true", help="do not check the target's host key")
    group.add_argument("--ssh-config", metavar="FILE", default="", help="ssh_config to use, not your own")
    group.add_argument("--ssh-option", action="append", metavar="KEY=VALUE", default=[],
                       help="an option of ssh_config, as ssh -o; may be repeated")  # fmt: skip


class Unique(argparse.Action):
    """Targets in the order they were given; a board that stands twice is meant once."""

    def __call__(
        self, _parser: argparse.ArgumentParser, args: argparse.Namespace, values: Any, _option: Any = None
    ) -> None:
        setattr(args, self.dest, list(dict.fromkeys(values)))


class Given(argparse.Action):
    """A text that is not empty: a variable that a script does not have must not mean something else."""

    def __call__(
        self, parser: argparse.ArgumentParser, args: argparse.Namespace, value: Any, option: Any = None
    ) -> None:
        if not value:
            parser.error(f"argument {option}: it is empty")
        setattr(args, self.dest, value)


def resolver(args: argparse.Namespace, session: Session) -> Callable[[str], tuple[str, Options]]:
    """Gives, for a target as the user named it, the ssh destination and its options.

    The name of a hypervisor means the machine that it keeps, which is started when it does not run.
    """
    from sdk_hooks.core.deploy.connection import Options

    given = Options(args.ssh_config, "", not args.no_host_check, tuple(args.ssh_option))

    def resolve(target: str) -> tuple[str, Options]:
        machine = hypervisor_machine(target, session)
        if machine is None:
            return target, given
        hypervisor, found = machine
        hypervisor.start(found, session.ui)
        return found.name, Options(str(hypervisor.ssh_config(found)), "", True, given.extra)

    return resolve


def hypervisor_machine(target: str, session: Session) -> Any:
    """(hypervisor, its machine) when *target* is the name of a hypervisor, else None."""
    if (
        target == "local"
        or not target.replace("-", "").isalnum()
        or target not in session.plugins.family("hypervisor")
    ):
        return None
    from sdk_hooks.core.machines import machine

    return session.plugins.hypervisor(target), machine(target, session.images if session.sdk else None)


def tell_addresses(target: str, ports: Iterable[Port], session: Session) -> None:
    """Say where the TCP *ports* of a container on *target* answer, when that is a hypervisor's machine."""
    found = hypervisor_machine(target, session)
    numbers = [port.host for port in ports if port.protocol == "tcp"]
    if found is None or not numbers:
        return
    hypervisor, machine = found
    for guest, ours in hypervisor.forward(machine, numbers).items():
        session.ui.step(f"{target}: port {guest} answers on http://127.0.0.1:{ours}")
