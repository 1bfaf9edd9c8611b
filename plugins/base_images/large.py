"""large: a place to compile and to look into things; as Ubuntu, or container-devtools-base."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList

from ._lists import DATA, DOCUMENTS, ESSENTIAL, TOOLS  # noqa: TID251  relatively it is no second copy

COMPILER = ("binutils", "gcc", "g++", "make")
OE = (*DATA, "bash", "busybox", "ca-certificates", "coreutils", *COMPILER, *(f"{tool}?" for tool in TOOLS))

LARGE = BaseImage(
    name="large",
    summary="medium with compilers, debuggers and what developers miss: for work in the container",
    lists=(
        PackageList(
            (*ESSENTIAL, "apt", "build-essential", "ca-certificates", "tzdata", *TOOLS), format="deb"
        ),
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
    return [LARGE]
