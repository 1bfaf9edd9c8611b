"""Networks of a compose file, which are the application's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from sdk_hooks.container import Network
from sdk_hooks.core.spec import kinds, texts
from sdk_hooks.core.spec.compose_keys import checked_keys, sequence
from sdk_hooks.core.spec.compose_values import OPTIONS, POOL
from sdk_hooks.core.spec.kinds import Text, fail

_EXTERNAL = "leave out external:, and copy what is in it; or mount a path of the target: /srv/data:/data"


def network(name: str, node: yaml.Node) -> Network:
    key = f"networks.{name}"
    found = checked_keys(node, key, {"driver", "driver_opts", "internal", "ipam", "name", "external"})
    said: dict[str, Any] = {}
    if "external" in found:
        said["external"] = Text("true or false", texts.boolean).read(found["external"], f"{key}.external")
    if said.get("external") and "name" in found:
        name = Text("a name").read(found["name"], f"{key}.name")
    if "driver" in found:
        said["driver"] = Text("a driver").read(found["driver"], f"{key}.driver")
    if "internal" in found:
        said["internal"] = Text("true or false", texts.boolean).read(found["internal"], f"{key}.internal")
    if "driver_opts" in found:
        said.update(OPTIONS.read(found["driver_opts"], key))
    if "ipam" in found:
        listed = checked_keys(found["ipam"], f"{key}.ipam", {"config", "driver"})
        if "driver" in listed:
            kinds.choice("a driver", "default").read(listed["driver"], f"{key}.ipam.driver")
        pools = sequence(listed, "config", f"{key}.ipam")
        if len(pools) > 1:
            raise fail(pools[1], f"'{key}.ipam.config': more than one is not supported")
        for each in pools:
            said.update(POOL.read(each, f"{key}.ipam.config"))
    try:
        return Network(name, **said)
    except ValueError as error:
        raise fail(node, f"{key!r}: {error}") from error


def own(found: Mapping[str, yaml.Node], key: str) -> None:
    """Refuse what somebody else has made; its name is made of the application's and its own."""
    said = found.get("external")
    if said is not None and Text("true or false", texts.boolean).read(said, f"{key}.external"):
        raise fail(said, f"'{key}.external': an application has its own", _EXTERNAL)
