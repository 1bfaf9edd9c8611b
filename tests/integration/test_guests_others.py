"""The same story with systemd as the machine's init, on ARM, and with Debian's release before."""

import os

import pytest
from guests.host import HOW

from .story import Case, told
from .tester import Cli

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not os.environ.get("GUESTS"),
        reason=f"takes minutes: {HOW}, or GUESTS=1 with pytest -k guests_others",
    ),
]

ARM64 = "aarch64-linux-gnu"
OWN_DOCKER = {
    "root": (
        "systemctl disable --now docker.socket docker containerd\n"
        "modprobe ip_tables\nloginctl enable-linger user\n"
        "ln -s /usr/share/docker.io/contrib/dockerd-rootless*.sh /usr/bin/\n"
    ),
    "user": "PATH=$PATH:/usr/sbin dockerd-rootless-setuptool.sh install\n",
}
"""As docker's manual has it."""
OWN_CONTAINERD = {
    "root": "systemctl disable --now containerd\nloginctl enable-linger user\n",
    "user": """\
mkdir -p .config/systemd/user .config/containerd .local/share/containerd
cat >inside <<'END'
#!/bin/sh
rm -f /run/containerd /var/lib/containerd /etc/containerd
mkdir -p $XDG_RUNTIME_DIR/containerd /run/containerd /var/lib/containerd /etc/containerd
mount --bind $XDG_RUNTIME_DIR/containerd /run/containerd
mount --bind $HOME/.local/share/containerd /var/lib/containerd
mount --bind $HOME/.config/containerd /etc/containerd
exec containerd
END
chmod 755 inside
cat >.config/systemd/user/containerd.service <<'END'
[Service]
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/usr/bin/rootlesskit --state-dir=%t/containerd-rootless --net=slirp4netns --mtu=65520 \
 --slirp4netns-sandbox=auto --slirp4netns-seccomp=auto --disable-host-loopback --port-driver=builtin \
 --copy-up=/etc --copy-up=/run --copy-up=/var/lib --propagation=rslave --detach-netns %h/inside
RestartSec=2
Restart=always
Delegate=yes
Type=simple
KillMode=mixed
[Install]
WantedBy=default.target
END
systemctl --user daemon-reload
systemctl --user enable --now containerd
until [ -S $XDG_RUNTIME_DIR/containerd/containerd.sock ]; do sleep 1; done
""",
}
"""What nerdctl's containerd-rootless-setuptool.sh does, which Debian does not have."""
CASES = {
    "podman-bookworm": Case("podman-bookworm", "podman"),
    "docker-bookworm": Case("docker-bookworm", "docker"),
    "containerd-bookworm": Case("containerd-bookworm", "containerd"),
    "arm64-podman": Case("arm64", "podman", triplet=ARM64),
    "arm64-crun": Case("arm64", "none", options=("--stack", "none"), triplet=ARM64),
    "systemd": Case("systemd", "podman"),
    "systemd-user": Case("systemd", "podman", login="user"),
    "systemd-user-crun": Case("systemd", "none", login="user", options=("--stack", "none")),
    "systemd-user-containerd": Case(
        "systemd-containerd", "containerd", login="user", prepared=OWN_CONTAINERD
    ),
    "systemd-user-docker": Case("systemd-docker", "docker", login="user", prepared=OWN_DOCKER),
}


@pytest.mark.parametrize("name", CASES)
def test_scenario(name: str, cli: Cli) -> None:
    told(CASES[name], cli)
