"""A container that is deployed on a target, as it is tested there."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sdk_hooks.container import Settings
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy import status
from sdk_hooks.core.deploy.address import of_port
from sdk_hooks.core.deploy.connection import Connection, Ssh
from sdk_hooks.core.deploy.resource import script, state_directory
from sdk_hooks.core.deploy.status import Status
from sdk_hooks.core.shell import quoted
from sdk_hooks.core.spec.annotation import settings_from_json
from sdk_hooks.core.trial import tunnel
from sdk_hooks.core.trial.subject import Done
from sdk_hooks.errors import SdkError
from sdk_hooks.image import Image
from sdk_hooks.target import Argv, Script

_GONE, _OLD, _SILENT, _NO_CLIENT = 6, 8, 3, 4
_MARK = "@exit "
"""Goes before the exit status: as ssh's own status it would be mistaken, 255 above all."""
_FIRST, _NEXT = 10_000, 1_000
"""Lines of the log that are looked at: at first, and again while a line has not come."""


@dataclass
class Deployed:
    """What runs under a name on a target, or one container of it where it is several."""

    connection: Connection
    status: Status
    settings: Settings
    part: str = ""
    """The name of the container among several."""
    _lines: int = field(default=_FIRST, init=False)
    _by_program: bool = field(default=False, init=False)
    """Whether a program there connects, because its ssh server does not."""

    @property
    def target(self) -> str:
        return self.connection.name

    @property
    def digest(self) -> str:
        return self.status.digest

    @property
    def stack(self) -> str:
        return self.status.stack

    def exec(self, command: Argv, seconds: float) -> Done | None:
        whole = math.ceil(seconds)  # not every sleep knows fractions
        around = "read -r {} _ </proc/uptime\n".format
        text = f"{around('begun')}within {whole} sh ./exec {quoted(command)}\ncode=$?\n{around('now')}"
        result = self._run(f"{script('health.sh')}{text}printf '{_MARK}%s' \"$code $begun $now\"\n")
        output, mark, said = result.output.rpartition(_MARK)
        if not mark:  # the shell itself was ended
            return Done(result.status, result.output, result.error)
        code, begun, now = said.split()
        if float(now) - float(begun) >= whole:  # whatever status an engine gives when it is ended
            return None
        return Done(int(code), output, result.error)

    @contextmanager
    def connect(self, port: int, seconds: float) -> Iterator[socket.socket]:
        address, port = of_port(port, self.settings.ports)
        if not isinstance(self.connection, Ssh):
            with socket.create_connection((address.strip("[]"), port), seconds) as stream:
                yield stream
            return
        client = ("nc", address.strip("[]"), str(port))
        argv = (
            self.connection.argv(client) if self._by_program else self.connection.tunnel(f"{address}:{port}")
        )
        try:
            with tunnel.process(argv, seconds) as stream:
                yield stream
        except ConnectionError as error:
            if self._by_program or tunnel.REFUSED not in str(error):
                raise
            raise self._refused(port) from error

    def _refused(self, port: int) -> OSError:
        """Find out why ssh did not connect; the next attempt goes another way where there is one."""
        text = f"listens {port} || exit {_SILENT}\ncommand -v nc >/dev/null || exit {_NO_CLIENT}\n"
        code = link.run(self.connection, state_directory() + script("health.sh") + text).status
        if code == _SILENT:
            return ConnectionRefusedError(f"nothing listens on port {port}")
        if code == _NO_CLIENT:
            return ConnectionError("the ssh server there forwards no connections, and there is no nc")
        self._by_program = True
        return ConnectionError("the ssh server there forwards no connections")

    def log(self) -> str:
        result = self._run(f"export LINES={self._lines}\nsh ./logs 2>&1\n")
        self._lines = _NEXT
        return result.output

    def over(self) -> str:
        return "" if self.state == "running" else f"it does not run: {self.state}"

    @property
    def state(self) -> str:
        """As `container-status` tells it."""
        own = (one.state for one in self.status.containers if one.name == self.part)
        return next(own, self.status.state)

    def _run(self, text: Script) -> link.Result:
        result = link.run(self.connection, _place(self.status, self.part) + text)
        if result.status == _GONE:
            raise SdkError(
                f"{self.status.name!r} on {self.target!r} was deployed anew while it was tested",
                hint="try again",
                code="replaced",
            )
        return result


def find(connection: Connection, name: str, image: Image | None) -> Deployed:
    """What runs as *name* on the target of *connection*.

    :param image: What it has to be; None for whatever runs there.
    :raises SdkError: When it is not there, does not run, or is something else.
    """
    deploy = f"container-deploy {name} {connection.name}"
    found = _status(connection, name, deploy)
    if found.containers:
        raise SdkError(
            f"{name!r} on {connection.name!r} is several containers, which can't be tested together",
            detail=f"it has: {', '.join(one.name for one in found.containers)}",
            hint=f"name their file: container-test FILE {connection.name}",
            code="several",
        )
    if image and found.digest != image.digest:
        raise SdkError(
            f"{connection.name!r} runs another {name!r} than the one that is built here",
            detail=f"there: {found.digest}\nhere:  {image.digest}",
            hint=f"deploy it: {deploy}; or test what is there with --deployed",
            code="other-digest",
        )
    return _checked(Deployed(connection, found, _settings(connection, found, ("",), deploy)[""]), deploy)


def find_all(
    connection: Connection, name: str, file: str, wanted: Collection[str], built: Mapping[str, str] | None
) -> tuple[Deployed, list[Deployed]]:
    """The application *name* on the target of *connection*, and its containers *wanted*.

    :param file: What it is deployed from.
    :param built: Digests of images by container, which it has to be; None for whatever runs there.
    :raises SdkError: When it is not there, one of them does not run, or it is something else.
    """
    deploy = f"container-deploy {file} {connection.name}"
    found = _status(connection, name, deploy)
    _check_same(found, wanted, built, deploy)
    settings = _settings(connection, found, wanted, deploy)
    members = [_checked(Deployed(connection, found, settings[part], part), deploy) for part in wanted]
    return Deployed(connection, found, Settings()), members


def _check_same(found: Status, wanted: Iterable[str], built: Mapping[str, str] | None, deploy: str) -> None:
    """Refuse containers that are not there, or are others than those that were *built*."""
    there = {one.name: one.digest for one in found.containers}
    lacks = [part for part in wanted if part not in there]
    if built is None and lacks:
        raise SdkError(
            f"{found.name!r} on {found.target!r} has no container {lacks[0]!r}",
            detail=f"it has: {', '.join(there) or 'a single one'}",
            hint=f"deploy it: {deploy}",
            code="no-container",
        )
    if built is not None and built != there:
        parts = (part for part in sorted({*there, *built}) if there.get(part) != built.get(part))
        none = "none"
        raise SdkError(
            f"{found.target!r} runs another {found.name!r} than the one that is built here",
            detail="\n".join(f"{p}: there {there.get(p, none)}, here {built.get(p, none)}" for p in parts),
            hint=f"deploy it: {deploy}; or test what is there with --deployed",
            code="other-digest",
        )


def _settings(
    connection: Connection, found: Status, parts: Collection[str], deploy: str
) -> dict[str, Settings]:
    """Those that the containers *parts* were deployed with.

    :raises SdkError: When one of them has no way in.
    """
    name = found.name
    entries = " && ".join(f"[ -f {quoted((f'./{part}/exec',))} ]" for part in parts)
    result = link.run(connection, f"{_place(found)}{{ {entries}; }} || exit {_OLD}\ncat deployment.json\n")
    if result.status == _OLD:
        raise SdkError(
            f"{name!r} on {connection.name!r} was deployed by an earlier version, without a way in",
            hint=f"deploy it again: container-undeploy {name} {connection.name}, then {deploy}",
            code="old-deployment",
        )
    record = json.loads(result.output)
    said = {
        each.get("name", ""): each["settings"] for each in record.get("containers", [{**record, "name": ""}])
    }
    return {part: settings_from_json(json.dumps(said[part])) for part in parts}


def _checked(found: Deployed, deploy: str) -> Deployed:
    """*found*, when it runs or is a job that has ended.

    :raises SdkError: When it does not.
    """
    name, target = found.status.name, found.target
    if found.state != "running" and found.settings.restart.policy != "no":
        who = f"{found.part!r} of {name!r}" if found.part else repr(name)
        raise SdkError(
            f"{who} does not run on {target!r}: it is {found.state}",
            hint=f"see why: container-status {target} {name} --logs; or deploy it: {deploy}",
            code="not-running",
        )
    return found


def _status(connection: Connection, name: str, deploy: str) -> Status:
    try:
        return status.read(connection, name)[0]
    except SdkError as error:
        if error.code != "not-deployed":
            raise
        what = f"{name!r} is not deployed on {connection.name!r}"
        raise SdkError(what, hint=f"deploy it: {deploy}", code=error.code) from error


def _place(found: Status, part: str = "") -> Script:
    """Commands that go to the directory of the deployment, or of one container in it."""
    path = quoted((f"{found.name}/{found.deployment}/{part}",))
    return f'{state_directory()}cd "$STATE/apps/"{path} 2>/dev/null || exit {_GONE}\n'
