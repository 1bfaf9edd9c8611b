"""The guests, a line each: what of Debian is in them, and which init starts it."""

import dataclasses
from collections.abc import Mapping
from importlib.resources import files


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a guest is made of. Its packages are unpacked, and configured only where systemd is its init."""

    packages: str
    """Besides busybox, an ssh server, and the small kernel for clouds where none is among them."""
    suite: str = "trixie"
    architecture: str = "amd64"
    init: str = "busybox"
    services: tuple[str, ...] = ()
    """Scripts of this directory, which its init runs."""
    memory: int = 1024
    """MiB."""

    @property
    def included(self) -> str:
        """All packages, as mmdebstrap wants them."""
        kernel = "" if "linux-image-" in self.packages else f"linux-image-cloud-{self.architecture}"
        words = f"{kernel} {_BASE[self.init]} {self.packages}"
        return ",".join(words.split())

    def texts(self) -> Mapping[str, str]:
        """Files of this project in it, by path."""
        found = {path: text(name) for path, name in _FILES[self.init].items()}
        return {**found, **{f"etc/init.d/{name}": text(name) for name in self.services}}


_BASE = {
    "busybox": "base-files busybox-static dropbear-bin",
    "systemd": (
        "systemd-sysv dbus dbus-user-session libpam-systemd polkitd openssh-server busybox-static iproute2"
        " kmod procps passwd uidmap"
    ),
}
_FILES = {
    "busybox": {
        "etc/inittab": "inittab",
        "etc/init.d/rcS": "rcS.sh",
        "etc/rcK": "rcK.sh",
        "etc/passwd": "passwd",
        "etc/group": "group",
        "etc/resolv.conf": "resolv.conf",
        "etc/subuid": "subuid",
        "etc/subgid": "subuid",
    },
    "systemd": {
        "etc/systemd/system/guest.service": "guest.service",
        "etc/systemd/system/ready.service": "ready.service",
        "etc/ssh/sshd_config.d/guest.conf": "sshd.conf",
    },
}
_ENGINE = "crun netavark nftables iptables"

RECIPES: dict[str, Recipe] = {
    "minimal": Recipe("crun", memory=256),
    "runtimes": Recipe("crun runc", suite="bookworm", memory=256),
    "gvisor": Recipe("runsc", memory=512),
    "devices": Recipe("crun linux-image-amd64", memory=512),
    "networks": Recipe(
        "crun containerd runc containernetworking-plugins iptables iproute2 linux-image-amd64",
        services=("S50containerd",),
        memory=768,
    ),
    "podman": Recipe(f"podman {_ENGINE} aardvark-dns"),
    "docker": Recipe("docker.io docker-cli iptables", services=("S50docker",)),
    "containerd": Recipe("containerd runc", services=("S50containerd",)),
    "podman-bookworm": Recipe(f"podman {_ENGINE} aardvark-dns", suite="bookworm"),
    "docker-bookworm": Recipe("docker.io iptables", suite="bookworm", services=("S50docker",)),
    "containerd-bookworm": Recipe("containerd runc", suite="bookworm", services=("S50containerd",)),
    "arm64": Recipe(f"podman {_ENGINE}", architecture="arm64"),
    "systemd": Recipe(f"podman {_ENGINE}", init="systemd"),
    "systemd-containerd": Recipe("containerd runc rootlesskit slirp4netns", init="systemd"),
    "systemd-docker": Recipe("docker.io docker-cli iptables rootlesskit slirp4netns", init="systemd"),
}


def text(name: str) -> str:
    """A file of this directory."""
    return files("guests").joinpath(f"files/{name}").read_text(encoding="utf-8")
