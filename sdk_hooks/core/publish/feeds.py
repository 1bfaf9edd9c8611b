"""Feeds out of directories of packages: files by hash, and an index that is signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sdk_hooks.core.feeds import http, index
from sdk_hooks.core.publish.generation import link_or_copy
from sdk_hooks.errors import SdkError
from sdk_hooks.packages import PackageFormat, Signer

POOL = "pool"
_UNSAFE = re.compile(r"[^A-Za-z0-9.+~_-]")
"""What would have to be quoted in a URL, such as the %3a that apt-get download has for a colon."""


def write(
    directories: Sequence[Path],
    made: Path,
    formats: Mapping[str, PackageFormat],
    signer: Signer | None,
    before: Path | None,
) -> dict[str, str]:
    """Write a feed for each format that *directories* have packages of, each in a directory of its name.

    :param before: The last generation, whose files with the same hash are used again.
    :returns: The digest of what lists the packages, by format.
    :raises SdkError: When there are none at all, or one is damaged.
    """
    found = {}
    for name, form in formats.items():
        files = [path for top in directories for path in sorted(top.rglob(f"*{form.suffix}"))]
        if files:
            found[name] = _feed(form, files, made / name, signer, before and before / name)
    if directories and not found:
        raise SdkError(
            f"there are no packages in {', '.join(f'{str(each)!r}' for each in directories)}",
            detail=f"looked for {', '.join(form.suffix for form in formats.values())}",
            hint="name where they are built to: --packages tmp/deploy/ipk",
            code="no-packages",
        )
    return found


def _feed(
    form: PackageFormat, files: Sequence[Path], directory: Path, signer: Signer | None, before: Path | None
) -> str:
    records = {}
    for path in files:
        digest = http.digest_of(path, "sha256:")
        name = f"{POOL}/{digest[7:23]}/{_UNSAFE.sub('_', path.name)}"
        link_or_copy(path, directory / name, before and before / name)
        with open(path, "rb") as file:
            record = index.opened_record(form, file, str(path))
        records[name] = form.described(record, name, path.stat().st_size, digest)
    by_name = sorted(records, key=lambda name: name.split("/")[2:])  # not by hash: people may look at it
    return form.publish(directory, b"".join(records[name] + b"\n\n" for name in by_name), signer)
