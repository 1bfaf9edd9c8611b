"""A container that is started on this machine to be tested, and taken away again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from sdk_hooks.container import Container
from sdk_hooks.core import local
from sdk_hooks.core.deploy.address import of_port
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.deploy.deployment import Deployment
from sdk_hooks.core.deploy.order import Order, Prepared, prepare
from sdk_hooks.core.registry import Plugins
from sdk_hooks.core.trial import emulation
from sdk_hooks.core.trial.emulation import Emulator
from sdk_hooks.core.trial.subject import Done
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress, Stack
from sdk_hooks.target import Argv

_PIECE, _PIECES = 1 << 14, 128
"""Bytes that are read at once, and how many of these are kept: the last 2 MB of the output."""
_PATIENCE = 2.0
"""Seconds that it has to end in order: nothing of it is kept anyway."""


class Output:
    """What a process prints, read as it comes so that the process never waits."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._pieces: deque[bytes] = deque(maxlen=_PIECES)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while piece := os.read(self._stream, _PIECE):
            self._pieces.append(piece)

    def finish(self) -> None:
        """Wait until all is read, for what may still hold the other end not long."""
        self._reader.join(1)

    def __str__(self) -> str:
        return b"".join(tuple(self._pieces)).decode(errors="replace")


@dataclass(frozen=True)
class Here:
    """A container that runs on this machine as a child of this process."""

    container: Container
    engine: Stack
    child: subprocess.Popen[bytes]
    output: Output
    environment: Mapping[str, str]
    prefix: Argv
    inside: Argv = ()
    """Words before the commands of *engine*."""
    target: str = "local"

    @property
    def digest(self) -> str:
        return self.container.digest

    @property
    def stack(self) -> str:
        return self.engine.name

    def exec(self, command: Argv, seconds: float) -> Done | None:
        argv = (*self.inside, *self.engine.exec(self.container, (*self.prefix, *command)))
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=self.environment,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return Done(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )

    @contextlib.contextmanager
    def connect(self, port: int, seconds: float) -> Iterator[socket.socket]:
        address, port = of_port(port, self.container.settings.ports)
        with socket.create_connection((address.strip("[]"), port), seconds) as stream:
            yield stream

    def log(self) -> str:
        return str(self.output)

    def over(self) -> str:
        code = self.child.poll()
        if code is None:
            return ""
        self.output.finish()
        return f"the container has ended with {code}"


@contextlib.contextmanager
def started(order: Order, plugins: Plugins, progress: Progress) -> Iterator[Here]:
    """Run the one container of *order* on this machine while the context lasts.

    :raises SdkError: When nothing here can run it, or a port that it wants is in use.
    """
    connection = Local()
    prepared = prepare(order, connection, plugins, foreground=True, emulated=True)
    stack, target, image = (
        prepared.deployment.stack,
        prepared.found.target,
        prepared.deployment.members[0].image,
    )
    bare = stack.takes == "layers"
    emulator = Emulator()
    if not target.platform.runs(image.platform):
        emulator = emulation.find(image.platform, bare)
    made = prepared.deployment.containers[0]
    patience = min(made.settings.stop_timeout, _PATIENCE)
    container = replace(
        emulator.around(made),
        name=f"{order.name}-test-{os.getpid()}",
        attach=True,
        unit="",
    )
    container = replace(container, settings=replace(container.settings, stop_timeout=patience))
    local.make_directories(container)
    with _reserved(prepared), contextlib.ExitStack() as stacked:
        environment = local.with_engine(prepared)
        if bare:
            directory = stacked.enter_context(local.bundle(image, container, target))
            environment = local.environment(directory)
            argv = local.runtime(container).run(
                replace(container, state=PurePosixPath(directory)), PurePosixPath(directory)
            )
        else:
            stacked.callback(local.forget, prepared)
            for transfer in prepared.transfers:
                transfer.send(connection, progress)
            argv = prepared.deployment.command(stack.run(container))
        progress.step(f"local: {stack.name}, starting {container.name}")
        yield stacked.enter_context(_running(argv, container, prepared, environment, emulator.prefix))


@contextlib.contextmanager
def _running(
    argv: Argv, container: Container, prepared: Prepared, environment: Mapping[str, str], prefix: Argv
) -> Iterator[Here]:
    reading, writing = os.pipe()
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us, who then stop it
    )
    os.close(writing)
    try:
        inside = prepared.deployment.inside
        yield Here(container, prepared.deployment.stack, child, Output(reading), environment, prefix, inside)
    finally:
        with _undisturbed():
            _end(child, container, prepared.deployment, environment)


def _end(
    child: subprocess.Popen[bytes], container: Container, made: Deployment, environment: Mapping[str, str]
) -> None:
    """Stop and remove the container, also when it is just about to start."""
    stack = made.stack
    if stack.takes != "layers":
        for argv in stack.remove(container):
            _quiet(made.command(argv), environment)
    elif child.poll() is None:
        runtime = local.runtime(container)
        _quiet(runtime.kill(container.name, container.config.get("StopSignal") or "TERM"), environment)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(container.settings.stop_timeout)
        _quiet(runtime.delete(container.name), environment)
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        argvs = stack.remove(container) if stack.takes != "layers" else ()
        for argv in argvs:
            _quiet(made.command(argv), environment)


def _quiet(argv: Argv, environment: Mapping[str, str]) -> None:
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not leave half of it behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _reserved(prepared: Prepared) -> Iterator[None]:
    """Hold the ports of the container against other tests, and refuse those that are in use.

    An abstract socket belongs to the network namespace as the port does, and is gone with its process.
    """
    settings = prepared.deployment.containers[0].settings
    tcp = {port.host for port in settings.ports if port.protocol == "tcp"}
    ports = tcp if settings.network != "none" else set()
    with contextlib.ExitStack() as held:
        for port in sorted(ports):
            claim = held.enter_context(socket.socket(socket.AF_UNIX))
            try:
                claim.bind(f"\0devtool-containers-test-{port}")
            except OSError as error:
                raise _in_use(port, "another container-test") from error
            if port in prepared.found.target.listening:
                raise _in_use(port, "something else")
        yield


def _in_use(port: int, by: str) -> SdkError:
    return SdkError(
        f"port {port} of this machine is in use by {by}",
        hint=f"wait for its end, or stop it; an engine can move the port: --port OTHER:{port}",
        code="port-in-use",
    )
