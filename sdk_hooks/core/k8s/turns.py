"""Whose turn it is: of several who deploy the same application, that of the one who began last."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sdk_hooks.core.k8s import release, snapshot
from sdk_hooks.core.k8s.kubectl import Kubectl
from sdk_hooks.core.k8s.order import Prepared
from sdk_hooks.core.k8s.release import Version
from sdk_hooks.errors import SdkError


def begin(prepared: Prepared, kubectl: Kubectl) -> None:
    """Let the cluster know what is on its way, before images are brought: who else deploys it will see that.

    :raises SdkError: When somebody else has begun since it was looked at.
    """
    if not prepared.unchanged:
        release.write(kubectl, replace(prepared.release, pending=prepared.version))


def abandon(prepared: Prepared, kubectl: Kubectl) -> None:
    """Take back what `begin` did: nothing was applied. What others have begun since stays."""
    known = prepared.release
    if prepared.unchanged:
        return
    with suppress(SdkError):
        now = release.read(kubectl, known.name)
        if now.pending != prepared.version:
            return
        if known.current or known.pending:
            release.write(kubectl, replace(known, stamp=now.stamp))
        else:
            kubectl.try_("delete", "secret", known.secret, "--ignore-not-found")


def check(kubectl: Kubectl, name: str, pending: Version | None) -> None:
    """Look whether *pending* is still what is on its way.

    :raises SdkError: When somebody else has begun to deploy *name* since: it is theirs to end, or to undo.
    """
    if release.read(kubectl, name).pending != pending:
        raise _overtaken(name)


def check_runs(kubectl: Kubectl, name: str, version: Version) -> None:
    """Look whether what is up is *version*: who began before may have changed it in the same moment.

    :raises SdkError: When it is another.
    """
    now = snapshot.take(kubectl, name)
    found = [each for each in now.workloads if (each.kind, each.name) in version.workloads]
    if any(each.version != version.id for each in found):
        raise _overtaken(name)


def _overtaken(name: str) -> SdkError:
    return SdkError(
        f"somebody else has deployed {name!r} meanwhile",
        detail="what was begun here is left to what they began",
        hint=f"look at it: k8s-deploy {name} --status",
        code="overtaken",
    )
