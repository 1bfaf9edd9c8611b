"""For authors of image backends: an image as a stream of bytes, and files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from sdk_hooks.core.disk import writing
from sdk_hooks.core.oci import archive, gzipped
from sdk_hooks.core.oci.layout import ELSEWHERE, Layout
from sdk_hooks.image import Image

__all__ = ["Layout", "gzip", "image_archive", "write_file"]


def image_archive(image: Image, omit: Collection[str] = (), *, oci: bool, docker: bool) -> Iterator[bytes]:
    """*image* as a tar archive: an OCI layout, a docker-archive, or both in one.

    :param omit: Diff IDs of layers to leave out.
    """
    return archive.stream(archive.whole(image), image.name, omit, oci=oci, docker=docker)


def gzip(pieces: Iterable[bytes], level: int = 4) -> Iterator[bytes]:
    """*pieces* as gzip; the same bytes on every machine with the same zlib."""
    return gzipped.compress(pieces, level)


def write_file(destination: Path, pieces: Iterable[bytes]) -> None:
    """Write *pieces* to *destination*, which is replaced when all is written.

    :raises SdkError: When it can't be written; nothing is left behind.
    """
    with writing(destination, ELSEWHERE):
        destination.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".new-", dir=destination.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    file.write(piece)
            os.chmod(temporary, 0o644)
            os.replace(temporary, destination)
        except BaseException:  # also Ctrl-C: nothing half-written stays
            os.unlink(temporary)
            raise
