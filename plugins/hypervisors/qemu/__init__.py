"""QEMU: a target on this machine, without privileges, for whoever has no board at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sdk_hooks import Machine, Progress, SdkError, hookimpl

if TYPE_CHECKING:
    from .sdk_image import Image


class Qemu:
    name = "qemu"
    summary = "a virtual machine here: the SDK's image, else a small reference target"

    def start(self, machine: Machine, progress: Progress) -> None:
        from sdk_hooks import vm

        with vm.writing(machine.directory):
            machine.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            with vm.locked(machine.directory, progress):
                image = _image(machine, progress)
                if self.running(machine):
                    _await(machine, image, progress)
                else:
                    _boot(machine, image, progress)

    def ssh_config(self, machine: Machine) -> Path:
        return machine.directory / "ssh_config"

    def running(self, machine: Machine) -> bool:
        from sdk_hooks import vm

        return vm.process.pid(machine.directory / "pid") != 0

    def forward(self, machine: Machine, ports: Sequence[int]) -> Mapping[int, int]:
        from sdk_hooks import vm

        from .forward import forward

        with vm.locked(machine.directory):
            return forward(machine, ports)

    def stop(self, machine: Machine) -> None:
        from sdk_hooks import vm

        if machine.directory.is_dir():
            with vm.locked(machine.directory):
                self._stop(machine)

    def _stop(self, machine: Machine) -> None:
        """From the gentlest way to the surest one."""
        from sdk_hooks import vm

        from . import qmp

        ways = (
            # its status says nothing: the connection ends with the machine
            (lambda: vm.ssh.run(self.ssh_config(machine), machine.name, "sync; poweroff -f", seconds=10), 5),
            (lambda: qmp.execute(machine.directory / "qmp", "quit"), 3),
        )
        for ask, seconds in ways:
            if self.running(machine):
                try:
                    ask()
                except SdkError:
                    continue  # it hangs
                vm.process.wait(lambda: not self.running(machine), seconds)
        vm.process.end(machine.directory / "pid")


def _image(machine: Machine, progress: Progress) -> Image | None:
    """The SDK's image to boot; None for the reference target."""
    from . import sdk_image

    if machine.images is None:
        return None
    image = sdk_image.find(machine.images) if machine.images.is_dir() else None
    if image is None:
        progress.step(f"{machine.name}: no image with an ssh server to boot in '{machine.images}'")
    return image


def _await(machine: Machine, image: Image | None, progress: Progress) -> None:
    """*machine* runs: wait if it is just booting again, and say when it is not what would be booted now."""
    from sdk_hooks import vm

    from . import boot, launch, sdk_image, state

    known = state.read(machine.directory)
    if known.booted != (sdk_image.identity(image) if image else boot.REFERENCE):
        again = f"devtool-containers machine stop {machine.name}"
        progress.step(f"{machine.name}: runs since before the SDK's image was built; to boot that: {again}")
    if not vm.ssh.greets(known.port):
        launch.answers("", boot.SECONDS, machine, known.port)


def _boot(machine: Machine, image: Image | None, progress: Progress) -> None:
    from . import boot, forward, launch, sdk_image, state

    known = state.read(machine.directory)
    what = sdk_image.boot(image, machine) if image else boot.reference(machine, progress)
    launch.launch(what, machine, known, progress)
    forward.forward(machine, list(known.forwards))


@hookimpl
def sdk_hypervisors() -> list[Qemu]:
    return [Qemu()]
