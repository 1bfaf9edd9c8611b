"""What container.yaml says of directories in memory and of hosts, and how it is refused."""

from __future__ import annotations

from typing import Any

from sdk_hooks.tmpfs import Tmpfs

GOOD: list[tuple[str, str, Any]] = [
    ("tmpfs: [/run, '/tmp:size=1M']", "tmpfs", (Tmpfs("/run"), Tmpfs("/tmp", 1 << 20))),
    ("extra_hosts: ['printer:192.168.1.9']", "extra_hosts", (("printer", "192.168.1.9"),)),
]
BAD = [
    ("tmpfs: [run]", "1:9", "'tmpfs': 'run' is not a directory such as /run, or /tmp:size=64M",
     "tmpfs wants /PATH or /PATH:size=64M,mode=1777"),
    ("extra_hosts: [printer]", "1:15", "'extra_hosts': '' is not an address",
     "extra_hosts wants NAME:ADDRESS, or NAME:host-gateway for the target itself"),
]  # fmt: skip
