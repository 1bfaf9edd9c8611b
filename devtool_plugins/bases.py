"""What `--base` and `base:` mean: an image that is there, or the name of a plugin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sdk_hooks.core import images
from sdk_hooks.core.spec.model import Spec

if TYPE_CHECKING:
    from devtool_plugins.session import Session
    from sdk_hooks.base_images import BaseImage
    from sdk_hooks.core.files.tree import Source


def find(wanted: str, name: str, session: Session) -> tuple[str | None, BaseImage | None]:
    """The image at a path or in the deploy directory; where there is none, the plugin of that name.

    :param name: Of the image that is to be built, which can't be its own base.
    :raises SdkError: When it is neither.
    """
    place = images.base(wanted, session.images, name)
    return (place, None) if place else (None, session.plugins.base_image(wanted))


def below(source: Source, base: BaseImage) -> Source:
    """*source* with what *base* says of the image."""
    said = Spec(
        entrypoint=base.entrypoint or None,
        cmd=base.cmd or None,
        user=base.user or None,
        env=base.env or None,
        stop_signal=base.stop_signal or None,
    )
    return replace(source, defaults=said, foundation=base.foundation)
