"""For authors of hypervisors: the reference target, which they boot when the SDK has no image of its own."""

from sdk_hooks.core.reftarget.initramfs import personal
from sdk_hooks.core.reftarget.made import DISK_UNUSABLE, READY, ReferenceTarget, reference_target

__all__ = ["DISK_UNUSABLE", "READY", "ReferenceTarget", "personal", "reference_target"]
