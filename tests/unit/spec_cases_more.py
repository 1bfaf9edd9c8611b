"""What container.yaml says of names, memory and what keeps a container in, and how it is refused."""

from __future__ import annotations

from typing import Any

from sdk_hooks.tmpfs import Tmpfs

GOOD: list[tuple[str, str, Any]] = [
    ("image: Example.COM:5000/a/b-c", "image", "Example.COM:5000/a/b-c"),
    ("image: localhost/web", "image", "localhost/web"),
    ("image: BOARD:5000/web", "image", "BOARD:5000/web"),
    ("tmpfs: [/run, '/tmp:size=1M']", "tmpfs", (Tmpfs("/run"), Tmpfs("/tmp", 1 << 20))),
    ("extra_hosts: ['printer:192.168.1.9']", "extra_hosts", (("printer", "192.168.1.9"),)),
    ("dns: [9.9.9.9, 'fd00::1']", "dns", ("9.9.9.9", "fd00::1")),
    ("dns_search: [example.com]", "dns_search", ("example.com",)),
    ("dns_opt: ['ndots:2', rotate]", "dns_opt", ("ndots:2", "rotate")),
    ("sysctls: {net.ipv4.ip_forward: 1, fs.mqueue.msg_max: 9}", "sysctls",
     {"net.ipv4.ip_forward": "1", "fs.mqueue.msg_max": "9"}),
    ("sysctls: [kernel.shmmax=4096]", "sysctls", {"kernel.shmmax": "4096"}),
    ("group_add: [dialout, 44]", "group_add", ("dialout", "44")),
    ("security_opt: ['no-new-privileges:true', seccomp=unconfined]", "security_opt",
     ("no-new-privileges", "seccomp=unconfined")),
    ("security_opt: [no-new-privileges, 'apparmor:unconfined', label=disable]", "security_opt",
     ("no-new-privileges", "apparmor=unconfined", "label=disable")),
    ("privileged: true", "privileged", True),
    ("pid: host", "pid", "host"),
    ("ipc: private", "ipc", ""),
]  # fmt: skip
_IS_NONE = "is not an image name: [HOST.DOMAIN[:PORT]/]name[/name], in lower case"
BAD = [
    *(
        (f"image: {name}", "1:8", f"'image': '{name}' {_IS_NONE}",
         "image wants the image's full name, localhost/NAME by default")
        for name in ("A/b", "-a.example/b", "example.com/Web", "a.example:x/b")
    ),
    ("tmpfs: [run]", "1:9", "'tmpfs': 'run' is not a directory such as /run, or /tmp:size=64M",
     "tmpfs wants /PATH or /PATH:size=64M,mode=1777"),
    ("extra_hosts: [printer]", "1:15", "'extra_hosts': '' is not an address",
     "extra_hosts wants NAME:ADDRESS, or NAME:host-gateway for the target itself"),
    ("dns: [router]", "1:7", "'dns': 'router' is not an address", "dns wants an address"),
    ("dns_search: [a_b]", "1:14", "'dns_search': 'a_b' is not a domain such as example.com",
     "dns_search wants a domain"),
    ("dns_opt: [A]", "1:11", "'dns_opt': 'A' is not an option such as ndots:2",
     "dns_opt wants such as ndots:2"),
    ("sysctls: {vm.swappiness: 1}", "1:10",
     "'sysctls': 'vm.swappiness' is a setting of the whole target, and none of a container",
     "net.*, kernel.shm*, kernel.msg*, kernel.sem and fs.mqueue.* are; others: /etc/sysctl.d of the target"),
    ("group_add: [a b]", "1:13", "'group_add': 'a b' is not a group",
     "group_add wants a number, or a name that the image has"),
    ("security_opt: ['seccomp:my.json']", "1:16", "'security_opt': 'seccomp:my.json' is not one of "
     "no-new-privileges, seccomp=unconfined, apparmor=unconfined, label=disable", "security_opt wants one of "
     "no-new-privileges, seccomp=unconfined, apparmor=unconfined, label=disable"),
    ("privileged: y", "1:13", "'privileged': 'y' is neither true nor false",
     "privileged wants true or false"),
    ("pid: 'container:a'", "1:6", "'pid': 'container:a' is not one of host, private",
     "pid wants host to see the target's processes, or private"),
    ("ipc: shared", "1:6", "'ipc': 'shared' is not one of host, private",
     "ipc wants host for the target's shared memory, or private"),
]  # fmt: skip
