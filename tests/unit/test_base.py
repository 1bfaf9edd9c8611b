"""base.py: images to build on, in every form they come in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from sdk_hooks.core.disk import to_json
from sdk_hooks.core.files.fileset import SYMLINK, Entry
from sdk_hooks.core.oci import archive
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import IMAGE_NAME, INDEX
from sdk_hooks.output import write_file

from .basemaker import PROGRAM, SYSTEM, Maker, needs_zstd, on, tar, zstd
from .helpers import content, fails, file, flat, folder, make
from .test_build import check


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "base")


def test_the_application_lies_on_the_layers_and_the_config_of_the_base(maker: Maker, tmp_path: Path) -> None:
    config = {"Env": ["A=1", "PATH=/x"], "Cmd": ["sh"], "User": "www", "Labels": {"l": "1"}}
    config |= {"Entrypoint": ["/usr/bin/web"]}
    config |= {
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/v": {}},
        "WorkingDir": "/w",
        "StopSignal": "USR1",
    }
    base = maker.index(maker.image(SYSTEM, tar(file("two")), **config))

    image = on(base, tmp_path, file(*PROGRAM), file("lib/x"), env={"A": "2"}, labels={"m": "2"})

    check(image)
    assert [image.blob(layer).read_bytes() for layer in image.layers[:2]] == [SYSTEM, tar(file("two"))]
    assert "usr/lib/x" in flat(image)
    assert image.config["config"] == {**config, "Env": ["A=2", "PATH=/x"], "Labels": {"l": "1", "m": "2"}}
    assert [step["created_by"] for step in image.config["history"]] == [
        *("layer 0", "layer 1", "devtool-containers: application")
    ]


def test_an_entrypoint_takes_the_place_of_the_bases_own(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, Entrypoint=["/old"], Cmd=["old"]))

    assert on(base, tmp_path, entrypoint=("/usr/bin/web",)).config["config"] == {
        "User": "65532:65532",
        "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Entrypoint": ["/usr/bin/web"],
    }


def test_users_of_the_base_are_known_and_no_others_added(maker: Maker, tmp_path: Path) -> None:
    from sdk_hooks.core.spec.model import File

    base = maker.index(maker.image(SYSTEM))

    image = on(base, tmp_path, files=(File("/x", content="", owner="www"),))

    assert flat(image)["x"].uid == 33
    assert content(image, "etc/passwd") == b"www:x:33:33::/:\n"


@pytest.mark.parametrize("name", ["gzip", pytest.param("zstd", marks=needs_zstd), "plain"])
def test_layers_are_taken_in_uncompressed(maker: Maker, tmp_path: Path, name: str) -> None:
    layer = tar(file("big", bytes(3_000_000)))
    pack = {"gzip": gzip.compress, "zstd": zstd, "plain": bytes}[name]

    image = on(maker.index(maker.image(layer, pack=pack)), tmp_path)

    assert image.layers[0].digest == image.diff_ids[0] == f"sha256:{hashlib.sha256(layer).hexdigest()}"
    assert (image.layout / image.layers[0].path).read_bytes() == layer


def test_zstd_that_is_not_installed_is_said(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: b"\x28\xb5\x2f\xfd" + raw))
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with fails("a layer of the image is compressed with zstd [missing-program]\n  hint: install zstd"):
        on(base, tmp_path)


@pytest.mark.parametrize("form", ["oci", "docker", "hybrid", "gz"])
def test_archives_are_read_as_directories_are(tmp_path: Path, form: str) -> None:
    base = make(tmp_path / "base", file("bin/sh", b"#!", 0o755), spec=Spec(entrypoint=("/bin/sh",))).image
    pieces = archive.stream(archive.whole(base), base.name, oci=form != "docker", docker=form != "oci")
    path = tmp_path / "base.tar"
    write_file(path, [gzip.compress(b"".join(pieces))] if form == "gz" else pieces)

    image = on(str(path), tmp_path)

    check(image)
    assert image.diff_ids[: len(base.diff_ids)] == base.diff_ids
    assert image.config["config"]["Entrypoint"] == ["/bin/sh"]


def test_an_archive_of_docker_save_with_links_between_layers_is_read(tmp_path: Path) -> None:
    layer = tar(file("x"))
    diff_id = f"sha256:{hashlib.sha256(layer).hexdigest()}"
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [diff_id] * 2}}
    with tarfile.open(tmp_path / "d.tar", "w") as saved:
        for name, raw in (
            ("./c.json", to_json(config)),
            ("./a/layer.tar", layer),
            ("./manifest.json", to_json([{"Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"]}])),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            saved.addfile(member, io.BytesIO(raw))
        link = tarfile.TarInfo("./b/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../a/layer.tar"
        saved.addfile(link)

    assert on(str(tmp_path / "d.tar"), tmp_path).diff_ids[:2] == (diff_id, diff_id)


def test_whiteouts_and_opaque_directories_hide_what_is_below(maker: Maker, tmp_path: Path) -> None:
    links = (Entry("a/link", SYMLINK, 0o777, link="/x"), Entry("b", SYMLINK, 0o777, link="/y"))
    low = tar(folder("a"), *links, folder("c"))
    base = maker.index(maker.image(low, tar(file("a/.wh..wh..opq"), file(".wh.b"))))

    top = flat(on(base, tmp_path, file(*PROGRAM), file("a/link/z"), file("b/z")))

    assert {"a/link", "a/link/z", "b", "b/z"} <= top.keys()
    assert not {"x/z", "y/z"} & top.keys()


def test_a_link_to_passwd_in_a_base_is_no_bug(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(tar(Entry("etc/passwd", SYMLINK, 0o777, link="/usr/lib/passwd"))))

    assert "usr/bin/web" in flat(on(base, tmp_path))


@pytest.mark.parametrize(
    ("wanted", "offered", "chosen"),
    [
        ("amd64", ["arm64/v8", "amd64"], "amd64"),
        ("arm/v7", ["arm/v5", "arm/v7", "arm/v6"], "arm/v7"),
        ("arm/v7", ["arm/v5", "arm/v6", "arm64"], "arm/v6"),
        ("amd64", ["amd64/v3", "amd64", "386"], "amd64"),
        ("amd64", ["amd64/v3", "amd64/v2"], "amd64/v2"),
        ("arm64/v8", ["arm64", "amd64"], "arm64"),
    ],
)
def test_of_many_platforms_the_nearest_is_taken(
    maker: Maker, tmp_path: Path, wanted: str, offered: list[str], chosen: str
) -> None:
    from sdk_hooks.core.files.fileset import Merged
    from sdk_hooks.core.oci import base as bases
    from sdk_hooks.core.oci.layout import Layout
    from sdk_hooks.target import Platform

    entries = [maker.image(tar(file(name.replace("/", "_"))), platform=name) for name in offered]
    attestation = {**entries[0], "platform": {"architecture": "unknown", "os": "unknown"}}
    inner = maker.blob(to_json({"schemaVersion": 2, "manifests": [*entries, attestation]}), INDEX)
    target = Layout(tmp_path / "out")
    target.create()

    found = bases.read(maker.index(inner), Platform(*wanted.split("/")), target, Merged())

    architecture, _, variant = chosen.partition("/")
    assert (found.config["architecture"], found.config.get("variant", "")) == (architecture, variant)


def test_the_name_of_the_base_is_not_taken_over(tmp_path: Path) -> None:
    make(tmp_path / "base", name="base", spec=Spec(entrypoint=("/usr/bin/web",)))

    index = json.loads((on(str(tmp_path / "base"), tmp_path).layout / "index.json").read_bytes())

    assert index["manifests"][0]["annotations"][IMAGE_NAME] == "localhost/web:latest"
