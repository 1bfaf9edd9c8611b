"""Bills of materials, read and validated by the libraries of their authors."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from sdk_hooks.core import disk
from sdk_hooks.core.bom import cyclonedx, record, spdx
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.record import Record
from sdk_hooks.core.bom.subject import Subject
from sdk_hooks.core.build import Built

from .supplies import built, make_feed, on_a_base, subject


def read_spdx(made: Built, directory: Path) -> Document:
    path = directory / "x.spdx.json"
    path.write_bytes(disk.to_json(spdx.document(subject(made))))
    document = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    return document


def read_cyclonedx(made: Built) -> dict[str, Any]:
    text = disk.to_json(cyclonedx.document(subject(made))).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def test_spdx_says_what_is_in_the_image_and_what_needs_what(tmp_path: Path) -> None:
    made = built(tmp_path)

    document = read_spdx(made, tmp_path)

    packages = {package.spdx_id: package for package in document.packages}
    assert list(packages) == [
        "SPDXRef-Image",
        "SPDXRef-Package-libgreet1-1.0-r0",
        "SPDXRef-Package-web-1-2.0-1",
        "SPDXRef-Package-application",
    ]
    web, greet = packages["SPDXRef-Package-web-1-2.0-1"], packages["SPDXRef-Package-libgreet1-1.0-r0"]
    assert (web.name, web.version, web.homepage) == ("web", "1:2.0-1", "https://example.org/")
    assert str(web.license_declared) == "GPL-2.0-or-later OR LicenseRef-Vendor-EULA"
    assert web.supplier is not None
    assert web.supplier.to_serialized_string() == "Organization: Web Team (web@example.org)"
    assert web.checksums[0].value == made.record.components[1].digest.removeprefix("sha256:")
    assert [each.locator for each in greet.external_references] == [
        "pkg:deb/openembedded/libgreet1@1.0-r0?arch=all&upstream=greet",
        "pkg:yocto/greet@1.0",
    ]
    assert str(greet.license_declared) == "MIT AND LicenseRef-Firmware"
    assert (greet.homepage, greet.source_info) == (None, "built from greet")
    assert {each.license_id for each in document.extracted_licensing_info} == {
        "LicenseRef-Firmware",
        "LicenseRef-Vendor-EULA",
    }
    assert [
        (each.spdx_element_id, each.relationship_type.name, each.related_spdx_element_id)
        for each in document.relationships
    ] == [
        ("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image"),
        ("SPDXRef-Image", "CONTAINS", "SPDXRef-Package-libgreet1-1.0-r0"),
        ("SPDXRef-Image", "CONTAINS", "SPDXRef-Package-web-1-2.0-1"),
        ("SPDXRef-Package-web-1-2.0-1", "DEPENDS_ON", "SPDXRef-Package-libgreet1-1.0-r0"),
        ("SPDXRef-Image", "CONTAINS", "SPDXRef-Package-application"),
    ]
    assert document.creation_info.created.isoformat() == "1970-01-01T00:16:40"


def test_cyclonedx_says_what_is_in_the_image_and_what_needs_what(tmp_path: Path) -> None:
    made = built(tmp_path)

    document = read_cyclonedx(made)

    assert document["metadata"]["component"] == {
        "type": "container",
        "bom-ref": "image",
        "name": "localhost/shop:latest",
        "version": made.image.digest,
        "hashes": [{"alg": "SHA-256", "content": made.image.digest[7:]}],
        "purl": f"pkg:oci/shop@{made.image.digest}?arch=amd64&repository_url=localhost/shop&tag=latest",
    }
    greet, web, application = document["components"]
    assert web["supplier"] == {"name": "Web Team", "contact": [{"email": "web@example.org"}]}
    assert web["licenses"] == [
        {"expression": "GPL-2.0-or-later OR LicenseRef-Vendor-EULA", "acknowledgement": "declared"}
    ]
    assert web["externalReferences"] == [{"type": "website", "url": "https://example.org/"}]
    assert greet["properties"] == [
        {"name": "devtool-containers:source", "value": "greet"},
        {"name": "devtool-containers:recipe", "value": "pkg:yocto/greet@1.0"},
    ]
    assert application == {
        "type": "application",
        "bom-ref": "package-application",
        "name": "shop (application)",
    }
    assert document["dependencies"] == [
        {
            "ref": "image",
            "dependsOn": ["package-libgreet1-1.0-r0", "package-web-1-2.0-1", "package-application"],
        },
        {"ref": "package-libgreet1-1.0-r0", "dependsOn": []},
        {"ref": "package-web-1-2.0-1", "dependsOn": ["package-libgreet1-1.0-r0"]},
        {"ref": "package-application", "dependsOn": []},
    ]


def test_the_base_image_is_told_with_what_is_in_it(tmp_path: Path) -> None:
    made = on_a_base(tmp_path)

    document = read_spdx(made, tmp_path)
    related = {
        (each.spdx_element_id, each.relationship_type.name, each.related_spdx_element_id)
        for each in document.relationships
    }
    cdx = {each["ref"]: each["dependsOn"] for each in read_cyclonedx(made)["dependencies"]}

    base = next(each for each in document.packages if each.spdx_id == "SPDXRef-Base-Image")
    assert (base.version, base.comment) == (made.record.base, None)
    assert ("SPDXRef-Image", "DESCENDANT_OF", "SPDXRef-Base-Image") in related
    assert ("SPDXRef-Base-Image", "CONTAINS", "SPDXRef-Package-libgreet1-1.0-r0") in related
    assert ("SPDXRef-Image", "CONTAINS", "SPDXRef-Package-web-1-2.0-1") in related
    assert ("SPDXRef-Image", "CONTAINS", "SPDXRef-Package-application-2") in related
    assert cdx["package-web-1-2.0-1"] == ["package-libgreet1-1.0-r0"]
    assert cdx["base-image"] == ["package-libgreet1-1.0-r0", "package-application"]


def test_a_base_image_without_a_record_is_told_to_be_unknown(tmp_path: Path) -> None:
    base = built(tmp_path, name="base")
    record.path(base.image.layout).unlink()
    made = built(tmp_path, base.image.layout)

    found = read_spdx(made, tmp_path).packages[1]

    assert (found.spdx_id, found.comment) == ("SPDXRef-Base-Image", "What is in it is not known.")


def test_a_licence_that_is_a_name_alone(tmp_path: Path) -> None:
    made = built(tmp_path)
    for said, told in {
        "MIT": [{"license": {"id": "MIT", "acknowledgement": "declared"}}],
        "CLOSED": [{"license": {"name": "CLOSED", "acknowledgement": "declared"}}],
        "GPLv2+": [{"license": {"id": "GPL-2.0-or-later", "acknowledgement": "declared"}}],
    }.items():
        content = Record(made.image.digest, 1, (Component("a", "1", "all", "ipk", license=said),), ())
        found = cyclonedx.document(Subject(made.image, content))["components"][0]["licenses"]
        assert found == told


def test_an_image_of_strange_packages_is_described_all_the_same(tmp_path: Path) -> None:
    made = built(tmp_path)
    strange = (
        Component(
            "täst/ü", "1 2", "all", "ipk", homepage="http://a b", supplier="(Nobody) <x@y>", summary="ä"
        ),
        Component("a+b", "1", "all", "deb", supplier="just a name", digest="md5:" + "0" * 32),
        Component("a-b", "1", "all", "deb", digest="sha512:" + "0" * 128, license="A B C"),
        Component("loop", "1", "all", "rpm", needs=("loop", "gone"), digest="sha1:" + "0" * 40),
    )
    content = Record(made.image.digest, 1, strange, ())

    found = Built(made.image, None, (), content)
    assert len(read_spdx(found, tmp_path).packages) == 5
    assert [each["dependsOn"] for each in read_cyclonedx(found)["dependencies"][1:]] == [[], [], [], []]


def test_the_same_image_has_the_same_documents_wherever_its_feed_is(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other" / "place"
    shutil.copytree(make_feed(one / "feed"), other / "feed")
    made = [built(directory) for directory in (one, other)]
    for document in (spdx.document, cyclonedx.document):
        texts = [disk.to_json(document(subject(each))) for each in made]

        assert texts[0] == texts[1]
        assert str(tmp_path).encode() not in texts[0]


def test_another_content_has_another_name(tmp_path: Path) -> None:
    made = built(tmp_path)
    other = built(tmp_path / "other", content=b"#!other")

    names = [spdx.document(subject(each))["documentNamespace"] for each in (made, other)]
    numbers = [cyclonedx.document(subject(each))["serialNumber"] for each in (made, other)]
    assert names[0] != names[1]
    assert numbers[0] != numbers[1]
    assert re.fullmatch(r"https://spdx.org/spdxdocs/localhost-shop-latest-[0-9a-f-]{36}", names[0])
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", numbers[0])
