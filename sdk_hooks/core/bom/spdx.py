"""SPDX 2.3 as JSON: the form of a software bill of materials that most tools read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sdk_hooks.core.bom import builder, purl, subject
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.subject import Part, Subject

MEDIA_TYPE = "application/spdx+json"
SUFFIX = ".spdx.json"
_UNKNOWN = "NOASSERTION"
_IMAGE, _BASE = "SPDXRef-Image", "SPDXRef-Base-Image"
_TEAM = re.compile(r"\b(?:team|maintainers?|developers?|group|project|packagers|foundation)\b", re.IGNORECASE)


def document(about: Subject) -> dict[str, Any]:
    """The bill of materials of an image; the same for the same image on any machine."""
    packages = [_image(about), *_base(about), *_packages(about)]
    made = {
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "dataLicense": "CC0-1.0",
        "name": about.image.name,
        "creationInfo": {
            "created": about.created,
            "creators": [f"Tool: {builder.NAME}-{builder.version()}"],
        },
        "packages": packages,
        "relationships": list(_relationships(about)),
    }
    custom = dict(pair for part in reversed(about.parts) for pair in part.license.custom)
    if custom:
        made["hasExtractedLicensingInfos"] = [_custom(key, custom[key]) for key in sorted(custom)]
    named = re.sub(r"[^A-Za-z0-9.-]+", "-", about.image.name)
    return {**made, "documentNamespace": f"https://spdx.org/spdxdocs/{named}-{subject.identity(made)}"}


def _custom(reference: str, said: str) -> dict[str, str]:
    text = f"The package says {said!r}, which is not in SPDX's list: its own files have the text."
    return {"licenseId": reference, "name": said, "extractedText": text}


def _image(about: Subject) -> dict[str, Any]:
    return {
        "SPDXID": _IMAGE,
        "name": about.image.name,
        "versionInfo": about.image.digest,
        "primaryPackagePurpose": "CONTAINER",
        "downloadLocation": _UNKNOWN,
        "filesAnalyzed": False,
        "checksums": [_checksum(about.image.digest)],
        "externalRefs": [_reference(purl.of_image(about.image))],
    }


def _base(about: Subject) -> Iterator[dict[str, Any]]:
    if about.record.base:
        known = "" if about.record.below else "What is in it is not known."
        yield {
            "SPDXID": _BASE,
            "name": "base image",
            "versionInfo": about.record.base,
            "primaryPackagePurpose": "CONTAINER",
            "downloadLocation": _UNKNOWN,
            "filesAnalyzed": False,
            "checksums": [_checksum(about.record.base)],
            **({"comment": known} if known else {}),
        }


def _packages(about: Subject) -> Iterator[dict[str, Any]]:
    for part in about.parts:
        component = part.component
        facts = {
            "SPDXID": _id(part),
            "name": part.title,
            "versionInfo": component.version,
            "supplier": _supplier(component),
            "downloadLocation": part.download or _UNKNOWN,
            "filesAnalyzed": False,
            "homepage": subject.homepage(component),
            "checksums": [_checksum(component.digest)] if component.digest else [],
            "sourceInfo": f"built from {component.source}" if component.source else "",
            "licenseConcluded": _UNKNOWN,
            "licenseDeclared": part.license.text or _UNKNOWN,
            "copyrightText": _UNKNOWN,
            "summary": component.summary,
            "externalRefs": [_reference(url) for url in (part.url, part.recipe) if url],
        }
        yield {key: value for key, value in facts.items() if value or key == "filesAnalyzed"}


def _reference(url: str) -> dict[str, str]:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": url,
    }


def _checksum(digest: str) -> dict[str, str]:
    algorithm, _, value = digest.partition(":")
    return {"algorithm": algorithm.upper(), "checksumValue": value}


def _supplier(component: Component) -> str:
    if not component.supplier:
        return _UNKNOWN
    name, address = subject.person(component.supplier)
    kind = "Organization" if _TEAM.search(name) else "Person"
    plain = re.sub(r"[()]+", " ", name).strip()
    return f"{kind}: {plain} ({address})" if address else f"{kind}: {plain}"


def _id(part: Part) -> str:
    return f"SPDXRef-Package-{part.id}"


def _relationships(about: Subject) -> Iterator[dict[str, str]]:
    yield _relationship("SPDXRef-DOCUMENT", "DESCRIBES", _IMAGE)
    if about.record.base:
        yield _relationship(_IMAGE, "DESCENDANT_OF", _BASE)
    for at, part in enumerate(about.parts):
        yield _relationship(_IMAGE if at in about.own else _BASE, "CONTAINS", _id(part))
        yield from (_relationship(_id(part), "DEPENDS_ON", _id(about.parts[to])) for to in part.needs)


def _relationship(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}
