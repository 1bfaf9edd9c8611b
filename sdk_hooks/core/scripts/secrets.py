"""Commands that make what no two containers may share: keys are made when a container starts, in no image."""

from __future__ import annotations

import re
import struct

from sdk_hooks.core.capabilities import NAMES
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.scripts.call import Call, Command

_UNIT = "etc/systemd/system/ssh-host-keys.service"
_UNIT_TEXT = """\
[Unit]
Description=OpenSSH host keys of this container
Before=ssh.service sshd.service ssh.socket sshd.socket
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
"""
_SYSTEMD = ("usr/lib/systemd/systemd", "lib/systemd/systemd")


def ssh_keygen(call: Call) -> int:
    """Keys of a host: a unit makes them at the first start; without systemd it is for the entrypoint."""
    if any(word.startswith("/etc/ssh/") for word in call.words) and any(map(call.root.find, _SYSTEMD)):
        call.root.write(_UNIT, _UNIT_TEXT.encode())
        for service in ("ssh", "sshd"):
            wanted = f"etc/systemd/system/{service}.service.wants/ssh-host-keys.service"
            call.root.put(Entry(wanted, SYMLINK, 0o777, link=f"/{_UNIT}"))
    return 0


_REVISION = 0x02000000


def setcap(call: Call) -> int:
    """`setcap 'cap_net_raw,cap_net_admin+ep cap_chown=i' FILE...`: a xattr that the kernel reads."""
    text, *files = [word for word in call.words if word not in ("-q", "-n")] or [""]
    if not (text.strip() and files):
        raise call.unknown()
    value = _capabilities(call, text)
    for file in files:
        found = call.root.find(file)
        if found is None:
            return 1
        found = call.root.whole(found)
        others = tuple(each for each in found.xattrs if each[0] != "security.capability")
        call.root.put(found._replace(xattrs=(*others, ("security.capability", value))))
    return 0


def _capabilities(call: Call, text: str) -> bytes:
    bits = dict.fromkeys("eip", 0)
    for clause in text.split():
        said = re.fullmatch(r"([\w,]+)[+=]([eip]*)", clause)
        if not said:
            raise call.unknown()
        mask = sum(1 << number for number in {_number(call, name) for name in said[1].split(",")})
        bits.update((flag, bits[flag] | mask) for flag in said[2])
    if bits["e"] not in (0, bits["p"] | bits["i"]):
        raise call.unknown("a file has all of them effective, or none")
    halves = [part >> shift & 0xFFFFFFFF for shift in (0, 32) for part in (bits["p"], bits["i"])]
    return struct.pack("<5I", _REVISION | bool(bits["e"]), *halves)


def _number(call: Call, name: str) -> int:
    known = name.strip().lower().removeprefix("cap_")
    if known not in NAMES:
        raise call.unknown()
    return NAMES.index(known)


COMMANDS: dict[str, Command] = {"ssh-keygen": ssh_keygen, "setcap": setcap}
