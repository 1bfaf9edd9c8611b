"""The names that a pod finds, besides those of its cluster."""

from __future__ import annotations

from typing import Any

from sdk_hooks.container import Settings
from sdk_hooks.core.k8s.app import Member
from sdk_hooks.core.spec.values import GATEWAY
from sdk_hooks.errors import SdkError


def servers(settings: Settings) -> dict[str, Any]:
    """The `dnsConfig` of its pod: what is asked besides the cluster's own, which knows its other parts."""
    options = (text.partition(":")[::2] for text in settings.dns_opt)
    found: dict[str, Any] = {
        "nameservers": list(settings.dns),
        "searches": list(settings.dns_search),
        "options": [{"name": name, **({"value": value} if value else {})} for name, value in options],
    }
    return {key: value for key, value in found.items() if value}


def aliases(member: Member) -> list[dict[str, Any]]:
    """The names of `extra_hosts:`, by address.

    :raises SdkError: When one is to be that of the node.
    """
    found: dict[str, list[str]] = {}
    for name, address in member.part.settings.extra_hosts:
        if address == GATEWAY:
            raise SdkError(
                f"on Kubernetes there is no address for {name!r}: {GATEWAY}",
                hint="give an address, or the name of a Service in env:",
                code="no-hosts",
            )
        found.setdefault(address, []).append(name)
    return [{"ip": address, "hostnames": names} for address, names in found.items()]
