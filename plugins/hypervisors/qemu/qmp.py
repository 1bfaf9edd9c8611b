"""Speaks to a running QEMU through its monitor socket (docs/interop/qmp-spec.rst)."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from sdk_hooks import SdkError


def execute(path: Path, command: str, **arguments: object) -> Any:
    """Run *command* in the QEMU that listens at *path*; gives what it returned.

    :raises SdkError: When it does not answer, or refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            _connect(connection, path)
            with connection.makefile("rw") as stream:
                stream.readline()  # its greeting
                for name, given in (("qmp_capabilities", {}), (command, arguments)):
                    answer = _ask(stream, name, given)
    except (OSError, ValueError) as error:
        raise SdkError("QEMU does not answer", detail=f"{path}: {error}", code="qmp") from error
    if "error" in answer:
        raise SdkError(f"QEMU refused {command!r}", detail=str(answer["error"].get("desc", "")), code="qmp")
    return answer.get("return")


def monitor(path: Path, line: str) -> str:
    """Run *line*, a command of the monitor for people; gives what it printed, which includes its errors."""
    return str(execute(path, "human-monitor-command", **{"command-line": line}) or "")


def _connect(connection: socket.socket, path: Path) -> None:
    """Connect by way of the directory: the name of a socket has room for 107 bytes, a path has more."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def _ask(stream: Any, name: str, arguments: dict[str, object]) -> dict[str, Any]:
    stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    stream.flush()
    while True:
        line = stream.readline()
        if not line:
            return {}  # it quit, as it was told
        answer: dict[str, Any] = json.loads(line)
        if "return" in answer or "error" in answer:  # everything else is an event
            return answer
