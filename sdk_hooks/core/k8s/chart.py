"""Objects as a chart of helm, whose values are what people usually change."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from sdk_hooks.core.k8s import yamlfiles
from sdk_hooks.core.k8s.app import App, Manifest, Member, label
from sdk_hooks.core.k8s.kept import STATE, Generated
from sdk_hooks.core.k8s.workload import make

_MANAGED = "app.kubernetes.io/managed-by"
_VALUES = "# What may be set when it is installed: helm install --set KEY=VALUE, or --values FILE.\n"
_BETA = (1, 21)
"""Before this version CronJobs and PodDisruptionBudgets are other ones, which 1.25 no longer has."""


class _Holes:
    """Stand-ins for what helm fills in, as PyYAML would quote braces."""

    def __init__(self) -> None:
        self.filled: dict[str, str] = {}

    def put(self, action: str) -> str:
        """What to write for *action*."""
        word = f"\ue000{len(self.filled)}\ue001"  # of no text that people write
        self.filled[word] = action
        return word

    def fill(self, text: str) -> str:
        """*text* with the actions in their places."""
        for word, action in self.filled.items():
            text = text.replace(word, action)
        return text


def files(app: App, manifests: Sequence[Manifest], version: tuple[int, int]) -> dict[str, Generated]:
    """The chart of *app* by path.

    :param version: Of the clusters that it is for.
    """
    parts = {make(app, member)["metadata"]["name"]: member for member in app.members}
    found = {
        "Chart.yaml": Generated(_chart(app, version)),
        "values.yaml": Generated(_values(app, manifests)),
        ".helmignore": Generated(f"{STATE}\n"),
    }
    for each in manifests:
        text = _template(app, each, parts)
        secret = each["kind"] == "Secret"
        found[f"templates/{yamlfiles.file_name(each)}"] = Generated(text, secret=secret, template=True)
    return found


def _chart(app: App, version: tuple[int, int]) -> str:
    digests = {member.part.images.digest for member in app.members}
    newest = next(iter(digests)).partition(":")[2][:12] if len(digests) == 1 else ""
    return yamlfiles.dump(
        {
            "apiVersion": "v2",
            "name": app.name,
            "description": f"{app.name} on Kubernetes",
            "type": "application",
            "version": "0.1.0",
            **({"appVersion": newest} if newest else {}),
            "kubeVersion": ">=1.21.0-0" if version >= _BETA else ">=1.20.0-0 <1.25.0-0",
        }
    )


def _key(app: App, member: Member) -> str:
    """The values of *member*; no two parts have the same, as no label has an underscore."""
    key = (label(member.part.name) or app.name).replace("-", "_")
    return f"_{key}" if key[0].isdecimal() else key


def _values(app: App, manifests: Sequence[Manifest]) -> str:
    types = {
        each["metadata"]["name"]: each["spec"]["type"]
        for each in manifests
        if each["kind"] == "Service" and "type" in each["spec"]
    }
    found: dict[str, Any] = {}
    for member in app.members:
        workload = make(app, member)
        inner = _pod(workload)["containers"][0]
        values: dict[str, Any] = {"image": inner["image"]}
        if member.kind in ("Deployment", "StatefulSet"):
            values["replicas"] = workload["spec"].get("replicas")
        values["resources"] = inner.get("resources", {})
        if app.resource(member) in types:
            values["service"] = {"type": types[app.resource(member)]}
        found[_key(app, member)] = values
    text = yamlfiles.dump(found)
    return _VALUES + text.replace("replicas: null\n", "replicas: null # as many as there are; or a number\n")


def _pod(workload: Manifest) -> Any:
    spec = workload["spec"]
    return (spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"]


def _template(app: App, manifest: Manifest, parts: dict[str, Member]) -> str:
    found, holes = copy.deepcopy(manifest), _Holes()
    _service_of_release(found, holes)
    name = found["metadata"]["name"]
    if name in parts and found["kind"] == parts[name].kind:
        _workload(found, f".Values.{_key(app, parts[name])}", holes)
    if found["kind"] == "Service" and "type" in found["spec"]:
        member = next(each for each in app.members if app.resource(each) == name)
        found["spec"]["type"] = holes.put(f"{{{{ .Values.{_key(app, member)}.service.type }}}}")
    text = yamlfiles.dump(found).replace("{{", "{{ `{{` }}")  # which helm makes two braces again
    return holes.fill(_blocks(text, holes))


def _service_of_release(value: Any, holes: _Holes) -> None:
    """Say that what applies the chart manages the objects."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == _MANAGED:
                value[key] = holes.put("{{ .Release.Service }}")
            else:
                _service_of_release(inner, holes)
    elif isinstance(value, list):
        for inner in value:
            _service_of_release(inner, holes)


def _workload(found: Manifest, values: str, holes: _Holes) -> None:
    inner = _pod(found)["containers"][0]
    inner["image"] = holes.put(f"{{{{ {values}.image | quote }}}}")
    inner["resources"] = holes.put(f"block {values}.resources")
    if found["kind"] in ("Deployment", "StatefulSet"):
        replicas = holes.put(f"optional {values}.replicas")
        found["spec"] = {"replicas": None, **found["spec"]}
        found["spec"]["replicas"] = replicas
    if found["kind"] == "Job":  # none can be changed: each revision has one of its own
        name = yamlfiles.plain_name(found["metadata"]["name"])
        found["metadata"]["name"] = f"{name}-{holes.put('{{ .Release.Revision }}')}"


def _blocks(text: str, holes: _Holes) -> str:
    """*text* with the actions that are lines of their own."""
    lines = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" -"))
        key, _, word = line.strip().partition(": ")
        kind, _, value = holes.filled.get(word, "").partition(" ")
        if kind == "block":
            inner = indent + 2
            lines += [f"{line[:indent]}{key}:", f"{' ' * inner}{{{{- toYaml {value} | nindent {inner} }}}}"]
        elif kind == "optional":
            lines += [
                f'{line[:indent]}{{{{- if not (kindIs "invalid" {value}) }}}}',
                f"{line[:indent]}{key}: {{{{ {value} }}}}",
                f"{line[:indent]}{{{{- end }}}}",
            ]
        else:
            lines.append(line)
    return "\n".join(lines)
