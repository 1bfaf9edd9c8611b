"""Deploys again what runs on a target in another build than the one that is here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import order as core
from sdk_hooks.core.deploy import status
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.order import Order, Outcome
from sdk_hooks.core.deploy.packed import ALONE, Packer
from sdk_hooks.core.deploy.parts import Config, Need, Part, Secret
from sdk_hooks.core.deploy.resource import state_directory
from sdk_hooks.core.deploy.status import Status
from sdk_hooks.core.registry import Plugins
from sdk_hooks.core.shell import quoted
from sdk_hooks.core.spec.annotation import settings_from_json
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import Image


@dataclass(frozen=True)
class Redeployed:
    """What came of one deployment of a target."""

    target: str
    name: str
    outcome: Outcome | SdkError


def outdated(connection: Connection, images: Mapping[str, Image]) -> Iterator[Status]:
    """What runs there, all or one of its containers, in another build than that of *images*.

    :param images: By their full names.
    """
    for found in status.read(connection):
        boxes = found.containers or (found,)
        if any(each.image in images and images[each.image].digest != each.digest for each in boxes):
            yield found


def redeploy(
    connection: Connection,
    images: Sequence[Image],
    others: Sequence[Image],
    plugins: Plugins,
    progress: Progress,
    packer: Packer = ALONE,
) -> list[Redeployed]:
    """Deploy what runs there of *images* in another build, each as it runs there; what fails stays.

    :param others: Images that are here, too; containers of an application may run them beside.
    :param packer: That of the whole command, when there are several targets.
    :raises SdkError: When the target does not answer.
    """
    done = []
    known = _Images(images, others)
    for found in outdated(connection, known.named):
        try:
            again = partial(core.prepare, _order(connection, found, known), connection, plugins)
            outcome: Outcome | SdkError = core.execute(again(), again, connection, progress, packer)
        except SdkError as error:
            outcome = error
        done.append(Redeployed(connection.name, found.name, outcome))
    return done


class _Images:
    """Images that are here: what was built by name, and others as they are."""

    def __init__(self, built: Iterable[Image], others: Iterable[Image]) -> None:
        self.named = {image.name: image for image in built}
        self.by_digest = {image.digest: image for image in others}

    def of(self, record: Mapping[str, Any]) -> Image:
        """The image of one container: as it was built last, else the one that it has.

        :raises SdkError: When it is neither.
        """
        found = self.named.get(record["image"]) or self.by_digest.get(record["digest"])
        if found is None:
            raise SdkError(
                f"the image {record['image']!r}, which runs there beside what was updated, is not here",
                detail=f"the container {record['name']!r} has {record['digest'][:19]}",
                hint="deploy the application from its file: container-deploy FILE TARGET",
                code="no-image",
            )
        return found


def _order(connection: Connection, found: Status, images: _Images) -> Order:
    """New images with the settings, the stack and the runtime that *found* was deployed with."""
    path = quoted((f"{found.name}/{found.deployment}/deployment.json",))
    record = json.loads(link.run(connection, f'{state_directory()}cat "$STATE/apps/"{path}\n').output)
    return Order(found.name, parts(record, found.deployment, images.of), found.stack, found.runtime)


def parts(
    record: Mapping[str, Any], deployment: str, image: Callable[[Mapping[str, Any]], Image]
) -> tuple[Part, ...]:
    """What the *record* of the *deployment* has of containers; secrets and configs stay on the target.

    :param image: Gives that of one container by what the record says of it.
    """
    boxes = record.get("containers") or [{**record, "name": ""}]
    return tuple(_part(record["name"], deployment, box, image(box)) for box in boxes)


def _part(application: str, deployment: str, record: Mapping[str, Any], image: Image) -> Part:
    settings = settings_from_json(json.dumps(record["settings"]))
    own = f"{application}."  # deploying names networks after the application
    networks = tuple(replace(each, name=each.name.removeprefix(own)) for each in settings.networks)
    place, files = f"{deployment}/{record['name']}", record.get("config_names", {})
    return Part(
        image,
        replace(settings, networks=networks),
        record["name"],
        tuple(Need(each, condition) for each, condition in record.get("needs", {}).items()),
        tuple(
            Secret(name, b"", kept=f"{place}/secret-{name}", known=digest)
            for name, digest in record.get("secrets", {}).items()
        ),
        tuple(
            Config(files[target], b"", target, kept=f"{place}/config-{files[target]}", known=digest)
            for target, digest in record.get("configs", {}).items()
            if target in files
        ),
    )
