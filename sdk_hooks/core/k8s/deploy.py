"""Lets a cluster run a new version, waits for it, and goes back to the one before when that fails."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sdk_hooks.core.k8s import inventory, order, release, storage, turns
from sdk_hooks.core.k8s.app import VERSION, Manifest
from sdk_hooks.core.k8s.failures import PASSING
from sdk_hooks.core.k8s.kinds import WORKLOADS
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.k8s.release import Release, Version
from sdk_hooks.core.k8s.rollout import Watch
from sdk_hooks.errors import SdkError
from sdk_hooks.families import Progress


@dataclass(frozen=True)
class How:
    """What the user said about it."""

    timeout: float = 180.0
    """Seconds for each wave of workloads."""
    wait: bool = True
    undo: bool = True
    """Whether to go back when it does not come up."""
    force: bool = False
    """Whether to take fields that somebody else has changed."""


@dataclass(frozen=True)
class Outcome:
    """What came of a deployment to a cluster."""

    name: str
    result: str
    """deployed, unchanged, started, rolled back."""
    namespace: str
    cluster: str
    """Its distribution and version."""
    nodes: Mapping[str, Brought]
    """What each node was sent."""
    pushed: int
    """Bytes that a registry was sent."""
    seconds: float


def execute(prepared: Prepared, kubectl: Kubectl, how: How, progress: Progress) -> str:
    """Apply, watch, and undo when it fails; gives the result.

    :raises SdkError: With the reason, and what runs now.
    """
    known, version = prepared.release, prepared.version
    with _goes_on(known.name, progress):
        watch = _watch(prepared, kubectl, progress)
        _bring_up(prepared, watch, how)
        if not how.wait:
            return "unchanged" if prepared.unchanged else "started"
        deadline = time.monotonic() + how.timeout
        watch.insist(lambda: _prune(kubectl, prepared), deadline)
        if prepared.unchanged:
            return "unchanged"
        watch.insist(lambda: release.write(kubectl, known.succeeded(version)), deadline)
        _tell_kept(prepared, kubectl, progress)
        return "deployed"


@contextmanager
def _goes_on(name: str, progress: Progress) -> Iterator[None]:
    """Tell who interrupts it, also while something is undone, that the cluster has what it was given."""
    try:
        yield
    except KeyboardInterrupt:
        progress.step(f"{name}: the cluster goes on without us: k8s-deploy {name} --status")
        raise


def _pending(prepared: Prepared) -> Version | None:
    return None if prepared.unchanged else prepared.version


def _bring_up(prepared: Prepared, watch: Watch, how: How) -> None:
    """
    :raises SdkError: When it does not come up, and was undone.
    """
    known, version, kubectl = prepared.release, prepared.version, watch.kubectl
    held = inventory.claims(kubectl, known.name) if storage.claims(version.manifests) else None
    try:
        for manifests, wave in version.steps:
            _apply(_marked(manifests, version), watch, how, _pending(prepared))
            if how.wait:
                watch.until_up(wave.workloads, wave.ending, how.timeout)
    except SdkError as error:
        if error.code in PASSING:
            raise _left(error, known.name) from error
        turns.check(kubectl, known.name, _pending(prepared))
        raise _undone(error, prepared, kubectl, how, watch.progress, held) from error


def _apply(manifests: Sequence[Manifest], watch: Watch, how: How, pending: Version | None) -> None:
    """Let the cluster have *manifests*, also when it is away for a moment.

    :raises SdkError: When it does not take them, or somebody else has begun to deploy since.
    """

    def once() -> None:
        turns.check(watch.kubectl, watch.name, pending)
        watch.kubectl.apply(manifests, force=how.force)

    watch.insist(once, time.monotonic() + (how.timeout if how.wait else 0))


def _marked(manifests: Sequence[Manifest], version: Version) -> list[Manifest]:
    """*manifests*, whose workloads say which version they are of."""
    found = []
    for each in manifests:
        if each["kind"] in WORKLOADS:
            meta = each["metadata"]
            notes = {**(meta.get("annotations") or {}), VERSION: version.id}
            found.append({**each, "metadata": {**meta, "annotations": notes}})
        else:
            found.append(each)
    return found


def _left(error: SdkError, name: str) -> SdkError:
    """The cluster does not answer: whether it comes up is not known, and nothing can be undone."""
    hint = f"the cluster goes on without us; when it answers again: k8s-deploy {name} --status"
    return SdkError(error.what, detail=error.detail, hint=hint, code=error.code)


def _watch(prepared: Prepared, kubectl: Kubectl, progress: Progress) -> Watch:
    images = {node.name: node.images for node in prepared.facts.nodes}
    absent = frozenset(node.name for node in prepared.facts.nodes if not node.ready)
    name = prepared.app.name
    return Watch(kubectl, name, progress, lambda node: images.get(node, ()), absent, prepared.fresh)


def superfluous(kubectl: Kubectl, name: str, manifests: Sequence[Manifest]) -> list[str]:
    """What an earlier version had and that of *manifests* has not; never storage."""
    kept = {inventory.key(each) for each in manifests} | {f"Secret/{Release(name).secret}"}
    return [key for key in inventory.objects(kubectl, name) if key not in kept]


def _prune(kubectl: Kubectl, prepared: Prepared) -> None:
    """
    :raises SdkError: When somebody else has begun to deploy it, who may need what this version does not.
    """
    name, version = prepared.release.name, prepared.version
    *_, keys = at_once(
        lambda: turns.check(kubectl, name, _pending(prepared)),
        lambda: turns.check_runs(kubectl, name, version),
        lambda: superfluous(kubectl, name, version.manifests),
    )
    inventory.delete(kubectl, keys, 60)


def _tell_kept(prepared: Prepared, kubectl: Kubectl, progress: Progress) -> None:
    """Say which storage the new version does not name: nobody else has what is in there, so it stays."""
    known = prepared.release
    if not known.current or not storage.claims(known.current.manifests):
        return
    remove = f"kubectl --namespace {prepared.facts.namespace} delete pvc"
    for key in sorted(inventory.claims(kubectl, known.name) or ()):
        name = key.partition("/")[2]
        if not storage.used(name, prepared.version.manifests):
            what = f"the storage {name} is kept, which this version does not name"
            progress.step(f"{known.name}: note: {what}: {remove} {name}")


def _undone(
    error: SdkError,
    prepared: Prepared,
    kubectl: Kubectl,
    how: How,
    progress: Progress,
    held: Collection[str] | None,
) -> SdkError:
    """*error* with what was done about it.

    :param held: The storage that there was before; None when that is not known.
    """
    known = prepared.release
    if not how.undo:
        hint = f"look at it: k8s-deploy {known.name} --status; go back: k8s-deploy {known.name} --rollback"
        return SdkError(error.what, detail=error.detail, hint=error.hint or hint, code=error.code)
    if prepared.unchanged:
        hint = f"it is the version that ran before: k8s-deploy {known.name} --logs, or --rollback"
        return SdkError(error.what, detail=error.detail, hint=error.hint or hint, code=error.code)
    detail = error.detail
    try:
        what = _back(known, kubectl, how, progress)
        if held is not None:  # nothing that ran has ever written there
            _drop(known, kubectl, held, progress)
    except SdkError as worse:
        what = f"look at it: k8s-deploy {known.name} --status"
        detail = f"{detail}\ngoing back failed, too: {worse.what}\n{worse.detail}".strip()
    return SdkError(error.what, detail=detail, hint=f"{what}. {error.hint}".rstrip(". "), code=error.code)


def _back(known: Release, kubectl: Kubectl, how: How, progress: Progress) -> str:
    """Let be again what was before; gives what that is.

    :raises SdkError: When that does not come up, either.
    """
    if known.current is None:
        progress.step(f"{known.name}: it did not come up: removing it")
        inventory.delete(kubectl, inventory.objects(kubectl, known.name), 60)
        return "it was the first version, and is gone again"
    progress.step(f"{known.name}: it did not come up: going back to the version before")
    put(kubectl, known.name, known.current, how.timeout, progress)
    release.write(kubectl, Release(known.name, known.current, known.previous))
    return "the version before runs again"


def _drop(known: Release, kubectl: Kubectl, held: Collection[str], progress: Progress) -> None:
    """Remove the storage that there is besides *held*, and besides that of the version that runs.

    :raises SdkError: When something still uses it.
    """
    runs = known.current.manifests if known.current else ()
    made = sorted((inventory.claims(kubectl, known.name) or set()) - {*held})
    made = [key for key in made if not storage.used(key.partition("/")[2], runs)]
    if made:
        progress.step(f"{known.name}: removing the storage that it was given: {', '.join(made)}")
        inventory.delete(kubectl, made, 60)


def put(kubectl: Kubectl, name: str, version: Version, timeout: float, progress: Progress) -> None:
    """Let *version*, which ran before, be what runs, each workload after those that it needs.

    :raises SdkError: When it does not come up; the cluster has been given all of it then.
    """
    watch, left = Watch(kubectl, name, progress), version.steps
    while left:
        manifests, wave = left.pop(0)
        kubectl.apply(_marked(manifests, version), force=True)
        try:
            watch.until_up(wave.workloads, wave.ending, timeout)
        except SdkError:
            rest = [each for more, _ in left for each in more]
            with suppress(SdkError):
                kubectl.apply(_marked(rest, version), force=True)
            raise
    inventory.delete(kubectl, superfluous(kubectl, name, version.manifests), 60)


def rollback(kubectl: Kubectl, name: str, how: How, progress: Progress) -> None:
    """Go back to the version before the current one.

    :raises SdkError: When there is none, or it does not come up.
    """
    known = order.remembered(kubectl, name)
    if known.current is None:
        raise not_there(name)
    back = known.current if known.pending else known.previous
    if back is None:
        raise SdkError(
            f"there is no version of {name!r} before this one",
            hint=f"remove it: k8s-deploy {name} --delete",
            code="no-previous",
        )
    put(kubectl, name, back, how.timeout, progress)
    release.write(kubectl, Release(name, back, None if known.pending is None else known.previous))


def not_there(name: str) -> SdkError:
    return SdkError(
        f"the namespace has nothing of {name!r}",
        hint="look elsewhere: --namespace, --context; or deploy it",
        code="not-deployed",
    )
