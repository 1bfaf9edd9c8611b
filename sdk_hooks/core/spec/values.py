"""Values of container.yaml that have a form of their own, and the patterns that describe them to editors.

Each function understands a text, and raises ValueError with what is wrong.
"""

from __future__ import annotations

import ipaddress
import re
import signal

from sdk_hooks.container import Device, DeviceMatch, Port, Restart, Volume
from sdk_hooks.core.spec import texts
from sdk_hooks.tmpfs import STICKY, Tmpfs

DEVICE = r"(/(?!\S*\.\./)[^:\s]+)(?::(/[^:\s]+))?(?::(?=[rwm])(r?w?m?))?"
CDI = r"[A-Za-z](?:[\w.-]*[A-Za-z0-9])?/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?=[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?"
"""The qualified name of a CDI device: vendor, class, device."""
CAN = "can"
"""No way to say which device is meant, though one looks for it there."""
NO_NODE = "a CAN interface is a network interface, which has no node"
MATCH = rf"(?!{CAN}=)[a-z0-9]+(?:-[a-z0-9]+)*=\S(?:.*\S)?"
HOSTNAME = r"(?!.{64})[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
"""As RFC 1123 has it, and no longer than a label, which the kernel takes as well."""
RESTART = r"no|always|unless-stopped|on-failure(?::[0-9]+)?"

_LEAST_MEMORY = 512 << 10
_LEAST_CPUS = 0.01
"""The kernel gives out no less than 1 ms of every 100."""


def port(text: str) -> Port:
    """`80`, `8080:80`, `127.0.0.1:8080:80/udp`: address and port of the target, port of the container."""
    match = re.fullmatch(
        r"(?:(?:([\d.]+|\[[\da-fA-F:]+\]):)?(\d+):)?(\d+)(?:/(tcp|udp|sctp))?", text, re.ASCII
    )
    if not match or not all(0 < int(p) < 65536 for p in match.group(2, 3) if p):
        raise ValueError(f"{text!r} is not a port such as 8080:80")
    if match[1]:
        ip_address(match[1].strip("[]"))
    return Port(int(match[3]), int(match[2] or match[3]), match[4] or "tcp", match[1] or "")


def volume(text: str) -> Volume:
    """`name:/path`, `/on/target:/path`, `/path:ro`; a path alone is kept under a name made of it."""
    match = re.fullmatch(r"(?:([^:]+):)?(/[^:]*)(?::(ro|rw))?", text)
    inner = match[2].strip("/") if match else ""
    source = match[1] or inner.replace("/", "-") if match else ""
    if not match or not inner or not (source.startswith("/") or re.fullmatch(r"\w[\w.-]*", source, re.ASCII)):
        raise ValueError(f"{text!r} is not a volume such as data:/var/lib/app")
    return Volume(source, match[2], match[3] == "ro")


_USUAL = ("rw", "noexec", "nosuid", "nodev")


def tmpfs(text: str) -> Tmpfs:
    """`/run`, or `/tmp:size=64M,mode=1777`."""
    target, _, said = text.partition(":")
    if not re.fullmatch(r"/+[^/:,]+(/+[^/:,]+)*/*", target):
        raise ValueError(f"{text!r} is not a directory such as /run, or /tmp:size=64M")
    options = dict(word.partition("=")[::2] for word in said.split(",") if word not in ("", *_USUAL))
    unknown = next((name for name in options if name not in ("size", "mode")), "")
    if unknown:
        raise ValueError(f"{text!r}: {unknown!r} can't be said of it: size=64M and mode=1777 can")
    size = memory(options["size"]) if "size" in options else 0
    return Tmpfs(target, size, mode(options["mode"]) if "mode" in options else STICKY)


GATEWAY = "host-gateway"
"""Instead of an address: one that the target answers on."""


def extra_host(text: str) -> tuple[str, str]:
    """`printer:192.168.1.9`, also with `=`, an IPv6 address in brackets or not; or `NAME:host-gateway`."""
    name, _, address = re.sub("[:=]", " ", text, count=1).partition(" ")
    if not re.fullmatch(HOSTNAME, name):
        raise ValueError(f"{text!r} is not a host such as printer:192.168.1.9")
    return name, address if address == GATEWAY else ip_address(address.removeprefix("[").removesuffix("]"))


def device(text: str) -> Device | DeviceMatch:
    """`/dev/ttyUSB0`, `/dev/ttyUSB0:/dev/gps`, `/dev/i2c-1:r`, `/dev/i2c-1:/dev/i2c-0:rw`; by what it is:
    `gpu=first`, `udev=SUBSYSTEM=tty,ID_VENDOR_ID=0403`; a CDI device: `vendor.com/class=name`.
    """
    match = re.fullmatch(DEVICE, text)
    if match:
        return Device(match[1], match[2] or match[1], match[3] or "rwm")
    named = cdi(text)
    if named:
        return named
    kind, _, value = text.partition("=")
    if kind == CAN and value:
        raise ValueError(f"{text!r}: {NO_NODE}: write {of_interface(value)}")
    if not re.fullmatch(MATCH, text):
        raise ValueError(f"{text!r} is not a device such as /dev/ttyUSB0")
    return DeviceMatch(kind, tuple(value.split(",")) if "=" in value else (value,))


def of_interface(name: str) -> str:
    """What gives a container the CAN interface *name*."""
    return f"networks: {{can: {{driver: host-device, parent: {name}}}}}"


def cdi(text: str) -> DeviceMatch | None:
    """A CDI device by its qualified name; None when *text* is none."""
    return DeviceMatch("cdi", (text,)) if re.fullmatch(CDI, text, re.ASCII) else None


def word(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError(f"{text!r} is empty, or has blanks around it")
    return text


def port_number(text: str) -> int:
    if not 0 < texts.count(text) < 65536:
        raise ValueError(f"{text!r} is not a port")
    return int(text)


def subnet(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f"{text!r} is not a subnet such as 10.9.0.0/24") from None


def memory(text: str) -> int:
    """A limit in bytes; 0 is none."""
    found = texts.size(text)
    if 0 < found < _LEAST_MEMORY:
        raise ValueError(f"{text!r} is less memory than any program needs")
    return found


def cpus(text: str) -> float:
    """A number of processors; 0 is no limit."""
    found = texts.decimal(text)
    if 0 < found < _LEAST_CPUS:
        raise ValueError(f"{text!r} is less of a processor than the kernel gives out: at least {_LEAST_CPUS}")
    return found


def ip_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an address") from None


def vlan(text: str) -> int:
    if not 0 < texts.count(text) < 4095:
        raise ValueError(f"{text!r} is not a number from 1 to 4094")
    return int(text)


def restart(text: str) -> Restart:
    if not re.fullmatch(RESTART, text):
        raise ValueError(f"{text!r} is not one of no, always, unless-stopped, on-failure[:N]")
    policy, _, retries = text.partition(":")
    return Restart(policy, int(retries or 0))


def absolute(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"{text!r} is not an absolute path")
    return text


def request_path(text: str) -> str:
    """What stands in the first line of a request after the method."""
    if not re.fullmatch(r"[!-~]+", absolute(text)):
        raise ValueError(f"{text!r} has a character that is no part of a URL: write it as %XX")
    return text


def inside(text: str) -> str:
    """An absolute path in the image."""
    if ".." in absolute(text).split("/"):
        raise ValueError(f"{text!r} has a '..'")
    return text


def file_path(text: str) -> str:
    """The path of a file in a container, where one is mounted."""
    if not re.fullmatch(r"(/[^/:,\s]+)+", inside(text)):
        raise ValueError(f"{text!r} is not the path of a file such as /etc/app.conf")
    return text


INSIDE = {"type": "string", "pattern": r"^/(?!(.*/)?\.\.(/|$))"}
_SIGNALS = "|".join(sorted(each.name.removeprefix("SIG") for each in signal.Signals))
_SIGNAL_TEXT = rf"(SIG)?({_SIGNALS}|RTMIN\+[0-9]+|RTMAX-[0-9]+)|[1-9]|[1-5][0-9]|6[0-4]"

SIGNAL = {"type": ["string", "number"], "pattern": f"^({_SIGNAL_TEXT}|{_SIGNAL_TEXT.lower()})$"}


def stop_signal(text: str) -> str:
    """A signal by name, with SIG or without, or by number; a real-time one as SIGRTMIN+N."""
    if re.fullmatch(_SIGNAL_TEXT, text.upper()):
        return text
    raise ValueError(f"{text!r} is not a signal such as SIGTERM")


def mode(text: str) -> int:
    if not re.fullmatch(r"(?:0o?)?[0-7]{3,4}", text):
        raise ValueError(f"{text!r} is not a mode such as 0644")
    return int(text.replace("o", ""), 8)
