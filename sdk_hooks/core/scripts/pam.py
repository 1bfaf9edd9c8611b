"""`pam-auth-update`: /etc/pam.d/common-* out of the profiles that packages bring (pam-auth-update(8))."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sdk_hooks.core.scripts.call import Call, Command

_TYPES = ("auth", "account", "password", "session", "session-noninteractive")
_PROFILES, _SAVED = "usr/share/pam-configs", "var/lib/pam"
_PRIMARY = '# here are the per-package modules (the "Primary" block)'
_FALLBACK = "# here's the fallback if no module succeeds"
_ADDITIONAL = '# and here are more per-package modules (the "Additional" block)'
_END = "# end of pam-auth-update config"
_LINE = re.compile(r"((?:\[[^]]+\]|\w+)\s+\S+)\s*(.*)")

Profile = Mapping[str, str]


def update(call: Call) -> int:
    root = call.root
    profiles = {name: _profile(call.content(f"{_PROFILES}/{name}")) for name in root.names(_PROFILES)}
    enabled = _enabled(profiles)
    for kind in _TYPES:
        template = call.content(f"usr/share/pam/common-{kind}")
        if template:
            root.write(f"etc/pam.d/common-{kind}", _filled(template, kind, enabled).encode())
            root.write(f"{_SAVED}/{kind}", _saved(kind, profiles, enabled).encode())
    root.write(f"{_SAVED}/seen", "".join(f"{name}\n" for name in _by_priority(profiles)).encode())
    return 0


def _profile(text: str) -> Profile:
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        found = re.match(r"(\S+):\s*(.*?)\s*$", line)
        if found and not line[:1].isspace():
            name = found[1].removesuffix("-Final")
            fields[name] = found[2]
        elif line.strip():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}".lstrip()
    if "Session-Interactive-Only" not in fields:
        for part in ("", "-Type", "-Initial"):
            if f"Session{part}" in fields:
                fields[f"Session-noninteractive{part}"] = fields[f"Session{part}"]
    return fields


def _by_priority(profiles: Mapping[str, Profile]) -> list[str]:
    names = sorted(profiles, reverse=True)
    return sorted(names, key=lambda name: -int(profiles[name].get("Priority") or 0))


def _enabled(profiles: Mapping[str, Profile]) -> list[Profile]:
    """Those that are on by default, the more important of two that can't be together."""
    taken: dict[str, Profile] = {}
    for name in _by_priority(profiles):
        profile = profiles[name]
        against = profile.get("Conflicts", "").split(", ")
        if profile.get("Default") == "yes" and not set(against) & set(taken):
            taken[name] = profile
    return list(taken.values())


def _of(kind: str, block: str, enabled: Sequence[Profile]) -> list[tuple[Profile, list[str]]]:
    """The lines of each profile that has some in *block*; the first may have others."""
    key = kind.capitalize()
    found: list[tuple[Profile, list[str]]] = []
    for profile in enabled:
        if profile.get(f"{key}-Type") == block:
            initial = "" if found else profile.get(f"{key}-Initial", "")
            found.append((profile, (initial or profile.get(key, "")).splitlines()))
    return found


def _filled(template: str, kind: str, enabled: Sequence[Profile]) -> str:
    made, skipping = [], ""
    for line in template.splitlines():
        skipping = "" if line.startswith(skipping) else skipping
        if skipping:
            continue
        made.append(line)
        if line.startswith(_PRIMARY):
            made += _lines(kind, "Primary", enabled)
            skipping = _FALLBACK
        elif line.startswith(_ADDITIONAL):
            made += _lines(kind, "Additional", enabled)
            skipping = _END
    return "".join(f"{line}\n" for line in made)


def _lines(kind: str, block: str, enabled: Sequence[Profile]) -> list[str]:
    """Their lines, in which `end` is how many more are to be jumped over."""
    name = kind.removesuffix("-noninteractive")
    lines = [line for _, some in _of(kind, block, enabled) for line in some]
    if block == "Primary" and not lines:
        return [f"{name}\t[default=1]\t\t\tpam_permit.so"]
    over = len(lines) - (block == "Additional")
    return [f"{name}\t{_jumping(line, over - at)}" for at, line in enumerate(lines)]


def _jumping(line: str, over: int) -> str:
    found = _LINE.match(line)
    if not found:
        return line
    return f"{found[1].replace('end', str(over))} {' '.join(found[2].split())}"


def _saved(kind: str, profiles: Mapping[str, Profile], enabled: Sequence[Profile]) -> str:
    """What the real one looks at to tell its own lines from an administrator's."""
    names = {id(profile): name for name, profile in profiles.items()}
    found = [*_of(kind, "Primary", enabled), *_of(kind, "Additional", enabled)]
    own = [f"Module: {names[id(profile)]}\n" + "\n".join(lines) + "\n" for profile, lines in found]
    none = "" if _of(kind, "Primary", enabled) else "Module: null\n[default=1]\t\t\tpam_permit.so\n"
    return none + "".join(own)


COMMANDS: dict[str, Command] = {"pam-auth-update": update}
