"""small: busybox and what every root file system has, as Alpine and meta-virtualization's container-base."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList

from ._lists import DATA, DOCUMENTS  # noqa: TID251  relatively it is no second copy

SMALL = BaseImage(
    name="small",
    summary="a shell and the tools of busybox: for one program, and whoever looks after it",
    lists=(
        # of Debian's base-files and base-passwd the data is wanted: what their programs need is libc
        PackageList(("busybox-static", "usr-is-merged?", *DATA), alone=DATA),
        PackageList(("busybox", *DATA)),
    ),
    exclude=DOCUMENTS,
    applets="/bin/busybox",
    cmd=("/bin/sh",),
    user="0:0",
)


@hookimpl
def sdk_base_images() -> list[BaseImage]:
    return [SMALL]
