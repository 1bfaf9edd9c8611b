"""For authors of stacks that run an OCI runtime themselves: the bundle's config.json."""

from sdk_hooks.core.oci.runtimespec import config_json

__all__ = ["config_json"]
