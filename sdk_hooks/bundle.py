"""For authors of stacks that run an OCI runtime themselves, and of runtimes that take no bundle."""

from sdk_hooks.core.capabilities import dropped, idle
from sdk_hooks.core.oci.runtimespec import SHARED, config_json, configure, process

__all__ = ["SHARED", "config_json", "configure", "dropped", "idle", "process"]
