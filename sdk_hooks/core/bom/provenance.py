"""Provenance: an in-toto statement of what an image was made of, by what, and what was asked for (SLSA 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sdk_hooks.core.bom import builder
from sdk_hooks.core.bom.revision import Revision
from sdk_hooks.core.bom.subject import Part, Subject
from sdk_hooks.core.feeds.feed import Feed
from sdk_hooks.core.spec.model import File, Spec

MEDIA_TYPE = "application/vnd.in-toto+json"
SUFFIX = ".provenance.json"
_ADDRESS = f"https://{builder.NAME}.github.io/container-build"
_OF_THIS_MACHINE = ("base", "tests")
"""What the image does not depend on in these words: an image that is the base is told by its digest."""


@dataclass(frozen=True)
class Asked:
    """What somebody wanted to have built."""

    name: str
    source: str
    """`recipe`, `tree` or `packages`."""
    spec: Spec
    """What container.yaml, the command line and the recipe said together."""
    revisions: tuple[Revision, ...] = ()
    """Of the recipe's sources, which have no name of their own, and of layers."""
    base: str = ""
    """The name of the plugin that the base is, where it is no image."""


def statement(about: Subject, asked: Asked) -> dict[str, Any]:
    """The statement about an image; no path, user or host of this machine is in it."""
    definition = {
        "buildType": f"{_ADDRESS}/v1",
        "externalParameters": {"name": asked.name, "source": asked.source, "spec": _said(asked)},
        "internalParameters": {
            "SOURCE_DATE_EPOCH": about.record.epoch,
            "platform": str(about.image.platform),
        },
        "resolvedDependencies": list(_dependencies(about, asked)),
    }
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": about.image.name, "digest": _digest(about.image.digest)}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": definition,
            "runDetails": {"builder": {"id": _ADDRESS, "version": {builder.NAME: builder.version()}}},
        },
    }


def _said(asked: Asked) -> dict[str, Any]:
    said = {item.name: getattr(asked.spec, item.name) for item in fields(asked.spec)}
    told = {
        key: _plain(value) for key, value in said.items() if value is not None and key not in _OF_THIS_MACHINE
    }
    return {**told, "base": asked.base} if asked.base else told


def _plain(value: Any) -> Any:
    """*value* as JSON, without paths of this machine."""
    if isinstance(value, Feed):
        return f"{value.url} {value.suite}".strip() if not value.local else "a directory"
    if isinstance(value, File):
        return {key: part for key, part in asdict(value).items() if key != "source" and part is not None}
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in sorted(value.items())}
    if hasattr(value, "_asdict"):
        return str(value)
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _dependencies(about: Subject, asked: Asked) -> Iterator[dict[str, Any]]:
    for revision in asked.revisions:
        note = {"annotations": {"modified": True}} if revision.dirty else {}
        yield {"name": revision.name or asked.name, "digest": {"gitCommit": revision.commit}, **note}
    if about.record.base:
        yield {"name": "base image", "digest": _digest(about.record.base)}
    yield from (_package(about.parts[at]) for at in about.own if about.parts[at].url)


def _package(part: Part) -> dict[str, Any]:
    facts = {
        "name": part.component.name,
        "uri": part.url,
        "digest": _digest(part.component.digest) if part.component.digest else {},
        "downloadLocation": part.download,
    }
    return {key: value for key, value in facts.items() if value}


def _digest(digest: str) -> Mapping[str, str]:
    algorithm, _, value = digest.partition(":")
    return {algorithm: value}
