"""rootlesskit: an ordinary user's containerd runs in its namespaces, and it forwards ports to them."""

from __future__ import annotations

from sdk_hooks import Argv, Container, Port, Resources, Script, networks
from sdk_hooks.shell import quoted

STATE = "CONTAINERD_ROOTLESS_ROOTLESSKIT_STATE_DIR"
"""The variable that containerd-rootless.sh has for rootlesskit's directory."""

# With --detach-netns (since version 2) its child stays in the target's network, and the other one is here.
_ENTER = f"""\
k=${STATE}
read -r p 2>/dev/null <"$k/child_pid"
n=-n
[ ! -e "$k/netns" ] || n=-n/proc/$p/root$k/netns
exec nsenter -U --preserve-credentials -m "$n" -t "$p" -- "$@"
"""
INSIDE: Argv = ("sh", "-c", _ENTER, "sh")
"""Words before a command that is to run where that containerd does."""

FOUND = f"""\
k=${{{STATE}:-$XDG_RUNTIME_DIR/containerd-rootless}} own=
if [ "$uid" != 0 ] && [ -s "$k/child_pid" ]; then
	for p in nsenter rootlessctl; do
		command -v $p >/dev/null || {{ echo "it is rootless, which wants $p: install it there"; return 1; }}
	done
	own=1
	export {STATE}="$k"
	ctr() {{ {quoted((*INSIDE, "ctr"))} "$@"; }}
	echo "daemon $k"
	echo forwards yes
	read -r p <"$k/child_pid"
	echo ids $(for f in uid gid; do n=0
		while read -r _ _ c; do n=$((n + c)); done <"/proc/$p/${{f}}_map"; echo $n; done) \\
		systemctl --user restart containerd
	# its runc asks the login's systemd for a group
	c=/sys/fs/cgroup/user.slice/user-$uid.slice/user@$uid.service/cgroup.controllers
	case $(cat "$c" 2>/dev/null) in
	*memory*) [ -S "$XDG_RUNTIME_DIR/bus" ] || echo unlimited yes ;;
	*) echo unlimited yes ;;
	esac
fi
s=${{CONTAINERD_ADDRESS:-/run/containerd/containerd.sock}}
c="there is no $s"
starting() {{
	for f in /proc/[0-9]*/comm; do
		{{ read -r p <"$f"; }} 2>/dev/null && [ "$p" = containerd ] && return
	done
	return 1
}}
# ctr waits for one that is not there: only root's may be about to be
{{ [ -n "$own" ] || [ -S "$s" ] || {{ [ "$uid" = 0 ] && starting; }}; }}"""
"""Condition of an inventory: where the login has its own containerd, `ctr` asks that from there on."""

_CTL = f'rootlessctl --socket "${STATE}/api.sock"'

# With a network namespace by path ctr does not add what belongs to that one.
_NETWORK = f"""\
n=/proc/self/ns/net e=/etc
[ ! -e "${STATE}/netns" ] || n=${STATE}/netns e=${STATE}
found="$found --with-ns network:$n"
for f in {{files}}; do found="$found --mount type=bind,src=$e/$f,dst=/etc/$f,options={{flags}}"; done
"""
# Before 1.2 runc does not keep the flags that a source is mounted with, which nobody may take away in there.
_READ_ONLY = "rbind:ro"
_KEPT = f"""\
flags() {{
at= o=
while read -r _ _ _ _ m f _; do
case $1/ in "${{m%/}}"/*) [ ${{#m}} -lt ${{#at}} ] || {{ at=$m o=$f; }} ;; esac; done </proc/self/mountinfo
for f in nosuid nodev noexec; do case ,$o, in *,$f,*) printf :%s "$f" ;; esac; done
}}
for w; do shift
case $w in type=bind,*,options={_READ_ONLY}) s=${{w#*src=}}
w=$w$(flags "$(readlink -f "${{s%%,dst=*}}")") ;; esac
set -- "$@" "$w"; done
"""
# `held`: the numbers of what is forwarded as it was noted.
_HELD = f"""\
held() {{{{ {_CTL} list-ports 2>/dev/null | while read -r id proto _ port _; do
case $(cat {{noted}} 2>/dev/null) in *" $id:$proto:$port "*) echo "$id" ;; esac; done; }}}}
"""


def network(container: Container) -> Script:
    """Add to $found the options of ctr that give it the namespaces' own network."""
    if not container.nested or container.networks or container.settings.network != "host":
        return ""
    own = networks.etc(container)
    files = " ".join(each for each in ("hosts", "resolv.conf") if each not in own)
    return _NETWORK.format(files=files, flags=f"{_READ_ONLY}:nosuid:nodev:noexec")


def kept(container: Container, run: Argv) -> Script:
    """Let what ctr's words *run* mount read-only, which are in $@, have the flags of its source."""
    there = any(word.endswith(f",options={_READ_ONLY}") for word in run)
    return _KEPT if container.nested and there else ""


def forward(container: Container) -> Script:
    """Let the ports of the target lead to it, and note that in its directory."""
    text = ""
    for port in _ports(container):
        note = f"printf ' %s ' \"$i:{_protocol(port)}:{port.host}\" >>{_noted(container)}"
        text += f"i=$({_add(port)}) && {note} || exit\n"
    return text and f"rm -f {_noted(container)}\n{text}"


def unforward(container: Container) -> Script:
    """Undo `forward`; what was forwarded to somebody else meanwhile stays."""
    if not _ports(container):
        return ""
    held = _HELD.format(noted=_noted(container))
    return f'{held}i=$(held)\n[ -z "$i" ] || {_CTL} remove-ports $i\nrm -f {_noted(container)}\n'


def unreached(container: Container) -> Script:
    """Set $now where its ports are not forwarded, as after a new start of rootlesskit."""
    count = len(_ports(container))
    held = _HELD.format(noted=_noted(container))
    lost = f"""[ "$(held | grep -c .)" = {count} ] || now='stopped unknown'"""
    return f"{held}case $now in running*) {lost} ;; esac\n" if count else ""


def attached(container: Container, run: Script) -> Script:
    """*run* in the foreground, with its ports as long as it lasts."""
    if not _ports(container):
        return f"exec {run}"
    add = "".join(f'i=$({_add(port)}) && ids="$ids $i" || exit\n' for port in _ports(container))
    undo = f'[ -z "$ids" ] || {_CTL} remove-ports $ids >/dev/null'
    return f"ids=\ntrap : INT TERM\ntrap '{undo}' EXIT\n{add}{run}\n"


def group(container: Container) -> Argv:
    """Options of ctr: limits are a matter of the login's systemd, a group of ctr's choice one of root's."""
    if not container.nested:
        return ()
    if container.settings.resources == Resources():
        return ("--cgroup", "", "--cpu-shares", "0")  # its default is a limit for runc
    return ("--runc-systemd-cgroup", "--cgroup", f"user.slice:ctr:{container.name}")


def _ports(container: Container) -> tuple[Port, ...]:
    return container.settings.ports if container.nested else ()


def _noted(container: Container) -> Script:
    return quoted((str(container.directory / "forwarded"),))


def _add(port: Port) -> Script:
    """Print the number of what is forwarded now; from in there CNI plugins take it on to where it leads."""
    spec = f"{port.address or '0.0.0.0'}:{port.host}:{port.host}/{_protocol(port)}"  # noqa: S104  as everywhere
    return f"{_CTL} add-ports {quoted((spec,))}"


def _protocol(port: Port) -> str:
    return f"{port.protocol}6" if ":" in port.address else port.protocol
