"""What is deployed under one name: one image, or several that belong together."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field

from sdk_hooks.container import Port, Settings
from sdk_hooks.core.oci.imageset import ImageSet
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image

STARTED, HEALTHY, COMPLETED = "started", "healthy", "completed"
"""What a part waits for before it starts: that another one was started, is healthy, has ended well."""

SECRETS = "/run/secrets"
"""Where a container finds the files of its secrets."""


_ANY = ("", "0.0.0.0", "::", "[::]")  # noqa: S104  addresses to refuse, not to listen on


@dataclass(frozen=True)
class Need:
    """Another part that has to be there first."""

    part: str
    condition: str


@dataclass(frozen=True)
class Mounted:
    """A file that the container sees and its image does not have."""

    name: str
    content: bytes
    kept: str = field(default="", kw_only=True)
    """Where the target has it from the deployment before, relative to the application's directory there."""
    known: str = field(default="", kw_only=True)
    """The sha256 of what is kept, whose content nobody here has."""

    @property
    def digest(self) -> str:
        """sha256 of its content."""
        return self.known or hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Secret(Mounted):
    """One that is shown to nobody else."""


@dataclass(frozen=True)
class Config(Mounted):
    """Settings; unlike a secret they are shown to who asks."""

    target: str
    """Its path in the container."""


@dataclass(frozen=True)
class Part:
    """One container of an application."""

    image: Image
    settings: Settings
    name: str = ""
    """Within the application; empty for the only one, which has the application's own name."""
    needs: tuple[Need, ...] = ()
    secrets: tuple[Secret, ...] = ()
    configs: tuple[Config, ...] = ()
    """Each has a target of its own; one file may be there several times."""
    variants: ImageSet | None = None
    """The image for machines of several architectures, for clusters that have such; *image* is the first."""

    @property
    def images(self) -> ImageSet:
        """The image, for each architecture that there is one for."""
        return self.variants or ImageSet((self.image,))


def check_ports(parts: Iterable[Part]) -> None:
    """Refuse a port of the target that two want.

    :raises SdkError: Naming the port, and who wants it.
    """
    wanted = [(part.name, port) for part in parts for port in part.settings.ports]
    for (one, first), (other, second) in itertools.combinations(wanted, 2):
        if _meet(first, second):
            who = f"the containers {one!r} and {other!r} both have"
            if one == other:
                who = f"the container {one!r} twice has" if one else "the container twice has"
            raise SdkError(f"{who} port {first.host}", hint="move one of them: ports:", code="bad-spec")


def check_mounts(parts: Iterable[Part]) -> None:
    """Refuse two things in one place of a container, which engines do late, or hide one of them.

    :raises SdkError: Naming the path.
    """
    for part in parts:
        mounted = [volume.target for volume in part.settings.volumes]
        mounted += [tmpfs.target for tmpfs in part.settings.tmpfs]
        mounted += [config.target for config in part.configs]
        paths = [path.rstrip("/") for path in mounted] + [f"{SECRETS}/{each.name}" for each in part.secrets]
        twice = next((path for path in paths if paths.count(path) > 1), None)
        if twice:
            who = f"the container {part.name!r}" if part.name else "the container"
            raise SdkError(
                f"{who} has two things at {twice!r}",
                hint="move one of them: volumes:, tmpfs: or configs:",
                code="bad-spec",
            )


def _meet(first: Port, second: Port) -> bool:
    """Whether only one of both can be had."""
    addresses = {first.address, second.address}
    same = (first.host, first.protocol) == (second.host, second.protocol)
    return same and (len(addresses) == 1 or not addresses.isdisjoint(_ANY))


def ordered(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """*parts* so that each comes after those that it needs, otherwise as they stand.

    :raises SdkError: When one needs itself in the end.
    """
    found: list[Part] = []
    left = list(parts)
    while left:
        names = {part.name for part in left}
        ready = [part for part in left if not names & {need.part for need in part.needs}]
        if not ready:
            raise SdkError(
                f"the containers {', '.join(sorted(names))} wait for each other",
                hint="let one of them start without the others: needs:",
                code="bad-spec",
            )
        found.append(ready[0])
        left.remove(ready[0])
    return tuple(found)
