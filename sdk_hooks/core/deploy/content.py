"""The files of a deployment on the target: small scripts that start, stop and look at its containers.

They need nothing but sh and the engine, so the target can go on by itself when the connection is cut, and
start the containers again when it boots. An application of several containers has the same files, which go
through those of each container in a directory of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from sdk_hooks.container import Container, HealthCheck, Settings
from sdk_hooks.core.deploy import boot, several, subnets
from sdk_hooks.core.deploy.address import of_port
from sdk_hooks.core.deploy.deployment import Deployment, Running, own_root
from sdk_hooks.core.deploy.parts import Mounted, Secret
from sdk_hooks.core.deploy.resource import script
from sdk_hooks.core.shell import assigned, lines, quoted, write_files
from sdk_hooks.families import Stack
from sdk_hooks.target import Argv, Script

_LINES = 987654321
"""Stands for the number of lines until the command is shell text."""

_FRESH = ".new-$$"
"""Where files are until they are all there; of its own for each of several deployments at once."""

_SHEBANG = "#!/bin/sh\n"
_LOCALE = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"


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
        "forget": _forget(deployment),
        "unname": _unname(deployment),
        "tidy": _tidy(deployment),
    }
    volumes = {"forget-volumes": _forget_volumes(deployment)} if _kept_volumes(deployment) else {}
    slow = {"unwatched": ""} if _forwarded(deployment) else {}
    held = subnets.holds((joined for box in boxes for joined in box.networks), stack)
    own = {"holds": held} if held else {}
    return {**found, **volumes, **slow, **own, **({"restarts": str(restart)} if policies else {})}


def _disabled(deployment: Deployment) -> dict[str, str]:
    """What lets the init forget the deployment: with all that runs, or only as far as it is its own."""
    unit = boot.supervisor(deployment)
    if not unit:
        return {"disable": boot.disable(deployment.name, deployment.target, stop=True)}
    stop = _quiet(deployment.stack, deployment.containers[0])
    # systemd has to know how to stop it until it has stopped
    return {"disable": f"{_head(deployment)}{stop}{unit.disable}", "disown": unit.disable}


def _forwarded(deployment: Deployment) -> bool:
    """Whether a health check can only tell that something listens, which may be who forwards the port."""
    asked = any(
        box.settings.healthcheck and box.settings.healthcheck.port and box.settings.network != "host"
        for box in deployment.containers
    )
    return asked and not {"curl", "wget"} & deployment.target.programs


def _own(member: Running, deployment: Deployment) -> dict[str, str]:
    """The files of one container."""
    container, stack = member.container, deployment.stack
    settings = container.settings
    head, remove = _head(deployment), _quiet(stack, container)
    found = {
        "start": f"{head}{remove}{directories(settings)}exec {quoted(stack.run(container))} >/dev/null\n",
        "stop": f"{head}{remove}",
        "state": f"{head}{stack.state(container)}\n",
        "exec": f'{head}exec {quoted(stack.exec(container, ()))} "$@"\n',
        "logs": f"{head}exec {_logs(stack, container, False)}\n",
        "follow": f"{head}exec {_logs(stack, container, True)}\n",
        **stack.files(container, deployment.target),
    }
    if settings.healthcheck:
        found["health"] = head + _health(settings.healthcheck, stack, container)
    if settings.restart.policy != "no":
        found["restarts"] = str(settings.restart)
    return found


def change(deployment: Deployment) -> Script:
    """Commands that make *deployment* the running one; in place of a secret there is a comment."""
    return _install(deployment) + switch(deployment.app, deployment.id, installed=True)


def with_secrets(text: Script, deployment: Deployment) -> Script:
    """*text*, which `change` made, with the secrets in it."""
    for note, path, secret in _secrets(deployment):
        text = text.replace(note, _readable(path, secret))
    return text


def _readable(path: str, file: Mounted) -> Script:
    """Commands that write a file for every user of the container; nobody else can look into the directory."""
    octal = "".join(f"\\{byte:03o}" for byte in file.content)
    made = f"cat {quoted((f'../{file.kept}',))}" if file.kept else f"printf '{octal}'"
    return f"{made} >{quoted((path,))}\nchmod 444 {quoted((path,))}\n"


def directories(settings: Settings) -> Script:
    """Commands that make the directories that are to be mounted; podman and the runtimes do not."""
    paths = [quoted((volume.source,)) for volume in settings.volumes if not volume.named]
    return "".join(f"[ -e {path} ] || (umask 022; mkdir -p {path}) || exit\n" for path in paths)


def _install(deployment: Deployment) -> Script:
    """Commands that write the files of *deployment*, for `switch` to put in their place: all or none."""
    app = quoted((str(deployment.app),))
    notes = "".join(note for note, _, _ in _secrets(deployment))
    return (
        f"umask 077\nmkdir -p {app} && cd {app} || exit\nset -e\nmkdir {_FRESH}\ncd {_FRESH}\n"
        f"{write_files('.', files(deployment))}{_configs(deployment)}{notes}cd ..\nset +e\n"
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


def switch(app: PurePosixPath, deployment_id: str, *, installed: bool) -> Script:
    """Commands that make the deployment *deployment_id* the running one; they do not end with the connection.

    :param installed: Whether its files were written by `install`, just before in the same script.
    """
    fresh = f" {_FRESH}" if installed else ""
    return (
        f"cd {quoted((str(app),))} || exit\nmkdir .run-$$ && cd .run-$$ || exit\n"
        f"{write_files('.', {'switch': script('turn.sh') + script('switch.sh')})}"
        "trap '' HUP PIPE\n"  # what runs from here on is not for the connection to end
        f"detach=\ncommand -v setsid >/dev/null 2>&1 && detach=setsid\n"
        f"$detach sh ./switch {quoted((str(app), deployment_id))}{fresh} >log 2>&1 </dev/null &\n"
        "wait $!\nstatus=$?\ncat log\ncd ..\nrm -rf .run-$$\n"
        # empty when its first deployment failed
        f"cd / && rmdir {quoted((str(app),))} 2>/dev/null\nexit $status\n"
    )


def _head(deployment: Deployment) -> Script:
    """What every script begins with, whoever calls it: a login, an init, the switch."""
    variables = dict(deployment.stack.environment(deployment.target))
    if own_root(deployment.target, deployment.stack):
        variables["XDG_RUNTIME_DIR"] = str(deployment.target.state / "run")
    return _SHEBANG + _LOCALE + (f"export {assigned(variables).rstrip()}\n" if variables else "")


def _quiet(stack: Stack, container: Container) -> Script:
    return "".join(f"{quoted(argv)} >/dev/null 2>&1\n" for argv in stack.remove(container))


def _ports(boxes: Iterable[Container]) -> str:
    """TCP ports of the target that they hold."""
    held = (port for box in boxes for port in box.settings.ports if port.protocol == "tcp")
    return " ".join(sorted({str(port.host) for port in held}))


def _named_volumes(boxes: Iterable[Container]) -> str:
    return " ".join(dict.fromkeys(v.source for box in boxes for v in box.settings.volumes if v.named))


def _forget_volumes(deployment: Deployment) -> Script:
    return _head(deployment) + lines(_kept_volumes(deployment))


def _kept_volumes(deployment: Deployment) -> list[Argv]:
    """What removes the named volumes that the stack keeps."""
    commands = map(deployment.stack.forget_volume, _named_volumes(deployment.containers).split())
    return [argv for argv in commands if argv]


def _limits(settings: tuple[Settings, ...]) -> Script:
    """How long it may take until all is up, and whether to end well is as good."""
    checks = [each.healthcheck for each in settings]
    tries = sum(several.patience(check) for check in checks if check) or 10
    oneshot = all(each.restart.policy == "no" for each in settings)
    return f"tries={tries}\nsettle=2\noneshot={1 if oneshot else ''}\n"


def _forget(deployment: Deployment) -> Script:
    """Forget its images, but not those that are given as arguments."""
    text = _head(deployment)
    for image in dict.fromkeys(box.image for box in deployment.containers):
        untag = quoted(deployment.stack.untag(image))
        text += f'case " $* " in *{quoted((f" {image} ",))}*) ;; *) {untag} ;; esac\n'
    return text


def _unname(deployment: Deployment) -> Script:
    names = dict.fromkeys(member.image.name for member in deployment.members)
    return _head(deployment) + lines(deployment.stack.untag(name) for name in names)


def _tidy(deployment: Deployment) -> Script:
    """After a success: the images' own names mean the new ones, and layers that nothing uses go.

    After a failure, for which it is given a third argument, the names mean what they did before.
    """
    stack, head = deployment.stack, _head(deployment)
    if stack.takes == "layers":
        return head + script("sweep.sh", STATE=str(deployment.target.state))
    named = "".join(
        f"{quoted(stack.tag(member.container.image, member.image.name))} >/dev/null 2>&1\n"
        for member in deployment.members
    )
    untag = quoted(stack.untag("@NAME@")).replace("@NAME@", '"$part"')
    parts = f"while read -r part; do {untag} </dev/null >/dev/null 2>&1; done <.incoming; rm -f .incoming"
    own = f'if [ -z "$3" ]; then :\n{named}fi\n'
    return f"{head}{own}[ ! -f .incoming ] || {{ {parts}; }}\n"


def _logs(stack: Stack, container: Container, follow: bool) -> Script:
    """The command that prints the output, with the number of lines taken from the environment."""
    return quoted(stack.logs(container, follow, _LINES)).replace(str(_LINES), '"${LINES:-200}"')


def _health(check: HealthCheck, stack: Stack, container: Container) -> Script:
    seconds = max(1, round(check.timeout))
    text = script("health.sh")
    if check.command:
        return f"{text}within {seconds} {quoted(stack.exec(container, check.command))}\n"
    address, port = of_port(check.port, container.settings.ports)
    return f"{text}http {seconds} {address} {port} {quoted((check.path,))}\n"
