"""For authors of stacks that run an OCI runtime themselves, and of runtimes that take no bundle."""

from sdk_hooks.core.oci.runtimespec import CAPABILITIES, SHARED, config_json, process

__all__ = ["CAPABILITIES", "SHARED", "config_json", "process"]
