"""A numbered place per running target (addresses, cgroup, directory), and removal of what dead runs left."""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import tempfile

from . import cgroups
from .host import Unavailable, run_quietly

REGISTER = "/run/devtool-lab"
CAPACITY = 250


@dataclasses.dataclass(frozen=True)
class Slot:
    """What makes one running target unlike all others on this machine."""

    number: int
    directory: str

    @property
    def name(self) -> str:
        return f"devtool-lab-{self.number}"

    @property
    def link(self) -> str:
        return f"dtlab{self.number}"

    @property
    def network(self) -> str:
        return f"10.213.{self.number}.0/30"

    @property
    def host_address(self) -> str:
        return f"10.213.{self.number}.1"

    @property
    def address(self) -> str:
        return f"10.213.{self.number}.2"


def claim() -> Slot:
    """Take the first free number; its file is made exclusively, so that parallel runs do not meet."""
    os.makedirs(REGISTER, mode=0o700, exist_ok=True)
    for number in range(1, CAPACITY):
        if os.path.exists(f"/sys/class/net/{Slot(number, '').link}"):
            continue  # of a run in a chroot, with a register of its own in the same network
        try:
            descriptor = os.open(f"{REGISTER}/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            continue
        slot = Slot(number, tempfile.mkdtemp(prefix=f"devtool-lab-{number}-"))
        with os.fdopen(descriptor, "w") as file:
            json.dump({"owner": identity(os.getpid()), "directory": slot.directory}, file)
        return slot
    raise Unavailable(f"all {CAPACITY - 1} target slots are taken: see {REGISTER}")


def note_init(slot: Slot, pid: int) -> None:
    """Add the target's first process to the register, for a later `sweep` to kill."""
    with open(f"{REGISTER}/{slot.number}", "r+") as file:
        entry = json.load(file)
        file.seek(0)
        json.dump({**entry, "init": identity(pid)}, file)
        file.truncate()


def release(slot: Slot) -> None:
    """Remove everything of a target whose processes are gone; its link and mounts went with them."""
    run_quietly("ip", "link", "delete", slot.link)
    run_quietly("ip", "route", "delete", "unreachable", slot.network, "metric", "9999")
    cgroups.remove(slot.name)
    shutil.rmtree(slot.directory, ignore_errors=True)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{REGISTER}/{slot.number}")


def sweep() -> list[str]:
    """Kill and remove the targets of test runs that died; return the names of what was removed."""
    numbers = sorted(os.listdir(REGISTER), key=int) if os.path.isdir(REGISTER) else []
    return [name for number in numbers if (name := _sweep_one(int(number)))]


def _sweep_one(number: int) -> str:
    try:
        with open(f"{REGISTER}/{number}") as file:
            entry = json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return ""  # being made or removed at this moment
    if is_alive(entry["owner"]):
        return ""
    if "init" in entry and is_alive(entry["init"]):
        os.kill(entry["init"]["pid"], signal.SIGKILL)
    slot = Slot(number, entry["directory"])
    release(slot)
    return slot.name


def identity(pid: int) -> dict[str, int]:
    """Name a process for good: its number can be used again, number and start time cannot."""
    return {"pid": pid, "start": start_time(pid)}


def is_alive(process: dict[str, int]) -> bool:
    try:
        return start_time(process["pid"]) == process["start"]
    except FileNotFoundError:
        return False


def start_time(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:
        return int(file.read().rpartition(")")[2].split()[19])
