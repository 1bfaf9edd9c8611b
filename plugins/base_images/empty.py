"""scratch and distroless: nothing below what is built, or as good as nothing."""

from sdk_hooks import hookimpl
from sdk_hooks.base_images import BaseImage

SCRATCH = BaseImage(
    name="scratch", summary="nothing at all: for a program that brings everything", foundation=False
)
DISTROLESS = BaseImage(
    name="distroless", summary="two users and a /tmp: for a program and the libraries that it needs"
)


@hookimpl
def sdk_base_images() -> list[BaseImage]:
    return [SCRATCH, DISTROLESS]
