"""podman's Quadlet: the files of which its generator makes units, and what is typed to have them run."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Restart, Script, StackFacts, Target, Unit
from sdk_hooks.shell import quoted

_ENABLE = """\
from={directory}/{unit}.container to={lasting}/{unit}.container
(umask 022; mkdir -p {lasting}) && cp "$from" "$to.new" && mv "$to.new" "$to" &&
	rm -f {own}/{unit}.service {own}/{wanted_by}.wants/{unit}.service {passing}/{unit}.service &&
	{systemctl} daemon-reload || echo 'note: it does not start at boot'
"""
_DISABLE = """\
rm -f {lasting}/{unit}.container
{systemctl} daemon-reload
"""
# As it is now it may be no good: until it is enabled what was enabled before is what starts at boot. Only
# since 5.3 Quadlet reads files out of /run by itself; units in there go over all others. What has to be
# there at boot, such as the network, is not waited for now.
_RUN = """\
#!/bin/sh
cd {directory} || exit
rm -rf units
QUADLET_UNIT_DIRS=$PWD {generator} -no-kmsg-log "$PWD/units" || exit
mkdir -p {passing} && grep -v ^Wants= units/{unit}.service >{passing}/{unit}.service &&
	{systemctl} daemon-reload || exit
{systemctl} start {unit}.service && exit
{systemctl} status --no-pager -n 5 {unit}.service >&2
exit 1
"""
_STOP = """\
{systemctl} stop {unit}.service
{systemctl} reset-failed {unit}.service
[ ! -f {passing}/{unit}.service ] || {{ rm -f {passing}/{unit}.service; {systemctl} daemon-reload; }}
"""
# In between two starts there is no container: systemd knows how the last one has ended, and whether another
# one is due.
_GONE = """\
case $1 in '')
	due='' code=0
	ended=ExecMainExitTimestampMonotonic
	set -- $({systemctl} show -p ActiveState -p ExecMainStatus -p $ended {unit}.service)
	for word; do case $word in
	ExecMainStatus=*) code=${{word#*=}} ;;
	ActiveState=a* | ActiveState=d* | ActiveState=r* | $ended=0) due=1 ;;
	esac; done
	set --
	[ -n "$due" ] || set -- ended "$code" ;;
esac
"""
# One that ends is soon removed and made again, and in between podman knows nothing of it: its log is there.
# A line of that says when, on what, and whether it is a full one or a part, which the next one goes on with.
_OUTPUT = """\
#!/bin/sh
[ -z "$2" ] || ! podman container exists {name} || exec podman logs --tail "$1" $2 {name}
tail -n "$1" {directory}/output.log | sed ':more
/^[^ ]* std[a-z]* P /!b full
$b full
N
s/^\\([^ ]* std[a-z]*\\) P \\(.*\\)\\n[^ ]* std[a-z]* \\([FP]\\) /\\1 \\3 \\2/
b more
:full
s/^[^ ]* std[a-z]* [FP] //'
"""
_LOG = ("--log-driver", "k8s-file", "--log-opt", "max-size=8mb", "--log-opt")
"""The containers of a unit are removed when they end, but what they have said is still asked for."""


def can(words: Argv) -> bool:
    """Whether *words* get through: Quadlet loses the empty ones, and unquotes a semicolon for systemd."""
    plain = (word.replace("\n", " ").replace("\t", " ") for word in words)
    return all(word.strip(";") and word.isprintable() for word in plain)


def file(container: Container, target: Target, options: Argv, arguments: Argv) -> str:
    """The .container file; *options* are those of `podman run`, *arguments* follow the image."""
    rootless, settings = target.uid != 0, container.settings
    network = "" if rootless else "After=network-online.target\nWants=network-online.target\n"
    made = (v.source for v in settings.volumes if not v.named)
    mkdir = ("/bin/sh", "-c", 'umask 022; [ -e "$0" ] || mkdir -p "$0"')
    before = "".join(f"ExecStartPre={_words((*mkdir, path))}\n" for path in made)
    limit, restart = _restart(settings.restart)
    log = (*_LOG, f"path={container.directory}/output.log")
    # what it adds by itself lets the units of a user wait for what a user's systemd never hears of
    own = "[Quadlet]\nDefaultDependencies=false\n\n" if _since(target, 5, 3) else ""
    return (
        f"[Unit]\nDescription=Container {container.name} (devtool-containers)\n{network}{limit}\n"
        f"[Container]\nImage={container.image}\nContainerName={container.name}\n"
        f"PodmanArgs={_words((*log, *options))}\n"
        f"{f'Exec={_words(arguments)}{chr(10)}' if arguments else ''}\n{own}"
        f"[Service]\n{before}{restart}TimeoutStartSec=300\n"
        f"TimeoutStopSec={round(settings.stop_timeout) + 60}\n\n[Install]\nWantedBy={_wanted_by(rootless)}\n"
    )


def unit(container: Container, target: Target) -> Unit:
    """How it starts at boot, from its file in the deployment's directory."""
    values = _values(container)
    enable = _ENABLE.format(wanted_by=_wanted_by(target.uid != 0), **values)
    return Unit(enable, _DISABLE.format(**values))


def run(container: Container, facts: StackFacts) -> Script:
    """Start it, without that it would start at boot."""
    return _RUN.format(generator=quoted((facts.units,)), **_values(container))


def stop(container: Container) -> Script:
    return _STOP.format(**_values(container))


def gone(container: Container) -> Script:
    """Let the parameters of the shell, which are none, be `ended CODE` where it will not come again."""
    return _GONE.format(**_values(container))


def output(container: Container) -> Script:
    """Print the last $1 lines that it has said; $2 is -f for those that follow."""
    return _OUTPUT.format(**_values(container))


def _values(container: Container) -> dict[str, str]:
    rootless = container.rootless
    return {
        "name": quoted((container.name,)),
        "unit": container.unit,
        "directory": quoted((str(container.directory),)),
        "systemctl": "systemctl --user" if rootless else "systemctl",
        "passing": '"$XDG_RUNTIME_DIR"/systemd/user.control' if rootless else "/run/systemd/system.control",
        "lasting": '"${XDG_CONFIG_HOME:-$HOME/.config}"/containers/systemd'
        if rootless
        else "/etc/containers/systemd",
        "own": '"$HOME"/.config/systemd/user' if rootless else "/etc/systemd/system",
    }


def _wanted_by(rootless: bool) -> str:
    return "default.target" if rootless else "multi-user.target"


def _restart(restart: Restart) -> tuple[str, str]:
    """Lines of [Unit] and of [Service]: how often, and when."""
    policy = "on-failure" if restart.policy == "on-failure" else "always"
    often = f"infinity\nStartLimitBurst={restart.retries + 1}" if restart.retries else "0"
    return f"StartLimitIntervalSec={often}\n", f"Restart={policy}\nRestartSec=1\n"


def _since(target: Target, *version: int) -> bool:
    said = target.stacks["podman"].version.split(".")
    return tuple(int(part) for part in said[:2] if part.isdigit()) >= version


def _words(words: Argv) -> str:
    """*words* as Quadlet takes them apart and systemd after it, which puts values for % and $."""
    return " ".join(f'"{_escaped(word)}"' for word in words)


def _escaped(word: str) -> str:
    for letter, instead in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\t", "\\t"),
        ("%", "%%"),
        ("$", "$$"),
    ):
        word = word.replace(letter, instead)
    return word
