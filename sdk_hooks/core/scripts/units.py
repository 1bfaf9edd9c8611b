"""`systemctl`, and Debian's `deb-systemd-helper`: the links by which units are started."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_PLACES = ("etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd", "lib/systemd")
_PLACES_OF_DEBIAN = ("etc/systemd", "lib/systemd", "usr/lib/systemd")
"""Its links lead to /lib, where that is a link, too."""
_NOTHING = frozenset(
    (
        "daemon-reload",
        "daemon-reexec",
        "restart",
        "start",
        "stop",
        "reload",
        "try-restart",
        "unmask",
        "update-state",
        "was-enabled",
        "purge",
        "mask",
        "disable",
    )
)
"""Actions that change no links of a new image; Debian's `mask` among them: it is for packages that go."""
_NO = frozenset(("is-active", "is-enabled", "debian-installed"))
_SECTIONS = {"WantedBy": "wants/", "RequiredBy": "requires/", "UpheldBy": "upholds/", "Alias": ""}


class _Unit(NamedTuple):
    """A unit that is to be started, and what its file says of that."""

    name: str
    path: str
    """Of the file, as links to it have it; empty when there is none."""
    install: str
    """The section [Install]."""

    def said(self, key: str) -> list[str]:
        lines = re.findall(rf"^{key}[ \t]*=[ \t]*(.*)$", self.install, re.MULTILINE)
        return " ".join(lines).split()


def command(call: Call) -> int:
    """Links that [Install] asks for; nothing runs while an image is made."""
    said, words = options(call, "--root", "--preset-mode")
    action, *units = words or [""]
    if action == "mask" and call.name == "systemctl":
        for unit in units:
            call.root.put(Entry(f"etc/systemd/system/{unit}", SYMLINK, 0o777, link="/dev/null"))
        return 0
    if action in _NOTHING:
        return 0
    if not action or action in _NO:
        return 1
    kind = "user" if "--global" in said or "--user" in said else "system"
    if action == "preset-all":
        units = sorted(
            {name for place in _PLACES for name in call.root.names(f"{place}/{kind}") if "." in name}
        )
    if action in ("preset", "preset-all"):
        units = [unit for unit in units if _preset(call, kind, unit)]
    elif action != "enable":
        raise call.unknown()
    _enable(call, kind, units, set())
    return 0


def _enable(call: Call, kind: str, units: Collection[str], done: set[str]) -> None:
    for name in units:
        if name in done:
            continue
        done.add(name)
        unit = _unit(call, kind, name)
        for link in _links(unit):
            path = call.root.inner(f"etc/systemd/{kind}/{link}")
            call.root.put(Entry(path, SYMLINK, 0o777, link=unit.path))
        _enable(call, kind, unit.said("Also"), done)


def _unit(call: Call, kind: str, name: str) -> _Unit:
    template = re.sub(r"@[^.].*(\.\w+)$", r"@\1", name)
    places = _PLACES_OF_DEBIAN if call.name == "deb-systemd-helper" else _PLACES
    found = (f"{place}/{kind}/{each}" for each in (name, template) for place in places)
    path = next((path for path in found if call.root.find(path)), "")
    install = call.content(path).partition("[Install]")[2].partition("\n[")[0]
    return _Unit(name, f"/{path}" if path else "", install.replace("\\\n", " "))


def _links(unit: _Unit) -> Iterator[str]:
    """Below etc/systemd/system, of one unit; a template is started as its default instance."""
    name, instance = unit.name, unit.name.partition("@")[2].rpartition(".")[0]
    default = unit.said("DefaultInstance")
    if "@." in name and default:
        instance, name = default[0], name.replace("@.", f"@{default[0]}.")
    for key, ending in _SECTIONS.items():
        if "@." in name and ending:
            continue  # which one is not said
        for said in unit.said(key):
            value = said.replace("%i", instance).replace("%I", instance)
            yield f"{value}.{ending}{name}" if ending else value


def _preset(call: Call, kind: str, unit: str) -> bool:
    """Whether the first line of the distribution's presets that fits starts *unit*; so does none at all."""
    files: dict[str, str] = {}
    for place in _PLACES:
        for name in call.root.names(f"{place}/{kind}-preset"):
            files.setdefault(name, f"{place}/{kind}-preset/{name}")
    template = re.sub(r"@[^.].*(\.\w+)$", r"@\1", unit)
    for name in sorted(files):
        for line in call.content(files[name]).splitlines():
            match line.split():
                case [("enable" | "disable") as verb, glob, *instances] if _fits(
                    glob, instances, unit, template
                ):
                    return verb == "enable"
    return True


def _fits(glob: str, instances: Collection[str], unit: str, template: str) -> bool:
    if instances and template != unit:
        return glob == template and unit.partition("@")[2].rpartition(".")[0] in instances
    return fnmatch.fnmatchcase(unit, glob)


COMMANDS: dict[str, Command] = {"systemctl": command, "deb-systemd-helper": command}
