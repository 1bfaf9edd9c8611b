"""The images that are deployed: the example service, and one that tells what it sees and fails to order."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab.host import find_program

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "recipes-examples/recipes-hello/hello-http/hello-http"
COMMAND = Path(sys.executable).with_name("devtool-containers")
APPLETS = ("cat", "grep", "httpd", "id", "ip", "ls", "sh", "sleep", "stat", "touch", "wc", "wget")

TESTER = """\
#!/bin/sh
echo "tester $(cat /etc/version) starts"
[ ! -d /data ] || echo start >>/data/starts
case $MODE in
job) exit "${CODE:-0}" ;;
crash) echo "no luck today"; exit 3 ;;
esac
exec httpd -f -p "${PORT:-8090}" -h /www
"""

FACTS = """\
#!/bin/sh
echo 'Content-Type: text/plain'
echo
echo "version=$(cat /etc/version)"
echo "uid=$(id -u)"
echo "gid=$(id -g)"
echo "umask=$(umask)"
echo "greeting=$GREETING"
echo "words=$WORDS"
echo "starts=$(cat /data/starts | wc -l)"
echo "owner=$(stat -c %u:%g /data)"
echo "secret=$(cat /run/secrets/token 2>/dev/null)"
echo "config=$(cat /etc/tester/app.conf 2>/dev/null)"
echo "addresses=$(ip -o -4 addr | while read -r _ _ _ address _; do printf '%s ' "$address"; done)"
echo "links=$(echo /sys/class/net/*)"
[ -z "$PEER" ] || echo "peer=$(wget -q -O - "http://$PEER/cgi-bin/name")"
echo "device=$( ([ -c /dev/given ] && exec 3<>/dev/given && echo open) 2>/dev/null)"
while read -r _ _ _ _ directory options _; do
	[ "$directory" != / ] || echo "root=${options%%,*}"
done </proc/self/mountinfo
"""

LIMITS = """\
#!/bin/sh
echo 'Content-Type: text/plain'
echo
echo "files=$(ulimit -n)"
while read -r key value; do
	case $key in Seccomp:) echo "filter=$value" ;; CapBnd:) echo "capabilities=$value" ;; esac
	[ "$key" != CapEff: ] || echo "effective=$value"
done </proc/self/status
echo "user_namespace=$(busybox unshare -U true 2>&1)"
"""

NAME = """\
#!/bin/sh
echo 'Content-Type: text/plain'
echo
echo "$GREETING"
"""

CHECK = """\
#!/bin/sh
[ "$MODE" != sick ] && [ ! -e /state/sick ] || { echo "feeling sick"; exit 1; }
"""

SPEC = """\
entrypoint: /usr/bin/tester
env: {PATH: /bin, GREETING: hi}
ports: [8090]
stop_signal: SIGKILL
resources: {memory: 48M}
"""
HEALTH = "healthcheck: {command: /usr/bin/check, interval: 1s, retries: 3}\n"
SPECS = {
    "tester": SPEC + HEALTH + "volumes: ['data:/data']\nread_only: true\n",
    "plain": SPEC,
    "matched": SPEC + "devices: [{udev: {SUBSYSTEM: misc, DEVNAME: fuse}, path: /dev/given, access: rw}]\n",
}


@dataclasses.dataclass(frozen=True)
class Done:
    """What a run of the command left behind."""

    status: int
    stdout: str
    stderr: str

    def json(self) -> list[dict[str, object]]:
        return list(json.loads(self.stdout))


class Cli:
    """The real command as a subprocess, with a store of its own and no user's configuration."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{key: os.environ[key] for key in ("PATH", "LANG") if key in os.environ},
            "HOME": str(home),
            "XDG_DATA_HOME": f"{home}/data",
            "XDG_CACHE_HOME": f"{home}/cache",
        }

    def __call__(self, *args: str, timeout: float = 60, cwd: Path | None = None) -> Done:
        done = subprocess.run(
            (COMMAND, *args),
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=timeout,
            cwd=cwd or self.home,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start it in a process group of its own, as a shell does for what is typed."""
        return subprocess.Popen(
            (COMMAND, *args),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def build(self, *args: str, cwd: Path | None = None) -> Done:
        done = self("container-build", *args, cwd=cwd)
        assert done.status == 0, done.stderr
        return done


def build_example(cli: Cli, version: str, triplet: str = "") -> None:
    """Compile the example as *version* and build its image into the directory of that name.

    :param triplet: Of Debian's cross compiler; the directory is then in one that is named after it.
    """
    source, tree = cli.home / triplet / f"hello-{version}", cli.home / triplet / f"hello-tree-{version}"
    shutil.copytree(EXAMPLE, source)
    program = source / "hello-http.c"
    text, count = re.subn(r'(version = ")1"', rf'\g<1>{version[1:]}"', program.read_text())
    assert count == 1
    program.write_text(text)
    compiler = (f"CC={triplet}-gcc",) if triplet else ()
    subprocess.run(("make", "-s", "-C", source, "install", f"DESTDIR={tree}", *compiler), check=True)
    _build_tree(cli, source, tree, version, triplet)


def build_broken_example(cli: Cli, triplet: str = "") -> None:
    """Build into the directory `broken` an image that ends at once: it has no configuration."""
    tree = cli.home / triplet / "hello-tree-broken"
    shutil.copytree(cli.home / triplet / "hello-tree-v2", tree)
    (tree / "etc/hello-http.conf").unlink()
    source = cli.home / triplet / "hello-broken"
    shutil.copytree(cli.home / triplet / "hello-v2", source)
    spec = source / "container.yaml"
    spec.write_text(spec.read_text().replace("/health}\n", "/health}\n  interval: 1s\n  retries: 4\n"))
    _build_tree(cli, source, tree, "broken", triplet)


def _build_tree(cli: Cli, source: Path, tree: Path, name: str, triplet: str) -> None:
    sysroot = ("--sysroot", f"/usr/{triplet}") if triplet else ()
    output = ("-o", str(cli.home / triplet / name))
    cli.build("hello-http", "--from", str(tree), *output, *sysroot, cwd=source)


def build_tester(cli: Cli, version: str) -> None:
    """Build `tester` (read-only, a volume, a health check by command), and `plain` without any of these."""
    tree = cli.home / f"tester-tree-{version}"
    scripts = {
        "usr/bin/tester": TESTER,
        "usr/bin/check": CHECK,
        "www/cgi-bin/facts": FACTS,
        "www/cgi-bin/name": NAME,
        "www/cgi-bin/limits": LIMITS,
    }
    files = {**scripts, "etc/version": version}
    for path, text in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
        (tree / path).chmod(0o755)
    (tree / "bin").mkdir()
    (tree / "scratch/own").mkdir(parents=True)  # of root, as /run and /var/cache are
    shutil.copy(str(find_program("busybox")), tree / "bin/busybox")
    for applet in APPLETS:
        (tree / "bin" / applet).symlink_to("busybox")
    for name, spec in SPECS.items():
        file = cli.home / f"{name}.yaml"
        file.write_text(spec)
        cli.build(name, "--from", str(tree), "-f", str(file), "-o", str(cli.home / version))


def build_other(cli: Cli, directory: Path) -> Path:
    """Build `plain` for arm64, as another SDK would into *directory*; nothing here runs it."""
    tree = directory / "tree"
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/tester").write_text("for arm64")
    (tree / "usr/bin/tester").chmod(0o755)
    words = ("--from", str(tree), "-f", str(cli.home / "plain.yaml"), "--platform", "linux/arm64")
    cli.build("plain", *words, "-o", str(directory))
    return directory
