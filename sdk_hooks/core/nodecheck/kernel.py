"""Whether the kernel of a node has what it needs: version, options, modules, control groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from sdk_hooks.core.nodecheck import options as known
from sdk_hooks.core.nodecheck.facts import Facts
from sdk_hooks.core.nodecheck.findings import Finding, good, install, unless
from sdk_hooks.nodes import NodeNeeds

State = Literal["there", "uninstalled", "missing", "unknown"]

_CONFIG = "CONFIG_IKCONFIG=y and CONFIG_IKCONFIG_PROC=y in a .cfg of linux-yocto's SRC_URI"
_OPTION = {names[0]: option for option, names in known.CONTROLLERS.items() if option != "FAIR_GROUP_SCHED"}
_V2 = 'systemd mounts version 2: INIT_MANAGER = "systemd", and systemd.unified_cgroup_hierarchy=1 in APPEND'


def findings(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    """What *needs* asks of the kernel that *facts* are about."""
    yield _version(facts, needs)
    yield from _options(facts, needs)
    yield from _useful(facts, needs)
    yield from _unreadable(facts, needs)
    yield from _loaded(facts, needs)
    yield from _control_groups(facts, needs)


def asked(needs: NodeNeeds) -> tuple[str, ...]:
    """Every option that is to be looked up, sorted."""
    own = {*needs.options, *needs.options_v1, *needs.options_v2, *needs.useful, *known.TABLES}
    return tuple(sorted(own | {old for option in own for old in known.INSTEAD.get(option, ())}))


def state(facts: Facts, option: str) -> State:
    """How the kernel has *option*; unknown where its configuration can't be read and nothing shows it."""
    if not facts.one("config"):
        return "there" if _shown(facts, option) else "unknown"
    names = (option, *known.INSTEAD.get(option, ()))
    value = next((facts.configured[name] for name in names if name in facts.configured), "n")
    if value == "m" and option in known.MODULES and not _has_module(facts, option):
        return "uninstalled"
    if value == "n" and option in known.LEGACY and _speaks_nf_tables(facts):
        return "there"
    return "missing" if value == "n" else "there"


def _has_module(facts: Facts, option: str) -> bool:
    have = {m for key in ("loaded", "installed", "builtin") for m in facts.all(key)}
    return not have.isdisjoint(known.MODULES.get(option, ()))


def _shown(facts: Facts, option: str) -> bool:
    return (
        _has_module(facts, option)
        or known.PATHS.get(option) in facts.all("path")
        or known.FILESYSTEMS.get(option) in facts.all("filesystem")
        or not facts.built.isdisjoint(known.CONTROLLERS.get(option, ()))
    )


def _speaks_nf_tables(facts: Facts) -> bool:
    return "nf_tables" in facts.one("iptables") and all(state(facts, o) == "there" for o in known.TABLES)


def _version(facts: Facts, needs: NodeNeeds) -> Finding:
    release = facts.one("kernel")
    match = re.match(r"(\d+)\.(\d+)", release)
    old = match is not None and (int(match[1]), int(match[2])) < needs.kernel
    least = ".".join(map(str, needs.kernel))
    detail = f"{release}, older than {least}, the oldest that {needs.distribution} is tried with"
    newer = 'PREFERRED_VERSION_linux-yocto = "6.18%", or another one that the BSP has'
    return unless(not old, "warning", "kernel", detail if old else release, newer)


def _needed(facts: Facts, needs: NodeNeeds) -> tuple[str, ...]:
    return needs.options + (needs.options_v1 if facts.cgroup == 1 else needs.options_v2)


def _options(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    wanted = _needed(facts, needs)
    states = {option: state(facts, option) for option in wanted}
    there = sum(each == "there" for each in states.values())
    source = facts.one("config") or "what is to be seen"
    detail = f"{there} of {len(wanted)} that {needs.distribution} needs, by {source}"
    if {"missing", "uninstalled"}.isdisjoint(states.values()):
        yield good("kernel options", detail)
    else:
        yield Finding("error", "kernel options", detail, _most(needs))
    for option, each in states.items():
        if each == "missing":
            yield Finding("error", f"CONFIG_{option}", "is not set", known.fix(option))
        elif each == "uninstalled":
            yield _uninstalled("error", option, "")


def _most(needs: NodeNeeds) -> str:
    """What brings most of the options at once."""
    if needs.distro_features:
        line = f'DISTRO_FEATURES:append = " {" ".join(needs.distro_features)}"'
        return f"{line} with meta-virtualization, which brings most of them; and those below"
    return 'KERNEL_FEATURES:append = " cfg/kubernetes.scc" brings most of them; and those below'


def _uninstalled(level: Literal["error", "warning"], option: str, why: str) -> Finding:
    module = known.MODULES[option][0]
    detail = f"is a module, and {module} is not installed{why}"
    return Finding(level, f"CONFIG_{option}", detail, install(known.package(module)))


def _useful(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    for option, without in needs.useful.items():
        each = state(facts, option)
        if each == "missing":
            yield Finding("warning", f"CONFIG_{option}", f"is not set: {without}", known.fix(option))
        elif each == "uninstalled":
            yield _uninstalled("warning", option, f": {without}")


def _unreadable(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    names = (*_needed(facts, needs), *needs.useful)
    unknown = [option for option in names if state(facts, option) == "unknown"]
    if unknown:
        places = f"not readable: no /proc/config.gz and no /boot/config-{facts.one('kernel')}"
        yield Finding(
            "warning", "kernel configuration", f"{places}; nothing shows {' '.join(unknown)}", _CONFIG
        )


def _loaded(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    option = {module: name for name, modules in known.MODULES.items() for module in modules}
    for module in needs.modules:
        name = option.get(module, "")
        working = {*facts.all("loaded"), *facts.all("builtin")}
        if module in working or facts.configured.get(name) == "y" or _works(facts, name):
            yield good(f"module {module}", "is loaded or built in")
        elif module in facts.all("installed"):
            line = f'KERNEL_MODULE_AUTOLOAD += "{module}"'
            detail = f"is not loaded, and {needs.distribution} doesn't load it"
            yield Finding("warning", f"module {module}", detail, line)


def _works(facts: Facts, option: str) -> bool:
    return known.PATHS.get(option) in facts.all("path") or known.FILESYSTEMS.get(option) in facts.all(
        "filesystem"
    )


def _control_groups(facts: Facts, needs: NodeNeeds) -> Iterator[Finding]:
    if not facts.cgroup:
        lite = install("cgroup-lite", layer="meta-virtualization")
        yield Finding("error", "control groups", "are not mounted", f'INIT_MANAGER = "systemd", or {lite}')
        return
    if facts.cgroup == 1:
        mixed = "hybrid: version 1, and 2 beside it" if "hybrid" in facts.said else "version 1"
        late = f"{mixed}; a kubelet from 1.35 on starts only with failCgroupV1: false"
        yield Finding("warning", "control groups", late, _V2)
    wanted = needs.controllers + (needs.controllers_v1 if facts.cgroup == 1 else ())
    absent = [name for name in wanted if name not in facts.controllers]
    if not absent:
        yield good("controllers", f"{' '.join(wanted)} of control groups version {facts.cgroup}")
    for name in absent:
        yield _absent(facts, name)


def _absent(facts: Facts, name: str) -> Finding:
    """Why there is no controller *name*: switched off, not built, or only not mounted."""
    what = f"controller {name}"
    disabled = f"cgroup_disable={name}"
    _, _, enabled = facts.about("controller").get(name, "").partition(" ")
    option = _OPTION.get(name, "")
    if disabled in facts.all("boot"):
        detail = f"is switched off by {disabled} on the kernel's command line"
        return Finding("error", what, detail, f"take it out of there, or add cgroup_enable={name} to APPEND")
    if facts.cgroup == 1 and enabled == "1":
        lite = install("cgroup-lite", layer="meta-virtualization")
        return Finding("error", what, "is not mounted", f'INIT_MANAGER = "systemd", or {lite}')
    if option and state(facts, option) == "missing":
        return Finding("error", what, f"is not there: CONFIG_{option} is not set", known.fix(option))
    line = f'APPEND += "cgroup_enable={name}" (CMDLINE:append with meta-raspberrypi)'
    return Finding("error", what, "is not there, though the kernel may have it", line)
