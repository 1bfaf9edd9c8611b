"""One deployment as files on the target: small scripts that start, stop and look at one container.

They need nothing but sh and the engine, so the target can go on by itself when the connection is cut, and
start the container again when it boots.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from sdk_hooks.container import Container, DeviceNode, HealthCheck, Resources, Settings
from sdk_hooks.core.deploy import boot, devices
from sdk_hooks.core.deploy.devices import Node
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.files import users
from sdk_hooks.core.shell import quoted, write_files
from sdk_hooks.core.spec.model import settings_to_json
from sdk_hooks.families import Runtime, Stack
from sdk_hooks.image import Image
from sdk_hooks.target import Script, Target

_LINES = 987654321
"""Stands for the number of lines until the command is shell text."""

_FRESH = ".new-$$"
"""Where files are until they are all there; of its own for each of several deployments at once."""

_SHEBANG = "#!/bin/sh\n"
_LOCALE = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"


@dataclass(frozen=True)
class Deployment:
    """An image, its settings, and the stack that runs it on one target.

    Its ID is made of what it says: deploying the same again changes nothing.
    """

    container: Container
    stack: Stack
    target: Target
    record: str
    """JSON of what was deployed."""

    @property
    def id(self) -> str:
        return self.container.directory.name

    @property
    def app(self) -> PurePosixPath:
        return self.container.directory.parent

    @property
    def unlimited(self) -> bool:
        """Whether the resources of its settings can't be limited: an ordinary user has no cgroup."""
        wanted = self.container.settings.resources != Resources()
        return wanted and _own_root(self.container.rootless, self.stack)


def make(
    name: str,
    image: Image,
    settings: Settings,
    stack: Stack,
    runtime: Runtime | None,
    target: Target,
    nodes: Mapping[str, Node] | None = None,
) -> Deployment:
    """The deployment of *image* under *name* on *target*.

    :param nodes: The device nodes of the target by path, as far as *settings* names them.
    :raises SdkError: When it can't have its devices.
    """
    user = _user(image, stack, target)
    given = devices.given(settings.devices, nodes or {}, user, target)
    record = _record(name, image, settings, stack, runtime, given)
    identity = hashlib.sha256(record.encode()).hexdigest()[:12]
    reference = f"{image.name.rpartition(':')[0]}:{image.digest[7:19]}"
    container = Container(
        name=name,
        image=reference,
        digest=image.digest,
        config=image.config.get("config") or {},
        settings=settings,
        layers=image.diff_ids,
        user=user,
        directory=target.state / "apps" / name / identity,
        state=target.state,
        runtime=runtime,
        rootless=target.uid != 0,
        devices=given,
        groups=devices.groups(given, user),
    )
    return Deployment(container, stack, target, record)


def _record(
    name: str,
    image: Image,
    settings: Settings,
    stack: Stack,
    runtime: Runtime | None,
    given: Iterable[DeviceNode],
) -> str:
    found = {
        "name": name,
        "image": image.name,
        "digest": image.digest,
        "stack": stack.name,
        "runtime": runtime.name if runtime else "",
        "layers": image.diff_ids,
        "settings": json.loads(settings_to_json(settings)),
        "devices": [f"{node.kind} {node.major}:{node.minor}" for node in given],
    }
    return json.dumps(found, sort_keys=True)


def scripts(deployment: Deployment, image: Image) -> Mapping[str, str]:
    """Every file of the deployment's directory, by name."""
    container, stack = deployment.container, deployment.stack
    settings = container.settings
    head, remove = _head(container, stack), _quiet(stack, container)
    found = {
        "deployment.json": deployment.record,
        "stack": stack.name,
        "image": container.image,
        "ports": " ".join(sorted({str(port.host) for port in settings.ports})),
        "layers": "\n".join(container.layers),
        "limits": _limits(settings),
        "start": f"{head}{remove}{_directories(settings)}exec {quoted(stack.run(container))} >/dev/null\n",
        "stop": f"{head}{remove}",
        "state": f"{head}{stack.state(container)}\n",
        "logs": f"{head}exec {_logs(stack, container, False)}\n",
        "follow": f"{head}exec {_logs(stack, container, True)}\n",
        "enable": boot.enable(deployment.app, container.name, deployment.target, stack, settings.restart),
        "disable": boot.disable(container.name, deployment.target),
        "forget": f"{head}{quoted(stack.untag(container.image))}\n",
        "unname": f"{head}{quoted(stack.untag(image.name))}\n",
        "volumes": " ".join(volume.source for volume in settings.volumes if volume.named),
        "tidy": f"{head}{_tidy(stack, container, image)}",
        **stack.files(container, deployment.target),
    }
    if settings.healthcheck:
        found["health"] = head + _health(settings.healthcheck, stack, container)
    if settings.restart.policy != "no":
        found["restarts"] = str(settings.restart)
    return found


def install(deployment: Deployment, content: Mapping[str, str]) -> Script:
    """Commands that write the files of *deployment*, for `switch` to put in their place: all or none."""
    app = quoted((str(deployment.app),))
    return (
        f"umask 077\nmkdir -p {app} && cd {app} || exit\n"
        f"set -e\nmkdir {_FRESH}\ncd {_FRESH}\n{write_files('.', content)}cd ..\nset +e\n"
    )


def switch(app: PurePosixPath, deployment_id: str, *, installed: bool) -> Script:
    """Commands that make the deployment *deployment_id* the running one; they do not end with the connection.

    :param installed: Whether its files were written by `install`, just before in the same script.
    """
    fresh = f" {_FRESH}" if installed else ""
    return (
        f"cd {quoted((str(app),))} || exit\nmkdir .run-$$ && cd .run-$$ || exit\n"
        f"{write_files('.', {'switch': script('switch.sh')})}"
        "trap '' HUP PIPE\n"  # what runs from here on is not for the connection to end
        f"detach=\ncommand -v setsid >/dev/null 2>&1 && detach=setsid\n"
        f"$detach sh ./switch {quoted((str(app), deployment_id))}{fresh} >log 2>&1 </dev/null &\n"
        "wait $!\nstatus=$?\ncat log\ncd ..\nrm -rf .run-$$\nexit $status\n"
    )


def with_network(settings: Settings, stack: Stack) -> Settings:
    """*settings* with a network chosen: the target's own, unless ports have to be moved."""
    if settings.network:
        return settings
    moved = any(port.host != port.container or port.address for port in settings.ports)
    return replace(settings, network="bridge" if moved and "bridge" in stack.networks else "host")


def _user(image: Image, stack: Stack, target: Target) -> tuple[int, int]:
    """Who the container runs as.

    Without an engine an ordinary user is root in a user namespace, and all files are that user's: no
    other ID is needed, nor newuidmap, and nothing stays behind that only root could remove.
    """
    if _own_root(target.uid != 0, stack):
        return (0, 0)
    return users.of_image(image, (image.config.get("config") or {}).get("User", ""))


def _own_root(rootless: bool, stack: Stack) -> bool:
    """Whether we ourselves make the user namespace of an ordinary user."""
    return rootless and stack.takes == "layers"


def _head(container: Container, stack: Stack) -> Script:
    own = _own_root(container.rootless, stack)
    place = quoted((str(container.state / "run"),))
    return _SHEBANG + _LOCALE + (f"export XDG_RUNTIME_DIR={place}\n" if own else "")


def _quiet(stack: Stack, container: Container) -> Script:
    return "".join(f"{quoted(argv)} >/dev/null 2>&1\n" for argv in stack.remove(container))


def _directories(settings: Settings) -> Script:
    """Make the directories of the target that are to be mounted; podman and the runtimes do not."""
    paths = [quoted((volume.source,)) for volume in settings.volumes if not volume.named]
    return "".join(f"[ -e {path} ] || (umask 022; mkdir -p {path}) || exit\n" for path in paths)


def _limits(settings: Settings) -> Script:
    check = settings.healthcheck
    tries = int(check.start_period + check.retries * max(check.interval, 1)) if check else 10
    return f"tries={tries}\nsettle=2\noneshot={1 if settings.restart.policy == 'no' else ''}\n"


def _tidy(stack: Stack, container: Container, image: Image) -> Script:
    """After a success: the image's own name means the new one, and layers that nothing uses go."""
    named = quoted(stack.tag(container.image, image.name))
    if stack.takes != "layers":
        untag = quoted(stack.untag("@NAME@")).replace("@NAME@", '"$part"')
        parts = f"while read -r part; do {untag} </dev/null >/dev/null 2>&1; done <.incoming; rm -f .incoming"
        return f"{named} >/dev/null 2>&1\n[ ! -f .incoming ] || {{ {parts}; }}\n"
    return script("sweep.sh", STATE=str(container.state))


def _logs(stack: Stack, container: Container, follow: bool) -> Script:
    """The command that prints the output, with the number of lines taken from the environment."""
    return quoted(stack.logs(container, follow, _LINES)).replace(str(_LINES), '"${LINES:-200}"')


def _health(check: HealthCheck, stack: Stack, container: Container) -> Script:
    seconds = max(1, round(check.timeout))
    text = script("health.sh")
    if check.command:
        return f"{text}within {seconds} {quoted(stack.exec(container, check.command))}\n"
    return f"{text}http {seconds} {check.port} {quoted((check.path,))}\n"
