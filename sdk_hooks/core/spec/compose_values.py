"""Values of a service in a compose file, short and long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from sdk_hooks.container import HealthCheck, Port, Volume
from sdk_hooks.core.spec import kinds, texts, values
from sdk_hooks.core.spec.isolation import DOMAIN, ISOLATION, SERVER
from sdk_hooks.core.spec.kinds import Either, Kind, Many, Pairs, Section, Text, Words, fail
from sdk_hooks.core.spec.model import SPEC
from sdk_hooks.tmpfs import Tmpfs

_RANGE = re.compile(r"(?P<address>.*:)?(?P<host>\d+-\d+):(?P<inner>\d+-\d+)(?P<protocol>/\w+)?")


_SAID_ANYWAY = ("no-new-privileges:false", "no-new-privileges=false")
_NOTHING_HERE = ("z", "Z", "cached", "delegated", "consistent", "nocopy")
"""Options of a volume about labels of SELinux and other machines' file systems."""


def _long_port(
    target: int, published: int = 0, protocol: str = "tcp", host_ip: str = "", **_: Any
) -> tuple[Port, ...]:
    return (Port(target, published or target, protocol, host_ip),)


def _long_volume(
    target: str,
    source: str = "",
    read_only: bool = False,
    type: str = "",
    tmpfs: Mapping[str, int] | None = None,
    **_: Any,
) -> Volume | Tmpfs:
    if type == "tmpfs":
        return Tmpfs(target, **(tmpfs or {}))
    if type not in ("", "volume", "bind"):
        raise ValueError(f"a volume of type {type!r} is not supported")
    if type == "bind" and not source.startswith("/"):
        raise ValueError(f"{source!r} is a path of this machine, which the target does not have")
    found = values.volume(f"{source or 'x'}:{target}{':ro' if read_only else ''}")
    return found if source else replace(found, source="")


def own_volume(volume: Volume, service: str) -> Volume:
    """A volume without a name is of one service only."""
    inner = volume.target.strip("/").replace("/", "-")
    return volume if volume.source else replace(volume, source=f"{service}-{inner}")


def _short_port(text: str) -> tuple[Port, ...]:
    if ":" not in text:
        raise ValueError(f"{text!r} does not say the port of the target, such as 8080:{text}")
    found = _RANGE.fullmatch(text)
    if not found:
        return (values.port(text),)
    host, inner = (_numbers(found[side]) for side in ("host", "inner"))
    if len(host) != len(inner):
        raise ValueError(f"{text!r} has {len(host)} ports of the target for {len(inner)} of the container")
    address, protocol = found["address"] or "", found["protocol"] or ""
    return tuple(values.port(f"{address}{a}:{b}{protocol}") for a, b in zip(host, inner, strict=True))


def _numbers(text: str) -> range:
    first, last = map(int, text.split("-"))
    if not first <= last < 65536:
        raise ValueError(f"{text!r} is no range of ports")
    return range(first, last + 1)


def _short_volume(text: str) -> Volume:
    if text.startswith((".", "~")):
        raise ValueError(f"{text!r} is a path of this machine, which the target does not have")
    place, colon, said = text.rpartition(":")
    if colon and not said.startswith("/"):
        options = [word for word in said.split(",") if word not in _NOTHING_HERE]
        text = ":".join((place, *([",".join(options)] if options else [])))
    found = values.volume(text)
    return replace(found, source="") if re.fullmatch(r"/[^:]*(:r[ow])?", text) else found


def _test(node: yaml.Node, key: str) -> tuple[str, ...]:
    """`test:` of a health check: a text for a shell, or a list that begins with CMD or CMD-SHELL; or NONE."""
    if isinstance(node, yaml.ScalarNode) and node.value == "NONE":
        return ()
    if isinstance(node, yaml.ScalarNode):
        return ("/bin/sh", "-c", str(node.value))
    words = Words("a command").read(node, key)
    if words == ("NONE",):
        return ()
    if words[:1] == ("CMD-SHELL",):
        return ("/bin/sh", "-c", *words[1:])
    if words[:1] != ("CMD",) or not words[1:]:
        raise fail(node, f"{key!r} begins with CMD or CMD-SHELL")
    return words[1:]


def _health(test: tuple[str, ...] | None = None, disable: bool = False, **rest: Any) -> HealthCheck:
    """Compose's defaults; without a command it says that there is to be none.

    `start_interval` says nothing here: until it is up it is asked several times a second anyway.
    """
    if test is None and not disable:
        raise ValueError("'test' is missing")
    rest.pop("start_interval", None)
    return HealthCheck(**{"command": () if disable else test, "interval": 30.0, "retries": 3, **rest})


def _hosts(node: yaml.Node, key: str) -> tuple[tuple[str, str], ...]:
    """A list of NAME:ADDRESS or NAME=ADDRESS, or a mapping."""
    each = Text("NAME:ADDRESS", values.extra_host)
    if not isinstance(node, yaml.MappingNode):
        return tuple(Many("hosts", each).read(node, key))
    listed = [
        yaml.ScalarNode("", f"{name}:{Text('an address').read(value, key)}", value.start_mark, value.end_mark)
        for name, value in kinds.pairs(node, key)
    ]
    return tuple(each.read(host, key) for host in listed)


def _shared_memory(node: yaml.Node, key: str) -> Tmpfs:
    return Tmpfs("/dev/shm", Text("a size", values.memory).read(node, key))  # noqa: S108  in the container


def _some(each: Kind) -> _Reader:
    """One, or a list of them."""

    def read(node: yaml.Node, key: str) -> tuple[Any, ...]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(each.read(one, key) for one in nodes)

    return _Reader(read)


def _security(node: yaml.Node, key: str) -> tuple[str, ...]:
    """The options of a list, less those that say what is so without them."""
    kind = SPEC.keys["security_opt"]
    told = [each for each in getattr(node, "value", ()) if getattr(each, "value", "") not in _SAID_ANYWAY]
    kept = yaml.SequenceNode(node.tag, told, node.start_mark, node.end_mark)
    return tuple(kind.read(kept if isinstance(node, yaml.SequenceNode) else node, key))


def _memory(node: yaml.Node, key: str) -> str:
    """`ipc:`, where `shareable` is no less of its own."""
    return "" if node.value == "shareable" else str(SPEC.keys["ipc"].read(node, key))


class _Reader:
    """A kind that a function reads."""

    def __init__(self, read: Callable[[yaml.Node, str], Any]) -> None:
        self.read = read

    def schema(self) -> dict[str, Any]:
        return {}


OPTIONS = Section(
    "options",
    {"parent": kinds.matching("an interface of the target", r"[\w.-]{1,15}", "an interface such as eth1")},
)
POOL = Section(
    "a pool", {"subnet": Text("a subnet", values.subnet), "gateway": Text("an address", values.ip_address)}
)
_BOOLEAN = Text("true or false", texts.boolean)
_TIME = Text("a time such as 10s", texts.duration)
_PORT = Either(
    Text("HOST:CONTAINER", _short_port),
    Section(
        "a port",
        {
            "target": Text("a port", values.port_number),
            "published": Text("a port", values.port_number),
            "protocol": kinds.choice("a protocol", "tcp", "udp", "sctp"),
            "host_ip": Text("an address"),
            "mode": Text("a mode"),
            "name": Text("a name"),
            "app_protocol": Text("a protocol"),
        },
        _long_port,
        required=("target",),
    ),
)
_VOLUME = Either(
    Text("NAME:/PATH or /ON/TARGET:/PATH; files of this machine: configs:", _short_volume),
    Section(
        "a volume",
        {
            "type": Text("a type"),
            "source": Text("a name or path"),
            "target": Text("a path"),
            "read_only": _BOOLEAN,
            "bind": Section("options", {"create_host_path": _BOOLEAN, "selinux": Text("z or Z")}),
            "volume": Section("options", {"nocopy": _BOOLEAN}),
            "consistency": Text("a word"),
            "tmpfs": Section(
                "what is said of it",
                {"size": Text("a size", values.memory), "mode": Text("a mode", values.mode)},
                dict,
            ),
        },
        _long_volume,
        required=("target",),
    ),
)
_HEALTH = Section(
    "a health check",
    {
        "test": _Reader(_test),
        "interval": _TIME,
        "timeout": _TIME,
        "retries": Text("a number", texts.count),
        "start_period": _TIME,
        "start_interval": _TIME,
        "disable": _BOOLEAN,
    },
    _health,
)


def _network_mode(node: yaml.Node, key: str) -> Any:
    if isinstance(node, yaml.ScalarNode) and node.value.startswith(("service:", "container:")):
        raise fail(
            node,
            f"{key!r}: no container has the network of another one: {node.value!r}",
            "let both join one: networks:; or give both that of the target: network_mode: host",
        )
    return SPEC.keys["network"].read(node, key)


_CPUS = Text("a number", values.cpus)
_BYTES = Text("a size", values.memory)
_PIDS = Text("a number", texts.count)
_LIMITS = Section("limits", {"memory": _BYTES, "cpus": _CPUS, "pids": _PIDS})
KEYS: Mapping[str, tuple[str, Any]] = {
    "command": ("cmd", Words("a command")),
    "entrypoint": ("entrypoint", Words("a command")),
    "environment": ("env", Pairs("variables")),
    "ports": ("ports", Many("ports", _PORT)),
    "volumes": ("volumes", Many("volumes", _VOLUME)),
    "devices": ("devices", SPEC.keys["devices"]),
    "ulimits": ("ulimits", SPEC.keys["ulimits"]),
    "healthcheck": ("healthcheck", _HEALTH),
    "restart": ("restart", SPEC.keys["restart"]),
    "network_mode": ("network", _Reader(_network_mode)),
    "hostname": ("hostname", SPEC.keys["hostname"]),
    "user": ("user", SPEC.keys["user"]),
    "working_dir": ("workdir", SPEC.keys["workdir"]),
    "stop_signal": ("stop_signal", SPEC.keys["stop_signal"]),
    "cap_add": ("cap_add", SPEC.keys["cap_add"]),
    "cap_drop": ("cap_drop", SPEC.keys["cap_drop"]),
    "read_only": ("read_only", SPEC.keys["read_only"]),
    "tmpfs": ("tmpfs", _some(Text("a directory", values.tmpfs))),
    "shm_size": ("shm", _Reader(_shared_memory)),
    "extra_hosts": ("extra_hosts", _Reader(_hosts)),
    "dns": ("dns", _some(SERVER)),
    "dns_search": ("dns_search", _some(DOMAIN)),
    "dns_opt": ("dns_opt", ISOLATION["dns_opt"]),
    "sysctls": ("sysctls", ISOLATION["sysctls"]),
    "group_add": ("group_add", ISOLATION["group_add"]),
    "security_opt": ("security_opt", _Reader(_security)),
    "privileged": ("privileged", ISOLATION["privileged"]),
    "pid": ("pid", ISOLATION["pid"]),
    "ipc": ("ipc", _Reader(_memory)),
    "stop_grace_period": ("stop_timeout", _TIME),
    "mem_limit": ("memory", _BYTES),
    "cpus": ("cpus", _CPUS),
    "pids_limit": ("pids", _PIDS),
    "deploy": ("limits", Section(
        "deployment",
        {"resources": Section("resources", {"limits": _LIMITS})},
        lambda resources=None: dict((resources or {}).get("limits", {})),
    )),
}  # fmt: skip
