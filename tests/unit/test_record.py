"""What is kept of an image's content."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sdk_hooks.core import build, disk
from sdk_hooks.core.bom import record
from sdk_hooks.core.bom.component import Component
from sdk_hooks.core.bom.record import Layer, Record
from sdk_hooks.core.feeds.feed import parse
from sdk_hooks.core.files.tree import Source, alone
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.errors import SdkError
from sdk_hooks.target import Platform


def _built(tmp_path: Path, base: Path | None = None, name: str = "web") -> build.Built:
    tree = tmp_path / f"tree-{name}" / "bin"
    tree.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("#!x")
    (tree / name).chmod(0o755)
    source = Source([alone(str(tree.parent))], Platform("amd64"))
    spec = Spec(base=str(base) if base else None)
    built = build.build(name, source, spec, tmp_path / f"{name}-latest-oci", 1)
    record.save(built.image, built.record)
    return built


def test_a_record_reads_back(tmp_path: Path) -> None:
    built = _built(tmp_path)

    found = record.load(built.image)

    assert found == built.record
    assert found is not None
    assert found.components == (Component("application", asked=True, files=("bin/web",)),)
    assert [layer.digest for layer in found.layers] == list(built.image.diff_ids)
    assert record.path(built.image.layout) == tmp_path / "web-latest-contents.json"


def test_a_base_is_told_with_what_is_in_it(tmp_path: Path) -> None:
    base = _built(tmp_path, name="base")
    built = _built(tmp_path, base.image.layout)

    assert built.record.base == base.image.digest
    assert built.record.below == base.record.components
    assert [each.files for each in built.record.every] == [("bin/base",), ("bin/web",)]


def test_the_record_of_another_build_is_none(tmp_path: Path) -> None:
    built = _built(tmp_path)
    record.save(built.image, Record("sha256:0", 1, (), (Layer("sha256:1", "x"),)))

    assert record.load(built.image) is None


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    built = _built(tmp_path)
    place = record.path(built.image.layout)
    place.write_text("{}")

    with pytest.raises(SdkError) as error:
        record.load(built.image)

    assert str(error.value) == (
        f"'{place}' is damaged [bad-record]\n  'components'\n  hint: build the image again"
    )


def test_the_same_build_has_the_same_record(tmp_path: Path) -> None:
    first = record.path(_built(tmp_path).image.layout).read_bytes()

    assert record.path(_built(tmp_path).image.layout).read_bytes() == first
    assert json.loads(first)["version"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "http://deb.debian.org/debian bookworm main contrib key=/etc/a.gpg",
        "ipk '/a b/feed' archs=all,core2-64",
        "https://x.example/feed trusted=yes",
    ],
)
def test_a_feed_s_line_reads_back(text: str) -> None:
    assert parse(text).line == text
    assert parse(parse(text).line) == parse(text)


def test_a_file_may_have_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\n")
    (tmp_path / "tree-web/bin").mkdir(parents=True)
    (tmp_path / "tree-web/bin" / name).write_text("x")
    built = _built(tmp_path)

    assert f"bin/{name}" in {path for each in built.record.components for path in each.files}
    assert record.load(built.image) == built.record
    assert disk.to_json({name: "\u00e9"}) == b'{"caf\\udce9\\n":"\xc3\xa9"}'
