"""What of a cluster is ours: found by our labels, and nothing else is touched."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sdk_hooks.core.k8s import release
from sdk_hooks.core.k8s.app import BY, INSTANCE, Manifest
from sdk_hooks.core.k8s.kinds import NETWORKS, RESOURCES, STORAGE
from sdk_hooks.core.k8s.kubectl import Kubectl, at_once, listed
from sdk_hooks.core.k8s.snapshot import selector
from sdk_hooks.errors import SdkError

_ELSEWHERE = "choose another name or namespace: --name, --namespace"
_OTHERWISE = "call the container otherwise, or choose another namespace: --namespace"


def check(kubectl: Kubectl, name: str, manifests: Iterable[Manifest]) -> None:
    """Refuse to change what is not of the application *name*.

    :raises SdkError: Naming the object.
    """
    text = kubectl.run("get", "--filename=-", "--ignore-not-found", "--output=json", stdin=listed(manifests))
    for item in _items(text):
        labels = item["metadata"].get("labels", {})
        if not {INSTANCE: name, **BY}.items() <= labels.items():
            other = labels.get(INSTANCE) or labels.get("app.kubernetes.io/name")
            called = item["metadata"]["name"]
            own = called == name or called.startswith(f"{name}-")  # the others are called as containers are
            raise SdkError(
                f"the {item['kind']} {called!r} of the namespace is not of {name!r}",
                detail=f"it is of {other!r}" if other else "it has no label of ours",
                hint=_ELSEWHERE if own else _OTHERWISE,
                code="not-ours",
            )


def _items(text: str) -> Sequence[Manifest]:
    if not text.strip():
        return ()
    found = json.loads(text)
    return list(found["items"]) if found["kind"].endswith("List") else [found]


def objects(kubectl: Kubectl, name: str, *, storage: bool = False) -> list[str]:
    """What there is of the application *name*, as `kind/name`; without what controllers made."""
    kinds = [name for kind, name in RESOURCES.items() if kind != NETWORKS and (storage or kind != STORAGE)]
    found, networks, others = at_once(
        lambda: kubectl.get(",".join(kinds), "--selector", selector(name))["items"],
        lambda: _networks(kubectl, name),
        lambda: _given(kubectl, name),
    )
    return [
        f"{_full(item)}/{item['metadata']['name']}"
        for item in [*found, *networks, *others]
        if not item["metadata"].get("ownerReferences")
    ]


def claims(kubectl: Kubectl, name: str) -> set[str] | None:
    """The storage that the application *name* has, as `kind/name`; None when one may not ask."""
    result = kubectl.try_("get", RESOURCES[STORAGE], "--selector", selector(name), "--output=name")
    if result.status:
        return None
    return {f"{STORAGE}/{line.partition('/')[2]}" for line in result.output.split()}


def images_in_use(kubectl: Kubectl) -> set[str] | None:
    """Names of the images that the whole cluster uses, or may go back to; None when one may not ask."""
    everywhere = replace(kubectl, namespace="")
    by = ",".join(f"{key}={value}" for key, value in BY.items())
    chosen = ("--selector", by, f"--field-selector=type={release.TYPE}", "--output=json")
    pods, secrets = at_once(
        lambda: everywhere.try_("get", "pods", "--all-namespaces", "--output=jsonpath={..image}"),
        lambda: everywhere.try_("get", "secrets", "--all-namespaces", *chosen),
    )
    if pods.status or secrets.status:
        return None
    try:
        known = [release.parsed(item) for item in json.loads(secrets.output)["items"]]
    except SdkError:  # that of another application is damaged
        return None
    return {*pods.output.split(), *(name for each in known for name in each.images)}


def key(manifest: Manifest) -> str:
    """*manifest* as `objects` names it."""
    return f"{_full(manifest)}/{manifest['metadata']['name']}"


def delete(kubectl: Kubectl, keys: Sequence[str], timeout: float) -> None:
    """Remove the objects *keys*, and wait until they are gone.

    :raises SdkError: When that is not allowed, or takes too long.
    """
    if keys:
        kubectl.run("delete", *keys, "--ignore-not-found", "--wait=true", f"--timeout={timeout:.0f}s")


def _full(item: Manifest) -> str:
    group = item["apiVersion"].rpartition("/")[0]
    return f"{item['kind']}.{group}" if group else str(item["kind"])


def _given(kubectl: Kubectl, name: str) -> Sequence[Manifest]:
    """Of kinds that only a person's own manifests had."""
    known = release.read(kubectl, name)
    versions = [each for each in (known.current, known.previous, known.pending) if each]
    kinds = {
        _full(each) for version in versions for each in version.manifests if each["kind"] not in RESOURCES
    }
    if not kinds:
        return ()
    return list(kubectl.get(",".join(sorted(kinds)), "--selector", selector(name))["items"])


def _networks(kubectl: Kubectl, name: str) -> Sequence[Manifest]:
    """Of a kind that not every cluster knows."""
    known = kubectl.try_("api-resources", "--output=name", "--api-group=k8s.cni.cncf.io")
    if RESOURCES[NETWORKS] not in known.output.split():
        return ()
    return list(kubectl.get(RESOURCES[NETWORKS], "--selector", selector(name))["items"])
