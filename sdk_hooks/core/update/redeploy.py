"""Deploys again what runs on a target in another build than the one that is here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import order as core
from sdk_hooks.core.deploy import status
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.order import Order, Outcome
from sdk_hooks.core.deploy.parts import Part
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


def outdated(
    connection: Connection, images: Mapping[str, Image], progress: Progress
) -> Iterator[tuple[Status, Image]]:
    """What runs there in another build than that of *images*, by their full names."""
    for found in status.read(connection):
        parts = [each.name for each in found.containers if _differs(each.image, each.digest, images)]
        if parts:
            progress.step(
                f"{connection.name}: {found.name} has several containers, of which {', '.join(parts)} "
                "have changed: deploy it again from its file"
            )
        elif _differs(found.image, found.digest, images):
            yield found, images[found.image]


def _differs(name: str, digest: str, images: Mapping[str, Image]) -> bool:
    return name in images and images[name].digest != digest


def redeploy(
    connection: Connection, images: Mapping[str, Image], plugins: Plugins, progress: Progress
) -> list[Redeployed]:
    """Deploy those of *images* that run there in another build, each as it runs there; what fails stays.

    :raises SdkError: When the target does not answer.
    """
    done = []
    for found, image in outdated(connection, images, progress):
        try:
            prepared = core.prepare(_order(connection, found, image), connection, plugins)
            outcome: Outcome | SdkError = core.execute(prepared, connection, progress)
        except SdkError as error:
            outcome = error
        done.append(Redeployed(connection.name, found.name, outcome))
    return done


def _order(connection: Connection, found: Status, image: Image) -> Order:
    """*image* with the settings, the stack and the runtime that *found* was deployed with."""
    path = quoted((f"{found.name}/{found.deployment}/deployment.json",))
    record = json.loads(link.run(connection, f'{state_directory()}cat "$STATE/apps/"{path}\n').output)
    settings = settings_from_json(json.dumps(record["settings"]))
    return Order(found.name, (Part(image, settings),), found.stack, found.runtime)
