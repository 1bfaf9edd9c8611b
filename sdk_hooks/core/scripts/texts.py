"""Commands of scripts that read and change texts."""

from __future__ import annotations

import re
import shlex
import string
from itertools import pairwise

from sdk_hooks.core.scripts.call import Call, Command


def cat(call: Call) -> int:
    for word in call.words or ["-"]:
        content = call.stdin.read().encode() if word == "-" else call.root.content(word)
        if content is None:
            return 1
        call.stdout += content.decode(errors="replace")
    return 0


def grep(call: Call) -> int:
    options = [word for word in call.words if re.fullmatch(r"-[qsEFvxic]+|--quiet|--silent", word)]
    words = [word for word in call.words if word not in options and word not in ("-e", "--")]
    flags = "".join(options)
    if not words or any(word.startswith("-") for word in words[:1]):
        raise call.unknown()
    pattern = re.escape(words[0]) if "F" in flags else regular(words[0], extended="E" in flags)
    compiled = re.compile(pattern, re.IGNORECASE if "i" in flags else 0)
    text = call.stdin.read()
    for path in words[1:]:
        text = call.content(path)
    match = compiled.fullmatch if "x" in flags else compiled.search
    found = [line for line in text.splitlines() if bool(match(line)) != ("v" in flags)]
    if "c" in flags:
        call.stdout = f"{len(found)}\n"
    elif "q" not in flags:
        call.stdout = "".join(f"{line}\n" for line in found)
    return int(not found)


_RANGES = {
    "space": r"\s",
    "blank": r" \t",
    "digit": "0-9",
    "alpha": "A-Za-z",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
}
"""Classes of characters, as they stand in the brackets of Python's."""


def regular(pattern: str, *, extended: bool = False) -> str:
    """A regular expression of POSIX as Python has it."""
    for name, meaning in _RANGES.items():
        pattern = pattern.replace(f"[:{name}:]", meaning)
    pattern = re.sub(r"(?<!\\)\\([<>])", "\0\\1", pattern)
    if not extended:
        pattern = _basic(pattern)
    return pattern.replace("\0<", r"\b(?=\w)").replace("\0>", r"\b(?<=\w)")


def _basic(pattern: str) -> str:
    """A basic regular expression, whose operators have a backslash, as an extended one."""
    swapped = re.sub(
        r"\\?[(){}|+?]", lambda found: found[0][1:] if len(found[0]) == 2 else f"\\{found[0]}", pattern
    )
    return swapped.replace("\\\\", "\\") if "\\\\" in pattern else swapped


def cut(call: Call) -> int:
    text = re.sub(r"(^| )-([df])(?= |$) ?", r"\1-\2", " ".join(map(shlex.quote, call.words)))
    options = {word[1:2]: word[2:] for word in shlex.split(text) if word.startswith("-")}
    mark, fields = options.get("d", "\t"), re.fullmatch(r"(\d*)(-?)(\d*)", options.get("f", "x"))
    if not fields or set(options) - {"d", "f"}:
        raise call.unknown()
    first = int(fields[1] or 1)
    last = int(fields[3]) if fields[3] else (None if fields[2] else first)
    for line in call.stdin.read().splitlines():
        parts = line.split(mark)
        call.stdout += (line if mark not in line else mark.join(parts[first - 1 : last])) + "\n"
    return 0


def tr(call: Call) -> int:
    match call.words:
        case ["-d", what]:
            call.stdout = call.stdin.read().translate(dict.fromkeys(map(ord, _set(what))))
        case [old, new] if (len(old) == 1 or not old.startswith("-")) and (last := _set(new)[-1:]):
            olds, news = _set(old), _set(new)
            news += last * (len(olds) - len(news))
            call.stdout = call.stdin.read().translate(dict(zip(map(ord, olds), news, strict=False)))
        case _:
            raise call.unknown()
    return 0


_CLASSES = {
    "[:upper:]": string.ascii_uppercase,
    "[:lower:]": string.ascii_lowercase,
    "[:alpha:]": string.ascii_letters,
    "[:digit:]": string.digits,
    "[:alnum:]": string.ascii_letters + string.digits,
    "[:space:]": " \t\n\v\f\r",
    "[:blank:]": " \t",
}


def _set(text: str) -> str:
    """The characters that `tr` is given as `a-z`, `[:upper:]`, `\\n`."""
    for name, characters in _CLASSES.items():
        text = text.replace(name, characters)
    text = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    return re.sub(
        r"(.)-(.)", lambda at: "".join(map(chr, range(ord(at[1]), ord(at[2]) + 1))), text, flags=re.DOTALL
    )


_AFTER = re.compile(
    r"\s*\{\s*for \(i = 1; i < NF; i\+\+\)"
    r' if \((\$i == "[^"]*"(?: \|\| \$i == "[^"]*")*)\) print \$\(i\+1\)\s*\}\s*'
)
"""What stands behind an option, as OE's useradd class finds it."""


def awk(call: Call) -> int:
    program = call.words[-1] if call.words else ""
    mark = next((word[2:] for word in call.words if word.startswith("-F")), None)
    if after := _AFTER.fullmatch(program):
        options = re.findall(r'"([^"]*)"', after[1])
        for line in call.stdin.read().splitlines():
            fields = line.split(mark)
            pairs = pairwise(fields)
            call.stdout += "".join(f"{value}\n" for option, value in pairs if option in options)
        return 0
    found = re.fullmatch(r"\s*\{\s*print \$(NF|\d+)\s*;?\s*\}\s*", program)
    if not found:
        raise call.unknown()
    for line in call.stdin.read().splitlines():
        fields = line.split(mark)
        number = len(fields) if found[1] == "NF" else int(found[1])
        call.stdout += (line if number == 0 else fields[number - 1] if number <= len(fields) else "") + "\n"
    return 0


def lines(call: Call) -> int:
    """`head` and `tail` with a number, `sort`, `wc -l`."""
    found = call.stdin.read().splitlines()
    number = int(re.sub(r"\D", "", " ".join(call.words)) or 10)
    match call.name:
        case "head":
            found = found[:number]
        case "tail":
            found = found[-number:]
        case "sort":
            found = sorted(set(found) if "-u" in call.words else found)
        case _:
            found = [str(len(found))]
    if call.name == "wc" and call.words != ["-l"]:
        raise call.unknown()
    call.stdout = "".join(f"{line}\n" for line in found)
    return 0


def name(call: Call) -> int:
    """`basename` and `dirname`."""
    path = call.words[0].rstrip("/") if call.words else ""
    head, _, tail = path.rpartition("/")
    if call.name == "basename":
        suffix = call.words[1] if len(call.words) > 1 else ""
        call.stdout = tail.removesuffix(suffix) + "\n"
    else:
        call.stdout = (head or ("/" if path.startswith("/") else ".")) + "\n"
    return 0


def expr(call: Call) -> int:
    match call.words:
        case [text, ":", pattern]:
            found = re.match(regular(pattern), text)
            call.stdout = f"{(found[1] if found.re.groups else len(found[0])) if found else 0}\n"
            return int(not found)
    raise call.unknown()


COMMANDS: dict[str, Command] = {
    "cat": cat,
    "grep": grep,
    "egrep": grep,
    "fgrep": grep,
    "cut": cut,
    "tr": tr,
    "awk": awk,
    "head": lines,
    "tail": lines,
    "sort": lines,
    "wc": lines,
    "basename": name,
    "dirname": name,
    "expr": expr,
}
