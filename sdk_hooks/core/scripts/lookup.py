"""Commands of scripts that look for files, and at what they are."""

from __future__ import annotations

import fnmatch
import re

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, HARDLINK, SYMLINK
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options


def readlink(call: Call) -> int:
    said, words = options(call)
    for word in words:
        found = call.root.find(word, follow=bool(set(said) & {"-f", "-e", "-m"}))
        if found is None or (found.kind != SYMLINK and not said):
            return 1
        call.stdout += (f"/{found.path}" if said else found.link) + "\n"
    return 0


def realpath(call: Call) -> int:
    """`dpkg-realpath [--root DIR] PATH`."""
    _, words = options(call, "--root", "--admindir")
    for word in words:
        found = call.root.find(word)
        call.stdout += f"/{found.path if found else call.root.inner(word)}\n"
    return 0


def stat(call: Call) -> int:
    said, words = options(call, "-c", "--format")
    form = said.get("-c") or said.get("--format", "")
    for word in words:
        found = call.root.find(word, follow="-L" in said)
        if found is None:
            return 1
        facts = {"%a": f"{found.mode:o}", "%u": str(found.uid), "%g": str(found.gid), "%s": str(found.size)}
        facts["%U"] = _name(call, "etc/passwd", found.uid)
        facts |= {"%h": "1", "%d": "1", "%i": "2"}  # as in any root of its own
        facts["%G"] = _name(call, "etc/group", found.gid)
        call.stdout += "".join(facts.get(piece, piece) for piece in re.split(r"(%\w)", form)) + "\n"
    if "%" in call.stdout or not form:
        raise call.unknown()
    return 0


def _name(call: Call, file: str, number: int) -> str:
    rows = [line.split(":") for line in call.content(file).splitlines()]
    return next((row[0] for row in rows if row[2:3] == [str(number)]), "UNKNOWN")


def mktemp(call: Call) -> int:
    """A name that is the same each time: nothing of it is left, or it would be in every image anew."""
    said, words = options(call, "-p", "--tmpdir", "--suffix")
    number = call.root.temporary = call.root.temporary + 1
    place = re.sub(r"X{3,}", f"{number:010d}", words[0] if words else "/tmp/tmp.XXXXXXXXXX")  # noqa: S108  in the image
    place = place if "/" in place else f"{said.get('-p') or '/tmp'}/{place}"  # noqa: S108
    if "-d" in said:
        call.shell.call("mkdir", ["-p", place], call.stdin)
    else:
        call.root.write(place, b"", 0o600)
    call.stdout = f"{place}\n"
    return 0


def find(call: Call) -> int:
    """With -maxdepth, -type, -name, -empty and -delete."""
    said, top, depth = list(call.words[1:]), call.root.find(call.words[0] if call.words else "."), 0
    found = [] if top is None else [top, *call.root.below(top.path)]
    while said:
        test = said.pop(0)
        if test == "-delete":
            for entry in reversed(found):
                call.root.remove(entry.path)
            return int(top is None)
        value = said.pop(0) if test in ("-maxdepth", "-type", "-name") and said else ""
        if test == "-maxdepth":
            depth = int(value) + (top.path.count("/") if top else 0)
            found = [entry for entry in found if entry.path.count("/") <= depth]
        elif test == "-type" and value in "fdl":
            kinds = {"f": (FILE, HARDLINK), "d": (DIRECTORY,), "l": (SYMLINK,)}[value]
            found = [entry for entry in found if entry.kind in kinds]
        elif test == "-name":
            found = [entry for entry in found if fnmatch.fnmatchcase(entry.path.rpartition("/")[2], value)]
        elif test == "-empty":
            found = [entry for entry in found if not entry.size and not call.root.names(entry.path)]
        elif test != "-print":
            raise call.unknown()
    call.stdout = "".join(f"/{entry.path}\n" for entry in found)
    return int(top is None)


def ls(call: Call) -> int:
    said, words = options(call)
    if set(said) - {"-1", "-d", "-L", "-A"}:
        raise call.unknown()
    for word in words:
        found = call.root.find(word)
        if found is None:
            return 2
        names = call.root.names(found.path) if found.kind == DIRECTORY and "-d" not in said else [word]
        call.stdout += "".join(f"{name}\n" for name in names)
    return 0


COMMANDS: dict[str, Command] = {
    "readlink": readlink,
    "realpath": readlink,
    "stat": stat,
    "dpkg-realpath": realpath,
    "mktemp": mktemp,
    "tempfile": mktemp,
    "find": find,
    "ls": ls,
}
