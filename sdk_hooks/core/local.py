"""Runs an image on this machine, in the foreground: with an engine, or an OCI runtime and no privilege."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from sdk_hooks.container import Container
from sdk_hooks.core.deploy import asked, content, namespace
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.deploy.order import Order, Prepared, prepare
from sdk_hooks.core.oci import runtimespec, unpack
from sdk_hooks.core.registry import Plugins
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress, Runtime
from sdk_hooks.image import Image
from sdk_hooks.target import Argv, Target


def run(order: Order, command: Argv | None, plugins: Plugins, progress: Progress) -> int:
    """Run the image of *order* until it ends; gives its exit status.

    :param command: Instead of the image's CMD.
    :raises SdkError: When nothing here can run it.
    """
    connection = Local()
    prepared = prepare(order, connection, plugins, foreground=True)
    made = prepared.deployment.containers[0]
    container = replace(
        made,
        name=f"{order.name}-run-{os.getpid()}",
        attach=True,
        unit="",
        tty=sys.stdin.isatty() and sys.stdout.isatty(),
        command=made.command if command is None else command,
    )
    asked.check_program(container)
    make_directories(container)
    if prepared.deployment.stack.takes == "layers":
        with bundle(prepared.deployment.members[0].image, container, prepared.found.target) as directory:
            own = replace(container, state=PurePosixPath(directory))
            argv = runtime(own).run(own, PurePosixPath(directory))
            return _foreground(argv, environment(directory))
    for transfer in prepared.transfers:
        transfer.send(connection, progress)
    try:
        argv = prepared.deployment.command(prepared.deployment.stack.run(container))
        status = _foreground(argv, with_engine(prepared))
        for note in mixed(status, prepared.deployment.stack.name, prepared.found.target):
            progress.step(note)
        return status
    finally:
        forget(prepared)


def make_directories(container: Container) -> None:
    """Make those of this machine that *container* mounts, as a deployment does on its target.

    :raises SdkError: When one can't be made.
    """
    done = link.run(Local(), content.directories(container.settings))
    if done.status:
        raise SdkError(
            f"a directory that {container.application!r} mounts can't be made here",
            detail=done.error.strip(),
            hint="make it, or mount another one: --volume",
            code="no-volume",
        )


def environment(state: str) -> dict[str, str]:
    """The environment that a runtime's commands have.

    :param state: Where it may keep its state when this login has no directory for that.
    """
    found = dict(os.environ)
    if os.geteuid() != 0 and not os.access(found.get("XDG_RUNTIME_DIR", ""), os.W_OK):
        found["XDG_RUNTIME_DIR"] = state
    return found


def with_engine(prepared: Prepared) -> dict[str, str]:
    """The environment that the commands of an engine have."""
    return {**os.environ, **prepared.deployment.stack.environment(prepared.deployment.target)}


def _foreground(argv: Argv, env: dict[str, str] | None = None) -> int:
    """Run *argv* on this terminal; Ctrl-C is for the container, whose end this waits for."""
    child = subprocess.Popen(argv, env=env)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def mixed(status: int, stack: str, target: Target) -> Iterator[str]:
    """What to try when *stack* has ended with *status*: some runtimes fail here, and say no more than that.

    Without the engine one is taken that does not.
    """
    if status in (125, 126, 127) and target.hybrid:
        yield (
            f"note: the runtime of {stack} may want no controllers in version 2 of the control groups beside "
            f"version 1, such as {target.hybrid} here: --stack none"
        )


def forget(prepared: Prepared) -> None:
    """Drop the name that the image had for this run, unless it is deployed here."""
    if not prepared.found.current:
        made = prepared.deployment
        argv = made.command(made.stack.untag(made.containers[0].image))
        subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, env=with_engine(prepared), check=False
        )


@contextlib.contextmanager
def bundle(image: Image, container: Container, target: Target) -> Iterator[str]:
    """An OCI bundle of *image* in a directory that is removed at the end."""
    with _directory() as directory:
        root = Path(directory) / "rootfs"
        root.mkdir(mode=0o755)
        for layer in image.layers:
            unpack.layer(image.blob(layer), root)
        for volume in container.settings.volumes:
            if volume.named:
                place = Path(directory) / "volumes" / volume.source
                place.mkdir(parents=True, exist_ok=True)
                if not container.rootless:
                    os.chown(place, *container.user)
        local = replace(container, state=PurePosixPath(directory))
        if namespace.etc(container) and not container.networks:
            local = replace(local, directory=PurePosixPath(directory))
            for name, text in namespace.files(local, target).items():
                (Path(directory) / name).write_text(text)
            subprocess.run(("sh", "-c", namespace.up(local)), cwd=directory, check=True)
        (Path(directory) / "bundle.json").write_text(runtimespec.config_json(local, target))
        configure = runtimespec.configure(local, "bundle.json", "config.json")
        subprocess.run(("sh", "-c", configure), cwd=directory, check=True)
        yield directory


@contextlib.contextmanager
def _directory() -> Iterator[str]:
    """A temporary directory; also directories without permission in it can be removed.

    Nobody else may look in: who can reach the image's files can start those that are setuid.
    """
    directory = tempfile.mkdtemp(prefix="dtc-run-")
    try:
        yield directory
    finally:
        for folder, _, _ in os.walk(directory):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(directory, ignore_errors=True)


def runtime(container: Container) -> Runtime:
    """The runtime of *container*, which has no engine.

    :raises SdkError: When there is none.
    """
    if container.runtime is None:
        raise SdkError(
            "there is no OCI runtime here",
            hint="see which are known: devtool-containers list",
            code="no-runtime",
        )
    return container.runtime
