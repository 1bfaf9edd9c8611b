"""`update-rc.d`: the links by which System V's init starts and stops services."""

from __future__ import annotations

import re

from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

_DEFAULT = {"S": "2345", "K": "016"}
_USUAL = "20"


def command(call: Call) -> int:
    """OE's and Debian's; nothing where no such init is in the image."""
    _, words = options(call, "-r")
    init = call.root.find("etc/inittab") or "etc/inittab" in call.root.coming
    if not init or len(words) < 2:
        return 0
    name, action, *rest = words
    script = call.root.find(f"etc/init.d/{name}")
    if script is None or _links(call, name):
        return int(script is None and "-f" not in call.words)
    if action in ("defaults", "defaults-disabled"):
        start, stop = (rest + rest)[:2] if rest else (_USUAL, _USUAL)
        # OE's, which its packages call with -s, does not look into the script
        levels = {} if "-s" in call.words else _levels(call.content(script.path))
        levels = levels or _DEFAULT
        kind = "K" if action == "defaults-disabled" else "S"
        _link(call, name, kind, start, levels["S"])
        _link(call, name, "K", stop, levels["K"])
    elif action in ("start", "stop"):
        for found in re.finditer(r"(start|stop) (\d+) ([\dSs ]+?) ?\.", " ".join(words[1:])):
            _link(call, name, "S" if found[1] == "start" else "K", found[2], found[3])
    return 0


def _levels(text: str) -> dict[str, str]:
    """What the script's own header says (LSB, Comment Conventions for Init Scripts); empty without one."""
    said = dict(re.findall(r"^# Default-(Start|Stop):[ \t]*(.*)$", text, re.MULTILINE))
    return {"S": said["Start"], "K": said.get("Stop", "")} if "Start" in said else {}


def _links(call: Call, name: str) -> list[str]:
    """Those that are there already: somebody's decision."""
    found = (f"etc/rc{level}.d" for level in "0123456S")
    return [
        link
        for place in found
        for link in call.root.names(place)
        if re.fullmatch(rf"[SK]\d\d{re.escape(name)}", link)
    ]


def _link(call: Call, name: str, kind: str, order: str, levels: str) -> None:
    for level in levels.upper().replace(" ", ""):
        path = f"etc/rc{level}.d/{kind}{int(order):02d}{name}"
        call.root.put(Entry(call.root.inner(path), SYMLINK, 0o777, link=f"../init.d/{name}"))


COMMANDS: dict[str, Command] = {"update-rc.d": command}
