"""Takes an application away from a cluster."""

from __future__ import annotations

import time

from sdk_hooks.core.k8s import inventory
from sdk_hooks.core.k8s.deploy import How, not_there
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.snapshot import selector
from sdk_hooks.errors import SdkError


def delete(kubectl: Kubectl, name: str, how: How, *, storage: bool) -> list[str]:
    """Remove all of *name*, and wait until it is gone; gives what of it is kept.

    :param storage: Whether its storage goes, too.
    :raises SdkError: When there is nothing.
    """
    found = inventory.objects(kubectl, name, storage=storage)
    kept = (
        [] if storage else [key for key in inventory.objects(kubectl, name, storage=True) if key not in found]
    )
    if not found:
        raise not_there(name)
    inventory.delete(kubectl, found, how.timeout)
    _gone(kubectl, name, how.timeout)
    return kept


def _gone(kubectl: Kubectl, name: str, timeout: float) -> None:
    """Wait until its pods are gone, too: those of a Deployment end after it.

    :raises SdkError: When that takes too long.
    """
    deadline = time.monotonic() + timeout
    while left := kubectl.run("get", "pods", "--selector", selector(name), "--output=name").split():
        if time.monotonic() > deadline:
            raise SdkError(
                f"{', '.join(left)} did not end in {timeout:g} s",
                hint="look at it: kubectl describe; is its node there?",
                code="not-gone",
            )
        time.sleep(0.3)
