"""Finds out whether a machine lets one log in, and writes the configuration that ssh needs for it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sdk_hooks.target import Argv

LOCALHOST = "127.0.0.1"


def write_config(path: Path, name: str, port: int, options: Mapping[str, str]) -> None:
    """Write to *path* an ssh_config in which `Host <name>` is *port* of this machine's loopback address."""
    lines = {
        "HostName": LOCALHOST,
        "Port": str(port),
        "User": "root",
        "HostKeyAlias": name,
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": "10",
        **options,
    }
    text = f"Host {name}\n" + "".join(f"    {key} {value}\n" for key, value in lines.items())
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text)
    fresh.replace(path)


def argv(config: Path, name: str, *command: str) -> Argv:
    """The command line that runs *command* on the machine *name*; its words are for the shell there."""
    return ("ssh", "-F", str(config), name, *command)


def greets(port: int, seconds: float = 2.0) -> bool:
    """Whether an ssh server says hello on *port*: one that is forwarded accepts connections in any case."""
    try:
        with socket.create_connection((LOCALHOST, port), seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def run(config: Path, name: str, *command: str, seconds: float = 30.0) -> tuple[int, str]:
    """Run *command* there; gives its exit status, 255 when ssh failed or time was up, and what it printed."""
    try:
        done = subprocess.run(
            argv(config, name, *command), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 255, f"it did not answer within {seconds:.0f} seconds"
    return done.returncode, done.stdout.decode(errors="replace")


def free_port(wanted: int = 0) -> int:
    """*wanted* when nothing has this TCP port of the loopback address, else some port that nothing has."""
    for port in dict.fromkeys((wanted, 0)):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((LOCALHOST, port))
            except OSError:  # taken, or below 1024 and not ours to take
                continue
            return int(listener.getsockname()[1])
    raise OSError("no TCP port is free")
