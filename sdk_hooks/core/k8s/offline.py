"""The objects of an application without a cluster: for one of a certain version, in any namespace."""

from __future__ import annotations

import re

from sdk_hooks.core.deploy.network import Drivers
from sdk_hooks.core.k8s import objects, order, refusals
from sdk_hooks.core.k8s.app import App, Manifest
from sdk_hooks.core.k8s.cluster import NEWEST, OLDEST
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.errors import UsageError


def version(text: str) -> tuple[int, int]:
    """The version that *text*, such as 1.29 or v1.29.3, means; the newest known for nothing.

    :raises UsageError: When it is none, or too old.
    """
    if not text:
        return NEWEST
    match = re.fullmatch(r"v?(\d{1,3})\.(\d{1,3})([.+-].*)?", text)
    if not match:
        raise UsageError(
            f"--kubernetes-version {text!r} is no version",
            hint="write it like --kubernetes-version {}.{}".format(*NEWEST),
        )
    found = int(match[1]), int(match[2])
    if found < OLDEST:
        raise UsageError(
            f"--kubernetes-version {text} is too old", hint="{}.{} is the oldest that will do".format(*OLDEST)
        )
    return found


def app(order_: Order, version: tuple[int, int]) -> App:
    """The application, in no namespace.

    :raises SdkError: When a part of it can't be a pod.
    """
    members = order.members(order_)
    found = App(order_.name, members, "", version, order.pinned(order_, members))
    refusals.check(found)
    return found


def manifests(found: App, drivers: Drivers) -> list[Manifest]:
    """The objects of *found*."""
    return objects.manifests(found, drivers)
