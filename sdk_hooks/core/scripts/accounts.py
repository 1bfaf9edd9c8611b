"""Commands of scripts that make users and groups: shadow's, busybox's and Debian's."""

from __future__ import annotations

from collections.abc import Iterable

from sdk_hooks.core.files.fileset import FILE, Entry
from sdk_hooks.core.scripts import homes
from sdk_hooks.core.scripts.call import Call, Command
from sdk_hooks.core.scripts.files import options

PASSWD, GROUP, SHADOW, GSHADOW = "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"
_SYSTEM, _USUAL = range(999, 99, -1), range(1000, 60000)
_DEBIAN = range(100, 1000)
"""Where Debian's adduser looks for a number; useradd and busybox begin at the other end."""


def rows(call: Call, file: str) -> list[list[str]]:
    text = call.content(file)
    return [line.split(":") for line in text.splitlines() if line]


def row(call: Call, file: str, name: str) -> list[str] | None:
    found = (each for each in rows(call, file) if name in (each[0], each[2] if len(each) > 2 else ""))
    return next(found, None)


def _write(call: Call, file: str, table: Iterable[list[str]]) -> None:
    text = "".join(":".join(each) + "\n" for each in table)
    call.root.write(file, text.encode(), 0o640 if file == SHADOW else 0o644)


def _free(call: Call, file: str, numbers: Iterable[int], wanted: str = "") -> str:
    taken = {each[2] for each in rows(call, file) if len(each) > 2}
    if wanted and not row(call, file, wanted):
        return wanted
    return next(str(number) for number in numbers if str(number) not in taken)


def getent(call: Call) -> int:
    database, *names = call.words
    files = {"passwd": PASSWD, "group": GROUP, "shadow": SHADOW}
    if database not in files:
        return 2
    table = rows(call, files[database])
    for name in names:
        found = row(call, files[database], name)
        if not found:
            return 2
        table = [found]
    call.stdout = "".join(":".join(each) + "\n" for each in table)
    return 0


def id_(call: Call) -> int:
    said, words = options(call)
    user = row(call, PASSWD, words[0]) if words else ["root", "x", "0", "0"]
    if not user:
        return 1
    group = row(call, GROUP, user[3]) or [user[3]]
    call.stdout = (
        group[0]
        if "-g" in said and "-n" in said
        else user[3]
        if "-g" in said
        else user[0]
        if "-n" in said
        else user[2]
        if "-u" in said
        else f"uid={user[2]}"
    ) + "\n"
    return 0


def groupadd(call: Call) -> int:
    said, words = options(call, "-g", "--gid", "-p", "--password", "-K", "-R", "--root")
    [name] = words
    if row(call, GROUP, name):
        return 0 if "-f" in said else 9
    debian = call.name == "addgroup"
    system = "-r" in said or "--system" in said or "-S" in said
    numbers = (_DEBIAN if debian else _SYSTEM) if system else _USUAL
    _group(call, name, _free(call, GROUP, numbers, said.get("-g") or said.get("--gid", "")))
    return 0


def _group(call: Call, name: str, number: str) -> None:
    _write(call, GROUP, [*rows(call, GROUP), [name, "x", number, ""]])


def addgroup(call: Call) -> int:
    """Debian's and busybox's; with a user and a group it puts the one into the other."""
    _, words = options(call, "-g", "--gid")
    if len(words) == 2:
        return _member(call, *words)
    return 0 if row(call, GROUP, words[0]) and "--system" in call.words else groupadd(call)


def _member(call: Call, user: str, group: str) -> int:
    table = rows(call, GROUP)
    found = next((each for each in table if each[0] == group), None)
    if found is None:
        return 1
    members = [name for name in found[3].split(",") if name]
    if user not in members:
        found[3] = ",".join([*members, user])
        _write(call, GROUP, table)
    return 0


def useradd(call: Call) -> int:
    said, words = options(
        call,
        "-u",
        "--uid",
        "-g",
        "--gid",
        "-G",
        "--groups",
        "-d",
        "--home-dir",
        "--home",
        "-s",
        "--shell",
        "-c",
        "--comment",
        "-p",
        "--password",
        "-k",
        "-K",
        "-R",
        "--root",
        "-b",
        "--base-dir",
        "-e",
        "-f",
    )
    [name] = words
    if row(call, PASSWD, name):
        return 9
    system = "-r" in said or "--system" in said
    uid = _free(call, PASSWD, _SYSTEM if system else _USUAL, said.get("-u") or said.get("--uid", ""))
    group = said.get("-g") or said.get("--gid", "")
    home = said.get("-d") or said.get("--home-dir") or said.get("--home") or f"/home/{name}"
    shell = said.get("-s") or said.get("--shell") or "/bin/sh"
    gecos = said.get("-c") or said.get("--comment", "")
    status = _user(call, name, uid, group, home, shell, gecos, system=system)
    made = "-m" in said or "--create-home" in said
    if status == 0 and made:
        homes.make(call, home, name, skeleton=True)
    for each in filter(None, (said.get("-G") or said.get("--groups", "")).split(",")):
        status = status or _member(call, name, each)
    return status


def adduser(call: Call) -> int:
    """Debian's `adduser --system`, and `adduser USER GROUP`; busybox's `-S`."""
    said, words = options(
        call,
        "--home",
        "--shell",
        "--uid",
        "--gid",
        "--ingroup",
        "--gecos",
        "--comment",
        "--firstuid",
        "--lastuid",
        "--conf",
        "-h",
        "-s",
        "-G",
        "-g",
        "-u",
    )
    if len(words) == 2:
        return _member(call, *words)
    [name] = words
    if row(call, PASSWD, name):
        return 0 if "--system" in said else 1
    system = "--system" in said or "-S" in said
    uid = _free(call, PASSWD, _DEBIAN if system else _USUAL, said.get("--uid") or said.get("-u", ""))
    group = said.get("--ingroup") or said.get("-G") or said.get("--gid", "")
    if not group and "--group" not in said and system:
        group = "nogroup"
    home = said.get("--home") or said.get("-h") or ("/nonexistent" if system else f"/home/{name}")
    shell = said.get("--shell") or said.get("-s") or ("/usr/sbin/nologin" if system else "/bin/bash")
    gecos = said.get("--gecos") or said.get("--comment") or said.get("-g", "")
    status = _user(call, name, uid, group, home, shell, gecos.rstrip(","), system=system)
    if status == 0 and not {"--no-create-home", "-H"} & set(said) and home != "/nonexistent":
        homes.make(call, home, name)
    return status


def _own_group(call: Call, uid: str, *, system: bool) -> str:
    """The number of a user's own group: the user's where it is free, and for shadow one of such groups."""
    if call.name == "adduser":
        return uid if not row(call, GROUP, uid) else _free(call, GROUP, _DEBIAN)
    numbers = _SYSTEM if system else _USUAL
    return _free(call, GROUP, numbers, uid if int(uid) in numbers else "")


def _user(
    call: Call, name: str, uid: str, group: str, home: str, shell: str, gecos: str, *, system: bool
) -> int:
    if not group:
        group = name
        if not row(call, GROUP, name):
            _group(call, name, _own_group(call, uid, system=system))
    found = row(call, GROUP, group)
    if found is None:
        return 6
    _write(call, PASSWD, [*rows(call, PASSWD), [name, "x", uid, found[2], gecos, home, shell]])
    if call.root.content(SHADOW) is not None:
        _write(call, SHADOW, [*rows(call, SHADOW), [name, "!", "", "", "", "", "", "", ""]])
    return 0


def usermod(call: Call) -> int:
    said, words = options(
        call, "-G", "--groups", "-s", "--shell", "-d", "--home", "-c", "--comment", "-g", "-u", "-R", "--root"
    )
    groups = said.pop("-G", "") or said.pop("--groups", "")
    changed = {
        5: said.pop("-d", "") or said.pop("--home", ""),
        6: said.pop("-s", "") or said.pop("--shell", ""),
    }
    if len(words) != 1 or set(said) - {"-a", "--append", "-R", "--root"}:
        raise call.unknown()
    table = rows(call, PASSWD)
    for each in table:
        if each[0] == words[0]:
            for at, value in changed.items():
                each[at] = value or each[at]
    _write(call, PASSWD, table)
    return max((_member(call, words[0], group) for group in filter(None, groups.split(","))), default=0)


def flock(call: Call) -> int:
    """`flock -x DIRECTORY -c COMMAND`, as OE's useradd class has it."""
    if "-c" not in call.words:
        raise call.unknown()
    from sdk_hooks.core.scripts.syntax import parse

    return call.shell.node(parse(call.words[call.words.index("-c") + 1]), call.stdin)


def shadow(call: Call) -> int:
    """`pwconv`, `grpconv`, `shadowconfig on`: nobody has a password, and passwd does not say so."""
    table = (
        (PASSWD, SHADOW, [":*::0:99999:7:::"], call.name != "grpconv"),
        (GROUP, GSHADOW, [":*::"], call.name != "pwconv"),
    )
    for file, hidden, rest, wanted in table:
        if not wanted or call.words[:1] == ["off"]:
            continue
        known = {each[0] for each in rows(call, hidden)}
        missing = [each[0] for each in rows(call, file) if each[0] not in known]
        text = call.content(hidden) + "".join(f"{name}{rest[0]}\n" for name in missing)
        gid = (row(call, GROUP, "shadow") or ["", "", "0"])[2]
        if call.root.find(hidden) is None:
            call.root.put(Entry(hidden, FILE, 0o640, 0, int(gid)))
        call.root.write(hidden, text.encode())
    return 0


def _ok(_: Call) -> int:
    return 0


COMMANDS: dict[str, Command] = {
    "getent": getent,
    "id": id_,
    "groupadd": groupadd,
    "addgroup": addgroup,
    "useradd": useradd,
    "adduser": adduser,
    "usermod": usermod,
    "flock": flock,
    "passwd": _ok,
    "shadowconfig": shadow,
    "pwconv": shadow,
    "grpconv": shadow,
    "chfn": _ok,
}
