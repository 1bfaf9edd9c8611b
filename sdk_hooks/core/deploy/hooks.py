"""Hooks of `hooks:`: whether anything calls them, and whether the target has their programs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sdk_hooks.container import Settings
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.shell import quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Script

_INSIDE = "startContainer"
"""The stage whose programs are the container's."""


def question(wanted: Iterable[Settings]) -> Script:
    """Commands of the probe that tell which of the programs are not there."""
    hooks = (hook for settings in wanted for hook in settings.hooks if hook.stage != _INSIDE)
    paths = dict.fromkeys(hook.path for hook in hooks)
    return "".join(
        f"[ -f {quoted((path,))} ] && [ -x {quoted((path,))} ] || echo unhooked {quoted((path,))}\n"
        for path in paths
    )


def check(made: Deployment, missing: Collection[str]) -> None:
    """Refuse hooks that nothing would call, or that can't be called.

    :param missing: Programs that the target has not.
    :raises SdkError: With the first.
    """
    hooks = [hook for box in made.containers for hook in box.settings.hooks]
    if hooks and made.stack.takes != "layers":
        raise SdkError(
            f"{made.stack.name} can't be told of the hook {hooks[0].path!r}",
            detail="only a runtime without an engine takes hooks of a container",
            hint="do without the engine: --stack none; or leave out hooks:",
            code="no-hooks",
        )
    for hook in hooks:
        if hook.path in missing:
            raise SdkError(
                f"{made.target.name!r} has no program {hook.path!r} for the hook {hook.stage}",
                hint="install it there, or change hooks: in container.yaml",
                code="no-hook",
            )
