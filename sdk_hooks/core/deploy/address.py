"""Where a port of a container answers, seen from the machine that it runs on."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.container import Port

_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  what is read, not bound


def of_port(port: int, ports: Iterable[Port]) -> tuple[str, int]:
    """Address and port of the machine where *port* answers: its own, else one of the container."""
    known = tuple(ports)
    published = next((one for one in known if one.host == port), None)
    moved = next((one for one in known if one.container == port), None)
    found = published or moved or Port(port, port)
    return _LOOPBACK.get(found.address, found.address), found.host
