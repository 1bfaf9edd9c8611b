"""Runs an image on this machine, in the foreground: with an engine, or an OCI runtime and no privilege."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from sdk_hooks.container import Container
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Local
from sdk_hooks.core.deploy.order import Order, Prepared, prepare
from sdk_hooks.core.oci import runtimespec
from sdk_hooks.core.registry import Plugins
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.image import Image
from sdk_hooks.target import Argv, Target


def run(order: Order, command: Argv | None, plugins: Plugins, progress: Progress) -> int:
    """Run the image of *order* until it ends; gives its exit status.

    :param command: Instead of the image's CMD.
    :raises SdkError: When nothing here can run it.
    """
    connection = Local()
    prepared = prepare(order, connection, plugins, foreground=True)
    container = replace(
        prepared.deployment.container,
        name=f"{order.name}-run-{os.getpid()}",
        attach=True,
        tty=sys.stdin.isatty() and sys.stdout.isatty(),
        command=command,
    )
    if prepared.deployment.stack.takes == "layers":
        with _bundle(order.image, container, prepared.found.target) as bundle:
            return _foreground(_runtime(container).run(container.name, PurePosixPath(bundle)), bundle)
    prepared.transfer.send(connection, progress)
    try:
        return _foreground(prepared.deployment.stack.run(container))
    finally:
        _forget(prepared)


def _foreground(argv: Argv, state: str = "") -> int:
    """Run *argv* on this terminal; Ctrl-C is for the container, whose end this waits for.

    :param state: Where a runtime may keep its state when this login has no directory for that.
    """
    environment = dict(os.environ)
    if state and os.geteuid() != 0 and not os.access(environment.get("XDG_RUNTIME_DIR", ""), os.W_OK):
        environment["XDG_RUNTIME_DIR"] = state
    child = subprocess.Popen(argv, env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def _forget(prepared: Prepared) -> None:
    """Drop the name that the image had for this run, unless it is deployed here."""
    if not prepared.found.current:
        argv = prepared.deployment.stack.untag(prepared.deployment.container.image)
        link.feed(Local(), argv, ())


@contextlib.contextmanager
def _bundle(image: Image, container: Container, target: Target) -> Iterator[str]:
    """An OCI bundle of *image* in a directory that is removed at the end."""
    with _directory() as directory:
        root = Path(directory) / "rootfs"
        root.mkdir(mode=0o755)
        for layer in image.layers:
            _unpack(image.blob(layer), root)
        for volume in container.settings.volumes:
            if volume.named:
                (Path(directory) / "volumes" / volume.source).mkdir(parents=True, exist_ok=True)
        local = replace(container, state=PurePosixPath(directory))
        config = runtimespec.config(local, target)
        if container.rootless:
            _without_privilege(config)
        (Path(directory) / "config.json").write_text(json.dumps(config))
        yield directory


@contextlib.contextmanager
def _directory() -> Iterator[str]:
    """A temporary directory; also directories without permission in it can be removed."""
    directory = tempfile.mkdtemp(prefix="dtc-run-")
    os.chmod(directory, 0o755)  # noqa: S103  the container's user has to look in
    try:
        yield directory
    finally:
        for folder, _, _ in os.walk(directory):
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)
        shutil.rmtree(directory, ignore_errors=True)


def _unpack(layer: Path, root: Path) -> None:
    with tarfile.open(layer, "r:") as archive:
        gone = [m.name for m in archive if os.path.basename(m.name).startswith(".wh.")]
    for name in gone:
        _remove(root, name)
    owner = (
        ("--numeric-owner", "--same-owner") if os.geteuid() == 0 else ("--no-same-owner", "--exclude=dev/*")
    )
    argv = ("tar", "-xpf", str(layer), "-C", str(root), "--exclude=.wh.*", *owner)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SdkError("can't unpack the image", detail=done.stderr.strip()[-500:], code="unpack-failed")


def _remove(root: Path, whiteout: str) -> None:
    folder, name = os.path.split(whiteout)
    place = root / folder
    victims = list(place.iterdir()) if name == ".wh..wh..opq" and place.is_dir() else [place / name[4:]]
    for victim in victims:
        if victim.is_dir() and not victim.is_symlink():
            shutil.rmtree(victim)
        else:
            victim.unlink(missing_ok=True)


def _without_privilege(config: dict[str, Any]) -> None:
    """Change *config* to what an ordinary user may ask for: a user namespace in which the user is root.

    The other users are those of /etc/subuid; without them the container can only run as its root.
    """
    linux = config["linux"]
    linux["namespaces"].append({"type": "user"})
    more = _subordinate("/etc/subuid"), _subordinate("/etc/subgid")
    usable = all(more) and shutil.which("newuidmap") and shutil.which("newgidmap")
    linux["uidMappings"] = _mappings(os.geteuid(), more[0] if usable else None)
    linux["gidMappings"] = _mappings(os.getegid(), more[1] if usable else None)
    if not usable:
        config["process"]["user"] = {"uid": 0, "gid": 0}
    for key in ("cgroupsPath", "resources"):  # there is no cgroup that we may write
        linux.pop(key)
    mounts = [m for m in config["mounts"] if m["destination"] not in ("/sys", "/sys/fs/cgroup")]
    # sysfs can only be mounted by who owns the network: the target's own is shown instead
    mounts.append(
        {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "rslave", "ro"]}
    )
    config["mounts"] = mounts


def _mappings(own: int, more: tuple[int, int] | None) -> list[dict[str, int]]:
    found = [{"containerID": 0, "hostID": own, "size": 1}]
    if more:
        found.append({"containerID": 1, "hostID": more[0], "size": more[1]})
    return found


def _subordinate(path: str) -> tuple[int, int] | None:
    """(first, count) of the IDs that this user was given in *path* (subuid(5))."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(path, encoding="utf-8") as stream:
            rows = [line.strip().split(":") for line in stream]
    except (OSError, KeyError):  # no such file, no such user
        return None
    own = (row for row in rows if len(row) == 3 and row[0] in (user, str(os.geteuid())))
    return next(((int(row[1]), int(row[2])) for row in own), None)


def _runtime(container: Container) -> Any:
    if container.runtime is None:
        raise SdkError("there is no OCI runtime here", hint="install crun", code="no-runtime")
    return container.runtime
