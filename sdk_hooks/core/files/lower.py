"""The files of a base image with what is in them: read out of its layers when somebody asks for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sdk_hooks.core.files import headers
from sdk_hooks.core.files.fileset import FILE, HARDLINK, Entry
from sdk_hooks.errors import SdkError


class Lower:
    """Layers of a base image.

    :param layers: Uncompressed archives, bottom first.
    """

    def __init__(self, layers: Sequence[Path] = ()) -> None:
        self.layers = layers
        self._known: dict[Path, Mapping[str, tuple[Entry, int]]] = {}

    def whole(self, path: str) -> Entry:
        """The file *path* with content, time and attributes; of a hard link the file that it is a name of.

        :raises SdkError: When its content is not to be had.
        """
        return self._whole(path, len(self.layers))

    def _whole(self, path: str, height: int) -> Entry:
        for number in reversed(range(height)):
            layer = self.layers[number]
            entry, at = self._files(layer).get(path, (None, 0))
            if entry and entry.kind == HARDLINK and entry.link != path:
                return self._whole(entry.link, number + 1)._replace(path=path)
            if entry and entry.kind == FILE:
                return _with_content(layer, entry, at)
        raise _unknown(path, "none of its layers has it")

    def _files(self, layer: Path) -> Mapping[str, tuple[Entry, int]]:
        if layer not in self._known:
            with layer.open("rb") as stream:
                self._known[layer] = headers.files(stream)
        return self._known[layer]


def _with_content(layer: Path, entry: Entry, at: int) -> Entry:
    if at < 0 or entry.size > headers.MOST:
        raise _unknown(entry.path, f"it is sparse, or has more than {headers.MOST >> 20} MB")
    with layer.open("rb") as stream:
        stream.seek(at)
        return entry._replace(data=stream.read(entry.size))


def _unknown(path: str, why: str) -> SdkError:
    return SdkError(
        f"what is in '/{path}' of the base image can't be read",
        detail=why,
        hint="if the container does without the script that wants it: --skip-scripts PACKAGE",
        code="bad-base",
    )
