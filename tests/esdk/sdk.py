"""A real eSDK or build directory, used as the user who owns it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sdk_hooks.image import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "recipes-examples"
CASES = Path(__file__).parent / "meta-cases"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
NOTES = (
    "NOTE:",
    "Loading cache",
    "Parsing recipes",
    "Loaded ",
    "Parsing of",
    "Removing ",
    "Starting bitbake",
)


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    stdout: str
    stderr: str

    def told(self) -> str:
        """Our part of stderr: what BitBake says of itself is left out."""
        return "\n".join(line for line in self.stderr.splitlines() if line and not line.startswith(NOTES))


class Place:
    """A directory in which devtool runs.

    :param setup: Shell text that makes `devtool` and `bitbake` known, run in the directory.
    :param home: A directory for caches and other files of the tests, owned by the same user.
    """

    def __init__(self, path: Path, setup: str, home: Path) -> None:
        self.path, self.setup, self.home = path, setup, home
        self.owner = pwd.getpwuid(os.stat(path).st_uid)
        self.own(home)

    def own(self, top: Path) -> Path:
        """Give *top* to the SDK's user."""
        for directory, _, files in os.walk(top):
            for name in (".", *files):
                os.chown(
                    os.path.join(directory, name), self.owner.pw_uid, self.owner.pw_gid, follow_symlinks=False
                )
        return top

    def copy(self, source: Path) -> Path:
        """A copy of *source* that belongs to the SDK's user."""
        target = self.home / source.name
        shutil.copytree(source, target)
        return self.own(target)

    def start(self, command: str) -> subprocess.Popen[str]:
        """Start a shell command; it is the leader of a session of its own."""
        environment = {
            "HOME": self.owner.pw_dir,
            "USER": self.owner.pw_name,
            "PATH": PATH,
            "LC_ALL": "en_US.UTF-8",
            "TERM": "dumb",
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        identity: dict[str, object] = {}
        if os.geteuid() == 0 and self.owner.pw_uid:
            groups = os.getgrouplist(self.owner.pw_name, self.owner.pw_gid)
            identity = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": groups}
        return subprocess.Popen(
            ("bash", "-c", f"{self.setup}; {command}"),
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **identity,  # type: ignore[call-overload]  # three of the keywords above
        )

    def __call__(self, command: str, timeout: float = 600) -> Done:
        return finish(self.start(command), timeout)

    def ok(self, command: str) -> Done:
        """Run what has to succeed."""
        done = self(command)
        assert done.status == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, command: str = "install", *options: str) -> Done:
        """Run our own install or uninstall, as the SDK's user and with the Python of the tests."""
        argv = " ".join((sys.executable, "-m", "devtool_plugins", command, str(self.path), *options))
        return self.ok(f"cd {self.home}; PYTHONDONTWRITEBYTECODE=1 {argv}")


class Sdk(Place):
    """An installed eSDK."""

    def __init__(self, path: Path, home: Path) -> None:
        setup = f". {path}/environment-setup-* >/dev/null"
        super().__init__(path, setup, home)
        self.mine: list[str] = []

    def bitbake(self, command: str) -> Done:
        """Run a command in BitBake's environment."""
        text = (self.path / "conf/devtool.conf").read_text()
        [init] = [line.partition("= ")[2] for line in text.splitlines() if line.startswith("init_path")]
        return self.ok(f". {init} . >/dev/null; {command}")

    def modify(self, *names: str) -> None:
        """Put recipes into the workspace; they leave it with the session."""
        for name in names:
            if name not in self.mine:
                self.ok(f"devtool modify {name}")
                self.mine.append(name)

    def reset(self) -> None:
        """Take out what `modify` put in."""
        for name in self.mine:
            self(f"devtool reset --remove-work {name}")
        self.mine.clear()

    def sources(self, name: str) -> Path:
        return self.path / "workspace/sources" / name

    def edit(self, name: str, file: str, change: Callable[[str], str]) -> None:
        """Change a source file of a recipe in the workspace."""
        path = self.sources(name) / file
        path.write_text(change(path.read_text()))

    def build(self, name: str, *options: str) -> tuple[Image, str]:
        """Build a container; gives the image and what was told. BitBake may talk above the path."""
        from sdk_hooks.core.oci.layout import Layout

        done = self.ok(" ".join(("devtool container-build", name, *options)))
        return Layout(Path(done.stdout.splitlines()[-1])).image(), done.told()

    def fails(self, name: str, *options: str) -> str:
        """Build what can't be built; gives the error as devtool prints it."""
        done = self(" ".join(("devtool container-build", name, *options)))
        assert done.status == 1, done
        text = done.told()
        assert "Traceback" not in text
        return text[text.index("ERROR: ") :]


def finish(process: subprocess.Popen[str], timeout: float = 600) -> Done:
    """Wait for what `Place.start` started."""
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return Done(process.returncode, stdout, stderr)
