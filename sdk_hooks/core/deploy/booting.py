"""Containers whose program is an init: whether it would find what it wants."""

from __future__ import annotations

from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.errors import SdkError


def check(made: Deployment) -> None:
    """Refuse an init that would end at once.

    :raises SdkError: With the first.
    """
    stack = made.stack
    for box in made.containers:
        alone = stack.takes == "layers" and box.rootless
        if box.boots and (alone or not stack.boots):
            raise SdkError(
                f"{stack.name} can't run the init of {box.name!r}{' for an ordinary user' if alone else ''}",
                detail="an init wants control groups that it can change, and has none there",
                hint="log in as root" if alone else "do without the engine: --stack none",
                code="no-init",
            )
