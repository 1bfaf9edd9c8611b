"""For stacks that let CNI plugins of the target make the networks: the files that call them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sdk_hooks.container import Container
from sdk_hooks.core.cni import LEASES, VERSION
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import quoted
from sdk_hooks.target import Script, Target


def path(container: Container) -> str:
    """Of the network namespace that is made for it; empty when it joins no network."""
    return f"/run/netns/{container.name}" if container.networks else ""


def etc(container: Container) -> tuple[str, ...]:
    """The files beside its scripts, after `up`, that it has to see in /etc."""
    hosts = ("hosts",) if container.networks or container.hosts else ()
    return (*hosts, *(("resolv.conf",) if container.networks or _asked(container) else ()))


def files(container: Container, target: Target) -> Mapping[str, str]:
    """What `up` and `down` need in the deployment's directory; nothing without networks and names."""
    own = [(container.hostname, joined.address.partition("/")[0]) for joined in container.networks[:1]]
    names = "".join(f"{address} {name}\n" for name, address in (*own, *container.hosts) if address)
    found = {"hosts.own": names} if "hosts" in etc(container) else {}
    if _asked(container):
        found["resolv.own"] = "".join(lines for lines, _ in _asked(container))
    if not container.networks:
        return found
    found["net-lo"] = json.dumps({"cniVersion": VERSION, "name": "lo", "type": "loopback"})
    for number, joined in enumerate(container.networks):
        for index, conf in enumerate(joined.plugins):
            whole = {"type": conf["type"], "cniVersion": VERSION, "name": joined.network.name, **conf}
            found[f"net-{number}-{index}"] = json.dumps(whole)[:-1]  # the script adds to it, and closes it
    return {**found, "network": _script(container, target)}


def up(container: Container) -> Script:
    """Commands that connect it, in its directory; they fail when that does."""
    if container.networks:
        return f"sh ./network up || exit\n{_resolved(container, 'resolv.conf')}"
    # the target's own names are those that it has now
    own = "cat /etc/hosts hosts.own >hosts && chmod 644 hosts || exit\n" if container.hosts else ""
    return own + _resolved(container, "/etc/resolv.conf")


def down(container: Container) -> Script:
    """Commands that disconnect it, in its directory."""
    return "sh ./network down\n" if container.networks else ""


def _asked(container: Container) -> list[tuple[str, str]]:
    """Lines of resolv.conf that its settings say, and the pattern of those in whose place they are."""
    settings = container.settings
    servers = "".join(f"nameserver {address}\n" for address in settings.dns)
    said = (
        (servers, "nameserver"),
        (f"search {' '.join(settings.dns_search)}\n" if settings.dns_search else "", r"\(search\|domain\)"),
        (f"options {' '.join(settings.dns_opt)}\n" if settings.dns_opt else "", "options"),
    )
    return [(lines, pattern) for lines, pattern in said if lines]


def _resolved(container: Container, source: str) -> Script:
    """Commands that make its resolv.conf of *source* and what its settings say instead."""
    if not _asked(container):
        return ""
    gone = quoted(("sed", *(w for _, pattern in _asked(container) for w in ("-e", f"/^{pattern}[ \t]/d"))))
    return (
        f"{{ {gone} {source} 2>/dev/null; cat resolv.own; }} >resolv.new &&\n"
        "mv resolv.new resolv.conf && chmod 644 resolv.conf || exit\n"
    )


def _script(container: Container, target: Target) -> Script:
    values = {
        "name": container.name,
        "namespace": path(container),
        "path": target.cni_path,
        "bridges": " ".join(c["bridge"] for j in container.networks for c in j.plugins if "bridge" in c),
        "chains": " ".join(str(len(joined.plugins)) for joined in container.networks),
        "leases": LEASES,
        "moved": " ".join(_moved(container)),
        "networks": " ".join(joined.network.name for joined in container.networks),
    }
    head = "".join(f"{key}={quoted((value,))}\n" for key, value in values.items())
    return f"#!/bin/sh\n{head}{script('namespace.sh')}"


def _moved(container: Container) -> Iterator[str]:
    """Its addresses to which ports of the target are moved."""
    for joined in container.networks:
        if any(conf["type"] == "portmap" for conf in joined.plugins):
            yield joined.address.partition("/")[0]
