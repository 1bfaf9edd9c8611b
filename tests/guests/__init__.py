"""Real machines under QEMU: a kernel and an init of their own, and one container engine."""

from .guest import Guest
from .host import Unavailable
from .recipes import RECIPES, Recipe

__all__ = ["RECIPES", "Guest", "Recipe", "Unavailable"]
