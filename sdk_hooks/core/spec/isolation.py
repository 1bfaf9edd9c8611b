"""What container.yaml says of how far a container is kept apart from its target."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from sdk_hooks.core.spec import kinds, texts, values
from sdk_hooks.core.spec.kinds import Kind, Many, Pairs, Text, fail
from sdk_hooks.security import NO_NEW_PRIVILEGES, OPTIONS

SYSCTL = r"net\.[\w./-]+|kernel\.(?:msg|sem|shm)\w*|fs\.mqueue\.\w+"
"""Those of which the network's or the memory's namespace has one of its own; all others are the target's."""
_MEMORY = r"kernel\.|fs\."
_GROUP = r"[A-Za-z0-9_][\w.-]*"
_OPTION = r"[a-z][a-z0-9-]*(?::\w+)?"
HOST, PRIVATE = "host", "private"


@dataclass(frozen=True)
class Sysctls(Pairs):
    """A mapping of texts whose keys are settings of the kernel that a namespace has of its own."""

    def read(self, node: yaml.Node, key: str) -> dict[str, str]:
        found = super().read(node, key)
        for name in found:
            if not re.fullmatch(SYSCTL, name):
                what = f"{key!r}: {name!r} is a setting of the whole target, and none of a container"
                raise fail(node, what, "net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.* are; "
                           "others: /etc/sysctl.d of the target")  # fmt: skip
        return found

    def schema(self) -> dict[str, Any]:
        made = super().schema()
        mapping, listed = made["oneOf"]
        names = {"propertyNames": {"pattern": f"^(?:{SYSCTL})$"}}
        items = {"items": {"type": "string", "pattern": f"^(?:{SYSCTL})="}}
        return {**made, "oneOf": [{**mapping, **names}, {**listed, **items}]}


def security(text: str) -> str:
    """An option as docker has it, with `:` or `=` in it; without what it says anyway."""
    name, _, said = text.replace("=", ":", 1).partition(":")
    if name == NO_NEW_PRIVILEGES and said in ("", "true"):
        return NO_NEW_PRIVILEGES
    if f"{name}={said}" in OPTIONS:
        return f"{name}={said}"
    raise ValueError(f"{text!r} is not one of {', '.join(OPTIONS)}")


def shared(text: str) -> str:
    """`host`; empty for `private`, which is what every container has.

    :raises ValueError: When it is another word.
    """
    return "" if kinds.choice("", HOST, PRIVATE).parse(text) == PRIVATE else HOST


_SECURITY = {"type": "string", "pattern": "^(no-new-privileges([:=]true)?|(seccomp|apparmor)[:=]unconfined"
             "|label[:=]disable)$"}  # fmt: skip
_SHARED = {"enum": [HOST, PRIVATE]}
SERVER = Text("an address", values.ip_address)
DOMAIN = kinds.matching("a domain", values.HOSTNAME, "a domain such as example.com")
ISOLATION: dict[str, Kind] = {
    "dns": Many("name servers instead of the target's", SERVER),
    "dns_search": Many("domains that names are looked for in", DOMAIN),
    "dns_opt": Many(
        "options of resolv.conf", kinds.matching("such as ndots:2", _OPTION, "an option such as ndots:2")
    ),
    "sysctls": Sysctls("settings of the kernel in the container's own namespaces"),
    "group_add": Many(
        "groups of its user besides its own",
        kinds.matching("a number, or a name that the image has", _GROUP, "a group"),
    ),
    "security_opt": Many(
        f"what keeps it in: {', '.join(OPTIONS)}", Text(f"one of {', '.join(OPTIONS)}", security, _SECURITY)
    ),
    "privileged": Text("true or false", texts.boolean, {"type": "boolean"}),
    "pid": Text("host to see the target's processes, or private", shared, _SHARED),
    "ipc": Text("host for the target's shared memory, or private", shared, _SHARED),
}
