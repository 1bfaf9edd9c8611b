"""What `ctr` is asked about the task of a container, and told to do with it."""

from __future__ import annotations

from importlib.resources import files

from sdk_hooks import Argv, Container, Script
from sdk_hooks.shell import quoted


def state(container: Container) -> Script:
    """Set $now where it has a task that runs; of one that is not restarted keep how it ended."""
    name = quoted((container.name,))
    text = f"name={name}\n{_script('ctr-state')}"
    if container.settings.restart.policy != "no":
        return text
    # only the removal of a task tells how it ended, and the monitor wants it where that is to be started
    kept = quoted((str(container.directory / "exit"),))
    return (
        f'{text}if [ -n "$ended" ] && said=$(ctr tasks rm {name} 2>&1); then\n'
        f'said=${{said##*exit code }}; said=${{said%%[!0-9]*}}; echo "${{said:-0}}" >{kept}; fi\n'
        f'case $now in stopped*) [ ! -f {kept} ] || now="stopped $(cat {kept})" ;; esac\n'
    )


def alone(container: Container) -> bool:
    """Whether containerd's monitor can't start it again, for a shim of its own leaves its network as it is.

    kata leaves a tap device and a queue on each interface of a network namespace that was there before, and
    can't add them a second time: what starts anew there has to find a new one.
    """
    own = container.runtime is not None and container.runtime.handler
    return bool(own and container.networks and container.settings.restart.policy != "no")


def again(container: Container, launch: Script, disconnect: Script) -> dict[str, str]:
    """The files of what does it instead: *launch* creates its network and starts it."""
    name = quoted((container.name,))
    clear = f"ctr --timeout 30s tasks rm -f {name}\nctr containers rm {name}\n{disconnect}"
    files = {"again": f"name={name}\n{_script('ctr-again')}", "clear": clear, "launch": launch}
    here = quoted((str(container.directory),))
    return {file: f"cd {here} || exit\n{text}" for file, text in files.items()}


def watched(container: Container) -> Script:
    """Leave it to the file `again`, whatever becomes of who runs this."""
    file, pid, busy = _names(container)
    detach = "d=\n! command -v setsid >/dev/null 2>&1 || d=setsid\n"
    own = f"(trap '' HUP; exec $d sh {file}) >/dev/null 2>&1 </dev/null &\n"
    return f"rm -f {busy}\n{detach}{own}echo $! >{pid}\n"


def unwatched(container: Container) -> Script:
    """End that, after what it is at: a start that is cut off may still come to its end in containerd."""
    file, pid, busy = _names(container)
    # since the target has booted the number may be another's
    return f"""p=
if read -r p <{pid}; then
rm -f {pid}
case "$(tr '\\0' ' ' <"/proc/$p/cmdline")" in *{file}' '*)
n=0
while [ -f {busy} ] && kill -0 "$p" && [ $n -lt 90 ]; do sleep 1; n=$((n + 1)); done
kill -9 "-$p" || kill -9 "$p" ;;
esac
fi 2>/dev/null
"""


def stop(container: Container) -> Script:
    """End it, as it wants to be ended or else by force, and remove it and its container."""
    name, signal = container.name, container.config.get("StopSignal") or "SIGTERM"
    seconds = round(container.settings.stop_timeout)
    return f"name={quoted((name,))} signal={quoted((signal,))} seconds={seconds}\n{_script('ctr-stop')}"


def execute(container: Container, command: Argv) -> Argv:
    """Run *command* in it, with an ID that differs from call to call.

    The shim of kata (1.12 to 4.1) hangs for good when it is told of the end of stdin before it has started
    the command, and ctr tells where there is nothing to read; not where reading fails, as of a directory.
    """
    own = container.runtime is not None and container.runtime.handler
    inner = f'exec ctr tasks exec --exec-id "check-$$" "$@"{" </" if own else ""}'
    return ("sh", "-c", inner, "sh", container.name, *command)


def _names(container: Container) -> Argv:
    """What starts it again, its number, and what tells that it is at it."""
    return tuple(quoted((str(container.directory / f"again{end}"),)) for end in ("", ".pid", ".busy"))


def _script(name: str) -> Script:
    text = files("sdk_plugins.stacks").joinpath(f"{name}.sh").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return "".join(f"{line}\n" for line in lines)
