"""What a container is given for its `devices:` on one target, whatever way they were named in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sdk_hooks.container import Device, DeviceMatch, DeviceNode, Settings
from sdk_hooks.core.deploy import cdi, devices, matching, nested
from sdk_hooks.core.deploy.cdi import Edits
from sdk_hooks.core.deploy.matching import There
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Stack
from sdk_hooks.hook import Hook
from sdk_hooks.target import Argv, Target


@dataclass(frozen=True)
class Given:
    """What the settings say, as the stack has to be told."""

    settings: Settings
    """With what CDI specs add, unless the stack adds it by itself."""
    devices: tuple[DeviceNode, ...] = ()
    groups: tuple[int, ...] = ()
    cdi: Argv = ()
    hooks: tuple[Hook, ...] = ()
    record: tuple[str, ...] = ()
    """Tells one deployment from another whose settings are the same."""


def given(settings: Settings, there: There, stack: Stack, user: tuple[int, int], target: Target) -> Given:
    """What a container with *settings* gets whose process is *user*.

    :raises SdkError: When a device is not there, is not for *user*, or is nothing that *stack* can give.
    """
    names = _names(settings.devices)
    nodes = plain(settings, there, user, target)
    nested.check_devices(nodes, user, stack, target)
    record = tuple(f"{node.kind} {node.major}:{node.minor}" for node in nodes)
    if not names:
        return Given(settings, nodes, devices.groups(nodes, user), record=record)
    edits = cdi.edits(names, there.specs, target)
    theirs = devices.given(edits.devices, there.nodes, user, target)
    nested.check_devices(theirs, user, stack, target)
    groups = tuple(sorted({*devices.groups((*nodes, *theirs), user), *edits.groups}))
    record += (f"cdi {hashlib.sha256(repr(edits).encode()).hexdigest()[:12]}",)
    facts = target.stacks.get(stack.name)
    # without root a runtime mounts the target's node, which it looks for under the path in the container
    moved = target.uid != 0 and any(device.source != device.target for device in edits.devices)
    if facts and facts.cdi and not moved:
        return Given(settings, nodes, groups, names, record=record)
    _check_told(edits, names, stack, target)
    return Given(_edited(settings, edits), (*nodes, *theirs), groups, (), edits.hooks, record)


def plain(settings: Settings, there: There, user: tuple[int, int], target: Target) -> tuple[DeviceNode, ...]:
    """The nodes of all devices of *settings* but those of CDI.

    :raises SdkError: When one is not there, or not for *user*.
    """
    wanted: list[Device] = []
    for device in settings.devices:
        if isinstance(device, Device):
            wanted.append(device)
        elif device.kind != matching.CDI:
            wanted += matching.found(device, there, target)
    return devices.given(dict.fromkeys(wanted), there.nodes, user, target)


def _names(wanted: Iterable[Device | DeviceMatch]) -> Argv:
    found = [d.words[0] for d in wanted if isinstance(d, DeviceMatch) and d.kind == matching.CDI]
    return tuple(dict.fromkeys(found))


def _edited(settings: Settings, edits: Edits) -> Settings:
    """*settings* with what CDI adds; its variables go over the container's, as in engines that know it."""
    return replace(settings, env={**settings.env, **edits.env}, volumes=(*settings.volumes, *edits.volumes))


def _check_told(edits: Edits, names: Argv, stack: Stack, target: Target) -> None:
    hooks = tuple(f"the hook {hook.path}" for hook in edits.hooks) if stack.takes != "layers" else ()
    lacks = (*edits.others, *hooks)
    if lacks:
        raise SdkError(
            f"{stack.name} on {target.name!r} can't give a container {', '.join(names)}",
            detail=f"it takes no names of CDI devices, and can't be told of {', '.join(lacks)} otherwise",
            hint="install a version that knows CDI there, or enable it; or choose another one with --stack",
            code="no-cdi",
        )
