"""A target in namespaces of this machine: reached by ssh over its own link, gone with its maker."""

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType

from . import cgroups, link, slots
from .engines import BIG, Engine, Kind, require_engine, start_daemon, stop_daemon
from .host import NAMESPACES, PATH, require_host, require_programs, run_or_fail
from .keys import Sshd, require_sshd, write_keys
from .link import Traffic
from .userland import SCRIPTS, Userland, hidden_paths, installed_files, write_seed

START_PATIENCE = 30.0
Done = subprocess.CompletedProcess[bytes]
Process = subprocess.Popen[bytes]
Data = bytes  # inside the class below, `bytes` is a method
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}


class NamespaceTarget:
    """A board to deploy to. Use it as a context manager; `start` and `stop` do the same by hand."""

    def __init__(
        self, kind: Kind = "bare", sshd: Sshd = "openssh", *,
        userland: Userland | None = None, cgroup_version: int | None = None, disk: int = 4 << 30,
    ) -> None:  # fmt: skip
        """Describe a board: its userland is busybox's unless it has a big engine; `disk` is in bytes."""
        require_host()
        require_sshd(sshd)
        require_programs(("busybox",))
        self.kind: Kind = kind
        self.engine: Engine = require_engine(kind)
        self.sshd: Sshd = sshd
        self.userland: Userland = userland or ("debian" if kind in BIG else "busybox")
        self.cgroup_version = cgroup_version or cgroups.default_version()
        self.disk = disk
        self._process: Process | None = None
        self._slot: slots.Slot | None = None
        self._init = 0

    def __enter__(self) -> "NamespaceTarget":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> "NamespaceTarget":
        """Start the board and return once a login works and its engine answers."""
        self._slot = slots.claim()
        try:
            self._prepare()
            self._launch()
            self._wait_for_login()
            self.start_engine()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Kill every process of the board and remove all traces; harmless when done twice."""
        if self._process is not None:
            self._end_processes(self._process)
            self._process = None
        if self._slot is not None:
            slots.release(self._slot)
            self._slot = None

    @property
    def slot(self) -> slots.Slot:
        if self._slot is None:
            raise RuntimeError("this target is not running")
        return self._slot

    @property
    def alias(self) -> str:
        """The Host of `ssh_config` that logs in as root."""
        return self.slot.name

    @property
    def user_alias(self) -> str:
        """The Host of `ssh_config` that logs in as an ordinary user."""
        return f"{self.slot.name}-user"

    @property
    def ssh_config(self) -> str:
        return f"{self.slot.directory}/ssh_config"

    @property
    def address(self) -> str:
        return self.slot.address

    @property
    def host_address(self) -> str:
        """This machine, as the board can reach it."""
        return self.slot.host_address

    @property
    def root(self) -> str:
        """The board's root directory, as this machine can read and write it."""
        return f"/proc/{self._init}/root"

    def run(self, argv: Sequence[str], *, stdin: Data = b"", timeout: float = 60) -> Done:
        """Run a command on the board, as root, without using its link."""
        return subprocess.run(
            self._enter(argv), input=stdin, capture_output=True, env=ENVIRONMENT, timeout=timeout, check=False
        )

    def ssh(self, argv: Sequence[str], *, stdin: Data = b"", user: bool = False, timeout: float = 60) -> Done:
        """Run a command on the board over ssh, as root or an ordinary user; ssh joins the words by blanks."""
        alias = self.user_alias if user else self.alias
        return subprocess.run(
            ("ssh", "-F", self.ssh_config, alias, *argv),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    def bytes(self) -> Traffic:
        """Return what the board has received and sent since it started, as the kernel counted it."""
        return link.traffic(self.slot)

    def cut_link(self, after: int = 0) -> None:
        """Lose every packet, now or after so many more bytes have arrived; nobody is told of it."""
        link.cut(self._init, after)

    def unplug_link(self) -> None:
        """Take this machine's end down: it knows, and new connections fail at once."""
        link.unplug(self.slot)

    def restore_link(self) -> None:
        """Undo `cut_link`, `unplug_link` and `slow_link`."""
        link.restore(self._init)
        link.plug(self.slot)
        link.slow_down(self.slot, 0)

    def slow_link(self, bits_per_second: int) -> None:
        """Limit what the board receives."""
        link.slow_down(self.slot, bits_per_second)

    def limit_disk(self, free: int) -> None:
        """Leave `free` bytes on the board's disk, whatever is on it now."""
        self._mount_disk(self._used() + free)

    def restore_disk(self) -> None:
        self._mount_disk(self.disk)

    def start_engine(self) -> None:
        """Start the engine's daemon and wait until it answers; nothing to do for engines without one."""
        start_daemon(self.engine, self.run)

    def stop_engine(self) -> None:
        """End the engine's daemon as an orderly shutdown does."""
        stop_daemon(self.engine, self.run, "TERM")

    def kill_engine(self) -> None:
        """End the engine's daemon as a crash does."""
        stop_daemon(self.engine, self.run, "KILL")

    def reboot(self) -> None:
        """Cut the power and boot again: processes, mounts and /run are lost, the disk is not."""
        assert self._process is not None
        self.run(("sh", "-c", "kill -9 -1"))
        self._expect(self._process, b"booted\n")
        link.reset(self._init)
        cgroups.clear(self._groups)
        self._wait_for_login()
        self.start_engine()

    def log(self) -> str:
        """Return what the board's own processes reported, for a failed test."""
        logs = (f"{self.root}/var/log/{name}.log" for name in ("sshd", "engine"))
        return "".join(map(_read, (f"{self.slot.directory}/init.log", *logs)))

    # How it is made.

    def _prepare(self) -> None:
        directory = self.slot.directory
        write_seed(f"{directory}/seed", self.slot.name)
        write_keys(self.slot, self.sshd, f"{directory}/seed")
        lists = {
            "hidden": hidden_paths(self.engine),
            "install": installed_files(self.engine, self.sshd) if self.userland == "busybox" else [],
            "hierarchies": cgroups.v1_hierarchies(),
        }
        for name, lines in lists.items():
            with open(f"{directory}/{name}", "w") as file:
                file.writelines(f"{line}\n" for line in lines)

    def _launch(self) -> None:
        """Start process 1. When our end of its stdin closes, by whatever death, the kernel kills them all."""
        self._groups = cgroups.create(self.slot.name, self.cgroup_version)
        with open(f"{self.slot.directory}/init.log", "wb") as log:
            self._process = subprocess.Popen(
                (
                    "sh",
                    f"{SCRIPTS}/enter.sh",
                    " ".join(self._groups),
                    "unshare",
                    *NAMESPACES,
                    "--propagation=private",
                    "--fork",
                    "--kill-child",
                    "sh",
                    f"{SCRIPTS}/init.sh",
                    self.slot.directory,
                    self.slot.name,
                    self.userland,
                    str(self.cgroup_version),
                    str(self.disk),
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=ENVIRONMENT,
                bufsize=0,
                start_new_session=True,
            )  # Ctrl-C is for the tests, which then end the board in good order
        self._expect(self._process, b"unshared\n")
        self._init = _only_child(self._process.pid)
        slots.note_init(self.slot, self._init)
        link.connect(self.slot, self._init)
        self._go_on(self._process)
        self._expect(self._process, b"booted\n")
        if self.cgroup_version == 2:
            self._leave_group_root(self._process.pid)

    def _go_on(self, process: Process) -> None:
        assert process.stdin is not None
        process.stdin.write(b"\n")

    def _expect(self, process: Process, line: Data) -> None:
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], START_PATIENCE)
        if not readable or process.stdout.readline() != line:
            raise RuntimeError(f"the target did not start:\n{_read(self.slot.directory + '/init.log')}")

    def _leave_group_root(self, pid: int) -> None:
        # cgroup v2 wants processes in leaves only: `unshare`, which waits outside, follows process 1.
        self._groups = tuple(f"{group}/init" for group in self._groups)
        for group in self._groups:
            with open(f"{group}/cgroup.procs", "w") as file:
                file.write(str(pid))

    def _wait_for_login(self) -> None:
        deadline = time.monotonic() + START_PATIENCE
        while (login := self.ssh(("true",))).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no login on the target: {login.stderr.decode()}\n{self.log()}")
            time.sleep(0.02)

    def _enter(self, argv: Sequence[str]) -> tuple[str, ...]:
        return (
            "sh",
            f"{SCRIPTS}/enter.sh",
            " ".join(self._groups),
            "nsenter",
            f"--target={self._init}",
            *NAMESPACES,
            "--",
            *argv,
        )

    def _end_processes(self, process: Process) -> None:
        if self._init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)
            self._init = 0
        process.kill()
        with process:  # closes both pipes and reaps
            pass

    def _used(self) -> int:
        state = os.statvfs(f"{self.root}/var/lib")
        return (state.f_blocks - state.f_bfree) * state.f_frsize

    def _mount_disk(self, size: int) -> None:
        run_or_fail(*self._enter(("mount", "-o", f"remount,size={size}", "/var/lib")))


def _only_child(pid: int) -> int:
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return int(file.read())


def _read(path: str) -> str:
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""
