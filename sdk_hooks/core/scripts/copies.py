"""`cp`: files, links and directories of an image."""

from __future__ import annotations

from sdk_hooks.core.files.fileset import DIRECTORY, FILE, SYMLINK, Entry, directory
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import change, options

_KNOWN = {"-a", "-d", "-f", "-L", "-n", "-p", "-P", "-r", "-R", "-T", "-v", "-x", "-Z"}
_LONG = {
    "--archive": "-a",
    "--force": "-f",
    "--dereference": "-L",
    "--no-clobber": "-n",
    "--remove-destination": "-f",
    "--preserve": "-p",
    "--no-dereference": "-P",
    "--recursive": "-r",
    "--no-target-directory": "-T",
    "--verbose": "-v",
}


def cp(call: Call) -> int:
    given, words = options(call)
    said = {_LONG.get(option, option) for option in given}
    if said - _KNOWN or not words[1:]:
        raise call.unknown()
    *sources, target = words
    into = call.root.find(target)
    inside = into is not None and into.kind == DIRECTORY and "-T" not in said
    status = 0
    for source in sources:
        place = f"{target}/{source.rstrip('/').rpartition('/')[2]}" if inside else target
        status = max(status, _copy(call, source, place, said))
    return status


def _copy(call: Call, source: str, place: str, said: set[str]) -> int:
    links = bool(said & {"-a", "-d", "-P", "-r", "-R"}) and "-L" not in said
    found = call.root.find(source, follow=not links)
    if found is None or (found.kind == DIRECTORY and not said & {"-a", "-r", "-R"}):
        return 1
    if found.kind == DIRECTORY:
        return _tree(call, found, place, said)
    there = call.root.find(place, follow=not links)
    if there and (there.path == found.path or there.kind == DIRECTORY):
        return 1
    if not (there and "-n" in said):
        _file(call, found, place, said)
    return 0


def _file(call: Call, found: Entry, place: str, said: set[str]) -> None:
    if found.kind == SYMLINK:
        call.root.put(found._replace(path=call.root.inner(place)))
        return
    found = call.root.whole(found)
    if found.kind != FILE:
        raise call.unknown()
    call.root.write(place, call.root.content(found.path) or b"", found.mode & ~call.shell.umask)
    _kept(call, found, place, said)


def _tree(call: Call, found: Entry, place: str, said: set[str]) -> int:
    inner = call.root.inner(place)
    if f"{inner}/".startswith(f"{found.path}/"):
        raise call.unknown("into itself")
    if call.root.find(place) is None:
        call.root.put(directory(inner, found.mode & ~call.shell.umask))
    status = 0
    for name in call.root.names(found.path):
        status = max(status, _copy(call, f"{found.path}/{name}", f"{place}/{name}", said))
    _kept(call, found, place, said)
    return status


def _kept(call: Call, found: Entry, place: str, said: set[str]) -> None:
    if said & {"-a", "-p"}:
        change(call, place, mode=found.mode, uid=found.uid, gid=found.gid)


COMMANDS: dict[str, Command] = {"cp": cp}
