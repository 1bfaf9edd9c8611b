"""For authors of plugins: command lines as shell text."""

from sdk_hooks.core.shell import lines, quoted

__all__ = ["lines", "quoted"]
