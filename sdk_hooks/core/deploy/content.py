"""The files of a deployment on the target: small scripts that start, stop and look at its containers.

They need nothing but sh and the engine, so the target can go on by itself when the connection is cut, and
start the containers again when it boots. An application of several containers has the same files, which go
through those of each container in a directory of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from sdk_hooks.container import Container, HealthCheck, Settings
from sdk_hooks.core.deploy import boot, held, nested, several, subnets
from sdk_hooks.core.deploy.address import of_port
from sdk_hooks.core.deploy.deployment import Deployment, Running
from sdk_hooks.core.deploy.parts import Mounted, Secret
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import lines, quoted, write_files
from sdk_hooks.target import Argv, Script

_LINES = 987654321
"""Stands for the number of lines until the command is shell text."""

_FRESH = ".new-$$"
"""Where files are until they are all there; of its own for each of several deployments at once."""


def files(deployment: Deployment) -> Mapping[str, str]:
    """Every file of the deployment's directory, by its path in there."""
    found = _common(deployment)
    if not deployment.members[0].part.name:
        return {**found, **_own(deployment.members[0], deployment)}
    for member in deployment.members:
        name = member.part.name
        found.update({f"{name}/{file}": text for file, text in _own(member, deployment).items()})
    return {**found, **several.files(deployment)}


def _common(deployment: Deployment) -> dict[str, str]:
    """What a deployment has once, whatever it consists of."""
    boxes, stack = deployment.containers, deployment.stack
    policies = [box.settings.restart for box in boxes if box.settings.restart.policy != "no"]
    restart = (policies or [boxes[0].settings.restart])[0]
    found = {
        "deployment.json": deployment.record,
        "stack": stack.name,
        "image": " ".join(dict.fromkeys(box.image for box in boxes)),
        "ports": _ports(boxes),
        "layers": "\n".join(deployment.layers),
        "volumes": _named_volumes(boxes),
        "limits": _limits(tuple(box.settings for box in boxes)),
        "enable": boot.enable(deployment, restart),
        **_disabled(deployment),
        "forget": held.forget(deployment),
        "unname": held.unname(deployment),
        "ready": held.ready(deployment),
        "tidy": held.tidy(deployment),
    }
    volumes = {"forget-volumes": _forget_volumes(deployment)} if _kept_volumes(deployment) else {}
    slow = {"unwatched": ""} if _forwarded(deployment) else {}
    taken = subnets.holds((joined for box in boxes for joined in box.networks), stack)
    own = {"holds": taken} if taken else {}
    return {**found, **volumes, **slow, **own, **({"restarts": str(restart)} if policies else {})}


def _disabled(deployment: Deployment) -> dict[str, str]:
    """What lets the init forget the deployment: with all that runs, or only as far as it is its own."""
    unit = boot.supervisor(deployment)
    if not unit:
        return {"disable": boot.disable(deployment.name, deployment.target, stop=True)}
    stop = _quiet(deployment, deployment.containers[0])
    # systemd has to know how to stop it until it has stopped
    return {"disable": f"{held.head(deployment)}{stop}{unit.disable}", "disown": unit.disable}


def _forwarded(deployment: Deployment) -> bool:
    """Whether a health check can only tell that something listens, which may be who forwards the port."""
    behind = nested.forwards(deployment.stack, deployment.target)
    asked = any(
        box.settings.healthcheck
        and box.settings.healthcheck.port
        and (behind or box.settings.network != "host")
        for box in deployment.containers
    )
    return asked and not {"curl", "wget"} & deployment.target.programs


def _own(member: Running, deployment: Deployment) -> dict[str, str]:
    """The files of one container."""
    container, stack = member.container, deployment.stack
    settings = container.settings
    head, remove = held.head(deployment), _quiet(deployment, container)
    commands = (stack.run(container), stack.exec(container, ()))
    run, execute = (quoted(deployment.command(argv)) for argv in commands)
    found = {
        "start": f"{head}{remove}{directories(settings)}exec {run} >/dev/null\n",
        "stop": f"{head}{remove}",
        "state": f"{head}{_state(deployment, container)}\n",
        "exec": f'{head}exec {execute} "$@"\n',
        "logs": f"{head}exec {_logs(deployment, container, False)}\n",
        "follow": f"{head}exec {_logs(deployment, container, True)}\n",
        **stack.files(container, deployment.target),
    }
    if settings.healthcheck:
        found["health"] = head + _health(settings.healthcheck, deployment, container)
    if settings.restart.policy != "no":
        found["restarts"] = str(settings.restart)
    return found


def change(deployment: Deployment, *, secrets: bool = False, asked: str = "") -> Script:
    """Commands that make *deployment* the running one.

    :param asked: What switch.sh finds in its environment.
    :param secrets: Whether the secrets are in it, which nobody is shown: else a comment stands for each.
    """
    return _install(deployment, secrets) + switch(deployment.app, deployment.id, installed=True, asked=asked)


def _readable(path: str, file: Mounted) -> Script:
    """Commands that write a file for every user of the container; nobody else can look into the directory."""
    octal = "".join(f"\\{byte:03o}" for byte in file.content)
    made = f"cat {quoted((f'../{file.kept}',))}" if file.kept else f"printf '{octal}'"
    return f"{made} >{quoted((path,))}\nchmod 444 {quoted((path,))}\n"


def directories(settings: Settings) -> Script:
    """Commands that make the directories that are to be mounted; podman and the runtimes do not."""
    paths = [quoted((volume.source,)) for volume in settings.volumes if not volume.named]
    return "".join(f"[ -e {path} ] || (umask 022; mkdir -p {path}) || exit\n" for path in paths)


def _install(deployment: Deployment, secrets: bool) -> Script:
    """Commands that write the files of *deployment*, for `switch` to put in their place: all or none."""
    app = quoted((str(deployment.app),))
    hidden = "".join(
        _readable(path, secret) if secrets else note for note, path, secret in _secrets(deployment)
    )
    fresh = f"{app}/{_FRESH}"
    return (
        # who takes the last one away meanwhile takes the directory as well
        f"umask 077\nmkdir -p {fresh} || mkdir -p {fresh} || exit\ncd {fresh} || exit\nset -e\n"
        f"{write_files('.', files(deployment))}{_configs(deployment)}{hidden}cd ..\nset +e\n"
    )


def _configs(deployment: Deployment) -> Script:
    """Commands that write the configs: as people read them, where a shell keeps each byte of that."""
    found = {
        f"{member.part.name}/config-{config.name}".lstrip("/"): config
        for member in deployment.members
        for config in member.part.configs
    }
    return "".join(
        f"{write_files('.', {path: config.content.decode()})}chmod 444 {quoted((path,))}\n"
        if _plain(config.content) and not config.kept
        else _readable(path, config)
        for path, config in found.items()
    )


def _plain(data: bytes) -> bool:
    """Whether *data* is lines of text."""
    return data.endswith(b"\n") and data.isascii() and b"\0" not in data


def _secrets(deployment: Deployment) -> Iterator[tuple[Script, str, Secret]]:
    """Each secret with the comment that stands for it, and its path in the deployment's directory."""
    for member in deployment.members:
        for secret in member.part.secrets:
            path = f"{member.part.name}/secret-{secret.name}".lstrip("/")
            what = "as it is there" if secret.kept else f"{len(secret.content)} bytes"
            yield f"# the secret {path}, {what}\n", path, secret


def switch(app: PurePosixPath, deployment_id: str, *, installed: bool, asked: str = "") -> Script:
    """Commands that make the deployment *deployment_id* the running one; they do not end with the connection.

    :param installed: Whether its files were written by `install`, just before in the same script.
    :param asked: What switch.sh finds in its environment.
    """
    fresh = f" {_FRESH}" if installed else ""
    return (
        f"cd {quoted((str(app),))} || exit\nmkdir .run-$$ && cd .run-$$ || exit\n"
        f"{write_files('.', {'switch': _in_turn('switch.sh')})}"
        "trap '' HUP PIPE\n"  # what runs from here on is not for the connection to end
        f"detach=\ncommand -v setsid >/dev/null 2>&1 && detach=setsid\n"
        f"{asked}$detach sh ./switch {quoted((str(app), deployment_id))}{fresh} >log 2>&1 </dev/null &\n"
        "wait $!\nstatus=$?\ncat log\ncd ..\nrm -rf .run-$$\n"
        # empty when its first deployment failed
        f"cd / && rmdir {quoted((str(app),))} 2>/dev/null\nexit $status\n"
    )


def keep(app: PurePosixPath, deployment_id: str, asked: str) -> Script:
    """Commands that take note that the deployment *deployment_id*, which runs, is asked for again."""
    return f"{asked}\nset -- {quoted((str(app), deployment_id))}\n{_in_turn('keep.sh')}"


def _in_turn(name: str) -> Script:
    """The script *name* of this package, with what waits for its turn and knows when that is too late."""
    return script("turn.sh") + script("late.sh") + script(name)


def _quiet(deployment: Deployment, container: Container) -> Script:
    commands = map(deployment.command, deployment.stack.remove(container))
    return "".join(f"{quoted(argv)} >/dev/null 2>&1\n" for argv in commands)


def _state(deployment: Deployment, container: Container) -> Script:
    text = deployment.stack.state(container)
    return quoted(deployment.command(("sh", "-c", text))) if deployment.inside else text


def _ports(boxes: Iterable[Container]) -> str:
    """TCP ports of the target that they hold."""
    held = (port for box in boxes for port in box.settings.ports if port.protocol == "tcp")
    return " ".join(sorted({str(port.host) for port in held}))


def _named_volumes(boxes: Iterable[Container]) -> str:
    return " ".join(dict.fromkeys(v.source for box in boxes for v in box.settings.volumes if v.named))


def _forget_volumes(deployment: Deployment) -> Script:
    return held.head(deployment) + lines(_kept_volumes(deployment))


def _kept_volumes(deployment: Deployment) -> list[Argv]:
    """What removes the named volumes that the stack keeps."""
    names = _named_volumes(deployment.containers).split()
    commands = [argv for argv in map(deployment.stack.forget_volume, names) if argv]
    if deployment.inside and not commands:  # what is in them belongs to users whom only its namespaces have
        commands = [("rm", "-rf", f"{deployment.target.state}/volumes/{name}") for name in names]
    return list(map(deployment.command, commands))


def _limits(settings: tuple[Settings, ...]) -> Script:
    """How long it may take until all is up, and whether to end well is as good."""
    checks = [each.healthcheck for each in settings]
    tries = sum(several.patience(check) for check in checks if check) or 10
    oneshot = all(each.restart.policy == "no" for each in settings)
    return f"tries={tries}\nsettle=2\noneshot={1 if oneshot else ''}\n"


def _logs(deployment: Deployment, container: Container, follow: bool) -> Script:
    """The command that prints the output, with the number of lines taken from the environment."""
    words = deployment.command(deployment.stack.logs(container, follow, _LINES))
    return quoted(words).replace(str(_LINES), '"${LINES:-200}"')


def _health(check: HealthCheck, deployment: Deployment, container: Container) -> Script:
    seconds = max(1, round(check.timeout))
    text = script("health.sh")
    if check.command:
        words = deployment.command(deployment.stack.exec(container, check.command))
        return f"{text}within {seconds} {quoted(words)}\n"
    address, port = of_port(check.port, container.settings.ports)
    return f"{text}http {seconds} {address} {port} {quoted((check.path,))}\n"
