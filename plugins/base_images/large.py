"""large: a place to compile and to look into things; as Ubuntu, or container-devtools-base."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage, PackageList

from ._lists import DOCUMENTS, ESSENTIAL, OE, OE_TOOLS, TOOLS  # noqa: TID251  relatively it is no second copy

# that gcc is called gcc, and not x86_64-oe-linux-gcc, is a package of its own there
COMPILER = ("packagegroup-core-buildessential", "libc6-dev?", "musl-dev?")
OE_LARGE = (*OE, *COMPILER, *(f"{tool}?" for tool in OE_TOOLS))

LARGE = BaseImage(
    name="large",
    summary="medium with compilers, debuggers and what developers miss: for work in the container",
    lists=(
        PackageList(
            (*ESSENTIAL, "apt", "build-essential", "ca-certificates", "tzdata", *TOOLS), format="deb"
        ),
        PackageList((*OE_LARGE, "apt", "dpkg"), format="deb"),
        PackageList((*OE_LARGE, "opkg"), format="ipk"),
        PackageList((*OE_LARGE, "dnf"), format="rpm"),
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
