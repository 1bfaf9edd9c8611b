"""The root file system of an SDK's image, as the machine's own copy: it can be written to, and lets us in."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path

from sdk_hooks import Machine, vm

NAME = "rootfs.img"
ROOM = 2 << 30
"""Bytes that containers may fill beyond what BitBake left free; the file grows as they do."""


def refresh(source: Path, machine: Machine) -> str:
    """Copy the ext4 *source* to the machine unless it has this very one; gives its identity.

    What was deployed to an older copy is gone with it: it belongs to an image that is no more.
    """
    wanted = identity(source)
    copy, note = machine.directory / NAME, machine.directory / "rootfs.of"
    if copy.exists() and note.exists() and note.read_text() == wanted:
        return wanted
    note.unlink(missing_ok=True)
    _copy(source, copy)
    _grow(copy)
    _let_in(copy, vm.keys(machine.directory, machine.name).login_public)
    (machine.directory / "known_hosts").unlink(missing_ok=True)
    note.write_text(wanted)
    return wanted


def identity(source: Path) -> str:
    """What tells one build of an image from another."""
    status = source.stat()
    return f"{source.resolve()} {status.st_size} {status.st_mtime_ns}"


def ssh_options(machine: Machine) -> dict[str, str]:
    """Options of ssh_config: the host key is not known before the image has made one."""
    directory = machine.directory
    return {
        "IdentityFile": f'"{directory}/login_key"',
        "UserKnownHostsFile": f'"{directory}/known_hosts"',
        "StrictHostKeyChecking": "accept-new",
    }


def _copy(source: Path, copy: Path) -> None:
    """A sparse copy of *source*, unpacked."""
    if source.suffix == ".zst":
        vm.run(("zstd", "-dqf", "--sparse", str(source), "-o", str(copy)), copy.parent)
        return
    reader = gzip.open(source) if source.suffix == ".gz" else open(source, "rb")  # noqa: SIM115  closed just below
    with reader as stream, open(copy, "wb") as out:
        while piece := stream.read(1 << 20):
            if piece.strip(b"\0"):
                out.write(piece)
            else:
                out.seek(len(piece), os.SEEK_CUR)
        out.truncate()


def _grow(copy: Path) -> None:
    """Give the file system room: images are built without any to spare."""
    resize = vm.tool("resize2fs")
    check = vm.tool("e2fsck")
    if not resize or not check:
        return
    os.truncate(copy, copy.stat().st_size + ROOM)
    for argv in (
        (check, "-fy", str(copy)),
        (resize, str(copy)),
    ):  # the first also says when it mended something
        subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _let_in(copy: Path, key: str) -> None:
    """Put *key* where root's ssh server looks, without mounting anything; images may also let in without."""
    debugfs = vm.tool("debugfs")
    if not debugfs:
        return
    home = _home(debugfs, copy)
    (copy.parent / "authorized_keys").write_text(key)
    file = f"{home}/.ssh/authorized_keys"
    commands = [f"mkdir {home}/.ssh", f"rm {file}", f"write authorized_keys {file}"]
    for path, mode in ((f"{home}/.ssh", "040700"), (file, "0100600")):
        fields = {"mode": mode, "uid": "0", "gid": "0"}
        commands += [f"set_inode_field {path} {field} {value}" for field, value in fields.items()]
    _debugfs(debugfs, copy, *commands)


def _home(debugfs: str, copy: Path) -> str:
    """Root's home directory: /home/root or /root, as the distribution likes it."""
    lines = [line.split(":") for line in _debugfs(debugfs, copy, "cat /etc/passwd").splitlines()]
    return next((line[5] for line in lines if line[0] == "root" and len(line) == 7), "/root")


def _debugfs(debugfs: str, copy: Path, *commands: str) -> str:
    script = "".join(f"{command}\n" for command in commands)
    done = subprocess.run(
        (debugfs, "-w", "-f", "-", copy.name), cwd=copy.parent, input=script.encode(), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return done.stdout.decode(errors="replace")
