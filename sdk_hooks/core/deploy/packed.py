"""Sends streams to targets; what several of them want alike is made and compressed once, and given to all."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Collection, Generator, Hashable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.compression import Method
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.disk import writing
from sdk_hooks.core.oci import archive
from sdk_hooks.core.oci.archive import View
from sdk_hooks.core.shell import quoted
from sdk_hooks.families import Progress
from sdk_hooks.image import Image
from sdk_hooks.target import Script

_PIECE = 1 << 18
_PART = 16 << 20
"""Bytes of layers after which an archive is worth a load of its own."""


@dataclass(frozen=True)
class Stream:
    """Bytes that can be made again and again."""

    key: Hashable
    """What they are made of: what has the same key is the same to the byte."""
    make: Callable[[], Iterator[bytes]]
    size: int
    """How many there are."""


def of_archive(view: View, name: str, omit: Collection[str]) -> Stream:
    """The archive of *view* under *name* without the layers *omit*."""
    omitted = frozenset(omit) & {*view.diff_ids}
    key = (view.image.digest, len(view.layers), name, omitted)
    return Stream(key, lambda: archive.stream(view, name, omitted), archive.size(view, name, omitted))


def parts(image: Image, held: Collection[str]) -> list[int]:
    """How many of the lowest layers of *image* each archive brings a target to; the last one brings all.

    A load that is cut off leaves nothing behind. A large image goes in several, so that the next deployment
    has to send only what is still missing.

    :param held: Diff IDs of the layers that are there.
    """
    found, size = [], 0
    for count, (blob, diff) in enumerate(zip(image.layers, image.diff_ids, strict=True), 1):
        size += 0 if diff in held else blob.size
        if size >= _PART:
            found.append(count)
            size = 0
    last = len(image.layers)
    return [count for count in found if count < last] + [last]


class Packer:
    """Sends streams packed, to one target or to many; one for each run of a command.

    A target never waits for what another lacks, nor for another that is slow: each reads at its own pace
    what has been packed so far. Packed streams are in files that have no name: nothing can be left behind.
    """

    def __init__(self, targets: int = 1) -> None:
        """
        :param targets: How many may want the same; what is for one is kept nowhere.
        """
        self._alone = targets < 2
        self._lock = threading.Lock()
        self._spools: dict[Hashable, _Spool] = {}

    def __enter__(self) -> Packer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for spool in self._spools.values():
            spool.close()

    def send(
        self,
        connection: Connection,
        stream: Stream,
        method: Method,
        command: Script,
        progress: Progress,
        before: Script = "",
    ) -> tuple[Result, int]:
        """Let *command* there read *stream*, packed on its way.

        Gives how it ended, and the bytes on the wire.

        :param before: What else is to be done there, before that.
        :raises SdkError: When the connection breaks.
        """
        label, wire = f"{connection.name}: sending", 0
        packed: Iterator[bytes]
        if self._alone or not method.unpack:
            packed = method.pack(progress.bytes(stream.make(), stream.size, label))
        else:
            packed = progress.bytes(self._spool(stream, method).read(), 0, label)

        def counted() -> Iterator[bytes]:
            nonlocal wire
            for piece in packed:
                wire += len(piece)
                yield piece

        pipeline = f"{quoted(method.unpack)} | {command}" if method.unpack else command
        result = link.feed(connection, ("sh", "-c", before + pipeline), counted())
        return result, wire

    def _spool(self, stream: Stream, method: Method) -> _Spool:
        key = (stream.key, method.name)
        with self._lock:
            if key not in self._spools:
                self._spools[key] = _Spool(method.pack(stream.make()))
            return self._spools[key]


ALONE = Packer()
"""For one target."""


class _Spool:
    """A stream that goes into a file by itself, and that any number read from its start meanwhile."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        self._grown = threading.Condition()
        self._size = 0
        self._ended = self._closed = False
        self._failure: BaseException | None = None
        self._writer = threading.Thread(target=self._write, args=(pieces,), daemon=True)
        self._writer.start()

    def read(self) -> Iterator[bytes]:
        """All of it; waits for what is not there yet.

        :raises BaseException: What went wrong when it was made.
        """
        at = 0
        while piece := self._piece(at):
            yield piece
            at += len(piece)

    def close(self) -> None:
        """Stop making it, and forget it."""
        with self._grown:
            self._closed = True
        self._writer.join()
        self._file.close()

    def _piece(self, at: int) -> bytes:
        with self._grown:
            self._grown.wait_for(lambda: self._size > at or self._ended)
            length = min(_PIECE, self._size - at)
        if not length and self._failure:
            raise self._failure
        return os.pread(self._file.fileno(), length, at)

    def _write(self, pieces: Generator[bytes, None, None]) -> None:
        try:
            with closing(pieces):  # what compresses ends with it
                for piece in pieces:
                    with writing(Path(tempfile.gettempdir()), "choose another place: TMPDIR"):
                        self._file.write(piece)
                        self._file.flush()
                    with self._grown:
                        self._size += len(piece)
                        self._grown.notify_all()
                    if self._closed:
                        return
        except BaseException as error:  # carried to the readers
            self._failure = error
        finally:
            with self._grown:
                self._ended = True
                self._grown.notify_all()
