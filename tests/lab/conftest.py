"""Gives the lab's own tests its fixtures."""

from .fixtures import make_board, shared_board, swept

__all__ = ["make_board", "shared_board", "swept"]
