"""Ends a master connection of OpenSSH by its own protocol (PROTOCOL.mux), without a process."""

from __future__ import annotations

import socket
import struct

_VERSION = 4
_HELLO, _TERMINATE, _OK = 1, 0x10000005, 0x80000001
_PATIENCE = 5.0
"""Seconds; it answers at once."""


def end(path: str) -> bool:
    """Let the master whose socket is *path* end; gives whether it said that it does, or is gone."""
    try:
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(_PATIENCE)
            stream.connect(path)
            stream.sendall(_packet(_HELLO, _VERSION))
            if _answer(stream) != (_HELLO, _VERSION):
                return False
            stream.sendall(_packet(_TERMINATE, 0))
            return _answer(stream)[0] == _OK
    except FileNotFoundError:
        return True
    except (OSError, struct.error):
        return False


def _packet(*numbers: int) -> bytes:
    body = struct.pack(f">{len(numbers)}I", *numbers)
    return struct.pack(">I", len(body)) + body


def _answer(stream: socket.socket) -> tuple[int, int]:
    """The kind of what it says, and the number after that."""
    length = struct.unpack(">I", _exactly(stream, 4))[0]
    kind, number = struct.unpack_from(">II", _exactly(stream, min(length, 1 << 16)))
    return kind, number


def _exactly(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = stream.recv(size - len(found))
        if not piece:
            raise ConnectionError
        found += piece
    return found
