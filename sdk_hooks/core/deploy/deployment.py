"""One deployment: an application's containers as a stack runs them on one target."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from sdk_hooks.container import Container, Volume
from sdk_hooks.core.deploy import hardware, nested, network, subnets
from sdk_hooks.core.deploy.hardware import Given
from sdk_hooks.core.deploy.matching import There
from sdk_hooks.core.deploy.parts import SECRETS, Need, Part
from sdk_hooks.core.deploy.taken import Taken
from sdk_hooks.core.files import users
from sdk_hooks.core.spec.annotation import settings_to_json
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.image import Image
from sdk_hooks.limits import Resources
from sdk_hooks.target import Argv, Target

_LONGEST = 63
"""Characters of a host name (RFC 1035); Linux takes one more."""


@dataclass(frozen=True)
class Running:
    """One container of a deployment, with what it was made of."""

    container: Container
    part: Part

    @property
    def image(self) -> Image:
        return self.part.image

    @property
    def needs(self) -> tuple[Need, ...]:
        return self.part.needs


@dataclass(frozen=True)
class Deployment:
    """The containers of an application, in the order of their start, and the stack that runs them.

    Its ID is made of what it says: deploying the same again changes nothing.
    """

    name: str
    id: str
    members: tuple[Running, ...]
    stack: Stack
    target: Target
    record: str
    """JSON of what was deployed."""

    @property
    def containers(self) -> tuple[Container, ...]:
        return tuple(member.container for member in self.members)

    @property
    def app(self) -> PurePosixPath:
        """The application's directory on the target."""
        return self.target.state / "apps" / self.name

    @property
    def directory(self) -> PurePosixPath:
        return self.app / self.id

    @property
    def layers(self) -> tuple[str, ...]:
        """Diff IDs of all its images."""
        return tuple(dict.fromkeys(layer for box in self.containers for layer in box.layers))

    @property
    def digest(self) -> str:
        """Of its image's manifest; empty for an application of several containers."""
        return "" if self.members[0].part.name else self.containers[0].digest

    @property
    def inside(self) -> Argv:
        """Words before all commands of its stack."""
        return self.stack.inside(self.target)

    def command(self, argv: Argv) -> Argv:
        """*argv* of its stack, as it has to be called on the target."""
        return (*self.inside, *argv)

    @property
    def unlimited(self) -> bool:
        """Whether the resources of its settings can't be limited: an ordinary user may have no cgroup."""
        wanted = any(member.part.settings.resources != Resources() for member in self.members)
        return wanted and (
            own_root(self.target, self.stack) or nested.facts(self.stack, self.target).unlimited
        )


def make(
    name: str,
    parts: tuple[Part, ...],
    stack: Stack,
    runtime: Runtime | None,
    target: Target,
    drivers: network.Drivers,
    there: There | None = None,
    taken: Taken | None = None,
) -> Deployment:
    """The deployment of *parts* under *name* on *target*.

    :param drivers: Gives the network drivers by name.
    :param there: What *target* has of the devices that the settings name.
    :param taken: What is taken of its networks.
    :raises SdkError: When one can't have its devices, or its networks.
    """
    for part in parts:
        _check_name(container_name(name, part))
    parts = network.chosen(name, parts, stack, target)
    parts = subnets.settled(parts, drivers, stack, target, taken or Taken())
    given = {part.name: _given(part, there or There(), stack, target) for part in parts}
    networks = {part.name: network.joined(part, parts, drivers, stack) for part in parts}
    boxes = [
        replace(
            _container(name, part, given[part.name], runtime, target, _user(part, stack, target)),
            nested=bool(nested.daemon(stack, target)),
            networks=networks[part.name],
            hosts=network.hosts(part, parts, networks, stack),
            groups=_groups(part, given[part.name], stack, target),
        )
        for part in parts
    ]
    record = _record(name, parts, given, stack, runtime)
    identity = hashlib.sha256(record.encode()).hexdigest()[:12]
    directory = target.state / "apps" / name / identity
    members = tuple(
        Running(_supervised(_placed(box, part, directory), part, stack, target), part)
        for box, part in zip(boxes, parts, strict=True)
    )
    return Deployment(name, identity, members, stack, target, record)


def _given(part: Part, there: There, stack: Stack, target: Target) -> Given:
    able = nested.able(part.settings, stack, target)
    return hardware.given(able, there, stack, _user(part, stack, target), target)


def container_name(name: str, part: Part) -> str:
    """What the container of *part* is called on the target, in the application *name*."""
    return f"{name}-{part.name}" if part.name else name


def _check_name(name: str) -> None:
    if len(name) > _LONGEST:
        raise SdkError(
            f"{name!r} is too long for a container, whose host name it may be",
            hint=f"at most {_LONGEST} characters: --name, or name: in its file",
            code="bad-name",
        )


def service_name(name: str) -> str:
    """What the target's init knows the application *name* by."""
    return f"container-{name}"


def own_root(target: Target, stack: Stack) -> bool:
    """Whether we ourselves make the user namespace of an ordinary user."""
    return target.uid != 0 and stack.takes == "layers"


def _container(
    name: str,
    part: Part,
    given: Given,
    runtime: Runtime | None,
    target: Target,
    user: tuple[int, int],
) -> Container:
    image, settings = part.image, part.settings
    instead = {"User": settings.user, "WorkingDir": settings.workdir, "StopSignal": settings.stop_signal}
    config = dict(image.config.get("config") or {}) | {key: value for key, value in instead.items() if value}
    command = settings.cmd
    if settings.entrypoint is not None:
        config["Entrypoint"], command = list(settings.entrypoint), settings.cmd or ()
    return Container(
        name=container_name(name, part),
        image=f"{image.name.rpartition(':')[0]}:{image.digest[7:19]}",
        digest=image.digest,
        config=config,
        settings=given.settings,
        layers=image.diff_ids,
        user=user,
        directory=PurePosixPath(),  # its name is made of what the containers are
        state=target.state,
        runtime=runtime,
        command=command,
        rootless=target.uid != 0,
        devices=given.devices,
        own_groups=users.others(part.image, settings.user) if user[0] else (),
        cdi=given.cdi,
        hooks=(*settings.hooks, *given.hooks),
        application=name,
        alias=part.name or name,
    )


def _groups(part: Part, given: Given, stack: Stack, target: Target) -> tuple[int, ...]:
    """Of its user, besides its own; the login's root has what the login may open, and no other group."""
    added = () if own_root(target, stack) else users.groups(part.image, part.settings.group_add)
    return tuple(sorted({*given.groups, *added}))


def _placed(container: Container, part: Part, directory: PurePosixPath) -> Container:
    """*container* with its directory, and its secrets and configs as files in there that are mounted."""
    own = directory / part.name
    mounted = tuple(
        Volume(str(own / f"config-{config.name}"), config.target, True) for config in part.configs
    )
    mounted += tuple(
        Volume(str(own / f"secret-{secret.name}"), f"{SECRETS}/{secret.name}", True)
        for secret in part.secrets
    )
    volumes = tuple(_own_volume(each, container, part) for each in container.settings.volumes)
    settings = replace(container.settings, volumes=volumes + mounted)
    return replace(container, directory=own, settings=settings)


def _supervised(container: Container, part: Part, stack: Stack, target: Target) -> Container:
    """*container* as a unit of the target's init, where the stack can let it be one.

    One that is not restarted need not be there at boot either; those of an application of several are
    started in an order of their own.
    """
    if part.name or container.settings.restart.policy == "no":
        return container
    named = replace(container, unit=service_name(container.name))
    return named if stack.unit(named, target) else container


def _own_volume(volume: Volume, container: Container, part: Part) -> Volume:
    """A named volume of an application belongs to that: two may have one called data."""
    shared = part.name and volume.named
    return replace(volume, source=f"{container.application}.{volume.source}") if shared else volume


def _record(
    name: str, parts: tuple[Part, ...], given: Mapping[str, Given], stack: Stack, runtime: Runtime | None
) -> str:
    found: dict[str, Any] = {
        "name": name,
        "stack": stack.name,
        "runtime": runtime.name if runtime else "",
    }
    said = [_said(part, given[part.name]) for part in parts]
    if parts[0].name:
        found["containers"] = said
    else:
        found.update(said[0])
    return json.dumps(found, sort_keys=True)


def _said(part: Part, given: Given) -> dict[str, Any]:
    """What the record says of one container."""
    found: dict[str, Any] = {
        "image": part.image.name,
        "digest": part.image.digest,
        "layers": part.image.diff_ids,
        "settings": json.loads(settings_to_json(part.settings)),
        "devices": list(given.record),
    }
    if part.name:
        found["name"] = part.name
    if part.needs:
        found["needs"] = {need.part: need.condition for need in part.needs}
    if part.secrets:
        found["secrets"] = {each.name: each.digest for each in part.secrets}
    if part.configs:
        found["configs"] = {each.target: each.digest for each in part.configs}
        found["config_names"] = {each.target: each.name for each in part.configs}
    return found


def _user(part: Part, stack: Stack, target: Target) -> tuple[int, int]:
    """Who the container runs as.

    Without an engine an ordinary user is root in a user namespace, and all files are that user's: no
    other ID is needed, nor newuidmap, and nothing stays behind that only root could remove.
    """
    if own_root(target, stack):
        return (0, 0)
    return users.of_container(part.image, part.settings.user)
