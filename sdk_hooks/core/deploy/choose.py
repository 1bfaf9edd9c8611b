"""Decides which stack and runtime a deployment uses, and refuses what can't work before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.container import Container, Settings
from sdk_hooks.core import cni
from sdk_hooks.core.deploy import asked, ids, nested
from sdk_hooks.core.deploy.deployment import Deployment, own_root
from sdk_hooks.core.deploy.probe import Found
from sdk_hooks.core.deploy.runtimes import cannot_run, check_takes, lone, missing, unfit
from sdk_hooks.core.registry import Plugins
from sdk_hooks.core.ui import human
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.image import Image
from sdk_hooks.target import Target


def stack(target: Target, plugins: Plugins, wanted: str = "") -> Stack:
    """The stack that the user named, else what the plugins choose among those that answered.

    :raises SdkError: When it is not there, or does not answer.
    """
    known = plugins.stacks()
    usable = {n: s for n, s in known.items() if n in target.stacks and not target.stacks[n].problem}
    alone = bool(fitting(target, plugins))
    if target.confined or not alone:  # a runtime alone needs root or a user namespace, and to be there
        usable = {n: s for n, s in usable.items() if s.takes != "layers"}
    if wanted:
        chosen = plugins.stack(wanted)
        _check_there(chosen, target, usable)
        return chosen
    broken = any(facts.problem for facts in target.stacks.values())
    if broken and all(s.takes == "layers" for s in usable.values()):
        # what the engine holds comes back when it is started: nothing may take its place unasked
        raise _no_stack(target, known, plugins)
    name = plugins.manager.hook.sdk_choose_stack(target=target, stacks=usable)
    if name is None and target.confined and alone:
        raise _needs_root(target)
    if name is None:
        raise _no_stack(target, known, plugins)
    return plugins.stack(name)


def fitting(target: Target, plugins: Plugins) -> dict[str, Runtime]:
    """The runtimes that *target* has, with all that they need to run containers by themselves."""
    members = {name: plugins.runtime(name) for name in plugins.family("runtime")}
    return {name: found for name, found in members.items() if found.alone and not missing(found, target)}


def runtime(
    target: Target, plugins: Plugins, chosen: Stack, wanted: str = "", *, setup: bool = False
) -> Runtime | None:
    """The runtime that the user named; without a stack the first that is there; else None.

    :param setup: What the stack can be set up for will do.
    :raises SdkError: When the target lacks what it needs.
    """
    if wanted:
        found = plugins.runtime(wanted)
        lacks = missing(found, target)
        if lacks:
            raise cannot_run(found, lacks, target)
        check_takes(chosen, found, target, setup=setup)
        return found
    if chosen.takes != "layers":
        return None
    usable = fitting(target, plugins)
    if not usable:
        raise SdkError(
            f"{target.name!r} has no OCI runtime",
            detail="\n".join((f"looked for: {', '.join(lone(plugins))}", *unfit(plugins, target))),
            hint="install one of them there",
            code="no-runtime",
        )
    name = plugins.manager.hook.sdk_choose_runtime(target=target, runtimes=usable)
    return usable[name or min(usable)]


def check(found: Found, made: Deployment, size: int) -> None:
    """Refuse what would fail.

    :param size: Bytes that will be sent.
    :raises SdkError: With the first reason.
    """
    target, stack = found.target, made.stack
    check_machine(made)
    for container in made.containers:
        asked.check_program(container)
    if found.unwritable:
        raise SdkError(
            f"{target.name!r} has no place to keep deployments: {found.unwritable!r} can't be written",
            detail=f"they are kept in {target.state}",
            hint=f"mount something there that can: on {target.state}",
            code="read-only",
        )
    _check_names(found, made)
    _check_ports(found, made)
    room = int(size * stack.space) + (1 << 20)
    if stack.takes == "layers" and (target.uid or not target.overlay):  # every container is a copy
        room += sum(layer.size for member in made.members for layer in member.image.layers)
    if target.free and room > target.free:
        raise SdkError(
            f"no space on {target.name!r}: {human(room)} are needed, {human(target.free)} are free",
            detail=f"{human(size)} are to be sent to {stack.name}, on the file system of {target.state}",
            hint="remove what is not needed there",
            code="no-space",
        )


def check_machine(made: Deployment, emulated: bool = False) -> None:
    """Refuse what the machine or the stack can't do at all.

    :param emulated: The images need not be for the processor of the target.
    :raises SdkError: With the first reason.
    """
    if made.target.confined and made.stack.takes == "layers":
        raise _needs_root(made.target)
    for member in made.members:
        if not emulated:
            _check_platform(made.target, member.image)
        ids.check(member, made)
        asked.check_namespaces(member.container)
        if own_root(made.target, made.stack):
            asked.check_alone(member.container)
        asked.check_health(member.container, nested.forwards(made.stack, made.target))
        nested.check_network(member.container, made.stack, made.target)
        nested.check_shared(member.container, made.stack, made.target)
        if member.container.networks:
            _check_cni(member.container, made)
        else:
            _check_network(member.container.settings, made.stack)


def check_runtime(container: Container) -> None:
    """Refuse what the chosen runtime can't do.

    :raises SdkError: With what that is.
    """
    runtime = container.runtime
    what = runtime.refuses(container) if runtime else ""
    if runtime and what:
        raise SdkError(
            f"{runtime.name} can't {what}", hint="choose another one with --runtime", code="runtime-refuses"
        )


def _needs_root(target: Target) -> SdkError:
    return SdkError(
        f"without an engine only root can run containers on {target.name!r}",
        detail=f"an ordinary user needs user namespaces: {target.confined}",
        hint="log in as root, or allow them there",
        code="needs-root",
    )


def _check_there(chosen: Stack, target: Target, usable: Iterable[str]) -> None:
    facts = target.stacks.get(chosen.name)
    if facts is None:
        raise SdkError(
            f"{target.name!r} has no {chosen.name}",
            detail=f"looked for: {', '.join(chosen.programs)}",
            hint=_others(usable) or f"install {chosen.name} there",
            code="no-engine",
        )
    if facts.problem:
        raise _not_running(chosen.name, target, facts.problem, usable)


def _not_running(name: str, target: Target, problem: str, usable: Iterable[str]) -> SdkError:
    return SdkError(
        f"{name} on {target.name!r} does not answer",
        detail=problem,
        hint="; or ".join(
            filter(None, ("start it there, or log in as a user who may use it", _others(usable)))
        ),
        code="engine-not-running",
    )


def _others(usable: Iterable[str]) -> str:
    options = " or ".join(f"--stack {name}" for name in sorted(usable))
    return f"choose what is there: {options}" if options else ""


def _no_stack(target: Target, stacks: Iterable[str], plugins: Plugins) -> SdkError:
    broken = {name: facts.problem for name, facts in target.stacks.items() if facts.problem}
    if broken:
        name, problem = sorted(broken.items())[0]
        return _not_running(name, target, problem, ())
    looked = lone(plugins)
    return SdkError(
        f"{target.name!r} has nothing that runs containers",
        detail="\n".join((f"looked for: {', '.join([*sorted(stacks), *looked])}", *unfit(plugins, target))),
        hint="install one of them there",
        code="no-engine",
    )


def _check_platform(target: Target, image: Image) -> None:
    if not target.platform.runs(image.platform):
        raise SdkError(
            f"the image is for {image.platform}, {target.name!r} is {target.platform}",
            hint="build it with the SDK of that machine",
            code="wrong-architecture",
        )


def _check_names(found: Found, made: Deployment) -> None:
    facts, stack = found.target.stacks.get(made.stack.name), made.stack
    for name in (container.name for container in made.containers):
        if name in found.theirs:
            raise SdkError(
                f"{found.target.name!r} has a container {name!r} that is part of something else",
                detail=f"see what: container-status {found.target.name}",
                hint="deploy under another name with --name, or remove that one",
                code="name-in-use",
            )
        state = facts.states.get(name, "absent") if facts else "absent"
        holders = [stack.name] if state != "absent" else []
        if stack.takes == "layers":
            holders += sorted(runtime for runtime, held in found.holders if held == name)
        if holders and stack.name not in found.ours:
            raise SdkError(
                f"{holders[0]} on {found.target.name!r} has a container {name!r} that is not ours",
                hint="deploy under another name with --name, or remove that one",
                code="name-in-use",
            )


def _check_cni(container: Container, made: Deployment) -> None:
    """Where CNI plugins of the target make the networks, they have to be there, and be allowed to."""
    if "cni" not in made.stack.networks:
        return
    needed = cni.types(conf for joined in container.networks for conf in joined.plugins)
    names = ", ".join(dict.fromkeys(repr(joined.network.name) for joined in container.networks))
    missing = sorted(needed - made.target.cni)
    if missing:
        raise SdkError(
            f"{made.target.name!r} lacks CNI plugins for the network {names}: {', '.join(missing)}",
            detail=f"they are in {made.target.cni_path}" if made.target.cni_path else "",
            hint="install them there (cni-plugins); or say network: host",
            code="no-cni",
        )
    if made.target.uid and not nested.daemon(made.stack, made.target):
        raise SdkError(
            f"without an engine only root can make the network {names} on {made.target.name!r}",
            hint="log in as root, or say network: host",
            code="needs-root",
        )


def _check_network(settings: Settings, chosen: Stack) -> None:
    if settings.network not in chosen.networks:
        raise SdkError(
            f"{chosen.name} can't give a container the network {settings.network!r}",
            detail=f"it can: {', '.join(chosen.networks)}",
            hint="choose one with --network",
            code="no-network",
        )
    moved = [str(p) for p in settings.ports if p.host != p.container or p.address]
    if moved and settings.network != "bridge":
        raise SdkError(
            f"ports can't be moved on the network {settings.network!r}",
            detail=f"ports: {', '.join(moved)}",
            hint="give the container's own port; or --network bridge where the stack has it",
            code="no-network",
        )


def _check_ports(found: Found, made: Deployment) -> None:
    wanted = [port for box in made.containers for port in box.settings.ports]
    low = [str(port.host) for port in wanted if port.host < found.target.low_ports]
    if low:
        raise SdkError(
            f"port {', '.join(low)} of {found.target.name!r} is not for an ordinary user",
            detail=f"sysctl net.ipv4.ip_unprivileged_port_start is {found.target.low_ports}",
            hint="log in as root, or choose a higher one: ports: in container.yaml",
            code="low-port",
        )
    numbers = [port.host for port in wanted if port.protocol == "tcp"]
    taken = sorted(set(numbers) & found.target.listening - found.ports)
    if taken:
        raise SdkError(
            f"port {', '.join(map(str, taken))} of {found.target.name!r} is in use by something else",
            hint="stop that, or change ports: in container.yaml",
            code="port-in-use",
        )
