"""Where what is kept of an image is: beside its layout, as engines and skopeo want layouts alone."""

from __future__ import annotations

from pathlib import Path

REFERRERS = "-referrers"
"""A layout with the image and all that refers to it."""


def beside(layout: Path, suffix: str) -> Path:
    """The file or directory with *suffix* of the image in *layout*."""
    return layout.with_name(layout.name.removesuffix("-oci").removesuffix(REFERRERS) + suffix)
