"""Whether names that were made for objects are names, and each object's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sdk_hooks.core.k8s.app import App, Manifest, label
from sdk_hooks.core.k8s.kinds import WORKLOADS
from sdk_hooks.errors import SdkError

_LONGEST = 63
"""Characters of a label (RFC 1123), which names of services, containers and volumes are, too."""
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
"""A label of RFC 1035."""


def check(app: App, manifests: Iterable[Manifest]) -> None:
    """Refuse names that two have, and names that are none.

    :raises SdkError: Naming them.
    """
    _check_volumes(app)
    seen = set[tuple[str, str]]()
    for each in manifests:
        key = each["kind"], each["metadata"]["name"]
        if key in seen:
            raise _wrong(
                f"two {key[0]}s would be called {key[1]!r}",
                "call a container otherwise: only lower-case letters, digits and hyphens count",
            )
        seen.add(key)
        for what, name in _names(each):
            if len(name) > _LONGEST:
                raise _wrong(f"{name!r} is too long for {what}", f"at most {_LONGEST} characters")
        if each["kind"] == "Service" and not _SERVICE.fullmatch(key[1]):
            raise _wrong(f"{key[1]!r} can't be the name of a Service", "let it begin with a letter")


def _check_volumes(app: App) -> None:
    """Two names of volumes must not become one: what is in them is not to be shared by chance."""
    known: dict[str, str] = {}
    for volume in (each for member in app.members for each in member.part.settings.volumes if each.named):
        other = known.setdefault(label(volume.source), volume.source)
        if other != volume.source:
            raise _wrong(
                f"the volumes {other!r} and {volume.source!r} would be one",
                "call one otherwise: only lower-case letters, digits and hyphens count",
            )


def _names(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """(what it is the name of, the name)."""
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    if kind in ("Service", *WORKLOADS):
        yield f"a {kind}", name
    for value in manifest["metadata"].get("labels", {}).values():
        yield "a label", value
    if kind in WORKLOADS:
        spec = manifest["spec"]
        pod = (spec.get("jobTemplate", {}).get("spec") or spec)["template"]["spec"]
        for container in pod["containers"]:
            yield "a container", container["name"]
        for volume in pod.get("volumes", ()):
            yield "a volume", volume["name"]


def _wrong(what: str, hint: str) -> SdkError:
    return SdkError(what, hint=hint, code="bad-name")
