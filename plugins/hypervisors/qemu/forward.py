"""Makes TCP ports of the guest answer on this machine's loopback address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdk_hooks import Machine, SdkError, vm

from . import qmp, state


def forward(machine: Machine, ports: Sequence[int]) -> Mapping[int, int]:
    """For each of *ports* the port of this machine: the same number where it is free, else another one.

    Asked again, it gives the same answer. *machine* must run.

    :raises SdkError: When QEMU can't do it.
    """
    known = state.read(machine.directory)
    active = _active(machine)
    for guest in ports:
        ours = known.forwards.get(guest, guest)
        if active.get(ours) != guest:
            known.forwards[guest] = _add(machine, guest, ours)
    known.write(machine.directory)
    return {guest: known.forwards[guest] for guest in ports}


def _add(machine: Machine, guest: int, wanted: int) -> int:
    said = ""
    for _ in range(3):  # a port that was free may be taken by now
        ours = vm.ssh.free_port(wanted)
        rule = f"hostfwd_add net0 tcp:{vm.ssh.LOCALHOST}:{ours}-:{guest}"
        said = qmp.monitor(machine.directory / "qmp", rule).strip()
        if not said:
            return ours
    raise SdkError(f"port {guest} of {machine.name!r} can't be forwarded", detail=said, code="forward")


def _active(machine: Machine) -> dict[int, int]:
    """What QEMU forwards now, by port of this machine."""
    # a row is: TCP[HOST_FORWARD] 12 127.0.0.1 8080 10.0.2.15 8080 0 0
    rows = (line.split() for line in qmp.monitor(machine.directory / "qmp", "info usernet").splitlines())
    return {int(row[3]): int(row[5]) for row in rows if row[:1] == ["TCP[HOST_FORWARD]"]}
