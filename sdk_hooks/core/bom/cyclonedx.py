"""CycloneDX 1.6 as JSON: the form of a software bill of materials that vulnerability scanners prefer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sdk_hooks.core.bom import builder, purl, subject
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.licenses import Expression
from sdk_hooks.core.bom.subject import Part, Subject

MEDIA_TYPE = "application/vnd.cyclonedx+json"
SUFFIX = ".cdx.json"
_ALGORITHMS = {"sha256": "SHA-256", "sha512": "SHA-512", "sha1": "SHA-1", "md5": "MD5"}


def document(about: Subject) -> dict[str, Any]:
    """The bill of materials of an image; the same for the same image on any machine."""
    tool = {"type": "application", "name": builder.NAME, "version": builder.version()}
    made = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": about.created,
            "tools": {"components": [tool]},
            "component": _image(about),
        },
        "components": [*_base(about), *map(_component, about.parts)],
        "dependencies": list(_dependencies(about)),
    }
    return {**made, "serialNumber": f"urn:uuid:{subject.identity(made)}"}


def _image(about: Subject) -> dict[str, Any]:
    return {
        "type": "container",
        "bom-ref": "image",
        "name": about.image.name,
        "version": about.image.digest,
        "hashes": [_hash(about.image.digest)],
        "purl": purl.of_image(about.image),
    }


def _base(about: Subject) -> list[dict[str, Any]]:
    base = about.record.base
    facts = {"type": "container", "bom-ref": "base-image", "name": "base image", "version": base}
    return [{**facts, "hashes": [_hash(base)]}] if base else []


def _component(part: Part) -> dict[str, Any]:
    component = part.component
    facts = {
        "type": "library" if component.kind else "application",
        "bom-ref": _ref(part),
        "supplier": _supplier(component),
        "name": part.title,
        "version": component.version,
        "description": component.summary,
        "hashes": [_hash(component.digest)] if component.digest else [],
        "licenses": _licenses(part.license),
        "purl": part.url,
        "externalReferences": list(_references(part)),
        "properties": list(_properties(part)),
    }
    return {key: value for key, value in facts.items() if value}


def _supplier(component: Component) -> dict[str, Any]:
    if not component.supplier:
        return {}
    name, address = subject.person(component.supplier)
    return {"name": name, **({"contact": [{"email": address}]} if address else {})}


def _licenses(said: Expression) -> list[dict[str, Any]]:
    if not said.text:
        return []
    if re.search(r"[ +]", said.text):
        return [{"expression": said.text, "acknowledgement": "declared"}]
    key = "name" if said.custom else "id"
    return [
        {"license": {key: said.custom[0][1] if said.custom else said.text, "acknowledgement": "declared"}}
    ]


def _references(part: Part) -> Iterator[dict[str, str]]:
    for kind, url in (("website", subject.homepage(part.component)), ("distribution", part.download)):
        if url:
            yield {"type": kind, "url": url}


def _properties(part: Part) -> Iterator[dict[str, str]]:
    facts = {"source": part.component.source, "recipe": part.recipe}
    for name, value in facts.items():
        if value:
            yield {"name": f"{builder.NAME}:{name}", "value": value}


def _hash(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {"alg": _ALGORITHMS[algorithm], "content": value}


def _ref(part: Part) -> str:
    return f"package-{part.id}"


def _dependencies(about: Subject) -> Iterator[dict[str, Any]]:
    own, below = about.parts[about.own.start :], about.parts[: about.own.start]
    base = ["base-image"] if about.record.base else []
    yield {"ref": "image", "dependsOn": [*base, *map(_ref, own)]}
    if base:
        yield {"ref": "base-image", "dependsOn": [*map(_ref, below)]}
    for part in about.parts:
        yield {"ref": _ref(part), "dependsOn": [_ref(about.parts[to]) for to in part.needs]}
