"""A guest that runs: booted from a copy of its disk, reached by ssh and HTTP on the loopback address."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from types import TracebackType

from sdk_plugins.hypervisors.qemu import launch
from sdk_plugins.hypervisors.qemu.boot import Boot
from sdk_plugins.hypervisors.qemu.state import State

from sdk_hooks import Machine, Platform, vm
from sdk_hooks.core.files.fileset import Entry, Group, Merged, directory
from sdk_hooks.core.reftarget import cpio
from sdk_hooks.core.reftarget.initramfs import file
from sdk_hooks.core.ui import Ui

from .build import made
from .host import CACHE
from .recipes import RECIPES, text

HTTP = 8080
"""Where the applications of tests answer in the guest."""
PATIENCE = 600
"""Seconds that a boot may take, on a machine that is busy."""
_USER = 1000
_BOOT = "/proc/sys/kernel/random/boot_id"
# The timer is not tried: on a host that is busy its ticks come late, and are done without, which hangs.
# Not tsc=reliable: there a guest may take its clock for sixteen times as fast as it is.
_QUICK = "quiet net.ifnames=0 panic=-1 mitigations=off security=none no_timer_check"
_EMULATED = {
    "amd64": ("qemu-system-x86_64", "q35", "max", "ttyS0"),
    "arm64": ("qemu-system-aarch64", "virt", "cortex-a72", "ttyAMA0"),
}


class Guest:
    """One guest, as a context manager; whatever happens, its QEMU ends with the block."""

    def __init__(
        self,
        recipe: str,
        files: Mapping[str, str] | None = None,
        words: str = "",
        hardware: tuple[str, ...] = (),
    ) -> None:
        """:param files: More files for it, by path; *words* go to the kernel's command line.
        :param hardware: Options of QEMU.

        :raises Unavailable: When this machine can't make it or run it.
        """
        self.recipe, self.files, self.words = RECIPES[recipe], files or {}, words
        self.hardware = hardware
        self.name = f"guest-{recipe}"
        self.image = made(recipe, self.recipe)
        self.directory = CACHE / "running" / f"{recipe}-{os.getpid()}-{time.monotonic_ns()}"
        self.http = vm.ssh.free_port()

    def __enter__(self) -> "Guest":
        sweep()
        self.directory.mkdir(parents=True, mode=0o700)
        try:
            self._disk()
            self._personal()
            machine = Machine(self.name, self.directory, self._platform, ((self.http, HTTP),))
            state = launch.launch(self._boot(), machine, State(), Ui(StringIO()))
            self._config(state.port)
            self._settled()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, as a power cut would; harmless when done twice."""
        vm.process.end(self.directory / "pid")
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def ssh_config(self) -> str:
        return str(self.directory / "guest_ssh_config")

    def alias(self, login: str) -> str:
        """The name on the command line for *login*: root or user."""
        return self.name if login == "root" else f"{self.name}-{login}"

    def sh(self, script: str, login: str = "root", seconds: float = 120) -> str:
        """What a shell of *login* prints there."""
        argv = ("ssh", "-F", self.ssh_config, self.alias(login), "sh -s")
        done = subprocess.run(
            argv, input=script, capture_output=True, text=True, timeout=seconds, check=False
        )
        assert done.returncode == 0, f"{script}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def reboot(self) -> None:
        """Let it boot again, in its own way; returns once one can log in."""
        before = self.sh(f"cat {_BOOT}")
        # while it goes down nobody closes connections: be gone before
        later = "(sleep 2; reboot) </dev/null >/dev/null 2>&1 &"
        vm.ssh.run(Path(self.ssh_config), self.name, later, seconds=PATIENCE)
        assert vm.process.wait(lambda: self._boot_id() not in ("", before), PATIENCE, 1), self.console()
        self._settled()

    def console(self) -> str:
        """The end of what it printed."""
        return vm.console.end(self.directory / "console.log", 30)

    def _boot_id(self) -> str:
        """Empty while nobody can log in: connections that are dropped would be held against us."""
        if not vm.ssh.greets(self._port):
            return ""
        status, said = vm.ssh.run(Path(self.ssh_config), self.name, f"cat {_BOOT}", seconds=10)
        return said if status == 0 else ""

    def _settled(self) -> None:
        if self.recipe.init == "systemd":
            said = self.sh("systemctl is-system-running --wait || systemctl --failed", seconds=PATIENCE)
            assert said.startswith(("running", "degraded")), said

    @property
    def _platform(self) -> Platform:
        return Platform(self.recipe.architecture)

    def _disk(self) -> None:
        base = str(self.image / "disk.img")
        vm.run(
            ("qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", "disk.qcow2"),
            self.directory,
            cwd=self.directory,
        )

    def _personal(self) -> None:
        """Its keys and files, in an archive behind the first one."""
        self.keys = vm.keys(self.directory, self.name)
        login = f"{self.keys.login_public}\n"
        dropbear = vm.dropbear(self.keys.host.read_text())
        entries = [
            file("root/.ssh/authorized_keys", login, 0o600),
            _of_user(file("home/user/.ssh/authorized_keys", login, 0o600)),
            file("etc/hostname", f"{self.name}\n"),
            file("etc/hosts", text("hosts")),  # only an installer makes that
            file("etc/dropbear/hostkey", dropbear, 0o600),
            *(
                file(path, content, 0o755 if content.startswith("#!") else 0o644)
                for path, content in self.files.items()
            ),
        ]
        if self.recipe.init == "systemd":
            entries.append(file("etc/ssh/guest_host_key", self.keys.host.read_text(), 0o600))
        group = Group("personal")
        group.add(_parents(entries))
        group.add(entry._replace(path=f"personal/{entry.path}") for entry in entries)
        with open(self.directory / "initrd", "wb") as stream:
            stream.write((self.image / "initrd").read_bytes())
            cpio.write(stream, Merged().place(group))

    def _boot(self) -> Boot:
        program, board, cpu, console = _EMULATED[self.recipe.architecture]
        words = f"console={console} {_QUICK} {self.words}".strip()
        options = (
            *("-machine", board, "-m", str(self.recipe.memory), "-no-user-config"),
            *("-kernel", str(self.image / "kernel"), "-initrd", "initrd", "-append", words),
            *self.hardware,  # first: an IOMMU has to come before the devices behind it
            *(
                "-drive",
                "if=none,id=root,format=qcow2,file=disk.qcow2",
                "-device",
                "virtio-blk-pci,drive=root",
            ),
        )
        host = {
            "IdentityFile": f'"{self.keys.login}"',
            "UserKnownHostsFile": f'"{self.directory}/known_hosts"',
            "StrictHostKeyChecking": "yes",
            "HostKeyAlias": self.name,
        }
        (self.directory / "known_hosts").write_text(f"{self.name} {self.keys.host_public}\n")
        self._options = host
        return Boot(
            self.name, self.name, program, self._platform, options, cpu,
            smp=("1", "2"), ready="ready", seconds=PATIENCE, ssh=host,
        )  # fmt: skip

    def _config(self, port: int) -> None:
        """For each of its logins."""
        self._port = port
        config = ""
        for login in ("root", "user"):
            place = self.directory / "part"
            vm.ssh.write_config(place, self.alias(login), port, {**self._options, "User": login})
            config += place.read_text()
        Path(self.ssh_config).write_text(config)


def sweep() -> None:
    """End what an earlier run left when it was killed."""
    for place in (CACHE / "running").glob("*-*-*"):
        if not os.path.exists(f"/proc/{place.name.split('-')[-2]}"):
            with contextlib.suppress(OSError):
                vm.process.end(place / "pid")
            shutil.rmtree(place, ignore_errors=True)


def _of_user(entry: Entry) -> Entry:
    return entry._replace(uid=_USER, gid=_USER)


def _parents(entries: list[Entry]) -> list[Entry]:
    """The directories that *entries* are in, below `personal`, as they are in the guest."""
    found: dict[str, Entry] = {}
    for entry in entries:
        parts = entry.path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            private = path.endswith(".ssh") or path == "root"
            made = directory(f"personal/{path}", 0o700 if private else 0o755)
            found[path] = _of_user(made) if path.startswith("home/user") else made
    return list(found.values())
