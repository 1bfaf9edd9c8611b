"""For authors of stacks that make no networks themselves: the target's CNI plugins do."""

from sdk_hooks.core.deploy.namespace import down, etc, files, path, up

__all__ = ["down", "etc", "files", "path", "up"]
