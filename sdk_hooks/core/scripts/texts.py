"""Commands of scripts that read and change texts."""

from __future__ import annotations

import re
import shlex

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


def regular(pattern: str, *, extended: bool = False) -> str:
    """A regular expression of POSIX as Python has it."""
    for name, meaning in (("space", r"\s"), ("digit", "0-9"), ("alpha", "A-Za-z"), ("alnum", "A-Za-z0-9")):
        pattern = pattern.replace(f"[:{name}:]", meaning)
    if extended:
        return pattern
    swapped = re.sub(
        r"\\?[(){}|+?]", lambda found: found[0][1:] if len(found[0]) == 2 else f"\\{found[0]}", pattern
    )
    return swapped.replace("\\\\", "\\") if "\\\\" in pattern else swapped


def sed(call: Call) -> int:
    words = [word for word in call.words if word not in ("-e", "-E", "-r", "-i")]
    extended = any(word in ("-E", "-r") for word in call.words)
    if not call.more() and not any(call.root.find(word) for word in words):
        return 0  # whatever it does to nothing
    if not words or words[0].startswith("-") or len(words) > 2:
        raise call.unknown()
    found = re.fullmatch(r"s(.)(.*?)\1(.*?)\1(g?)", words[0])
    if not found:
        raise call.unknown()
    text = call.stdin.read() if len(words) == 1 else call.content(words[1])
    replacement = re.sub(r"\\(\d)|\\(.)|(&)|(\\)", _replaced, found[3])
    pattern = re.compile(regular(found[2], extended=extended))
    lines = [pattern.sub(replacement, line, count=0 if found[4] else 1) for line in text.splitlines()]
    made = "".join(f"{line}\n" for line in lines)
    if "-i" in call.words and len(words) == 2:
        call.root.write(words[1], made.encode())
    else:
        call.stdout = made
    return 0


def _replaced(found: re.Match[str]) -> str:
    """A piece of sed's replacement as Python has it."""
    if found[1] or found[3]:
        return f"\\g<{found[1] or 0}>"
    return "\\\\" if found[4] or found[2] == "\\" else found[2]


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
            call.stdout = re.sub(
                f"[{regular(what.strip('[]') if ':' not in what else what)}]", "", call.stdin.read()
            )
        case [old, new] if len(old) == len(new) == 1:
            call.stdout = call.stdin.read().replace(old, new)
        case _:
            raise call.unknown()
    return 0


def awk(call: Call) -> int:
    program = call.words[-1] if call.words else ""
    mark = next((word[2:] for word in call.words if word.startswith("-F")), None)
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
    "sed": sed,
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
