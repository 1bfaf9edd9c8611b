"""Generated ssh identities of a target: its host key, the key that may log in, a config that uses both."""

import os
import shutil
from typing import Literal

from .host import require_programs, run_or_fail, run_quietly
from .slots import Slot

Sshd = Literal["openssh", "dropbear"]

SSHD_CONFIG = """\
HostKey /etc/lab/host_key
AuthorizedKeysFile .ssh/authorized_keys
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 100
PidFile none
"""

SSH_CONFIG = """\
Host {alias} {address}
    User root
Host {alias}-user
    User user
Host {alias} {alias}-user {address}
    HostName {address}
    HostKeyAlias {alias}
    Port 22
    IdentityFile {directory}/login_key
    IdentitiesOnly yes
    UserKnownHostsFile {directory}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
"""


def require_sshd(sshd: Sshd) -> None:
    require_programs(("sshd",) if sshd == "openssh" else ("dropbear", "dropbearkey"))


def write_keys(slot: Slot, sshd: Sshd, seed: str) -> None:
    """Make the keys: the host's half and what it needs to start go to `seed`, ours beside it."""
    public = _openssh_host_key(seed) if sshd == "openssh" else _dropbear_host_key(seed)
    _write(f"{slot.directory}/known_hosts", f"{slot.name} {public}\n")
    login = f"{slot.directory}/login_key"
    run_or_fail("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", slot.name, "-f", login)
    os.makedirs(f"{seed}/root/.ssh", mode=0o700)
    shutil.copy(f"{login}.pub", f"{seed}/root/.ssh/authorized_keys")
    config = SSH_CONFIG.format(alias=slot.name, address=slot.address, directory=slot.directory)
    _write(f"{slot.directory}/ssh_config", config)


def _openssh_host_key(seed: str) -> str:
    key = f"{seed}/etc/lab/host_key"
    run_or_fail("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key)
    _write(f"{seed}/etc/lab/sshd_config", SSHD_CONFIG + _penalties_off())
    _write(f"{seed}/etc/lab/sshd.sh", "/usr/sbin/sshd -D -e -f /etc/lab/sshd_config\n")
    with open(f"{key}.pub") as file:
        return file.read().strip()


def _penalties_off() -> str:
    # From 9.8 sshd locks out clients that drop connections, as cut links do; older ones know no such option.
    trial = run_quietly("/usr/sbin/sshd", "-T", "-f", "/dev/null", "-o", "PerSourcePenalties=no")
    return "" if "Bad configuration option" in trial.stderr else "PerSourcePenalties no\n"


def _dropbear_host_key(seed: str) -> str:
    text = run_or_fail("dropbearkey", "-t", "ed25519", "-f", f"{seed}/etc/lab/host_key")
    _write(f"{seed}/etc/lab/sshd.sh", "dropbear -F -E -s -m -p 22 -r /etc/lab/host_key\n")
    return next(line for line in text.splitlines() if line.startswith("ssh-")).strip()


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
