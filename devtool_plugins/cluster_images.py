"""The images of `k8s-deploy`: those of several architectures put together, and pushed to a registry."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from devtool_plugins import settings
from devtool_plugins.session import Session
from sdk_hooks.core import images
from sdk_hooks.core.deploy.parts import Part
from sdk_hooks.core.k8s.order import Order
from sdk_hooks.core.push import registry
from sdk_hooks.errors import SdkError


def joined(parts: tuple[Part, ...], places: Sequence[Path]) -> tuple[Part, ...]:
    """*parts* with what is at *places* for other architectures.

    :raises SdkError: When a place has none of the images, or the images of one do not fit together.
    """
    made = [replace(part, variants=images.joined(part.images, places)) for part in parts]
    for place in places:
        if all(images.joined(part.images, [place]) == part.images for part in parts):
            names = ", ".join(sorted({repr(part.images.name) for part in parts}))
            raise SdkError(
                f"'{place}' has no image {names}",
                hint=f"build it there: devtool container-build; or name another directory: --also {_USUAL}",
                code="no-image",
            )
    for part in made:
        _check(part)
    return tuple(made)


_USUAL = "SDK/tmp/deploy/images/MACHINE"


def _check(part: Part) -> None:
    """
    :raises SdkError: When its images say different settings: its pods have the same on all nodes.
    """
    first, *others = part.images.images
    for image in others:
        if settings.of_image(image) != settings.of_image(first):
            raise SdkError(
                f"the images of {part.images.name!r} differ in settings",
                detail=f"{first.platform}, {image.platform}",
                hint="build both from the same container.yaml",
                code="images-differ",
            )


def references(args: argparse.Namespace, parts: tuple[Part, ...]) -> dict[str, str]:
    """What the cluster knows images by that it gets out of a registry, by digest."""
    if not args.registry:
        return {}
    place = registry.parse(args.registry)
    wanted = {part.images.digest: part.images for part in parts}
    return {digest: registry.reference(found, place) for digest, found in wanted.items()}


def push(args: argparse.Namespace, session: Session, wanted: Order) -> int:
    """Bring the images to the registry, if one is given; gives the bytes that were sent.

    :raises SdkError: When it does not take one. Nothing in the cluster was changed.
    """
    if not args.registry:
        return 0
    place = registry.parse(args.registry)
    return sum(registry.push_set(found, place, session.ui).size for found in wanted.images)
