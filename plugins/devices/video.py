"""Cameras, frame grabbers and codecs, by number or by what they call themselves."""

from __future__ import annotations

from sdk_hooks import hookimpl
from sdk_hooks.sysfs import SysfsMembers


class Video(SysfsMembers):
    name = "video"
    summary = "a camera, frame grabber or codec (V4L2)"
    values = "its number, or its name; * stands for any text"
    directories = ("/sys/class/video4linux",)
    prefix = "video"
    labels = ("name",)


@hookimpl
def sdk_devices() -> list[Video]:
    return [Video()]
