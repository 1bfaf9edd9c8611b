"""Puts names of images into manifests that people wrote, and leaves every other byte as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sdk_hooks.core.k8s import yamlfiles
from sdk_hooks.core.push.place import untagged

_TEMPLATE = ("spec", "template", "spec")
_PODS: Mapping[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", *_TEMPLATE),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"), _TEMPLATE
    ),
}
"""Where the pod is in the kinds that have one."""
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_ASIDE = re.compile(r"(?:[&!]\S*\s+)+")
"""An anchor or a tag before a text."""


def put(text: str, name: str, references: Mapping[str, str]) -> tuple[str, set[str]]:
    """*text*, a file of manifests, with our images in the places of those that are called so.

    :param name: Of the file, for errors.
    :param references: What the cluster knows an image by, by the image's name without registry and tag.
    :returns: It, and the names of those images that were found in it.
    :raises SdkError: With file, line and column when it is no YAML.
    """
    edits: dict[int, tuple[int, str]] = {}
    used = set()
    for _, document in yamlfiles.nodes(plain(text, name), name):
        for node in _images(document):
            found = ours(node.value, references)
            if found:
                used.add(found)
                start, end = node.start_mark.index, node.end_mark.index
                edits[start] = (end, _written(node, text[start:end], references[found]))
    for start in sorted(edits, reverse=True):
        end, new = edits[start]
        text = text[:start] + new + text[end:]
    return text, used


def plain(text: str, name: str) -> str:
    """*text* so that it is YAML: JSON is, but for tabs, which stand between its tokens only."""
    return text.replace("\t", " ") if name.endswith(".json") else text


def ours(reference: str, names: Mapping[str, Any]) -> str:
    """The one of *names* that *reference* means, in whatever registry and of whatever tag; else nothing."""
    path = untagged(reference.partition("@")[0])
    return next((name for name in names if path == name or path.endswith(f"/{name}")), "")


def pod(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The `spec` of the pods that *manifest* makes; None when it makes none."""
    found: Any = manifest if manifest.get("kind") in _PODS else None
    for key in _PODS.get(manifest.get("kind", ""), ()):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All containers of a pod."""
    for key in _CONTAINERS:
        listed = spec.get(key)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and isinstance(each.get("image", ""), str):
                yield each


def _images(document: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """The nodes of the names of images, those of lists of objects, too."""
    items = _at(document, "items")
    if isinstance(items, yaml.SequenceNode):
        for item in items.value:
            yield from _images(item)
        return
    kind = _at(document, "kind")
    found: yaml.Node | None = document
    for key in _PODS.get(kind.value, ("",)) if isinstance(kind, yaml.ScalarNode) else ("",):
        found = _at(found, key)
    for key in _CONTAINERS:
        listed = _at(found, key)
        for container in listed.value if isinstance(listed, yaml.SequenceNode) else ():
            image = _at(container, "image")
            if isinstance(image, yaml.ScalarNode):
                yield image


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of *key*; the last one counts, as those of a merge (<<) come first."""
    if not isinstance(node, yaml.MappingNode):
        return None
    found: list[yaml.Node] = [value for name, value in node.value if name.value == key]
    return found[-1] if found else None


def _written(node: yaml.ScalarNode, old: str, new: str) -> str:
    """*new* as *old* is written: with its quotes, anchor and tag."""
    match = _ASIDE.match(old)
    aside = match[0] if match else ""
    if node.style in ("'", '"'):
        return f"{aside}{node.style}{new}{node.style}"
    return aside + new + ("\n" if old.endswith("\n") else "")
