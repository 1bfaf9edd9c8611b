"""The feeds that an SDK has by itself: packages that it built, and those that its publisher serves."""

from __future__ import annotations

import os

from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.sdk.packages import Variables
from sdk_hooks.errors import SdkError

_FORMATS = ("deb", "ipk", "rpm")
VARIABLES = (
    "PACKAGE_CLASSES",
    *(f"DEPLOY_DIR_{name.upper()}" for name in _FORMATS),
    "PACKAGE_FEED_URIS",
    "PACKAGE_FEED_BASE_PATHS",
    "PACKAGE_FEED_ARCHS",
    "PACKAGE_ARCHS",
)


def of_sdk(variables: Variables) -> tuple[Feed, ...]:
    """What `feeds:` would say of an SDK with these *variables*: its own packages come first.

    :raises SdkError: When it has none, and names nobody who has.
    """
    first = (variables["PACKAGE_CLASSES"].split() or [""])[0].removeprefix("package_")
    directory = variables.get(f"DEPLOY_DIR_{first.upper()}", "")
    # what was built since the index was made counts
    own = [Feed(directory, first, index=False)] if _any(directory, f".{first}") else []
    archs = tuple((variables["PACKAGE_FEED_ARCHS"] or variables["PACKAGE_ARCHS"]).split())
    urls = [
        "/".join(part.strip("/") if at else part.rstrip("/") for at, part in enumerate((uri, base)) if part)
        for uri in variables["PACKAGE_FEED_URIS"].split()
        for base in variables["PACKAGE_FEED_BASE_PATHS"].split() or [""]
    ]
    found = (*own, *(Feed(url, first, archs=archs) for url in urls))
    if not found:
        raise SdkError(
            f"the SDK has no {first} packages, and says of no feed",
            detail=f"looked in '{directory}', and for PACKAGE_FEED_URIS",
            hint="give a feed: --feed URL; or build packages: devtool package RECIPE",
            code="no-feed",
        )
    return found


def _any(directory: str, suffix: str) -> bool:
    return any(name.endswith(suffix) for _, _, names in os.walk(directory) for name in names)
