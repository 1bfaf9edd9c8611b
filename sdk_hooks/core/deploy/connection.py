"""How commands get to a target: OpenSSH with one master connection, or straight away on this machine."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedReader
from typing import BinaryIO, Protocol, cast

from sdk_hooks.core.deploy import master
from sdk_hooks.core.shell import for_login, whole
from sdk_hooks.errors import SdkError, UsageError
from sdk_hooks.target import Argv, Script

_NO_SPACE = ("no space left on device", "disk quota exceeded", "enospc")


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    output: str
    error: str

    @property
    def end(self) -> str:
        """The last of what it said, as an error tells it."""
        return "\n".join((self.error or self.output).strip().splitlines()[-3:])

    @property
    def full(self) -> bool:
        """Whether it says that there is no space."""
        return any(words in (self.error + self.output).lower() for words in _NO_SPACE)


class Connection(Protocol):
    """A way to a target."""

    @property
    def name(self) -> str:
        """The target, as the user wrote it."""

    def argv(self, command: Argv) -> Argv:
        """What to run here so that *command* runs there."""


@dataclass(frozen=True)
class Local:
    """This machine as its own target."""

    name: str = "local"

    def argv(self, command: Argv) -> Argv:
        return command


@dataclass(frozen=True)
class Options:
    """What the user said about ssh; everything else comes from the user's own configuration."""

    config: str = ""
    port: str = ""
    check_host_key: bool = True
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ssh:
    """An open master connection; commands go through it without a new handshake."""

    name: str
    host: str
    options: Options
    socket: str = field(repr=False)

    @property
    def opened(self) -> bool:
        """Whether there is a master; it may not be in order."""
        return os.path.exists(self.socket)

    def argv(self, command: Argv) -> Argv:
        # "LogLevel=ERROR" would also hide why a connection broke, and "-q" the remote's last words.
        how = ("-o", "ControlMaster=no") if self.opened else _MASTER
        return ("ssh", *self._common(), *how, "-T", "--", self.host, for_login(command))

    def marked(self, command: Argv) -> Argv:
        """The same, with _MARK before what *command* prints: a login's start-up files may print as well."""
        *words, text = self.argv(command)
        return (*words, f"echo {_MARK}; {text}")

    def tunnel(self, place: str) -> Argv:
        """What to run here whose stdin and stdout are *place*, `address:port` as the target sees it."""
        return ("ssh", *self._common(), "-o", "ControlMaster=no", "-W", place, "--", self.host)

    def master(self) -> Argv:
        return ("ssh", *self._common(), *_MASTER, "-f", "-N", "-T", "--", self.host)

    def closing(self) -> Argv:
        return ("ssh", *self._common(), "-O", "exit", "--", self.host)

    def _common(self) -> Argv:
        given = self.options
        return (
            *(("-F", given.config) if given.config else ()),
            *(("-p", given.port) if given.port else ()),
            *("-o", f"ControlPath={self.socket}"),
            # what the user's configuration may ask for, and what would be in the way here
            *("-o", "RemoteCommand=none", "-o", "ClearAllForwardings=yes"),
            *(() if given.check_host_key else _UNCHECKED),
            *(word for option in given.extra for word in ("-o", option)),
        )


_MARK = "@begin"
_MASTER = (
    *("-o", "ControlMaster=yes", "-o", "ControlPersist=60", "-o", "UpdateHostKeys=no"),
    *("-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
)
_NO_GZIP = 97
_UNPACKED = f"command -v gzip >/dev/null 2>&1 || exit {_NO_GZIP}; gzip -dc | sh -s"

_UNCHECKED = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null")

_FAILURES = (
    (r"REMOTE HOST IDENTIFICATION HAS CHANGED", "the host key of {name} has changed", "host-key-changed",
     "if the board was installed anew: ssh-keygen -R {host}; else somebody is in between"),
    (r"Host key verification failed|No \w+ host key is known", "the host key of {name} is not known",
     "host-key-unknown", "connect once with ssh {host} and compare it; or give --no-host-check"),
    (r"Permission denied", "{name} does not let you in", "login-refused",
     "put your key there: ssh-copy-id {host}; or name the user: USER@{host}"),
    (r"Could not resolve hostname", "there is no host {name}", "unknown-host",
     "check its name, or give its address"),
    (r"Connection refused", "{name} does not answer on its ssh port", "unreachable",
     "is an ssh server running there, on this port?"),
    (r"timed out|No route to host|Network is unreachable", "{name} can't be reached", "unreachable",
     "is it on, and on this network? try: ping {machine}"),
)  # fmt: skip


def parse(target: str, options: Options) -> tuple[str, Options]:
    """The ssh destination in *target*, which is `user@host[:port]`, `[v6address]:port` or an alias.

    :raises UsageError: When it is none of them.
    """
    match = re.fullmatch(r"((?:\S+@)?)(?:\[([^\]\s]+)\]|([^@:\s\[\]]+))(?::(\d+))?", target)
    if not match or target.startswith("-"):
        user, at, address = target.rpartition("@")
        colons = address.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.%\w]+", address)
        usual = f"{user}{at}[{address}]" if colons else "root@192.168.7.2, or board:2222"
        raise UsageError(f"{target!r} is not a target", hint=f"write it like {usual}")
    host = match[1] + (match[2] or match[3])
    if match[4]:
        options = Options(options.config, match[4], options.check_host_key, options.extra)
    return host, options


@contextmanager
def connect(target: str, options: Options, *, ahead: bool = True) -> Iterator[Connection]:
    """A connection to *target*, closed at the end.

    :param ahead: Whether it is there when this begins; else the first command opens it, in the same process.
    :raises SdkError: When there is none to be had, with ssh's own words.
    """
    if target == "local":
        yield Local()
        return
    if shutil.which("ssh") is None:
        raise SdkError("there is no ssh here", hint="install openssh-client", code="missing-program")
    host, options = parse(target, options)
    # A path of its own, and a short one: a socket's name has room for 107 bytes.
    directory = tempfile.mkdtemp(prefix="dtc-", dir="/tmp" if os.access("/tmp", os.W_OK) else None)  # noqa: S108
    connection = Ssh(target, host, options, f"{directory}/s")
    try:
        if ahead:
            _open(connection)
        yield connection
    finally:
        if not master.end(connection.socket):
            subprocess.run(connection.closing(), capture_output=True, check=False)
        shutil.rmtree(directory, ignore_errors=True)


def run(connection: Connection, script: Script) -> Result:
    """Run *script* there, read from standard input, and compressed where the other side has gzip.

    :raises SdkError: When the connection breaks.
    """
    text = whole(script).encode()
    if isinstance(connection, Local):
        return feed(connection, ("sh", "-s"), [text])
    result = feed(connection, ("sh", "-c", _UNPACKED), [gzip.compress(text, 9, mtime=0)])
    return feed(connection, ("sh", "-s"), [text]) if result.status == _NO_GZIP else result


def feed(connection: Connection, command: Argv, pieces: Iterable[bytes]) -> Result:
    """Run *command* there with *pieces* on its standard input.

    :raises SdkError: When the connection breaks.
    """
    first = isinstance(connection, Ssh) and not connection.opened
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        # files, not pipes: nobody reads while this writes, and a master that this opens stays
        argv = connection.marked(command) if isinstance(connection, Ssh) else connection.argv(command)
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=out, stderr=err)
        assert child.stdin is not None  # noqa: S101  Popen was asked for it
        try:
            for piece in pieces:
                child.stdin.write(piece)
        except BrokenPipeError:
            pass  # it ended early; its status and its words say why
        except BaseException:  # also Ctrl-C
            child.kill()
            raise
        finally:
            # not `with`: ssh may have got the Ctrl-C first, and a broken pipe at the end would hide it
            with suppress(BrokenPipeError):
                child.stdin.close()
            status = child.wait()
        out.seek(0)
        err.seek(0)
        error, output = (file.read().decode(errors="replace") for file in (err, out))
        if status == 255 and isinstance(connection, Ssh):
            raise (
                _explain(connection, error.strip())
                if first and _MARK not in output
                else _lost(connection, error)
            )
        return Result(status, _answer(connection, output), error)


def show(connection: Connection, command: Argv, out: BinaryIO) -> int:
    """Run *command* there, pass on to *out* what it prints as it comes, and give its exit status.

    Its standard input is a pipe that nothing is written to, and that ends with this process.
    """
    if not isinstance(connection, Ssh):
        with subprocess.Popen(connection.argv(command), stdin=subprocess.PIPE, stdout=out) as child:
            return child.wait()
    with subprocess.Popen(connection.marked(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        pieces = cast(BufferedReader, child.stdout)
        while (line := pieces.readline()) and not line.endswith(f"{_MARK}\n".encode()):
            pass
        while piece := pieces.read1():
            out.write(piece)
            out.flush()
        return child.wait()


def _answer(connection: Connection, output: str) -> str:
    """What was printed by who was asked."""
    return output.partition(f"{_MARK}\n")[2] if isinstance(connection, Ssh) else output


def _open(connection: Ssh) -> None:
    # stderr to a file: the master stays in the background and would hold a pipe open for ever
    with tempfile.TemporaryFile() as err:
        status = subprocess.run(
            connection.master(), stdout=subprocess.DEVNULL, stderr=err, check=False
        ).returncode
        err.seek(0)
        text = err.read().decode(errors="replace").strip()
    if status:
        raise _explain(connection, text)


def _explain(connection: Ssh, text: str) -> SdkError:
    host = connection.host
    for pattern, what, code, hint in _FAILURES:
        if re.search(pattern, text):
            hint = hint.format(host=host, machine=host.rpartition("@")[2])  # noqa: PLW2901
            what = what.format(name=repr(connection.name))  # noqa: PLW2901
            return SdkError(what, detail=_last(text), hint=hint, code=code)
    return SdkError(
        f"no ssh connection to {connection.name!r}", detail=_last(text), hint=f"try: ssh {host}", code="ssh"
    )


def _lost(connection: Ssh, text: str) -> SdkError:
    return SdkError(
        f"the connection to {connection.name!r} was lost",
        detail=_last(text),
        hint="what ran there still runs; deploy again, and only what is missing is sent",
        code="connection-lost",
    )


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("@@@")]
    return "\n".join(lines[-3:])
