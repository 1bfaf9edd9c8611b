"""Says when an image has grown a lot: flash is small, and links to boards are slow."""

from __future__ import annotations

from sdk_hooks import Image, hookimpl

_MUCH = 1.2
_ENOUGH = 1 << 20
"""Bytes below which growth is no news."""


@hookimpl
def sdk_image_built(image: Image, previous: Image | None) -> str | None:
    if previous is None:
        return None
    before, after = _size(previous), _size(image)
    if after < before * _MUCH or after - before < _ENOUGH:
        return None
    return f"{image.name} has grown from {before / 1e6:.1f} to {after / 1e6:.1f} MB"


def _size(image: Image) -> int:
    return sum(layer.size for layer in image.layers)
