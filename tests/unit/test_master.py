"""master.py: what ends without a process, and when `ssh -O exit` has to."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest

from sdk_hooks.core.deploy import master

HELLO = struct.pack(">III", 8, 1, 4)
OK = struct.pack(">III", 8, 0x80000001, 0)
FAILURE = struct.pack(">IIII", 12, 0x80000003, 0, 0)


def test_one_that_is_gone_has_ended(tmp_path: Path) -> None:
    assert master.end(str(tmp_path / "s"))


@pytest.mark.parametrize(
    ("said", "ended"),
    [
        (HELLO + OK, True),
        (HELLO + FAILURE, False),
        (struct.pack(">III", 8, 1, 5), False),  # another version of the protocol
        (struct.pack(">II", 4, 1), False),
        (HELLO, False),
        (b"", False),
    ],
)
def test_what_it_says(tmp_path: Path, said: bytes, ended: bool) -> None:
    path, heard = str(tmp_path / "s"), bytearray()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def answer() -> None:
            stream, _ = listening.accept()
            with stream:
                stream.sendall(said)
                stream.shutdown(socket.SHUT_WR)
                while piece := stream.recv(100):
                    heard.extend(piece)

        thread = threading.Thread(target=answer)
        thread.start()
        assert master.end(path) is ended
        thread.join(5)
    assert heard.startswith(HELLO)
    assert heard.endswith(struct.pack(">III", 8, 0x10000005, 0)) is said.startswith(HELLO)


def test_a_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "s"))
    assert not master.end(str(tmp_path / "s"))
