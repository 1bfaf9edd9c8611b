"""Lets a cluster run a new version, waits for it, and goes back to the one before when that fails."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sdk_hooks.core.k8s import inventory, order, release
from sdk_hooks.core.k8s.app import VERSION, Manifest
from sdk_hooks.core.k8s.failures import PASSING
from sdk_hooks.core.k8s.kinds import WORKLOADS
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


def begin(prepared: Prepared, kubectl: Kubectl) -> None:
    """Let the cluster know what is on its way, before images are brought: who else deploys it will see that.

    :raises SdkError: When somebody else has begun since it was looked at.
    """
    if not prepared.unchanged:
        release.write(kubectl, replace(prepared.release, pending=prepared.version))


def abandon(prepared: Prepared, kubectl: Kubectl) -> None:
    """Take back what `begin` did: nothing was applied."""
    known = prepared.release
    if prepared.unchanged:
        return
    if known.current or known.pending:
        with suppress(SdkError):
            release.write(kubectl, replace(known, stamp=""))
    else:
        kubectl.try_("delete", "secret", known.secret, "--ignore-not-found")


def execute(prepared: Prepared, kubectl: Kubectl, how: How, progress: Progress) -> str:
    """Apply, watch, and undo when it fails; gives the result.

    :raises SdkError: With the reason, and what runs now.
    """
    known, version = prepared.release, prepared.version
    pending = None if prepared.unchanged else version
    watch = _watch(prepared, kubectl, progress)
    try:
        for manifests, wave in version.steps:
            kubectl.apply(_marked(manifests, version), force=how.force)
            if how.wait:
                watch.until_up(wave.workloads, wave.ending, how.timeout)
    except KeyboardInterrupt:
        progress.step(f"{known.name}: the cluster goes on without us: k8s-deploy {known.name} --status")
        raise
    except SdkError as error:
        if error.code in PASSING:
            raise _left(error, known.name) from error
        _check_alone(kubectl, known.name, pending)
        raise _undone(error, prepared, kubectl, how, progress) from error
    if not how.wait:
        return "unchanged" if prepared.unchanged else "started"
    _check_alone(kubectl, known.name, pending)
    _prune(kubectl, known.name, version.manifests)
    if prepared.unchanged:
        return "unchanged"
    release.write(kubectl, known.succeeded(version))
    return "deployed"


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
    absent = frozenset(node.name for node in prepared.facts.nodes if not node.ready)
    return Watch(kubectl, prepared.app.name, progress, lambda node: images.get(node, ()), absent)


def superfluous(kubectl: Kubectl, name: str, manifests: Sequence[Manifest]) -> list[str]:
    """What an earlier version had and that of *manifests* has not; never storage."""
    kept = {inventory.key(each) for each in manifests} | {f"Secret/{Release(name).secret}"}
    return [key for key in inventory.objects(kubectl, name) if key not in kept]


def _prune(kubectl: Kubectl, name: str, manifests: Sequence[Manifest]) -> None:
    inventory.delete(kubectl, superfluous(kubectl, name, manifests), 60)


def _undone(error: SdkError, prepared: Prepared, kubectl: Kubectl, how: How, progress: Progress) -> SdkError:
    """*error* with what was done about it."""
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
    _prune(kubectl, name, version.manifests)


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
