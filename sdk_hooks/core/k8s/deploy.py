"""Lets a cluster run a new version, waits for it, and goes back to the one before when that fails."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sdk_hooks.core.k8s import inventory, order, release
from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.preload import Brought
from sdk_hooks.core.k8s.release import Release, Version
from sdk_hooks.core.k8s.rollout import Watch
from sdk_hooks.core.k8s.snapshot import selector
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
    same = known.current is not None and known.current.manifests == version.manifests and not known.pending
    if not same:
        release.write(kubectl, replace(known, pending=version))
    watch = _watch(prepared, kubectl, progress)
    try:
        for manifests, wanted, finished in order.waves(prepared):
            kubectl.apply(manifests, force=how.force or known.pending is not None)
            if how.wait:
                watch.until_up(wanted, finished, how.timeout)
    except KeyboardInterrupt:
        progress.step(f"{known.name}: the cluster goes on without us: k8s-deploy {known.name} --status")
        raise
    except SdkError as error:
        _check_alone(kubectl, known.name, None if same else version)
        raise _undone(error, prepared, kubectl, how, progress) from error
    if not how.wait:
        return "started"
    _check_alone(kubectl, known.name, None if same else version)
    _prune(kubectl, known.name, version.manifests)
    if same:
        return "unchanged"
    release.write(kubectl, known.succeeded(version))
    return "deployed"


def _check_alone(kubectl: Kubectl, name: str, pending: Version | None) -> None:
    """
    :raises SdkError: When somebody else has begun to deploy *name* since: it is theirs to end, or to undo.
    """
    if release.read(kubectl, name).pending != pending:
        raise SdkError(
            f"somebody else has deployed {name!r} meanwhile",
            detail="what was begun here is left to what they began",
            hint=f"look at it: k8s-deploy {name} --status",
            code="overtaken",
        )


def _watch(prepared: Prepared, kubectl: Kubectl, progress: Progress) -> Watch:
    images = {node.name: node.images for node in prepared.facts.nodes}
    return Watch(kubectl, prepared.app.name, progress, lambda node: images.get(node, ()))


def _prune(kubectl: Kubectl, name: str, manifests: Sequence[Manifest]) -> None:
    """Remove what an earlier version had and this one has not; never storage."""
    kept = {inventory.key(each) for each in manifests} | {f"Secret/{Release(name).secret}"}
    inventory.delete(kubectl, [key for key in inventory.objects(kubectl, name) if key not in kept], 60)


def _undone(error: SdkError, prepared: Prepared, kubectl: Kubectl, how: How, progress: Progress) -> SdkError:
    """*error* with what was done about it."""
    known = prepared.release
    if not how.undo:
        hint = f"look at it: k8s-deploy {known.name} --status; go back: k8s-deploy {known.name} --rollback"
        return SdkError(error.what, detail=error.detail, hint=error.hint or hint, code=error.code)
    if known.current is None:
        progress.step(f"{known.name}: it did not come up: removing it")
        inventory.delete(kubectl, inventory.objects(kubectl, known.name), 60)
        what = "it was the first version, and is gone again"
    else:
        progress.step(f"{known.name}: it did not come up: going back to the version before")
        put(kubectl, known.name, known.current, how.timeout, progress)
        release.write(kubectl, replace(known, pending=None))
        what = "the version before runs again"
    return SdkError(
        error.what, detail=error.detail, hint=f"{what}. {error.hint}".rstrip(". "), code=error.code
    )


def put(kubectl: Kubectl, name: str, version: Version, timeout: float, progress: Progress) -> None:
    """Let *version*, which ran before, be what runs.

    :raises SdkError: When it does not come up.
    """
    kubectl.apply(version.manifests, force=True)
    Watch(kubectl, name, progress).until_up(order.workloads(version.manifests), (), timeout)
    _prune(kubectl, name, version.manifests)


def rollback(kubectl: Kubectl, name: str, how: How, progress: Progress) -> None:
    """Go back to the version before the current one.

    :raises SdkError: When there is none, or it does not come up.
    """
    known = release.read(kubectl, name)
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


def delete(kubectl: Kubectl, name: str, how: How, *, storage: bool) -> list[str]:
    """Remove all of *name*, and wait until it is gone; gives what of it is kept.

    :param storage: Whether its storage goes, too.
    :raises SdkError: When there is nothing.
    """
    found = inventory.objects(kubectl, name, storage=storage)
    kept = (
        [] if storage else [key for key in inventory.objects(kubectl, name, storage=True) if key not in found]
    )
    if not found:
        raise not_there(name)
    inventory.delete(kubectl, found, how.timeout)
    _gone(kubectl, name, how.timeout)
    return kept


def _gone(kubectl: Kubectl, name: str, timeout: float) -> None:
    """Wait until its pods are gone, too: those of a Deployment end after it.

    :raises SdkError: When that takes too long.
    """
    deadline = time.monotonic() + timeout
    while left := kubectl.run("get", "pods", "--selector", selector(name), "--output=name").split():
        if time.monotonic() > deadline:
            raise SdkError(
                f"{', '.join(left)} did not end in {timeout:g} s",
                hint="look at it: kubectl describe; is its node there?",
                code="not-gone",
            )
        time.sleep(0.3)


def not_there(name: str) -> SdkError:
    return SdkError(
        f"the namespace has nothing of {name!r}",
        hint="look elsewhere: --namespace, --context; or deploy it",
        code="not-deployed",
    )
