"""User namespaces: what a bundle's config.json may say when an ordinary user runs it."""

from __future__ import annotations

import os
import pwd
import shutil
from typing import Any


def unprivileged(config: dict[str, Any]) -> None:
    """Change *config* to what an ordinary user may ask for: a user namespace in which the user is root.

    The other users are those of /etc/subuid; without them the container can only run as its root.
    """
    linux = config["linux"]
    linux["namespaces"].append({"type": "user"})
    more = _subordinate("/etc/subuid"), _subordinate("/etc/subgid")
    usable = all(more) and shutil.which("newuidmap") and shutil.which("newgidmap")
    linux["uidMappings"] = _mappings(os.geteuid(), more[0] if usable else None)
    linux["gidMappings"] = _mappings(os.getegid(), more[1] if usable else None)
    if not usable:
        config["process"]["user"] = {"uid": 0, "gid": 0}
    for key in ("cgroupsPath", "resources"):  # there is no cgroup that we may write
        linux.pop(key)
    mounts = [m for m in config["mounts"] if m["destination"] not in ("/sys", "/sys/fs/cgroup")]
    # sysfs can only be mounted by who owns the network: the target's own is shown instead
    mounts.append(
        {"destination": "/sys", "type": "bind", "source": "/sys", "options": ["rbind", "rslave", "ro"]}
    )
    config["mounts"] = mounts


def _mappings(own: int, more: tuple[int, int] | None) -> list[dict[str, int]]:
    found = [{"containerID": 0, "hostID": own, "size": 1}]
    if more:
        found.append({"containerID": 1, "hostID": more[0], "size": more[1]})
    return found


def _subordinate(path: str) -> tuple[int, int] | None:
    """(first, count) of the IDs that this user was given in *path* (subuid(5))."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        with open(path, encoding="utf-8") as stream:
            rows = [line.strip().split(":") for line in stream]
    except (OSError, KeyError):  # no such file, no such user
        return None
    own = (row for row in rows if len(row) == 3 and row[0] in (user, str(os.geteuid())))
    return next(((int(row[1]), int(row[2])) for row in own), None)
