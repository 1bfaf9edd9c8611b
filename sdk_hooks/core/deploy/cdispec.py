"""The CDI spec of a container's devices, as they are found on one target."""

from __future__ import annotations

from typing import Any

from sdk_hooks import cdi
from sdk_hooks.container import Settings
from sdk_hooks.core.deploy import devices, hardware, matching
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.probe import probe
from sdk_hooks.core.files import users
from sdk_hooks.core.registry import Plugins
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image


def generate(
    name: str, image: Image, settings: Settings, connection: Connection, plugins: Plugins
) -> dict[str, Any]:
    """The spec of the devices that *settings* gives *image* on the target; changes nothing there.

    Devices that are in other CDI specs already are left out.

    :raises SdkError: When one is not there, or not for the image's user; or when there is none.
    """
    found = probe(connection, name, {}, (), matching.question(settings.devices, plugins))
    user = users.of_image(image, (image.config.get("config") or {}).get("User", ""))
    nodes = hardware.plain(settings, found.there, user, found.target)
    if not nodes:
        raise SdkError(
            f"{name!r} has no device that a CDI spec could be made of",
            hint="name some with --device, or devices: in container.yaml",
            code="no-device",
        )
    return cdi.spec(name, nodes, devices.groups(nodes, user))
