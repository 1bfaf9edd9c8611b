"""base.py: images to build on, in every form they come in."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sdk_hooks.core import archive, tarstream
from sdk_hooks.core.fileset import SYMLINK, Entry
from sdk_hooks.core.layout import to_json
from sdk_hooks.core.spec.model import Spec
from sdk_hooks.image import IMAGE_NAME, INDEX, MANIFEST, Image
from sdk_hooks.output import write_file

from .helpers import content, fails, file, flat, folder, make
from .test_build import check

PROGRAM = ("usr/bin/web", b"#!", 0o755)


class Maker:
    """Makes base images blob by blob, as other programs do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def blob(self, raw: bytes, kind: str = "application/x") -> dict[str, Any]:
        digest = hashlib.sha256(raw).hexdigest()
        (self.path / "blobs/sha256" / digest).write_bytes(raw)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(raw)}

    def image(self, *layers: bytes, pack: Any = bytes, platform: str = "amd64", **config: Any) -> dict[str, Any]:
        """Descriptor of a manifest with *layers*, tar archives, in the form that *pack* gives them."""
        architecture, _, variant = platform.partition("/")
        target = {"architecture": architecture, "os": "linux", **({"variant": variant} if variant else {})}
        diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
        value = {**target, "config": config, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        value["history"] = [{"created_by": f"layer {number}"} for number in range(len(layers))]
        packed = [self.blob(pack(layer)) for layer in layers]
        manifest = {"schemaVersion": 2, "config": self.blob(to_json(value)), "layers": packed}
        return {**self.blob(to_json(manifest), MANIFEST), "platform": target}

    def index(self, *entries: Mapping[str, Any]) -> str:
        (self.path / "index.json").write_bytes(to_json({"schemaVersion": 2, "manifests": entries}))
        return str(self.path)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "base")


def tar(*entries: Entry) -> bytes:
    return b"".join(tarstream.stream(entries, 0))


SYSTEM = tar(
    folder("usr/lib"), Entry("lib", SYMLINK, 0o777, link="usr/lib"), file("etc/passwd", b"www:x:33:33::/:\n")
)


def on(base: str, tmp_path: Path, *entries: Entry, **spec: Any) -> Image:
    return make(tmp_path / "out", *(entries or (file(*PROGRAM),)), spec=Spec(base=base, **spec)).image


def test_the_application_lies_on_the_layers_and_the_config_of_the_base(maker: Maker, tmp_path: Path) -> None:
    config = {"Env": ["A=1", "PATH=/x"], "Cmd": ["sh"], "User": "www", "Labels": {"l": "1"}, "Entrypoint": ["/e"]}
    config |= {"ExposedPorts": {"80/tcp": {}}, "Volumes": {"/v": {}}, "WorkingDir": "/w", "StopSignal": "SIGUSR1"}
    base = maker.index(maker.image(SYSTEM, tar(file("two")), **config))

    image = on(base, tmp_path, file(*PROGRAM), file("lib/x"), env={"A": "2"}, labels={"m": "2"})

    check(image)
    assert [(tmp_path / "out" / layer.path).read_bytes() for layer in image.layers[:2]] == [SYSTEM, tar(file("two"))]
    assert "usr/lib/x" in flat(image)
    assert image.config["config"] == {**config, "Env": ["A=2", "PATH=/x"], "Labels": {"l": "1", "m": "2"}}
    assert [step["created_by"] for step in image.config["history"]] == [
        *("layer 0", "layer 1", "devtool-containers: application")
    ]


def test_an_entrypoint_takes_the_place_of_the_bases_entrypoint_and_command(maker: Maker, tmp_path: Path) -> None:
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


def _zstd(raw: bytes) -> bytes:
    return subprocess.run(["zstd", "-qc"], input=raw, check=True, capture_output=True).stdout


@pytest.mark.parametrize("name", ["gzip", "zstd", "plain"])
def test_layers_are_taken_in_uncompressed(maker: Maker, tmp_path: Path, name: str) -> None:
    if name == "zstd" and shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    layer = tar(file("big", bytes(3_000_000)))
    pack = {"gzip": gzip.compress, "zstd": _zstd, "plain": bytes}[name]

    image = on(maker.index(maker.image(layer, pack=pack)), tmp_path)

    assert image.layers[0].digest == image.diff_ids[0] == f"sha256:{hashlib.sha256(layer).hexdigest()}"
    assert (image.layout / image.layers[0].path).read_bytes() == layer


def test_zstd_that_is_not_installed_is_said(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: b"\x28\xb5\x2f\xfd" + raw))
    monkeypatch.setattr(shutil, "which", lambda name: None)

    with fails(
        "the base image has layers compressed with zstd [missing-program]\n  hint: install zstd"
    ):
        on(base, tmp_path)


@pytest.mark.parametrize("form", ["oci", "docker", "hybrid", "gz"])
def test_archives_are_read_as_directories_are(tmp_path: Path, form: str) -> None:
    base = make(tmp_path / "base", file("bin/sh", b"#!", 0o755), spec=Spec(entrypoint=("/bin/sh",))).image
    pieces = archive.stream(base, base.name, oci=form != "docker", docker=form != "oci")
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
    low = tar(folder("a"), Entry("a/link", SYMLINK, 0o777, link="/x"), Entry("b", SYMLINK, 0o777, link="/y"), folder("c"))
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
    from sdk_hooks.core import base as bases
    from sdk_hooks.core.fileset import Merged
    from sdk_hooks.core.layout import Layout
    from sdk_hooks.target import Platform

    entries = [maker.image(tar(file(name.replace("/", "_"))), platform=name) for name in offered]
    attestation = {**entries[0], "platform": {"architecture": "unknown", "os": "unknown"}}
    inner = maker.blob(to_json({"schemaVersion": 2, "manifests": [*entries, attestation]}), INDEX)
    target = Layout(tmp_path / "out")
    target.create()

    found = bases.read(maker.index(inner), Platform(*wanted.split("/")), target, Merged())

    architecture, _, variant = chosen.partition("/")
    assert (found.config["architecture"], found.config.get("variant", "")) == (architecture, variant)


def test_no_fitting_platform_is_an_error_that_lists_them(maker: Maker, tmp_path: Path) -> None:
    nameless = maker.image(SYSTEM, platform="mips")
    nameless.pop("platform")
    offered = [maker.image(SYSTEM, platform="arm64/v8"), maker.image(SYSTEM, platform="arm/v7")]
    base = maker.index(*offered)

    with fails(
        f"'{base}' has 0 images for linux/amd64 where one is expected [no-base]\n"
        "  it has: linux/arm64/v8, linux/arm/v7"
    ):
        on(base, tmp_path)

    with fails(
        f"'{maker.index(*offered, nameless, nameless)}' has 2 images for linux/amd64 where one is expected"
        " [no-base]\n"
        "  it has: linux/arm64/v8, linux/arm/v7, one that names no platform, one that names no platform"
    ):
        on(base, tmp_path)


def test_a_base_of_another_architecture_is_an_error(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, platform="arm64/v8"))

    with fails(
        f"the base image '{base}' is for linux/arm64/v8, the application is for linux/amd64 [mixed-architectures]\n"
        "  hint: give a base image for linux/amd64"
    ):
        on(base, tmp_path)


def test_what_is_no_image_is_an_error(tmp_path: Path) -> None:
    with fails(
        f"there is no base image at '{tmp_path}/no' [no-base]\n"
        "  hint: give a layout directory or an archive"
    ):
        on(f"{tmp_path}/no", tmp_path)

    (tmp_path / "empty").mkdir()
    with fails(f"'{tmp_path}/empty' has neither an index.json nor a manifest.json [no-base]"):
        on(f"{tmp_path}/empty", tmp_path)

    (tmp_path / "text").write_text("hello " * 1000)
    with fails(
        f"'{tmp_path}/text' is neither a layout nor an archive [no-base]\n  file could not be opened successfully:\n"
        "  - method gz: ReadError('not a gzip file')\n  - method bz2: ReadError('not a bzip2 file')\n"
        "  - method xz: ReadError('not an lzma file')\n  - method tar: ReadError('invalid header')"
    ):
        on(f"{tmp_path}/text", tmp_path)


def damaged(base: str, why: str) -> Any:
    return fails(f"the base image '{base}' is damaged [bad-base]\n  {why}\n  hint: fetch it again")


def test_a_layer_that_is_not_what_the_config_says_is_an_error(maker: Maker, tmp_path: Path) -> None:
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: raw + bytes(512)))
    packed = hashlib.sha256(SYSTEM + bytes(512)).hexdigest()

    with damaged(
        base,
        f"layer blobs/sha256/{packed} has the digest sha256:{packed}, "
        f"its config says sha256:{hashlib.sha256(SYSTEM).hexdigest()}",
    ):
        on(base, tmp_path)


@pytest.mark.parametrize(
    ("pack", "why"),
    [
        (lambda raw: gzip.compress(raw)[:-20], "Compressed file ended before the end-of-stream marker was reached"),
        (lambda raw: gzip.compress(raw)[:12] + b"\xff" * 99, "Error -3 while decompressing data: invalid stored block lengths"),
    ],
)  # fmt: skip
def test_a_damaged_gzip_layer_is_an_error(maker: Maker, tmp_path: Path, pack: Any, why: str) -> None:
    base = maker.index(maker.image(SYSTEM, pack=pack))

    with pytest.raises(Exception, match="is damaged") as caught:
        on(base, tmp_path)

    lines = str(caught.value).splitlines()
    assert lines[0] == f"the base image '{base}' is damaged [bad-base]"
    assert lines[1].startswith("  layer blobs/sha256/")
    assert not [name for name in (tmp_path / "out/blobs/sha256").iterdir() if name.name.startswith(".new")]


def test_a_layer_that_is_no_tar_is_an_error(maker: Maker, tmp_path: Path) -> None:
    raw = b"this is not a tar archive " * 100
    base = maker.index(maker.image(raw))

    with damaged(base, f"layer {hashlib.sha256(raw).hexdigest()}: invalid header"):
        on(base, tmp_path)


def test_a_damaged_zstd_layer_is_an_error(maker: Maker, tmp_path: Path) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("zstd is not installed")
    base = maker.index(maker.image(SYSTEM, pack=lambda raw: _zstd(raw)[:-9]))

    with pytest.raises(Exception, match=r"^zstd can't read a layer of the base image"):
        on(base, tmp_path)


def test_a_changed_blob_is_noticed(maker: Maker, tmp_path: Path) -> None:
    entry = maker.image(SYSTEM)
    base = maker.index(entry)
    path = f"blobs/sha256/{entry['digest'][7:]}"
    (maker.path / path).write_bytes((maker.path / path).read_bytes() + b" ")

    with fails(f"the blob '{path}' of the base image is damaged [bad-base]\n  hint: fetch it again"):
        on(base, tmp_path)


def test_a_missing_blob_is_said(maker: Maker, tmp_path: Path) -> None:
    entry = maker.image(SYSTEM)
    base = maker.index(entry)
    (maker.path / f"blobs/sha256/{entry['digest'][7:]}").unlink()

    with damaged(
        base,
        "FileNotFoundError: [Errno 2] No such file or directory: "
        f"'{maker.path}/blobs/sha256/{entry['digest'][7:]}'",
    ):
        on(base, tmp_path)


def test_a_digest_that_leads_out_of_the_layout_is_refused(maker: Maker, tmp_path: Path) -> None:
    for digest in ("sha256:../../x", "sha512:00", "x"):
        base = maker.index({"mediaType": MANIFEST, "digest": digest, "size": 1})

        with fails(f"'{digest}' in the base image is not a sha256 digest [bad-base]"):
            on(base, tmp_path)


@pytest.mark.parametrize(
    ("index", "why"),
    [
        ("{}", "KeyError: 'manifests'"),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        ("{", "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"manifests": [{}]}', "KeyError: 'digest'"),
    ],
)
def test_an_index_of_the_wrong_shape_is_an_error(maker: Maker, tmp_path: Path, index: str, why: str) -> None:
    (maker.path / "index.json").write_text(index)

    with damaged(str(maker.path), why):
        on(str(maker.path), tmp_path)


def test_the_name_of_the_base_is_not_taken_over(tmp_path: Path) -> None:
    make(tmp_path / "base", name="base", spec=Spec(entrypoint=("/x",)))

    index = json.loads((on(str(tmp_path / "base"), tmp_path).layout / "index.json").read_bytes())

    assert index["manifests"][0]["annotations"][IMAGE_NAME] == "localhost/web:latest"
