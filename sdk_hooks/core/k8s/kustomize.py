"""Objects as a base of kustomize, with overlays that show how to change it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sdk_hooks.core.k8s import yamlfiles
from sdk_hooks.core.k8s.app import Manifest
from sdk_hooks.core.k8s.kept import Generated
from sdk_hooks.errors import SdkError

_FILE = "kustomization.yaml"
_BASE = "# k8s-deploy writes what is in here; what you change stays as you have it.\n"
_OVERLAY = "# Yours: once you have changed it, k8s-deploy leaves it alone.\n"
_NEW = (1, 21)
"""From this version on kubectl has a kustomize that knows `patches`, and bases among `resources`."""


def files(
    manifests: Sequence[Manifest],
    name: str,
    namespace: str,
    version: tuple[int, int],
    gone: Collection[str],
) -> dict[str, Generated]:
    """The base, and the overlays development and production, by path.

    :param namespace: That of the base; empty to leave it to who applies it.
    :param version: Of the kubectl that is to read them.
    :param gone: Paths that somebody removed, which are no resources any more.
    :raises SdkError: When two objects are the same one.
    """
    found: dict[str, Generated] = {}
    for each in manifests:
        path = f"base/{yamlfiles.file_name(each)}"
        if path in found:
            raise SdkError(
                f"there are two objects {each['kind']} {each['metadata']['name']!r}",
                hint="write them into two directories, one NAME at a time",
                code="same-object",
            )
        found[path] = Generated(yamlfiles.dump(each), secret=each["kind"] == "Secret")
    listed = [path.partition("/")[2] for path in found if path not in gone]
    place = {"namespace": namespace} if namespace else {}
    found[f"base/{_FILE}"] = Generated(_BASE + yamlfiles.dump({**_head(), **place, "resources": listed}))
    for overlay, change in (("development", _development), ("production", _production)):
        patches = {yamlfiles.file_name(each): change(each) for each in manifests if _scales(each)}
        found.update(_overlay(overlay, f"{namespace or name}-{overlay}", patches, version))
    return found


def _head() -> Manifest:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


def _overlay(
    overlay: str, namespace: str, patches: Mapping[str, Manifest], version: tuple[int, int]
) -> Iterator[tuple[str, Generated]]:
    fields: Manifest = {"resources": ["../../base"], "patches": [{"path": path} for path in patches]}
    if version < _NEW:
        fields = {"bases": ["../../base"], "patchesStrategicMerge": [*patches]}
    listed = {key: value for key, value in fields.items() if value}
    text = _OVERLAY + yamlfiles.dump({**_head(), "namespace": namespace, **listed})
    yield f"overlays/{overlay}/{_FILE}", Generated(text, once=True)
    for path, patch in patches.items():
        yield f"overlays/{overlay}/{path}", Generated(yamlfiles.dump(patch), once=True)


def _scales(manifest: Manifest) -> bool:
    return manifest["kind"] in ("Deployment", "StatefulSet")


def _development(manifest: Manifest) -> Manifest:
    """One pod, for which a quarter of what it may take is set aside."""
    given = _container(manifest).get("resources", {}).get("requests", {})
    found = {key: _quarter(value) for key, value in given.items() if key in ("cpu", "memory")}
    return _patch(manifest, 1, found)


def _production(manifest: Manifest) -> Manifest:
    """Two pods where they can be at once, and something set aside where nothing was said."""
    spec = manifest["spec"]
    many = manifest["kind"] == "Deployment" and spec["strategy"]["type"] != "Recreate"
    given = _container(manifest).get("resources")
    return _patch(
        manifest,
        spec.get("replicas") or (2 if many else 1),
        {} if given else {"cpu": "100m", "memory": "64Mi"},
    )


def _patch(manifest: Manifest, replicas: int, requests: Mapping[str, str]) -> Manifest:
    inner = {"name": _container(manifest)["name"], "resources": {"requests": dict(requests)}}
    pods = {"template": {"spec": {"containers": [inner]}}} if requests else {}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {"name": manifest["metadata"]["name"]},
        "spec": {"replicas": replicas, **pods},
    }


def _container(manifest: Manifest) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest["spec"]["template"]["spec"]["containers"][0]
    return found


def _quarter(quantity: str) -> str:
    """Of a number of bytes, or of thousandths of a processor."""
    number = int(quantity.removesuffix("m"))
    return f"{max(1, number // 4)}{'m' if quantity.endswith('m') else ''}"
