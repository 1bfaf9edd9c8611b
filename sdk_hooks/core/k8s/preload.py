"""Brings images to the nodes that may run them over ssh, only the layers that each lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sdk_hooks.core.deploy import compression, packed
from sdk_hooks.core.deploy import connection as link
from sdk_hooks.core.deploy.connection import Connection
from sdk_hooks.core.deploy.packed import Packer
from sdk_hooks.core.k8s.app import Copy
from sdk_hooks.core.oci import archive
from sdk_hooks.core.shell import lines, quoted
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress
from sdk_hooks.kubernetes import NodeStore
from sdk_hooks.target import Script

_PATH = "PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/snap/bin; export PATH\n"
"""Where distributions put theirs, and logins without a terminal do not look."""
_FULL = ("no space left on device", "disk quota exceeded", "enospc")


@dataclass(frozen=True)
class Brought:
    """What went to a node: layers, their bytes, and the bytes on the wire."""

    layers: int
    size: int
    wire: int


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
    held = inventory(connection, store, wanted)
    total = Brought(0, 0, 0)
    blobs = set(held.blobs)
    for copy in copies:
        if copy.name not in held.names:
            sent = _send(connection, store, copy, blobs, held.programs, progress, packer)
            total = Brought(total.layers + sent.layers, total.size + sent.size, total.wire + sent.wire)
            blobs |= {*copy.image.diff_ids}
    _run(connection, lines(store.keep(name) for name in names if store.keep(name)))
    return total


def inventory(connection: Connection, store: NodeStore, wanted: Iterable[str]) -> Held:
    """What the node has of images.

    :param wanted: Diff IDs and names, or parts of them: a node may have thousands of others.
    :raises SdkError: When that can't be asked.
    """
    unpack = "for p in zstd gzip; do command -v $p >/dev/null 2>&1 && echo program $p; done\n"
    result = link.run(connection, f"{_PATH}{unpack}{_only(wanted, store.inventory())}")
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
    used: Collection[str] | None,
) -> None:
    """Remove what the node has of other versions of the images *names*.

    :param wanted: Names that stay.
    :param used: Names that anything in the cluster uses; None when nobody knows. Then nothing is removed: the
        node may do that itself when its disk gets full.
    """
    starts = tuple(f"{name.rpartition(':')[0]}:sha256-" for name in names)
    held = inventory(connection, store, starts)
    old = [name for name in sorted(held.names) if name.startswith(starts) and name not in wanted]
    if used is not None:
        _run(connection, lines(store.forget(name) for name in old if name not in used))
    else:
        _run(connection, lines(store.release(name) for name in old if store.release(name)))


def _only(wanted: Iterable[str], script: Script) -> Script:
    """*script*, which prints only what has one of *wanted* in it, where there is a grep."""
    patterns = (word for text in dict.fromkeys(map(_short, wanted)) for word in ("-e", text))
    few = quoted(("grep", "-F", *patterns))
    return (
        f"told=$(\n{script}) || exit\nif command -v grep >/dev/null 2>&1\n"
        f"then printf '%s\\n' \"$told\" | {few}\nelse printf '%s\\n' \"$told\"\nfi\nexit 0\n"
    )


def _short(text: str) -> str:
    """Enough of a digest: it goes over the link at every deployment."""
    return text[:19] if text.startswith("sha256:") else text


def _run(connection: Connection, script: Script) -> None:
    if script:
        link.run(connection, _PATH + script)


def _send(
    connection: Connection,
    store: NodeStore,
    copy: Copy,
    held: set[str],
    programs: frozenset[str],
    progress: Progress,
    packer: Packer,
) -> Brought:
    image, view = copy.image, archive.whole(copy.image)
    for omit in (held & {*image.diff_ids}, frozenset[str]()):
        stream = packed.of_archive(view, copy.name, omit)
        method = compression.among(programs, stream.size, near=connection.name == "local")
        result, wire = packer.send(connection, stream, method, quoted(store.load()), progress, _PATH)
        words = (result.error or result.output).strip()
        if not result.status:
            return Brought(sum(diff not in omit for diff in image.diff_ids), stream.size, wire)
        if not omit or any(text in words.lower() for text in _FULL):
            break
        progress.step(f"{connection.name}: it wants all layers: sending the image whole")
    raise _refused(connection, words)


def _refused(connection: Connection, words: str) -> SdkError:
    last = "\n".join(words.splitlines()[-3:])
    if any(text in words.lower() for text in _FULL):
        return SdkError(f"no space left on the node {connection.name!r}", detail=last, code="no-space")
    return SdkError(f"the node {connection.name!r} did not take the image", detail=last, code="load-failed")
