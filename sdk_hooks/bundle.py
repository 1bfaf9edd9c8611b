"""For authors of stacks that run an OCI runtime themselves, and of runtimes that take no bundle."""

from sdk_hooks.core.capabilities import dropped
from sdk_hooks.core.oci.runtimespec import SHARED, config_json, process

__all__ = ["SHARED", "config_json", "dropped", "process"]
