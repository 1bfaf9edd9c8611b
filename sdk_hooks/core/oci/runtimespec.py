"""The config.json of an OCI bundle (runtime-spec 1.0), from an image's config and a container's settings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from sdk_hooks.container import Container, DeviceNode
from sdk_hooks.core.capabilities import NAMES, kept
from sdk_hooks.core.deploy import namespace
from sdk_hooks.core.oci import seccomp
from sdk_hooks.hook import Hook
from sdk_hooks.security import filtered
from sdk_hooks.target import Script, Target

_MASKED = [
    f"/proc/{name}"
    for name in (
        "acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats",
        "sched_debug", "scsi",
    )
] + ["/sys/firmware", "/sys/dev/block"]  # fmt: skip
_READ_ONLY = [f"/proc/{name}" for name in ("bus", "fs", "irq", "sys", "sysrq-trigger")]
_CGROUPS = "/sys/fs/cgroup"
_SHM = "/dev/shm"  # noqa: S108  in the container
SHARED = ("/etc/resolv.conf", "/etc/hosts")
"""Files that a container on the target's own network shares with it, where the target has them."""
EVERY = "@every"
"""Stands for all devices that the target has, and for all capabilities."""
PERIOD = 100_000
"""Microseconds that a CPU quota is a part of: the kernel's default."""


def config_json(container: Container, target: Target) -> str:
    """The text of config.json for *container* on *target*; the root is `rootfs` beside it."""
    return json.dumps(config(container, target), indent=1, sort_keys=True)


def configure(container: Container, source: str, place: str) -> Script:
    """Commands that make the file *place* of *source*, the text of `config_json`, on the target."""
    if not container.settings.privileged:
        return f"cp {source} {place}"
    script = files("sdk_hooks.core.oci").joinpath("privileged.sh").read_text(encoding="utf-8")
    return f"{script}configure_for_all {' '.join(NAMES)} <{source} >{place}"


def config(container: Container, target: Target) -> dict[str, Any]:
    """The runtime-spec's configuration object; for an ordinary user one that needs no privilege."""
    made = {
        "ociVersion": "1.0.2",
        # on the target's own network it has the target's name, which the target's /etc/hosts knows
        **({"hostname": container.hostname} if _named(container) else {}),
        "root": {"path": "rootfs", "readonly": container.settings.read_only},
        "process": process(container),
        "mounts": [*_system_mounts(container, target), *_volumes(container)],
        "linux": _linux(container, target),
        "annotations": {"devtool-containers.digest": container.digest},
        **({"hooks": _hooks(container.hooks)} if container.hooks else {}),
    }
    made = _booting(made) if container.boots else made
    made = _privileged(made) if container.settings.privileged else made
    return _rootless(made, container, target) if container.rootless else made


def _named(container: Container) -> bool:
    return bool(container.settings.hostname or container.networks) or container.settings.network != "host"


def _booting(made: dict[str, Any]) -> dict[str, Any]:
    """*made* for an init: with room of its own for what runs, its part of the control groups, and setuid."""
    quiet = ["nosuid", "nodev"]
    mounts = [
        {**mount, "options": ["rw" if word == "ro" else word for word in mount["options"]]}
        if mount["destination"] == _CGROUPS
        else mount
        for mount in made["mounts"]
    ]
    own = [
        _mount("/run", "tmpfs", [*quiet, "mode=755"]),
        _mount("/run/lock", "tmpfs", [*quiet, "noexec", "mode=1777"]),
        _mount("/tmp", "tmpfs", [*quiet, "mode=1777"]),  # noqa: S108  in the container
    ]
    namespaces = [each for each in made["linux"]["namespaces"] if each["type"] != "cgroup"]
    return {
        **made,
        "mounts": [*mounts[:1], *own, *mounts[1:]],
        "process": {**made["process"], "noNewPrivileges": False},
        "linux": {**made["linux"], "namespaces": [*namespaces, {"type": "cgroup"}]},
    }


def _privileged(made: dict[str, Any]) -> dict[str, Any]:
    """*made* with all rights, and with nothing of the kernel hidden or read-only.

    Only the target knows which: it puts them in the place of EVERY as it starts it.
    """
    process, linux = made["process"], made["linux"]
    hidden = ("maskedPaths", "readonlyPaths")
    mounts = [
        {**mount, "options": ["rw" if word == "ro" else word for word in mount["options"]]}
        if mount["destination"].startswith("/sys")
        else mount
        for mount in made["mounts"]
    ]
    return {
        **made,
        "mounts": mounts,
        "process": {**process, "capabilities": {name: [EVERY] for name in process["capabilities"]}},
        "linux": {
            **{key: value for key, value in linux.items() if key not in hidden},
            "devices": [*linux.get("devices", ()), EVERY],
            "resources": {**linux["resources"], "devices": [{"allow": True, "access": "rwm"}]},
        },
    }


def _rootless(made: dict[str, Any], container: Container, target: Target) -> dict[str, Any]:
    """*made* in a user namespace whose root is the user, and without what only root may ask for."""
    shown = ("/proc",) if container.settings.pid else ()  # no other namespace of processes can be mounted
    linux, own = made["linux"], ("/sys", _CGROUPS, *shown)
    others = ("cgroupsPath", "resources", "devices")
    unprivileged = {key: value for key, value in linux.items() if key not in others}
    unprivileged["namespaces"] = [*linux["namespaces"], {"type": "user"}]
    unprivileged["uidMappings"] = [{"containerID": 0, "hostID": target.uid, "size": 1}]
    unprivileged["gidMappings"] = [{"containerID": 0, "hostID": target.gid, "size": 1}]
    # sysfs can only be mounted by who owns the network: the target's own is shown instead
    options = ["rbind", "rslave", *_KEPT, "noexec", "ro"]
    sysfs = {"destination": "/sys", "type": "bind", "source": "/sys", "options": options}
    mounts = [_quiet(mount) for mount in made["mounts"] if mount["destination"] not in own]
    nodes = [_bind(node.device.source, node.device.target, False) for node in container.devices]
    proc = [_bind(path, path, False) for path in shown]
    return {**made, "linux": unprivileged, "mounts": [*proc, *mounts, sysfs, *nodes]}


# What an ordinary user's home and /run are mounted with, and nobody may take away in a user namespace:
# before 1.2 runc does not keep it when it makes a mount read-only.
_KEPT = ("nosuid", "nodev")


def _quiet(mount: dict[str, Any]) -> dict[str, Any]:
    """*mount* with those, where it is a read-only one of something else than devices."""
    options, source = mount["options"], PurePosixPath(mount["source"])
    shown = mount["type"] == "bind" and "ro" in options and source.parts[:2] != ("/", "dev")
    return {**mount, "options": [*options, *_KEPT]} if shown else mount


def process(container: Container) -> dict[str, Any]:
    """The runtime-spec's process object: arguments, environment, working directory, user, capabilities."""
    config = container.config
    command = container.command if container.command is not None else config.get("Cmd") or ()
    env = dict(item.partition("=")[::2] for item in config.get("Env") or ())
    env.update(container.settings.env)
    root = container.user == (0, 0)
    more = sorted({*container.groups, *container.own_groups})
    groups = {"additionalGids": more} if more else {}
    capabilities = kept(container.settings)
    sets = ("bounding", "effective", "permitted")  # not inheritable: a file's would give them to any user
    return {
        "terminal": container.tty,
        "user": {"uid": container.user[0], "gid": container.user[1], **groups},
        "args": [*(config.get("Entrypoint") or ()), *command],
        "env": [f"{key}={value}" for key, value in env.items()],
        "cwd": config.get("WorkingDir") or "/",
        "noNewPrivileges": True,
        **_rlimits(container),
        "capabilities": {
            **{name: capabilities if root or name == "bounding" else [] for name in sets},
            **_ambient(container),
        },
    }


def _ambient(container: Container) -> dict[str, list[str]]:
    """The sets of what is added for a user other than root, who loses any other with the first program."""
    added = list(container.settings.cap_add)
    if container.user[0] == 0 or not added or container.settings.privileged:
        return {}
    return dict.fromkeys(("effective", "permitted", "inheritable", "ambient"), added)


def _rlimits(container: Container) -> dict[str, Any]:
    none = (1 << 64) - 1
    limits = [
        {
            "type": f"RLIMIT_{limit.name.upper()}",
            "soft": none if limit.soft < 0 else limit.soft,
            "hard": none if limit.hard < 0 else limit.hard,
        }
        for limit in container.settings.ulimits
    ]
    return {"rlimits": limits} if limits else {}


def _system_mounts(container: Container, target: Target) -> list[dict[str, Any]]:
    quiet = ["nosuid", "noexec", "nodev"]
    mounts = [
        _mount("/proc", "proc", quiet),
        _mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
        _mount("/dev/pts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        _mount(_SHM, "tmpfs", [*quiet, "mode=1777", "size=65536k"]),
        _mount("/sys", "sysfs", [*quiet, "ro"]),
    ]
    if target.cgroup:
        mounts.append(_mount(_CGROUPS, "cgroup", [*quiet, "relatime", "ro"]))
    own = {f"/etc/{name}": str(container.directory / name) for name in namespace.etc(container)}
    shared = SHARED if container.settings.network == "host" else ()
    there = {path: path for path in shared if path in target.devices}
    return mounts + [_bind(source, path, True) for path, source in {**there, **own}.items()]


def _volumes(container: Container) -> list[dict[str, Any]]:
    """Also those in memory; one below another one after it."""
    named = container.state / "volumes"
    found = [
        _bind(str(named / volume.source) if volume.named else volume.source, volume.target, volume.read_only)
        for volume in container.settings.volumes
    ]
    for each in container.settings.tmpfs:
        found.append(_mount(each.target, "tmpfs", list(each.options_for(container.user))))
    found += [_bind(_SHM, _SHM, False)] if container.settings.ipc else []
    return sorted(found, key=lambda mount: len(mount["destination"].strip("/").split("/")))


def _linux(container: Container, target: Target) -> dict[str, Any]:
    shared = {"pid": container.settings.pid, "ipc": container.settings.ipc}
    kinds = [kind for kind in ("pid", "ipc", "uts", "mount") if not shared.get(kind)]
    kinds += ["cgroup"] if target.cgroup == 2 else []
    kinds += ["network"] if container.settings.network == "none" else []
    made = [{"type": "network", "path": namespace.path(container)}] if container.networks else []
    return {
        "namespaces": [*({"type": kind} for kind in kinds), *made],
        "cgroupsPath": f"/devtool-containers/{container.name}",
        "resources": _resources(container),
        **({"devices": [_device(node) for node in container.devices]} if container.devices else {}),
        **({"sysctl": dict(container.settings.sysctls)} if container.settings.sysctls else {}),
        **_seccomp(container, target),
        "maskedPaths": _MASKED,
        "readonlyPaths": _READ_ONLY,
    }


def _seccomp(container: Container, target: Target) -> dict[str, Any]:
    """A runtime that was built without it refuses a bundle that has a filter."""
    able = container.runtime is not None and container.runtime.name in target.filters
    filters = able and filtered(container.settings)
    profile = seccomp.profile(target.platform.architecture) if filters else None
    return {"seccomp": profile} if profile else {}


def _device(node: DeviceNode) -> dict[str, Any]:
    return {
        "path": node.device.target,
        "type": node.kind,
        "major": node.major,
        "minor": node.minor,
        "fileMode": node.mode,
        "uid": node.owner[0],
        "gid": node.owner[1],
    }


def _hooks(hooks: Iterable[Hook]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for hook in hooks:
        rest = {"args": list(hook.args), "env": list(hook.env), "timeout": hook.timeout}
        made = {"path": hook.path, **{key: value for key, value in rest.items() if value}}
        found.setdefault(hook.stage, []).append(made)
    return found


def _resources(container: Container) -> dict[str, Any]:
    limits = container.settings.resources
    allowed = [
        {"allow": True, "type": n.kind, "major": n.major, "minor": n.minor, "access": n.device.access}
        for n in container.devices
    ]
    found: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}, *allowed]}
    if limits.memory:
        found["memory"] = {"limit": limits.memory}
    if limits.cpus:
        found["cpu"] = {"quota": int(limits.cpus * PERIOD), "period": PERIOD}
    if limits.pids:
        found["pids"] = {"limit": limits.pids}
    return found


def _mount(path: str, kind: str, options: list[str]) -> dict[str, Any]:
    return {"destination": path, "type": kind, "source": kind, "options": options}


def _bind(source: str, path: str, read_only: bool) -> dict[str, Any]:
    options = ["rbind", "rprivate", "ro" if read_only else "rw"]
    return {"destination": path, "type": "bind", "source": source, "options": options}
