"""Commands of scripts that belong to package managers and inits."""

from __future__ import annotations

from sdk_hooks.core.feeds.version import compare
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options
from sdk_hooks.core.scripts.root import Alternative, Root

ALTERNATIVES = "etc/alternatives"


def update_alternatives(call: Call) -> int:
    """`--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]...`, and the calls that change no files."""
    words = [word for word in call.words if word not in ("--quiet", "--force", "--verbose")]
    if not words or words[0] not in (
        "--install",
        "--remove",
        "--auto",
        "--display",
        "--query",
        "--remove-all",
    ):
        raise call.unknown()
    if words[0] != "--install":
        return int(words[0] in ("--display", "--query"))
    link, name, path, priority, *slaves = words[1:]
    _remember(call.root, words[1:])
    known: dict[str, int] = call.root.priorities
    if known.get(link, -(1 << 31)) > int(priority):
        return 0
    known[link] = int(priority)
    _alternative(call, link, name, path)
    while slaves[:1] == ["--slave"]:
        if call.root.find(slaves[3]):
            _alternative(call, *slaves[1:4])
        slaves = slaves[4:]
    return 0


def _remember(root: Root, words: list[str]) -> None:
    link, name, path, priority, *rest = words
    known = root.alternatives.setdefault(name, Alternative(link))
    slaves = [rest[at + 1 : at + 4] for at in range(0, len(rest), 4) if rest[at] == "--slave"]
    known.slaves.update((slave, there) for there, slave, _ in slaves)
    known.choices[path] = (int(priority), {slave: target for _, slave, target in slaves})


def _alternative(call: Call, link: str, name: str, path: str) -> None:
    there = call.root.find(link, follow=False)
    if there is not None and there.kind != SYMLINK:
        return  # somebody put a file there, which dpkg leaves alone too
    direct = call.root.direct_alternatives
    target = path if direct else f"/{ALTERNATIVES}/{name}"
    call.root.put(Entry(call.root.inner(link), SYMLINK, 0o777, link=target))
    if not direct:
        call.root.put(Entry(call.root.inner(f"{ALTERNATIVES}/{name}"), SYMLINK, 0o777, link=path))


def dpkg(call: Call) -> int:
    match call.words:
        case ["--compare-versions", one, operator, other]:
            return int(not _compared(call, one, operator, other))
        case ["--print-architecture"]:
            call.stdout = call.shell.variables.get("DPKG_MAINTSCRIPT_ARCH", "") + "\n"
            return 0
        case ["--assert-multi-arch" | "--validate-version", *_]:
            return 0
        case ["-l" | "-s" | "-L" | "--status", *_]:
            return 1
    raise call.unknown()


def query(call: Call) -> int:
    """`dpkg-query -S PATH`, whose it is; no package is known to be installed yet."""
    if call.words[:1] != ["-S"]:
        return 1
    for path in call.words[1:]:
        found = call.root.find(path)
        start = f"{found.path}/" if found else "/"
        names = (p.name for known, p in call.root.owner.items() if f"{known}/".startswith(start))
        name = next(names, "")
        call.stdout += f"{name}: {path}\n" if name else ""
    return int(not call.stdout)


def _compared(call: Call, one: str, operator: str, other: str) -> bool:
    """An empty version is older than any other; with an operator that ends in -nl it is newer."""
    order = compare(one, other) if one and other else (bool(one) > bool(other)) - (bool(one) < bool(other))
    if operator.endswith("-nl"):
        order = -order if not (one and other) else order
        operator = operator.removesuffix("-nl")
    meaning = {
        "lt": order < 0,
        "le": order <= 0,
        "eq": order == 0,
        "ne": order != 0,
        "ge": order >= 0,
        "gt": order > 0,
        "<<": order < 0,
        "<=": order <= 0,
        "=": order == 0,
        ">=": order >= 0,
        ">>": order > 0,
        "<": order <= 0,
        ">": order >= 0,
    }
    if operator not in meaning:
        raise call.unknown()
    return meaning[operator]


def statoverride(call: Call) -> int:
    said, words = options(call)
    if "--list" in said or "--list" in call.words:
        return 1
    if "--add" in said and len(words) == 4:
        user, group, mode, path = words
        call.root.overrides.append(f"{user} {group} {mode} {path}")
        if "--update" in said:
            call.shell.call("chown", [f"{user}:{group}", path], call.stdin)
            call.shell.call("chmod", [mode, path], call.stdin)
        return 0
    raise call.unknown()


def divert(call: Call) -> int:
    """Files of other packages at one path go to another one."""
    if any(word in call.words for word in ("--list", "--truename", "--listpackage")):
        call.stdout = f"{call.words[-1]}\n" if "--truename" in call.words else ""
        return 0
    said, words = options(call, "--package", "--divert")
    if "--remove" in said:
        return 0
    if len(words) != 1:
        raise call.unknown()
    target, package = said.get("--divert", f"{words[0]}.distrib"), said.get("--package", "")
    # dpkg knows paths as packages have them, whatever links there are: /lib64 is not /usr/lib64
    call.root.diverted[words[0].strip("/")] = (target.strip("/"), package)
    there = call.root.find(words[0], follow=False)
    if there and "--rename" in said and call.root.owner.get(there.path, None) is not None:
        call.shell.call("mv", [words[0], target], call.stdin)
    return 0


def uname(call: Call) -> int:
    """Of a kernel that is new enough for every library: the container's, and its name, are not known."""
    call.stdout = {"-s": "Linux", "-r": "6.12.0", "-n": "localhost"}.get("".join(call.words), "")
    if not call.stdout:
        raise call.unknown()
    call.stdout += "\n"
    return 0


def date(call: Call) -> int:
    """The same each time."""
    call.stdout = "Tue Apr  5 23:00:00 UTC 2011\n"
    if any(word.startswith("+") for word in call.words):
        raise call.unknown()
    return 0


def perl(call: Call) -> int:
    """`perl -e ""` asks whether there is one."""
    if call.words != ["-e", ""]:
        raise call.unknown()
    return int(call.root.find("usr/bin/perl") is None)


def source(call: Call) -> int:
    """`.`: Debian's confmodule, whose questions all get their defaults; other files as what they are."""
    path = call.words[0] if call.words else ""
    if path.endswith("/confmodule"):
        call.shell.variables["RET"] = ""
        return 0
    content = call.root.content(path)
    if content is None:
        raise call.unknown("it is not there")
    from sdk_hooks.core.scripts.syntax import parse

    return call.shell.node(parse(content.decode(errors="replace")), call.stdin)


def ucf(call: Call) -> int:
    """Debian's way to bring a configuration file: copied where there is none."""
    said, words = options(call, "--src-dir", "-s", "--sum-file", "--debconf-template", "--state-dir")
    if call.name == "ucfr" or "-p" in said or "--purge" in said:
        return 0
    if len(words) != 2:
        raise call.unknown()
    content = call.root.content(words[0])
    if content is None:
        return 1
    if call.root.find(words[1]) is None:
        call.root.write(words[1], content)
    return 0


def _ok(_: Call) -> int:
    return 0


def _no(_: Call) -> int:
    return 1


COMMANDS: dict[str, Command] = {
    "update-alternatives": update_alternatives,
    "dpkg": dpkg,
    "dpkg-statoverride": statoverride,
    ".": source,
    "ucf": ucf,
    "ucfr": ucf,
    "aa-status": _no,
    "aa-enabled": _no,
    "ischroot": _ok,
    "mountpoint": _no,
    "runlevel": _no,
    "pidof": _no,
    "pgrep": _no,
    "pkill": _no,
    "killall": _no,
    "ss": _ok,
    "dpkg-query": query,
    "perl": perl,
    "gio-querymodules": _ok,
    "locale-gen": _ok,
    "date": date,
    "uname": uname,
    "getcap": _ok,
    "dpkg-divert": divert,
}
