"""medium: what programs of a distribution expect, and its package manager; as container-app-base."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList

from ._lists import DOCUMENTS, ESSENTIAL, OE  # noqa: TID251  relatively it is no second copy

MEDIUM = BaseImage(
    name="medium",
    summary="bash, coreutils, certificates and a package manager: for what scripts and packages expect",
    lists=(
        PackageList((*ESSENTIAL, "apt", "ca-certificates", "tzdata"), format="deb"),
        PackageList((*OE, "apt", "dpkg"), format="deb"),
        PackageList((*OE, "opkg"), format="ipk"),
        PackageList((*OE, "dnf"), format="rpm"),
    ),
    exclude=DOCUMENTS,
    applets="/bin/busybox",
    package_database=True,
    cmd=("/bin/bash",),
    user="0:0",
)


@hookimpl
def sdk_base_images() -> list[BaseImage]:
    return [MEDIUM]
