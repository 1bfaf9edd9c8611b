"""A package as the package manager of an image knows it."""

from __future__ import annotations

from dataclasses import dataclass

from sdk_hooks.core.bom.component import Component


@dataclass(frozen=True)
class Known:
    """A component whose needs are not yet found among the others."""

    component: Component
    """With the paths that the manager knows, which may be directories or gone."""
    depends: tuple[tuple[str, ...], ...] = ()
    """Names, of which one of each is needed."""
    provides: tuple[str, ...] = ()
    """Other names that it answers to."""
