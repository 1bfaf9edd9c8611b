"""Brings images to the nodes that may run them over ssh, only the layers that each lacks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from sdk_hooks.core.deploy import compression, packed
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection, Result
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.k8s.app import Copy
from sdk_hooks.core.oci import archive
from sdk_hooks.core.shell import lines, quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.target import Argv, Script

_PATH = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/snap/bin; export PATH; "
"""Where distributions put theirs, and logins without a terminal do not look. On one line: a login's shell can
be told that as it is."""


@dataclass(frozen=True)
class Brought:
    """What went to a node: layers, their bytes, and the bytes on the wire."""

    layers: int
    size: int
    wire: int

    def __add__(self, other: Brought) -> Brought:
        return Brought(self.layers + other.layers, self.size + other.size, self.wire + other.wire)


@dataclass(frozen=True)
class Held:
    """What a node has of the images that were asked for."""

    blobs: frozenset[str]
    names: frozenset[str]
    programs: frozenset[str]
    """Of those that unpack a stream."""


def bring(
    connection: Connection, store: NodeStore, copies: Sequence[Copy], progress: Progress, packer: Packer
) -> Brought:
    """Let the node have *copies*.

    :param packer: That of all nodes.
    :raises SdkError: When it does not take one. What it runs was not touched.
    """
    names = [copy.name for copy in copies]
    wanted = [*names, *(diff for copy in copies for diff in copy.image.diff_ids)]
    held = inventory(connection, store, wanted, keep=names)
    node, total, blobs = _Node(connection, store, held, progress, packer), Brought(0, 0, 0), {*held.blobs}
    for copy in copies:
        if copy.name not in held.names:
            total += node.send(copy, blobs)
            blobs |= {*copy.image.diff_ids}
    return total


def inventory(
    connection: Connection, store: NodeStore, wanted: Iterable[str], keep: Iterable[str] = ()
) -> Held:
    """What the node has of images.

    :param wanted: Diff IDs and names, or parts of them: a node may have thousands of others.
    :param keep: Names of those that the node is not to remove from now on, when it has them.
    :raises SdkError: When that can't be asked.
    """
    unpack = "for p in zstd gzip; do command -v $p >/dev/null 2>&1 && echo program $p; done\n"
    result = link.run(connection, f"{_PATH}{unpack}{_only(wanted, store.inventory(), _kept(store, keep))}")
    if result.status:
        words = "\n".join(result.error.strip().splitlines()[-3:])
        raise SdkError(
            f"the images of the node {connection.name!r} can't be listed",
            detail=words or f"exit status {result.status}",
            hint="log in as root: --node NAME=root@ADDRESS; or use a registry: --registry",
            code="no-node-images",
        )
    facts: dict[str, set[str]] = {"blob": set(), "image": set(), "program": set()}
    for line in result.output.splitlines():
        key, _, value = line.partition(" ")
        facts.setdefault(key, set()).add(value.strip())
    return Held(frozenset(facts["blob"]), frozenset(facts["image"]), frozenset(facts["program"]))


def forget(
    connection: Connection,
    store: NodeStore,
    names: Iterable[str],
    wanted: Collection[str],
    in_use: Callable[[], Collection[str] | None],
) -> None:
    """Remove what the node has of other versions of the images *names*.

    :param wanted: Names that stay.
    :param in_use: Gives the names that anything in the cluster uses; None when nobody knows. Then nothing is
        removed: the node may do that itself when its disk gets full. Called only when something would be
        removed, and at the last moment: who deploys at the same time notes what they use before they look at
        what the node has.
    """
    starts = tuple(f"{name.rpartition(':')[0]}:sha256-" for name in names)
    held = inventory(connection, store, starts)
    old = [name for name in sorted(held.names) if name.startswith(starts) and name not in wanted]
    if not old:
        return
    used = in_use()
    if used is not None:
        _run(connection, lines(store.forget(name) for name in old if name not in used))
    else:
        _run(connection, lines(store.release(name) for name in old if store.release(name)))


def _only(wanted: Iterable[str], script: Script, then: Script) -> Script:
    """*script*, which prints only the lines that have one of *wanted* in them; by the shell alone, since what
    a program takes to start is more than all of this does.

    :param then: What comes after it, and finds in $told all that it printed.
    """
    patterns = "|".join(f"*{quoted((text,))}*" for text in dict.fromkeys(map(_short, wanted)))
    few = f"case $line in {patterns or quoted(('',))}) printf '%s\\n' \"$line\" ;; esac"
    return f"told=$(\n{script}) || exit\n{then}set -f\nIFS='\n'\nfor line in $told; do {few}; done\nexit 0\n"


def _kept(store: NodeStore, names: Iterable[str]) -> Script:
    """Commands that let the node keep those of *names* that $told tells of."""
    told = ((name, store.keep(name)) for name in names)
    return "".join(
        f"case $told in *{quoted((f'image {name}',))}*) {_quiet([argv])} ;; esac\n"
        for name, argv in told
        if argv
    )


def _quiet(commands: Iterable[Argv]) -> Script:
    """*commands*, of which it does not matter whether they succeed."""
    return " ".join(f"{quoted(argv)} </dev/null >/dev/null 2>&1 || true;" for argv in commands)


def _short(text: str) -> str:
    """Enough of a digest: it goes over the link at every deployment."""
    return text[:19] if text.startswith("sha256:") else text


def _run(connection: Connection, script: Script) -> None:
    if script:
        link.run(connection, _PATH + script)


@dataclass(frozen=True)
class _Node:
    """One that images are sent to."""

    connection: Connection
    store: NodeStore
    held: Held
    progress: Progress
    packer: Packer

    def send(self, copy: Copy, blobs: Collection[str]) -> Brought:
        """Let it have *copy*: a large one in several loads, each of which stays when the next one is cut off.

        :param blobs: Diff IDs of the layers that are there.
        :raises SdkError: When it does not take it.
        """
        image, have, total = copy.image, {*blobs}, Brought(0, 0, 0)
        every, mark = len(image.layers), _part(copy.name, "")
        lower = {name for name in self.held.names if name.startswith(mark)}
        for count in packed.parts(image, have):
            reached = count
            result, sent = self._load(copy, count, have, lower)
            if result.status and have & {*image.diff_ids} and not result.full:
                self.progress.step(f"{self.connection.name}: it wants all layers: sending the image whole")
                reached = every
                result, sent = self._load(copy, every, (), lower)
            if result.status:
                raise _refused(self.connection, result)
            total += sent
            if reached == every:
                break
            lower.add(_part(copy.name, count))
            have.update(image.diff_ids[:count])
        return total

    def _load(
        self, copy: Copy, count: int, omit: Collection[str], lower: Collection[str]
    ) -> tuple[Result, Brought]:
        """Send the lowest *count* layers without *omit*; all of them are the image, and *lower* go then."""
        view, name, after = archive.lower(copy.image, count), _part(copy.name, count), ""
        if count == len(copy.image.layers):
            view, name = archive.whole(copy.image), copy.name
            done = [self.store.keep(name), *(self.store.forget(part) for part in sorted(lower))]
            after = _quiet(argv for argv in done if argv)
        load = quoted(self.store.load())
        # one login for all of it; only how the load ends says how it went
        command = f"{{ {load} && {{ {after} }}; }}" if after else load
        stream = packed.of_archive(view, name, omit)
        method = compression.among(self.held.programs, stream.size, near=self.connection.name == "local")
        result, wire = self.packer.send(self.connection, stream, method, command, self.progress, _PATH)
        return result, Brought(sum(diff not in omit for diff in view.diff_ids), stream.size, wire)


def _part(name: str, count: int | str) -> str:
    """What the lowest layers of the image *name* are called until all of it is there: as a version of it, so
    that what nothing uses is forgotten some time in any case."""
    return f"{name}-part{count}"


def _refused(connection: Connection, result: Result) -> SdkError:
    if result.full:
        return SdkError(
            f"no space left on the node {connection.name!r}",
            detail=result.end,
            hint="make room there: df -h /var/lib /var/tmp",
            code="no-space",
        )
    return SdkError(
        f"the node {connection.name!r} did not take the image",
        detail=result.end,
        hint="try again; or let it pull: --registry HOST",
        code="load-failed",
    )
