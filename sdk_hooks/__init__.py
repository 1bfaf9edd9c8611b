"""The public API for authors of plugins. Import from here; `sdk_hooks.core` is not for plugins."""

from sdk_hooks.container import (
    Container,
    Device,
    DeviceMatch,
    DeviceNode,
    HealthCheck,
    Joined,
    Network,
    Port,
    Restart,
    Settings,
    Volume,
)
from sdk_hooks.errors import SdkError, UnknownPluginError, UsageError
from sdk_hooks.families import (
    DeviceKind,
    Hypervisor,
    ImageBackend,
    Machine,
    NetworkDriver,
    Progress,
    Runtime,
    Stack,
)
from sdk_hooks.hook import Hook
from sdk_hooks.image import Descriptor, Image
from sdk_hooks.limits import Resources, Ulimit
from sdk_hooks.spec import API_VERSION, hookimpl
from sdk_hooks.target import Argv, Needs, Platform, Script, Setup, StackFacts, Target, Unit
from sdk_hooks.tmpfs import Tmpfs

__all__ = [
    "API_VERSION",
    "Argv",
    "Container",
    "Descriptor",
    "Device",
    "DeviceKind",
    "DeviceMatch",
    "DeviceNode",
    "HealthCheck",
    "Hook",
    "Hypervisor",
    "Image",
    "ImageBackend",
    "Joined",
    "Machine",
    "Needs",
    "Network",
    "NetworkDriver",
    "Platform",
    "Port",
    "Progress",
    "Resources",
    "Restart",
    "Runtime",
    "Script",
    "SdkError",
    "Settings",
    "Setup",
    "Stack",
    "StackFacts",
    "Target",
    "Tmpfs",
    "Ulimit",
    "Unit",
    "UnknownPluginError",
    "UsageError",
    "Volume",
    "hookimpl",
]
