"""The files of a target: a Debian with all but one engine hidden, or nothing but busybox and one engine."""

import os
import shutil
from typing import Literal

from .engines import ENGINE_PROGRAMS, Engine
from .host import find_program, libraries_of
from .keys import Sshd

Userland = Literal["debian", "busybox"]

HIDDEN_TREES = ("/home", "/opt", "/root", "/srv", "/tmp", "/usr/local", "/var/log", "/var/tmp", "/work")
SCRIPTS = os.path.dirname(os.path.abspath(__file__))

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
user:x:1000:1000:user:/home/user:/bin/sh
sshd:x:998:998:sshd:/run/sshd:/bin/false
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
"""
GROUP = "root:x:0:\nuser:x:1000:\ntty:x:5:\nsshd:x:998:\nnogroup:x:65534:\n"
SHADOW = "root:*:19000:0:99999:7:::\nuser:*:19000:0:99999:7:::\n"

# Without CAP_SYS_RESOURCE podman cannot raise the limits it asks for; without systemd it makes its cgroups.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "crun"
"""


def write_seed(seed: str, name: str) -> None:
    """Write the files that every target has of its own, whatever its userland."""
    texts = {
        "etc/passwd": PASSWD,
        "etc/group": GROUP,
        "etc/shadow": SHADOW,
        "etc/shells": "/bin/sh\n",
        "etc/hostname": f"{name}\n",
        "etc/hosts": f"127.0.0.1 localhost {name}\n",
        "etc/resolv.conf": "",
        "etc/subuid": "user:100000:65536\n",
        "etc/subgid": "user:100000:65536\n",
        "etc/containers/containers.conf": CONTAINERS_CONF,
    }
    for path, text in texts.items():
        os.makedirs(os.path.dirname(f"{seed}/{path}"), exist_ok=True)
        with open(f"{seed}/{path}", "w") as file:
            file.write(text)
    os.makedirs(f"{seed}/etc/lab", exist_ok=True)
    shutil.copy(f"{SCRIPTS}/boot.sh", f"{seed}/etc/lab/boot.sh")


def hidden_paths(engine: Engine) -> list[str]:
    """Return what a Debian target must not see: other engines, Python, and this machine's own work."""
    names = (ENGINE_PROGRAMS - set(engine.programs)) | _pythons()
    programs = [f"{folder}/{name}" for name in sorted(names) for folder in ("/usr/bin", "/usr/sbin")]
    return [path for path in (*HIDDEN_TREES, *programs) if os.path.lexists(path)]


def _pythons() -> set[str]:
    # A target is POSIX sh and little more; a deploy that leans on its python3 must fail here.
    return {name for name in os.listdir("/usr/bin") if name.startswith(("python", "perl", "pydoc"))}


def installed_files(engine: Engine, sshd: Sshd) -> list[str]:
    """Return what a busybox target gets besides busybox: programs, and the libraries they load."""
    names = (*engine.programs, *engine.helpers, *(("sshd",) if sshd == "openssh" else ("dropbear",)))
    programs = [path for name in names if (path := find_program(name))]
    folders = [(folder, files) for tree in engine.trees for folder, _, files in os.walk(tree)]
    files = [f"{folder}/{file}" for folder, files in folders for file in files]
    executables = [path for path in (*programs, *files) if os.access(path, os.X_OK)]
    return sorted({*programs, *files, *(library for path in executables for library in libraries_of(path))})
