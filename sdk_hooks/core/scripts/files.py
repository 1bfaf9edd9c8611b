"""Commands of scripts that make and change files."""

from __future__ import annotations

import re

from sdk_hooks.core.files import users
from sdk_hooks.core.files.fileset import DIRECTORY, SYMLINK, Entry, directory
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.errors import SdkError

_CLEARS = 5
"""Digits of a mode that takes a directory's setuid and setgid away, too, as coreutils have it."""


def options(call: Call, *with_value: str) -> tuple[dict[str, str], list[str]]:
    """Options and the other words; those of *with_value* take the next word, or what follows `=`."""
    found: dict[str, str] = {}
    words: list[str] = []
    left = iter(call.words)
    for word in left:
        if word == "--":
            words += left
        elif not word.startswith("-") or word == "-":
            words.append(word)
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            found[name] = value if equals else next(left, "") if name in with_value else ""
        elif word[:2] in with_value:
            found[word[:2]] = word[2:] or next(left, "")
        else:
            found.update((f"-{letter}", "") for letter in word[1:-1])
            last = f"-{word[-1]}"
            found[last] = next(left, "") if last in with_value else ""
    return found, words


def mkdir(call: Call) -> int:
    said, words = options(call, "-m", "--mode")
    mode = _mode(call, said.get("-m") or said.get("--mode", ""), 0o777 & ~call.shell.umask)
    for word in words:
        inner = call.root.inner(word)
        if call.root.find(word):
            if "-p" in said or "--parents" in said:
                continue
            return 1
        parts = inner.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            if not call.root.find(parent):
                call.root.put(directory(parent))
        call.root.put(directory(inner, mode))
    return 0


def _mode(call: Call, text: str, default: int) -> int:
    if text and not re.fullmatch(r"0?[0-7]{3,4}", text):
        raise call.unknown()
    return int(text, 8) if text else default


def rmdir(call: Call) -> int:
    said, words = options(call)
    status = 0
    for word in words:
        inner = call.root.inner(word)
        if call.root.find(word) is None or call.root.names(inner):
            status = int("--ignore-fail-on-non-empty" not in said)
        else:
            call.root.remove(inner)
    return status


def rm(call: Call) -> int:
    said, words = options(call)
    for word in words:
        if call.root.find(word, follow=False):
            call.root.remove(call.root.inner(word))
        elif "-f" not in said:
            return 1
    return 0


def ln(call: Call) -> int:
    said, words = options(call)
    if "-s" not in said or len(words) != 2:
        raise call.unknown()
    target, place = words
    there = call.root.find(place)
    if there and there.kind == DIRECTORY and "-n" not in said and "-T" not in said:
        place = f"{place}/{target.rpartition('/')[2]}"
    if call.root.find(place, follow=False) and "-f" not in said:
        return 1
    call.root.put(Entry(call.root.inner(place), SYMLINK, 0o777, link=target))
    return 0


def touch(call: Call) -> int:
    _, words = options(call, "-r", "-d", "-t")
    for word in words:
        if not call.root.find(word):
            call.root.write(word, b"", 0o666 & ~call.shell.umask)
    return 0


def mv(call: Call) -> int:
    _, words = options(call)
    if len(words) != 2:
        raise call.unknown()
    found = call.root.find(words[0], follow=False)
    if found is None:
        return 1
    if found.kind == DIRECTORY:
        raise call.unknown()
    into = call.root.find(words[1])
    place = f"{words[1]}/{words[0].rpartition('/')[2]}" if into and into.kind == DIRECTORY else words[1]
    found = call.root.whole(found)._replace(path=found.path)
    call.root.remove(found.path)
    call.root.put(found._replace(path=call.root.inner(place)))
    return 0


def install(call: Call) -> int:
    said, words = options(call, "-m", "-o", "-g", "--mode", "--owner", "--group")
    mode = _mode(call, said.get("-m") or said.get("--mode", ""), 0o755)
    if "-d" in said or "--directory" in said:
        for word in words:
            if not call.root.find(word):
                call.root.put(directory(call.root.inner(word), mode))
            change(call, word, mode=mode)
    elif len(words) == 2 and words[0] == "/dev/null":
        call.root.write(words[1], b"", mode)
        words = words[1:]
    elif len(words) == 2 and (content := call.root.content(words[0])) is not None:
        call.root.write(words[1], content, mode)
        words = words[1:]
    else:
        raise call.unknown()
    who = f"{said.get('-o') or said.get('--owner', '')}:{said.get('-g') or said.get('--group', '')}"
    return max((_owned(call, word, who) for word in words), default=0) if who != ":" else 0


def chmod(call: Call) -> int:
    said, words = options(call)
    if not words or not set(said) <= {"-f", "-R", "-v", "-c", "--recursive", "--reference"}:
        raise call.unknown()
    if "--reference" in said:
        like = call.root.find(said["--reference"])
        words = [f"{like.mode:o}" if like else "0", *words]
    for word in words[1:]:
        for path in _reached(call, word, bool(set(said) & {"-R", "--recursive"})):
            found = call.root.find(path)
            if found is None:
                return 1
            change(call, path, mode=_changed(call, words[0], found))
    return 0


def _changed(call: Call, text: str, found: Entry) -> int:
    """The mode of *found* once *text*, octal or such as `g+rw,o=`, is done to it."""
    if re.fullmatch(r"0?[0-7]{1,4}", text):
        kept = found.mode & 0o6000 if found.kind == DIRECTORY and len(text) < _CLEARS else 0
        return int(text, 8) | kept
    mode = found.mode
    for clause in text.split(","):
        said = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", clause)
        if not said:
            raise call.unknown()
        who, operator, letters = said.groups()
        who = "ugo" if not who or "a" in who else who
        execute = "x" in letters or ("X" in letters and (found.kind == DIRECTORY or mode & 0o111))
        bits = 4 * ("r" in letters) + 2 * ("w" in letters) + bool(execute)
        shifts = {"u": 6, "g": 3, "o": 0}
        wanted = sum(bits << shifts[each] for each in who)
        wanted |= (0o4000 * ("u" in who) | 0o2000 * ("g" in who)) * ("s" in letters) | 0o1000 * (
            "t" in letters
        )
        cleared = sum(7 << shifts[each] for each in who) if operator == "=" else 0
        mode = mode & ~wanted if operator == "-" else (mode & ~cleared) | wanted
    return mode


def chown(call: Call) -> int:
    said, words = options(call)
    if not words or not set(said) <= {"-f", "-R", "-h", "-v", "-c", "--recursive", "--reference"}:
        raise call.unknown()
    if "--reference" in said:
        like = call.root.find(said["--reference"])
        words = [f"{like.uid}:{like.gid}" if like else "0:0", *words]
    who = f":{words[0]}" if call.name == "chgrp" else words[0]
    status = 0
    for word in words[1:]:
        for path in _reached(call, word, bool(set(said) & {"-R", "--recursive"})):
            status = max(status, _owned(call, path, who))
    return status


def _reached(call: Call, path: str, below: bool) -> list[str]:
    inner = call.root.inner(path)
    return [path, *(entry.path for entry in call.root.below(inner))] if below else [path]


def _owned(call: Call, path: str, who: str) -> int:
    """Give *path* to `user`, `user:group` or `:group`."""
    user, _, group = who.replace(".", ":", 1).partition(":")
    if call.root.find(path) is None:
        return 1
    try:
        uid = number(call, user, "etc/passwd") if user else None
        gid = number(call, group, "etc/group") if group else None
    except SdkError:
        return 1
    change(call, path, uid=uid, gid=gid)
    return 0


def number(call: Call, name: str, file: str) -> int:
    """
    :raises SdkError: When nobody has that name.
    """
    text = call.content(file)
    passwd, group = (text, "") if file == "etc/passwd" else ("", text)
    uid, gid = users.numbers(name if passwd else f"0:{name}", passwd, group)
    return uid if passwd else gid


def change(
    call: Call, path: str, *, mode: int | None = None, uid: int | None = None, gid: int | None = None
) -> None:
    """Give what is at *path* a mode and owners."""
    found = call.root.find(path)
    if found is None or not found.path:
        return
    mode, uid = found.mode if mode is None else mode, found.uid if uid is None else uid
    gid = found.gid if gid is None else gid
    if (mode, uid, gid) == (found.mode, found.uid, found.gid) and call.root.image.get(found.path) == found:
        return  # it can stay in its layer
    call.root.put(call.root.whole(found)._replace(mode=mode, uid=uid, gid=gid))


COMMANDS: dict[str, Command] = {
    "mkdir": mkdir,
    "rmdir": rmdir,
    "rm": rm,
    "unlink": rm,
    "ln": ln,
    "touch": touch,
    "mv": mv,
    "install": install,
    "chmod": chmod,
    "chown": chown,
    "chgrp": chown,
}
