"""Lets a container start again when its target boots, with the init that the target has."""

from __future__ import annotations

from pathlib import PurePosixPath

from sdk_hooks.container import Restart
from sdk_hooks.core.deploy import nested
from sdk_hooks.core.deploy.deployment import Deployment, service_name
from sdk_hooks.core.shell import quoted, write_files
from sdk_hooks.families import Stack
from sdk_hooks.target import Script, Target, Unit

_UNIT = """\
[Unit]
Description=Container {name} (devtool-containers)
After=network-online.target {after}
Wants=network-online.target
{with_daemon}
[Service]
Type=oneshot
RemainAfterExit=yes
{again}ExecStart=/bin/sh -c '{known} || {{ read -r id <"$$0/current" && exec sh "$$0/$$id/start"; }}' {app}
ExecStop=/bin/sh -c 'read -r id <"$$0/current" && exec sh "$$0/$$id/stop"' {app}

[Install]
WantedBy={wanted_by}
"""

# Without it systemd ends what an ordinary user runs at the last logout, and starts nothing of it at boot.
# Whether the login may ask for that itself is polkit's to say; the file tells whether it is so.
_LINGER = """\
login=$(id -un)
if [ ! -e "/var/lib/systemd/linger/$login" ]; then
	loginctl --no-ask-password enable-linger "$login" >/dev/null 2>&1
	[ -e "/var/lib/systemd/linger/$login" ] ||
		echo "note: it ends at logout and does not start at boot: loginctl enable-linger $login, as root"
fi
"""

# What a daemon of the login lets lead to its containers is gone whenever it ends. Its service need not wait
# until it answers, so this may come too early.
_WITH_DAEMON = """\
PartOf={daemon}
StartLimitIntervalSec=300
StartLimitBurst=30
"""
_AGAIN = "Restart=on-failure\nRestartSec=2\n"

_INIT = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          {service}
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Container {name} (devtool-containers)
### END INIT INFO
read -r id <{app}/current || exit 1
case "$1" in
start | stop) exec /bin/sh "{app}/$id/$1" ;;
restart) exec /bin/sh "{app}/$id/start" ;;
status) exec /bin/sh "{app}/$id/state" ;;
*) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
"""


def enable(deployment: Deployment, restart: Restart) -> Script:
    """The script that makes the target start *deployment* at boot, unless it is not to restart."""
    app, name, target, stack = deployment.app, deployment.name, deployment.target, deployment.stack
    if restart.policy == "no":
        return disable(name, target)
    unit = supervisor(deployment)
    if unit:
        return unit.enable + (_LINGER if target.uid else "")
    # a network namespace that we have made is not there after a boot: no engine can start what was in it
    ours = "cni" in stack.networks and any(box.networks for box in deployment.containers)
    several = bool(deployment.members[0].part.name)  # what an engine starts may be a half of it
    if stack.restarts and not ours and not several and not _forwarded(deployment):
        return f"# {stack.name} starts it by itself\n{disable(name, target)}{_own_daemon(stack, target)}"
    if target.init == "systemd":
        return _systemd(app, name, target, stack)
    if target.init in ("sysvinit", "busybox") and target.uid == 0:
        return _initscript(app, name, target)
    return "echo 'note: nothing here starts it again at boot'\n"


def _forwarded(deployment: Deployment) -> bool:
    """Whether it has ports of which an engine that starts it again knows nothing."""
    behind = nested.forwards(deployment.stack, deployment.target)
    return behind and any(box.settings.ports for box in deployment.containers)


def supervisor(deployment: Deployment) -> Unit | None:
    """The unit of the target's init that the only container of *deployment* is, if it is one."""
    box = deployment.containers[0]
    return deployment.stack.unit(box, deployment.target) if box.unit else None


def disable(name: str, target: Target, *, stop: bool = False) -> Script:
    """The script that undoes `enable`.

    :param stop: Also let the init forget that it has started it, which stops it.
    """
    service = service_name(name)
    if target.init == "systemd":
        user = "" if target.uid == 0 else " --user"
        unit = f"{_unit_directory(target)}/{service}.service"
        ended = f"systemctl{user} disable {'--now ' if stop else ''}{service} >/dev/null 2>&1"
        return f"{ended}\nrm -f {unit}\nsystemctl{user} daemon-reload\n"
    if target.init in ("sysvinit", "busybox") and target.uid == 0:
        return f"rm -f /etc/init.d/{service} /etc/init.d/S99{service} /etc/rc?.d/[SK]??{service}\n"
    return "true\n"


def _systemd(app: PurePosixPath, name: str, target: Target, stack: Stack) -> Script:
    service, rootless, own = service_name(name), target.uid != 0, _own_daemon(stack, target)
    after = " ".join(f"{program}.service" for program in stack.programs)
    wanted_by = "default.target" if rootless else "multi-user.target"
    known = f"rm %t/{service}.runs 2>/dev/null"
    daemon = f"{stack.name}.service" if nested.forwards(stack, target) else ""
    unit = _UNIT.format(
        name=name,
        known=known,
        app=_word(app),
        after=daemon or after,
        wanted_by=f"{wanted_by} {daemon}".rstrip(),
        with_daemon=_WITH_DAEMON.format(daemon=daemon) if daemon else "",
        again=_AGAIN if daemon else "",
    )
    directory, user = _unit_directory(target), " --user" if rootless else ""
    run = '"$XDG_RUNTIME_DIR"' if rootless else "/run"
    return (
        f"mkdir -p {directory}\ncat >{directory}/{service}.service <<'EOF'\n{unit}EOF\n"
        f"systemctl{user} daemon-reload\nsystemctl{user} enable {service} >/dev/null 2>&1 || "
        f"echo 'note: systemd did not enable {service}'\n"
        # it has to know that this runs already, or it would not stop it when the machine goes down
        f"systemctl{user} -q is-active {service} || "
        f"{{ : >{run}/{service}.runs; systemctl{user} --no-block start {service}; }} >/dev/null 2>&1\n"
        f"{own or (_LINGER if rootless else '')}"
    )


def _word(path: PurePosixPath) -> str:
    """*path* as one word of a command of systemd, which unquotes it and puts values in for `%` and `$`."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("%", "%%").replace("$", "$$")}"'


def _own_daemon(stack: Stack, target: Target) -> Script:
    """What has to be so for a daemon of the login to start at boot."""
    if not nested.daemon(stack, target):
        return ""
    if target.init != "systemd":
        return f"echo 'note: it starts at boot when {stack.name} of this login does'\n"
    unit = f"{stack.name}.service"
    return (
        f"systemctl --user is-enabled {unit} >/dev/null 2>&1 || "
        f"echo 'note: {stack.name} does not start at boot: systemctl --user enable {unit}'\n{_LINGER}"
    )


def _unit_directory(target: Target) -> str:
    return "/etc/systemd/system" if target.uid == 0 else '"$HOME"/.config/systemd/user'


def _initscript(app: PurePosixPath, name: str, target: Target) -> Script:
    service = service_name(name)
    text = _INIT.format(service=service, name=name, app=quoted((str(app),)))
    if target.init == "busybox":  # rcS runs /etc/init.d/S??* in order
        path = f"S99{service}"
        return f"{write_files('/etc/init.d', {path: text})}chmod 755 /etc/init.d/{path}\n"
    links = "".join(
        f"ln -sf ../init.d/{service} /etc/rc{level}.d/{kind}{service}\n" for level, kind in _LEVELS
    )
    return f"{write_files('/etc/init.d', {service: text})}chmod 755 /etc/init.d/{service}\n{links}"


_LEVELS = (("2", "S99"), ("3", "S99"), ("4", "S99"), ("5", "S99"), ("0", "K01"), ("1", "K01"), ("6", "K01"))
